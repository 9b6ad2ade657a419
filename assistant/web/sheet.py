"""The viewer's pages as HTML: one page of a document, and the page not found."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from assistant import sayings
from assistant.web import addresses, blocks, cards, frame, render, texts
from assistant.web.blocks import Block
from assistant.web.originals import SHOWN_INLINE, State
from assistant.web.render import Html, element, join
from index.types import Document, Page

DRAWING = ("static/drawing.js", "static/quote.js", "vendor/pdfjs/pdf.min.mjs")
TO_CHAT = "../../../"  # from /documents/{id}/pages/{n} to the folder the chat stands in


@dataclass(frozen=True, slots=True)
class Quote:
    """What is to be marked: character offsets in the document's cleaned text."""

    start: int
    end: int


def page(
    document: Document,
    pages: Sequence[Page],
    shown: Page,
    quote: Quote | None,
    state: State = State.SAME,
    newer: Sequence[Document] = (),
) -> str:
    """Write one page of a document, the quote marked in it; `newer` are the documents that replace it.

    The text as it was indexed is always there. Where the file is a PDF and still the one that was
    indexed, the script draws the printed page in its place; where it cannot, the text stays.
    """
    offset = blocks.page_start(pages, shown.number)
    marks = (quote.start - offset, quote.end - offset) if quote else (0, 0)
    drawn = state is State.SAME and _suffix(document) == ".pdf"
    named = {"dir": "auto", "lang": document.language or None}
    return frame.shell(
        f"{document.title or document.path} – {sayings.PAGE.format(page=shown.number)}",
        frame.top(TO_CHAT),
        _bar(document, pages, shown, marks, state, newer),
        element(
            "main",
            element(
                "header",
                element("h1", document.title or document.path, dir="auto"),
                element("p", cards.facts(_date(document), document.publisher), class_="facts"),
                _told(document, state),
            ),
            _drawing(document, shown) if drawn else "",
            element("article", _body(shown, marks), class_="paper", **named),
            id="stage",
            tabindex="0",
        ),
        prefix=TO_CHAT,
        scripts=("static/viewer.js", *(DRAWING if drawn else ())),
        kind="viewer",
    )


def absent() -> str:
    """Write the page for an address that leads to nothing. It links nowhere: its depth is not known."""
    main = element("main", element("h1", texts.NOT_FOUND_TITLE), element("p", texts.NOT_FOUND))
    return frame.shell(texts.NOT_FOUND_TITLE, main, prefix="/")


def _told(document: Document, state: State) -> Html:
    """Tell what became of the file, and where it was published, as text only."""
    said = {State.CHANGED: texts.FILE_CHANGED, State.GONE: texts.FILE_GONE}.get(state)
    parts = [element("p", said, class_="changed", role="note")] if said else []
    if document.url:
        parts.append(element("p", texts.PUBLISHED_AT.format(url=document.url), class_="facts"))
    return join(parts)


def _drawing(document: Document, shown: Page) -> Html:
    """Say to the script what to draw, and what to tell where it cannot."""
    return element(
        "div",
        class_="drawing",
        hidden="",
        data_file=TO_CHAT + addresses.original(document.id),
        data_page=str(shown.number),
        data_language=document.language or None,
        data_not_drawn=texts.PAGE_NOT_DRAWN,
        data_quote_not_drawn=texts.QUOTE_NOT_DRAWN,
    )


def _bar(
    document: Document,
    pages: Sequence[Page],
    shown: Page,
    marks: tuple[int, int],
    state: State,
    newer: Sequence[Document],
) -> Html:
    """Write what can be done with the page. What needs the script is hidden until it is there."""
    zooming = (("out", "−", texts.ZOOM_OUT), ("in", "+", texts.ZOOM_IN), ("fit", "↔", texts.ZOOM_FIT))
    zoom = [
        element("button", sign, type="button", aria_label=name, title=name, data_zoom=how)
        for how, sign, name in zooming
    ]
    words = {"data_printed": texts.AS_PRINTED, "data_text": texts.AS_TEXT}
    return element(
        "div",
        _turning(document, pages, shown),
        element("span", *zoom, class_="zoom", hidden=""),
        _button(texts.AS_TEXT, class_="form", **words),
        _button(
            texts.COPY_CITATION,
            class_="copy",
            data_citation=_cited(document, shown, marks),
            data_copied=texts.CITATION_COPIED,
            data_not_copied=texts.CITATION_NOT_COPIED,
        ),
        cards.only_this(document.id, TO_CHAT, texts.ONLY_THIS),
        "" if state is State.GONE else _original(document, shown),
        cards.superseded(newer, TO_CHAT),
        element("span", class_="told", role="status"),
        class_="bar",
        role="region",
        aria_label=texts.VIEWER_TOOLS,
    )


