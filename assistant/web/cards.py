"""What stands beside the chat: a card for each source, the nearest passages, the documents held."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from assistant import sayings
from assistant.types import Answer, Citation
from assistant.web import addresses, blocks, texts
from assistant.web.render import Html, count_of_documents, count_of_pages, element, join, marked, page_name
from index.types import Document, Hit, Page

NEAREST_SHOWN = 3
DOCUMENTS_SHOWN = 8
PASSAGE_CHARS = 420

PagesOf = Callable[[str], list[Page]]  # the pages of a document, as far as the reader may see them
DocumentOf = Callable[[str], Document | None]
NewerOf = Callable[[str], Sequence[Document]]  # the documents that replace one


def beside(
    answer: Answer, pages_of: PagesOf, document_of: DocumentOf, newer_of: NewerOf = lambda _: ()
) -> Html:
    """Choose what goes beside an answer: its sources, or where it has none the nearest passages."""
    if answer.citations:
        cards = [source(citation, pages_of, newer_of) for citation in answer.citations]
        return _panel(texts.SOURCES, texts.SOURCES_HINT, cards)
    cards = [card for hit in answer.hits if (card := _nearest(hit, pages_of, document_of))]
    if cards:
        return _panel(texts.NEAREST, texts.NEAREST_HINT, cards[:NEAREST_SHOWN])
    return _panel(texts.SOURCES, texts.NO_SOURCES, [])


def shelf(documents: Sequence[Document], page_counts: Mapping[str, int] | None = None) -> Html:
    """List what is held: what a reader sees beside the chat before the first question.

    `page_counts` are the numbers of pages, by path, as far as they are known.
    """
    if not documents:
        return _panel(texts.HELD, texts.NO_DOCUMENTS, [])
    counts = page_counts or {}
    rows = [document_row(d, counts.get(d.path, 0)) for d in documents[:DOCUMENTS_SHOWN]]
    more = texts.BROWSE
    if len(documents) > DOCUMENTS_SHOWN:
        more = texts.HELD_MORE.format(count=len(documents))
    listing = join(
        (element("ul", *rows, class_="shelf"), element("p", _link(more, addresses.SHELF), class_="more"))
    )
    return _panel(texts.HELD, count_of_documents(len(documents)), [listing])


def document_row(document: Document, pages: int) -> Html:
    """Write one document as a list item that opens its first page; 0 pages are not known."""
    link = _link(element("bdi", document.title or document.path), addresses.page(document.id, 1))
    publisher = element("bdi", document.publisher) if document.publisher else ""
    known = facts(document.date or sayings.UNDATED, publisher, count_of_pages(pages) if pages else "")
    return element("li", link, element("span", known, class_="facts"))


def superseded(newer: Sequence[Document], prefix: str = "") -> Html:
    """Tell which documents replace one, each with its link; nothing where none does."""
    if not newer:
        return Html("")
    links = [
        element(
            "a",
            element("bdi", document.title or document.path),
            href=prefix + addresses.page(document.id, 1),
            target="_blank",
            rel="noopener",
        )
        for document in newer
    ]
    return element("p", texts.SUPERSEDED_BY, " ", join(links, ", "), class_="superseded", role="note")


def source(citation: Citation, pages_of: PagesOf, newer_of: NewerOf = lambda _: ()) -> Html:
    """Write the card of one source: number, title, date, page, and the sentence in its place."""
    page = page_name(citation.page, citation.page_label)
    address = addresses.citation(citation)
    head = element(
        "h3",
        element("span", str(citation.number), class_="number"),
        element("span", citation.title or citation.path, dir="auto"),
    )
    return element(
        "article",
        head,
        element("p", facts(citation.date or sayings.UNDATED, page), class_="facts"),
        superseded(newer_of(citation.document_id)),
        element("blockquote", _in_its_place(citation, pages_of(citation.document_id)), dir="auto"),
        element(
            "p",
            _link(texts.OPEN_PAGE.format(page=citation.page), address),
            only_this(citation.document_id),
            class_="open",
        ),
        class_="card",
        id=f"source-{citation.number}",
    )


def _nearest(hit: Hit, pages_of: PagesOf, document_of: DocumentOf) -> Html | None:
    """Write the card of a passage that came close, None where its document is not open to the reader."""
    passage = hit.passage
    document = document_of(passage.document_id)
    if document is None:
        return None
    number = passage.pages[0]
    label = next((page.label for page in pages_of(document.id) if page.number == number), "")
    text = passage.text
    if len(text) > PASSAGE_CHARS:
        text = text[:PASSAGE_CHARS].rsplit(" ", 1)[0] + " …"
    address = addresses.page(document.id, number, passage.start, passage.end)
    return element(
        "article",
        element("h3", element("span", document.title or document.path, dir="auto")),
        element("p", facts(document.date or sayings.UNDATED, page_name(number, label)), class_="facts"),
        element("blockquote", text, dir="auto"),
        element(
            "p",
            _link(texts.OPEN_PAGE.format(page=number), address),
            only_this(document.id),
            class_="open",
        ),
        class_="card near",
    )


def _in_its_place(citation: Citation, pages: list[Page]) -> Html:
    """Mark the quote among the sentences around it; alone, where the page is not at hand."""
    page = next((page for page in pages if page.number == citation.page), None)
    if page is not None:
        start = citation.start - blocks.page_start(pages, citation.page)
        end = start + len(citation.quote)
        if page.text[max(0, start) : end] == citation.quote:
            left, right = blocks.surroundings(page.text, start, end)
            before = "… " if left > 0 else ""
            after = " …" if right < len(page.text) else ""
            return join((before, marked(page.text[left:right].rstrip(), start - left, end - left), after))
    return element("mark", citation.quote)


def facts(*known: str) -> Html:
    """Put the facts that are known in a line."""
    return join((fact for fact in known if fact), " · ")


def only_this(document_id: str, prefix: str = "", name: str = "") -> Html:
    """Link to the chat with this one document chosen; the chat chooses it without leaving."""
    address = prefix + addresses.only(document_id)
    title = texts.ONLY_THIS_DOCUMENT
    return element("a", name or title, href=address, class_="only", title=title)


def _link(text: str, address: str) -> Html:
    return element("a", text, href=address, target="_blank", rel="noopener")


def _panel(title: str, hint: str, cards: Iterable[Html]) -> Html:
    return element("section", element("h2", title), element("p", hint, class_="hint"), *cards, class_="panel")
