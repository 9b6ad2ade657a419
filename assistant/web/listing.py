"""The list of conversations as it is shown: each a link that opens it. No Gradio here."""

import re
from collections.abc import Sequence

from assistant.records import Conversation, Found
from assistant.web import addresses, texts
from assistant.web.history import LISTED
from assistant.web.render import Html, element, join

_PLACE = re.compile(r'class="open-(\w{0,64})"', re.ASCII)


def place(conversation_id: str) -> str:
    """Write which conversation is open, for the address of the page and for the next question."""
    # In a class: the component lets no other attribute through to the page.
    name = conversation_id if re.fullmatch(r"\w{1,64}", conversation_id, re.ASCII) else ""
    return f'<span class="open-{name}"></span>'


def conversation_of(written: object) -> str:
    """Read back what `place` wrote; "" for anything else that a browser may send."""
    found = _PLACE.search(written) if isinstance(written, str) else None
    return found[1] if found else ""


def conversations(latest: Sequence[Conversation], open_id: str) -> str:
    """List conversations, the one changed last first."""
    if not latest:
        return _told(texts.NO_CONVERSATIONS)
    rows = [_row(each, open_id) for each in latest]
    more = element("p", texts.MORE_CONVERSATIONS, class_="hint") if len(latest) >= LISTED else ""
    return _listed(rows, more)


def found(those: Sequence[Found], open_id: str) -> str:
    """List what a search found, each with the question that holds the words."""
    if not those:
        return _told(texts.NOTHING_FOUND)
    rows = []
    for each in those:
        question = each.exchange.question if each.exchange else ""
        rows.append(_row(each.conversation, open_id, "" if question == each.conversation.title else question))
    return _listed(rows)


def away() -> str:
    """Say that the list cannot be shown."""
    return _told(texts.HISTORY_AWAY)


def _row(each: Conversation, open_id: str, question: str = "") -> Html:
    link = element(
        "a",
        element("span", each.title or texts.UNTITLED, class_="title", dir="auto"),
        element("span", question, class_="found", dir="auto") if question else "",
        element("span", each.changed[:10], class_="when"),
        href=addresses.conversation(each.id),
        class_="open" if each.id == open_id else None,
    )
    return element("li", link)


def _listed(rows: Sequence[Html], more: str = "") -> str:
    return str(join((element("ul", *rows, aria_label=texts.HISTORY_LABEL), more)))


def _told(sentence: str) -> str:
    return str(element("p", sentence, class_="hint", role="status"))