def _button(label: str, **attributes: str | None) -> Html:
    return element("button", label, type="button", hidden="", **attributes)


def _cited(document: Document, shown: Page, marks: tuple[int, int]) -> str:
    """Cite the page in a line of text, with the quote where one is marked on it."""
    start, end = max(0, marks[0]), max(0, marks[1])
    quote = " ".join(shown.text[start:end].split())
    form = texts.CITATION_OF_QUOTE if quote else texts.CITATION_OF_PAGE
    return form.format(
        title=document.title or document.path,
        date=_date(document),
        page=render.page_name(shown.number, shown.label),
        quote=quote,
    )


def _original(document: Document, shown: Page) -> Html:
    """Link to the file, a PDF at this page."""
    address = TO_CHAT + addresses.original(document.id)
    if _suffix(document) == ".pdf":
        address += f"#page={shown.number}"
    name = texts.OPEN_ORIGINAL if _suffix(document) in SHOWN_INLINE else texts.DOWNLOAD_ORIGINAL
    return element(
        "a",
        texts.ORIGINAL,
        href=address,
        class_="original",
        aria_label=name,
        title=name,
        target="_blank",
        rel="noopener",
    )


def _date(document: Document) -> str:
    return document.date or sayings.UNDATED


def _suffix(document: Document) -> str:
    return PurePosixPath(document.path).suffix.lower()


def _turning(document: Document, pages: Sequence[Page], shown: Page) -> Html:
    """Write previous, where one is, next."""
    numbers = [page.number for page in pages]
    place = numbers.index(shown.number)
    before = numbers[place - 1] if place > 0 else None
    after = numbers[place + 1] if place + 1 < len(numbers) else None
    where = render.page_place(shown.number, shown.label, len(pages))
    return element(
        "nav",
        _turn("‹", texts.PREVIOUS, document, before, "prev"),
        element("span", where, class_="where", dir="auto"),
        _turn("›", texts.NEXT, document, after, "next"),
        class_="turning",
        aria_label=texts.TURNING,
    )


def _turn(sign: str, name: str, document: Document, number: int | None, rel: str) -> Html:
    if number is None:
        return element("span", sign, class_="off", aria_hidden="true")
    address = TO_CHAT + addresses.page(document.id, number)
    return element("a", sign, href=address, rel=rel, aria_label=name, title=name)


def _body(shown: Page, marks: tuple[int, int]) -> Html:
    written: list[Html] = []
    for kind, members in blocks.runs(blocks.blocks(shown)):
        lines = [_spans(shown.text, block, marks) for block in members]
        if kind == "row":
            rows = [element("tr", *(element("td", cell) for cell in cells)) for cells in lines]
            written.append(element("div", element("table", *rows), class_="table"))
        elif kind == "item":
            written.append(element("ul", *(element("li", *line) for line in lines), class_="items"))
        elif kind == "heading":
            levels = [f"h{min(6, block.level + 1)}" for block in members]
            written += [element(level, *line) for level, line in zip(levels, lines, strict=True)]
        else:
            written += [element("p", *line) for line in lines]
    if not written:
        return element("p", texts.NO_TEXT, class_="facts")
    return _first_named(join(written))


def _spans(text: str, block: Block, marks: tuple[int, int]) -> list[Html]:
    """Write the spans of a block, each with its share of the marked quote."""
    start, end = marks
    return [render.marked(text[left:right], start - left, end - left) for left, right in block.spans]


def _first_named(body: Html) -> Html:
    """Give the first mark its id: the address's fragment scrolls there, and the reader sees it first."""
    return Html(body.replace("<mark>", f'<mark id="{addresses.QUOTE_ID}">', 1))
