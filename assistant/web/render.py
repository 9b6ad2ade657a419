"""Text into HTML: the only place where it happens.

Questions, titles, file names, passages and model output are all hostile. `escape` is the one
door through which text enters HTML, and `element` calls it for every child that is not `Html`
already, so that a forgotten escape is not possible, only a visible double one.

Covers: HTML, Markdown (what the chat component would make of it) and control characters.
Does not cover: whether an address is one that may be linked; callers link only to `addresses`.
"""

import html
import re
from collections.abc import Iterable

from assistant import sayings
from assistant.web import addresses, texts

# All ASCII punctuation but , and ;: as character references these mean nothing to a Markdown
# parser, so no `*`, `](`, `<`, `$` or `www.` of a text can start anything.
_SIGNS = re.compile(r"[!-+\-./:<-@\[-`{-~]")
# Control characters, and those that reverse the direction of the text around them.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_BREAK = re.compile(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_SAID = re.compile(r'^<div class="(?:answer|question)[^"]*"[^>]* data-said="([^"]*)"')
_MEANT = re.compile(r'^<div class="question"[^>]* data-meant="([^"]*)"')
_SCOPE = re.compile(r'^<div class="question"[^>]* data-scope="([^"]*)"')
_ANSWER_ID = re.compile(r'^<div class="answer[^"]*"[^>]* data-answer="(\w{1,64})"', re.ASCII)
_PRINTED_NUMBER = re.compile(r"[A-Za-z]{0,2}[-. ]?(?:\d{1,4}|[ivxlcIVXLC]{1,7})")
_VOID = frozenset({"meta", "link", "hr", "input"})


class Html(str):
    """Markup that is ready to be sent; everything else is text and gets escaped."""

    __slots__ = ()


def clean(text: str) -> str:
    """Drop characters that no reader can see, and bring all line breaks to one form."""
    text = _LINE_BREAK.sub("\n", text)
    return _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", text))


def escape(text: str) -> Html:
    """Make text inert in HTML, in a quoted attribute and in Markdown; a line break stays one.

    Already escaped markup passes unchanged. Line breaks become a character reference, because
    an empty line would end the HTML block in the eyes of the chat's Markdown parser.
    """
    if isinstance(text, Html):
        return text
    inert = _SIGNS.sub(lambda sign: f"&#{ord(sign[0])};", clean(text))
    return Html(inert.replace("\n", "&#10;"))


def join(parts: Iterable[str], between: str = "") -> Html:
    """Put parts one after the other, escaping those that are text."""
    return Html(escape(between).join(escape(part) for part in parts))


def element(name: str, /, *children: str, **attributes: str | None) -> Html:
    """Write one element. Attribute names lose a final `_` and take `-` for `_`; None leaves one out.

    A link within our pages carries the reader's language.
    """
    if name == "a" and attributes.get("href"):
        attributes["href"] = addresses.carried(attributes["href"] or "")
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(children)}</{name}>")


def marked(text: str, start: int, end: int, **attributes: str | None) -> Html:
    """Escape text and put `<mark>` around its characters from start to end, clipped to it."""
    start, end = max(0, start), min(len(text), end)
    if start >= end:
        return escape(text)
    return join((text[:start], element("mark", text[start:end], **attributes), text[end:]))


def count_of_documents(count: int) -> str:
    """Say a number of documents."""
    return texts.ONE_DOCUMENT if count == 1 else texts.MANY_DOCUMENTS.format(count=count)


def count_of_pages(count: int) -> str:
    """Say a number of pages."""
    return texts.ONE_PAGE if count == 1 else texts.MANY_PAGES.format(count=count)


def page_name(number: int, label: str) -> str:
    """Name a page: its physical number, and what stands on it where that says something else."""
    return _with_label(sayings.PAGE, sayings.PAGE_PRINTED, sayings.PAGE_NAMED, page=str(number), label=label)


def page_place(number: int, label: str, count: int) -> str:
    """Name a page and say how many there are."""
    forms = (texts.PAGE_OF, texts.PAGE_OF_PRINTED, texts.PAGE_OF_NAMED)
    return _with_label(*forms, page=str(number), label=label, count=str(count))


def _with_label(bare: str, printed: str, named: str, *, page: str, label: str, count: str = "") -> str:
    """Choose the form: a printed number (`iii`, `A-4`), the name of a sheet or slide, or neither."""
    form = bare if label in ("", page) else printed if _PRINTED_NUMBER.fullmatch(label) else named
    return form.format(page=page, label=label, count=count)


def question(text: str, meant: str = "", scope: str = "") -> Html:
    """Write what the user asked, as the text it is; `plain` gives it back, `meant` the search text
    that was put in its place, and `scope` which documents were asked."""
    kept = {"data_said": clean(text), "data_meant": clean(meant) or None, "data_scope": scope or None}
    return element("div", text, class_="question", dir="auto", **kept)


def progress(text: str) -> Html:
    """Write what the assistant is doing before the first word is there."""
    return element("div", text, class_="progress", role="status")


def notice(text: str) -> Html:
    """Write a sentence about the service itself: an error, a refusal."""
    return element("div", text, class_="notice", role="alert", dir="auto")


def plain(content: str) -> str | None:
    """Give back the text of a message that `question` or `answers.answer` wrote, None for any other.

    `plain(str(question(t))) == clean(t)`. Lets the chat's own messages serve as the history.
    """
    found = _SAID.match(content)
    return html.unescape(found[1]) if found else None


def meant(content: str) -> str:
    """Give back the search text that `question` wrote into a message, "" where there is none."""
    found = _MEANT.match(content)
    return html.unescape(found[1]) if found else ""


def scope(content: str) -> str:
    """Give back the scope that `question` wrote into a message, "" where there is none."""
    found = _SCOPE.match(content)
    return html.unescape(found[1]) if found else ""


def answer_id(content: str) -> str | None:
    """Give back the id that `answers.answer` wrote into a message, None where there is none."""
    found = _ANSWER_ID.match(content)
    return found[1] if found else None
