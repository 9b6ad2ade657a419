"""What a reader does with the list of conversations: search, rename, delete. Handlers for `chat`."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from assistant.errors import AssistantFault, NoSuchConversation
from assistant.web import listing, render, texts
from assistant.web.parts import PRIVATE, Aside, Changes, Parts
from assistant.web.replies import Replies

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keeping:
    """The handlers of the list; each finds out anew whose conversations they are."""

    replies: Replies

    def connect(self, parts: Parts) -> None:
        """Bind the parts of the list to what they do."""
        aside = parts.aside
        outputs = [*parts.all(), aside.sure_words]
        more: Any = {"outputs": outputs, "preprocess": False, **PRIVATE}
        gr.on([aside.find.change, aside.find.submit], self.search, [aside.find, aside.place],
              trigger_mode="always_last", **more)  # fmt: skip
        aside.rename.click(self.name, [aside.place], **more)
        aside.name.submit(self.rename, [aside.name, aside.place], **more)
        aside.delete.click(self.ask_sure, [aside.place], **more)
        aside.sure_no.click(lambda: {aside.sure: gr.update(visible=False)}, None, **more)
        aside.sure_yes.click(self.delete, [aside.place], **more)
        aside.delete_all.click(lambda: {aside.all_sure: gr.update(visible=True)}, None, **more)
        aside.all_no.click(lambda: {aside.all_sure: gr.update(visible=False)}, None, **more)
        aside.all_yes.click(self.delete_all, None, **more)

    def search(self, query: Any, place: Any, request: gr.Request) -> Changes:
        """List what holds the words that were typed; all where none were."""
        typed = query.strip() if isinstance(query, str) else ""
        history, principal = self.replies.history, self.replies.who(request)
        open_id = listing.conversation_of(place)

        def searched() -> Changes:
            if not typed:
                written = listing.conversations(history.latest(principal), open_id)
            else:
                written = listing.found(history.search(principal, typed), open_id)
            return {self._aside.listing: written}

        changes = self._tried(searched)
        if changes[self._aside.told] == "":
            del changes[self._aside.told]  # the box is emptied by what is told there, too
        return changes

    def name(self, place: Any, request: gr.Request) -> Changes:
        """Show the title of the open conversation, to be changed."""

        def named() -> Changes:
            title, _ = self._open(place, request)
            return {
                self._aside.name: gr.update(visible=True, value=title),
                self._aside.sure: gr.update(visible=False),
            }

        return self._tried(named)

    def rename(self, title: Any, place: Any, request: gr.Request) -> Changes:
        """Give the open conversation the title that was typed; an empty one changes nothing."""
        principal, open_id = self.replies.who(request), listing.conversation_of(place)

        def renamed() -> Changes:
            if isinstance(title, str) and title.strip():
                self.replies.history.rename(principal, open_id, render.clean(title))
            return self.replies.listed(principal, open_id)

        return self._tried(renamed)

    def ask_sure(self, place: Any, request: gr.Request) -> Changes:
        """Ask whether the open conversation may go."""

        def asked() -> Changes:
            title, _ = self._open(place, request)
            sentence = texts.DELETE_SURE.format(title=title or texts.UNTITLED)
            return {
                self._aside.sure_words: str(render.element("p", sentence)),
                self._aside.sure: gr.update(visible=True),
                self._aside.name: gr.update(visible=False),
            }

        return self._tried(asked)

    def delete(self, place: Any, request: gr.Request) -> Changes:
        """Delete the open conversation for good, and begin a new one."""
        principal, open_id = self.replies.who(request), listing.conversation_of(place)

        def deleted() -> Changes:
            self.replies.history.delete(principal, open_id)
            return {**self.replies.begun_anew(request), self._aside.told: _status(texts.DELETED)}

        return self._tried(deleted)

    def delete_all(self, request: gr.Request) -> Changes:
        """Delete all conversations of this reader for good."""

        def deleted() -> Changes:
            self.replies.history.delete_all(self.replies.who(request))
            return {**self.replies.begun_anew(request), self._aside.told: _status(texts.DELETED_ALL)}

        return self._tried(deleted)

    @property
    def _aside(self) -> Aside:
        return self.replies.parts.aside

    def _open(self, place: Any, request: gr.Request) -> tuple[str, Any]:
        principal = self.replies.who(request)
        return self.replies.history.opened(principal, listing.conversation_of(place))

    def _tried(self, done: Callable[[], Changes]) -> Changes:
        """Do it, and tell in a sentence where it cannot be done."""
        try:
            return {self._aside.told: "", **done()}
        except NoSuchConversation:
            return {self._aside.told: _status(texts.CONVERSATION_ABSENT)}
        except AssistantFault as fault:
            log.error("%s", fault)
        except Exception:
            log.exception("something asked of the conversations was not done")
        return {self._aside.told: _status(texts.NOT_DONE)}


def _status(sentence: str) -> str:
    return str(render.element("p", sentence, role="status"))
