"""The conversations behind the chat: opened, gone on with, kept, deleted. No Gradio here.

Whose they are comes from the request's `Principal` each time; an id that a browser sends is only
ever looked up together with its owner. What is given out passes the reader's rights of today.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.assistant import Assistant
from assistant.errors import NoSuchConversation, RecordsUnavailable
from assistant.records import (
    Conversation,
    Conversations,
    Exchange,
    Found,
    Keeper,
    new_id,
    reader_of,
    redacted_all,
)
from assistant.types import Principal, Turn
from assistant.web import messages as chat_messages
from assistant.web import past, texts
from assistant.web.messages import Message
from assistant.web.past import Desk

LISTED = 50  # conversations in the list, 0.3 kB each at every answer; older ones are found by searching
ID_CHARS = 64

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation that a question is asked in, as it stood at that moment.

    `turns` is None where the records are away and the browser's messages have to do. `begins`
    tells that the question is its first. `notice` is a sentence to tell with the answer.
    """

    id: str
    messages: list[Message]
    turns: tuple[Turn, ...] | None
    begins: bool
    last_id: str = ""
    notice: str = ""


class History:
    """The conversations of all people, each reached by its owner only. Safe between threads."""

    def __init__(self, assistant: Assistant, conversations: Conversations) -> None:
        self._assistant = assistant
        self._conversations = conversations
        self._keeper = Keeper(conversations)

    def desk(self, principal: Principal) -> Desk:
        """Today's papers, as this person may read them."""
        index = self._assistant.index
        return Desk(index, reader_of(principal, index))

    def opened(self, principal: Principal, conversation_id: str) -> tuple[str, list[Exchange]]:
        """The title and the exchanges of a conversation, with those that are not written yet.

        Raises NoSuchConversation, RecordsUnavailable.
        """
        if not 0 < len(conversation_id) <= ID_CHARS:
            raise NoSuchConversation("no id of a conversation")
        owner, reader = principal.id, self.desk(principal).reader
        waiting = self._keeper.waiting(owner, conversation_id)
        replaced = self._keeper.replaced(owner, conversation_id)
        try:
            opened = self._conversations.open(owner, conversation_id, reader)
        except NoSuchConversation:
            if not waiting:
                raise
            title, written = waiting[0].question, list[Exchange]()
        else:
            title, written = opened.conversation.title, opened.exchanges
        known = {each.id for each in written}
        unwritten = [each for each in waiting if each.id not in known]
        shown = redacted_all([*written, *unwritten], reader)
        return title, [each for each in shown if each.id not in replaced]

    def thread(self, principal: Principal, conversation_id: str, shown: Sequence[Message]) -> Thread:
        """Take a conversation up again, or begin one; `shown` are the browser's messages. Never raises."""
        before = chat_messages.kept(shown)
        if not conversation_id:
            return Thread(new_id(), before, None if before else (), True)
        for _ in range(2):  # a lost connection or a damaged file is opened anew at the second try
            try:
                return self._taken_up(principal, conversation_id, before)
            except NoSuchConversation:
                return Thread(new_id(), [], (), True, notice=texts.CONVERSATION_WENT)
            except RecordsUnavailable as fault:
                log.error("%s", fault)
            except Exception:
                log.exception("a conversation could not be taken up")
                break
        return Thread(conversation_id, before, None, False, chat_messages.last_answer(before) or "")

    def _taken_up(self, principal: Principal, conversation_id: str, before: list[Message]) -> Thread:
        _, exchanges = self.opened(principal, conversation_id)
        ids = [each.id for each in exchanges]
        if chat_messages.answer_ids(before) != ids:  # it went on in another window
            before = past.messages(exchanges, self.desk(principal))
        return Thread(conversation_id, before, past.turns(exchanges), not ids, ids[-1] if ids else "")

    def keep(self, thread: Thread, principal: Principal, exchange: Exchange, replacing: str) -> str:
        """Keep an exchange behind the others of its thread; a sentence where it has to wait. Never raises."""
        owner = principal.id
        try:
            if self._keeper.keep(owner, thread.id, exchange, thread.begins, replacing):
                return ""
            first = len(self._keeper.waiting(owner, thread.id)) == 1  # told once, not at every answer
            return texts.NOT_KEPT_YET if first else ""
        except Exception:
            log.exception("an exchange was not kept")
            return texts.NOT_KEPT_YET

    def unwritten(self) -> int:
        """How many exchanges, of all people, wait to be written."""
        return len(self._keeper)

    def catch_up(self) -> None:
        """Try to write what waits; else the next answer does. Never raises for the database's sake."""
        self._keeper.retry()

    def settle(self) -> None:
        """Write what waits before this process stops, as far as that can be done in a moment."""
        self._keeper.settle()

    def exchange(self, principal: Principal, conversation_id: str, exchange_id: str) -> Exchange | None:
        """One exchange, None where it is not there or not to be seen.

        Raises RecordsUnavailable.
        """
        try:
            _, exchanges = self.opened(principal, conversation_id)
        except NoSuchConversation:
            return None
        return next((each for each in exchanges if each.id == exchange_id and not each.withheld), None)

    def found(self, principal: Principal, exchange_id: str) -> Exchange | None:
        """One exchange, whatever conversation of this person it stands in; None as above.

        Raises RecordsUnavailable.
        """
        reader = reader_of(principal, self._assistant.index)
        kept = self._conversations.exchange(principal.id, exchange_id, reader)
        return kept if kept and not kept.withheld else None

    def turns_before(self, principal: Principal, conversation_id: str, exchange_id: str) -> tuple[Turn, ...]:
        """The history that an exchange had. Raises NoSuchConversation, RecordsUnavailable."""
        _, exchanges = self.opened(principal, conversation_id)
        place = next((n for n, each in enumerate(exchanges) if each.id == exchange_id), 0)
        return past.turns(exchanges[:place])

    def waits(self, principal: Principal, conversation_id: str, exchange_id: str) -> bool:
        """Whether an exchange is still to be written."""
        return any(each.id == exchange_id for each in self._keeper.waiting(principal.id, conversation_id))

    def latest(self, principal: Principal) -> list[Conversation]:
        """The conversations of this person, the one changed last first. Raises RecordsUnavailable."""
        return self._conversations.latest(principal.id, LISTED)

    def search(self, principal: Principal, query: str) -> list[Found]:
        """Those that hold every word of the query. Raises RecordsUnavailable."""
        return self._conversations.search(principal.id, query, self.desk(principal).reader)

    def rename(self, principal: Principal, conversation_id: str, title: str) -> None:
        """Give a conversation another title. Raises NoSuchConversation, RecordsUnavailable."""
        self._conversations.rename(principal.id, conversation_id, title)

    def delete(self, principal: Principal, conversation_id: str) -> None:
        """Delete a conversation for good, also what of it is not written yet. Raises RecordsUnavailable."""
        self._keeper.forget(principal.id, conversation_id)
        self._conversations.delete(principal.id, conversation_id)

    def delete_all(self, principal: Principal) -> int:
        """Delete everything of this person for good; how many conversations. Raises RecordsUnavailable."""
        self._keeper.forget(principal.id)
        return self._conversations.delete_all(principal.id)


def without_last(thread: Thread) -> Thread:
    """The thread before its last question, to ask that one anew."""
    place = chat_messages.last_question(thread.messages)
    before = thread.messages if place is None else thread.messages[:place]
    turns = thread.turns
    if turns is not None:
        last = max((n for n, turn in enumerate(turns) if turn.role == "user"), default=0)
        turns = turns[:last]
    return replace(thread, messages=before, turns=turns)
