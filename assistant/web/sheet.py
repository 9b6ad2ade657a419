"""The viewer's pages as HTML: one page of a document, the list of documents, the page not found."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.web import addresses, blocks, cards, render, texts
from assistant.web.blocks import Block
from assistant.web.render import Html, element, join
from index.types import Document, Page

TO_CHAT = "../../../"  # from /documents/{id}/pages/{n} to the folder the chat stands in


@dataclass(frozen=True, slots=True)
class Quote:
    """What is to be marked: character offsets in the document's cleaned text."""

    start: int
    end: int


def page(document: Document, pages: Sequence[Page], shown: Page, quote: Quote | None) -> str:
    """Write one page of a document, the quote marked in it."""
    offset = blocks.page_start(pages, shown.number)
    marks = (quote.start - offset, quote.end - offset) if quote else (0, 0)
    body = _body(shown, marks)
    return _shell(
        f"{document.title or document.path} – {texts.PAGE.format(page=shown.number)}",
        _top(TO_CHAT),
        element(
            "main",
            element(
                "header",
                element("h1", document.title or document.path, dir="auto"),
                element("p", cards.facts(document.date or texts.UNDATED, document.publisher), class_="facts"),
                _original(document, shown),
            ),
            _turning(document, pages, shown),
            element("article", body, class_="paper", dir="auto", lang=document.language or None),
            _turning(document, pages, shown),
        ),
        prefix=TO_CHAT,
    )


def shelf(documents: Sequence[Document]) -> str:
    """Write the list of all documents the reader may see."""
    rows = [cards.document_row(document, "") for document in documents]
    listing = element("ul", *rows, class_="shelf") if rows else element("p", texts.NO_DOCUMENTS)
    count = element("p", render.count_of_documents(len(documents)), class_="facts")
    main = element("main", element("header", element("h1", texts.HELD), count), listing)
    top = element("nav", _link(texts.BACK, addresses.CHAT), class_="top")
    return _shell(texts.HELD, top, main, prefix="")


def absent() -> str:
    """Write the page for an address that leads to nothing. It links nowhere: its depth is not known."""
    main = element("main", element("h1", texts.NOT_FOUND_TITLE), element("p", texts.NOT_FOUND))
    return _shell(texts.NOT_FOUND_TITLE, main, prefix="/")


def _shell(title: str, *parts: Html, prefix: str) -> str:
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="stylesheet", href=f"{prefix}{addresses.SHELF}/viewer.css"),
        element("link", rel="icon", href=f"{prefix}favicon.ico"),
    )
    return f"<!doctype html>\n{element('html', head, element('body', *parts), lang='en')}\n"


def _top(prefix: str) -> Html:
    chat = _link(texts.BACK, prefix + addresses.CHAT)
    return element("nav", chat, _link(texts.ALL_DOCUMENTS, prefix + addresses.SHELF), class_="top")


def _original(document: Document, shown: Page) -> Html:
    """Link to the file (a PDF at this page), and tell where it was published, as text only."""
    address = TO_CHAT + addresses.original(document.id)
    is_pdf = document.path.lower().endswith(".pdf")
    inline = is_pdf or document.path.lower().endswith(".txt")
    label = texts.OPEN_ORIGINAL if inline else texts.DOWNLOAD_ORIGINAL
    link = element("a", label, href=f"{address}#page={shown.number}" if is_pdf else address)
    parts = [element("p", link, class_="original")]
    if document.url:
        parts.append(element("p", texts.PUBLISHED_AT.format(url=document.url), class_="facts"))
    return join(parts)


def _turning(document: Document, pages: Sequence[Page], shown: Page) -> Html:
    """Write previous, where one is, next."""
    numbers = [page.number for page in pages]
    place = numbers.index(shown.number)
    before = numbers[place - 1] if place > 0 else None
    after = numbers[place + 1] if place + 1 < len(numbers) else None
    where = render.page_place(shown.number, shown.label, len(pages))
    return element(
        "nav",
        _turn(texts.PREVIOUS, document, before, "prev"),
        element("span", where, class_="where"),
        _turn(texts.NEXT, document, after, "next"),
        class_="turning",
    )


def _turn(label: str, document: Document, number: int | None, rel: str) -> Html:
    if number is None:
        return element("span", label, class_="off", aria_hidden="true")
    return element("a", label, href=TO_CHAT + addresses.page(document.id, number), rel=rel)


def _link(label: str, address: str) -> Html:
    return element("a", label, href=address)


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
