"""The documents page as HTML: what is held, searched, sorted and filtered by a form and by links.

Everything works without a script; `static/shelf.js` only spares the reader the button.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from assistant import language, sayings
from assistant.web import addresses, cards, frame, render, texts
from assistant.web.frame import link
from assistant.web.holdings import DUPLICATE, ORDERS, READY, WORDS_CHARS, Holding, Shown, View
from assistant.web.render import Html, element, join
from index.types import Document

HasFile = Callable[[Document], bool]


def page(shown: Shown, unnamed: int, has_file: HasFile) -> str:
    """Write the page; `unnamed` files could not be read, and whose they are is not known."""
    if shown.held:
        body = join((_form(shown), element("div", *_found(shown, has_file), id="found")))
    else:
        body = element("p", texts.NO_DOCUMENTS)
    header = element("header", element("h1", texts.HELD), _unread(shown.unread + unnamed))
    main = element("main", header, body)
    top = frame.top("", shelf=False)
    return frame.shell(texts.HELD, top, main, prefix="", scripts=("static/shelf.js",), kind="browse")


def _unread(count: int) -> Html:
    if not count:
        return Html("")
    told = texts.SHELF_UNREAD_ONE if count == 1 else texts.SHELF_UNREAD_MANY.format(count=count)
    return element("p", told, class_="facts")


def _form(shown: Shown) -> Html:
    view = shown.view
    label = {"aria_label": texts.SHELF_SEARCH, "placeholder": texts.SHELF_SEARCH}
    words = element(
        "input",
        type="search",
        name="q",
        value=view.words,
        maxlength=str(WORDS_CHARS),
        autocomplete="off",
        dir="auto",
        **label,
    )
    every = {
        "kind": (texts.COLUMN_KIND, texts.SHELF_ANY_KIND),
        "publisher": (texts.COLUMN_PUBLISHER, texts.SHELF_ANY_PUBLISHER),
        "year": (texts.COLUMN_YEAR, texts.SHELF_ANY_YEAR),
        "health": (texts.COLUMN_HEALTH, texts.SHELF_ANY_HEALTH),
    }
    selects = [
        _select(shown, name, *labels)
        for name, labels in every.items()
        if name in shown.told or name == "health"
    ]
    order = element("input", type="hidden", name="sort", value=view.order)
    button = element("button", texts.SHELF_SHOW, type="submit")
    spoken = language.current()
    chosen = element("input", type="hidden", name=language.PARAMETER, value=spoken.code)
    parts = (words, *selects, order, *((chosen,) if spoken.chosen else ()), button)
    return element("form", *parts, action=addresses.SHELF, method="get", role="search", class_="asked")


def _select(shown: Shown, name: str, label: str, every: str) -> Html:
    filters = shown.view.filters or {}
    chosen = shown.view.health if name == "health" else next(iter(filters.get(name, ())), "")
    options = [element("option", every, value="")]
    for choice in shown.choices[name]:
        told = health_name(choice.value) if name == "health" else choice.value
        text = texts.SHELF_CHOICE.format(value=told, count=choice.count)
        is_chosen = "" if choice.value == chosen else None
        options.append(element("option", text, value=choice.value, selected=is_chosen))
    return element("select", *options, name=name, aria_label=label)


def _found(shown: Shown, has_file: HasFile) -> Sequence[Html]:
    """Write what changes as the reader types."""
    count = _count(shown)
    usual = View(order=shown.view.order)
    clear = shown.found != shown.held and link(texts.SHELF_CLEAR, usual.address(), class_="turn clear")
    told = element("p", element("span", count, role="status"), " ", clear or "", class_="facts count")
    if not shown.rows:
        return told, element("p", texts.SHELF_EMPTY)
    columns = [
        name
        for name in ("title", "date", "publisher", "kind")
        if name not in ("publisher", "kind") or name in shown.told
    ]
    head = element("tr", *(_column(shown.view, name) for name in (*columns, "pages", "health")), role="row")
    rows = [_row(holding, columns, has_file) for holding in shown.rows]
    table = element(
        "table",
        element("thead", head, role="rowgroup"),
        element("tbody", *rows, role="rowgroup"),
        role="table",
        aria_label=texts.HELD,
    )
    return told, table, _turning(shown)


def _count(shown: Shown) -> str:
    """Say how many documents and other files are shown, of how many."""
    files, others = shown.held - shown.documents, shown.found - shown.found_documents
    many = render.count_of_documents(shown.documents)
    rest = texts.ONE_OTHER_FILE if files == 1 else texts.MANY_OTHER_FILES.format(count=files)
    told = [(shown.found_documents, shown.documents, many), (others, files, rest)]
    return ", ".join(
        name if found == held else texts.SHELF_FOUND.format(count=found, held=name)
        for found, held, name in told
        if held
    )


def _column(view: View, name: str) -> Html:
    """Write the head of a column; where it sorts, its link turns round the order it has."""
    label = {
        "title": texts.COLUMN_TITLE,
        "date": texts.COLUMN_DATE,
        "publisher": texts.COLUMN_PUBLISHER,
        "kind": texts.COLUMN_KIND,
        "pages": texts.COLUMN_PAGES,
        "health": texts.COLUMN_HEALTH,
    }[name]
    about = {"scope": "col", "role": "columnheader", "class_": name}
    if name not in ORDERS:
        return element("th", label, **about)
    up, down = name, f"-{name}"
    first, other = (down, up) if name == "date" else (up, down)  # of dates the latest first
    order = other if view.order == first else first
    sorted_ = {up: "ascending", down: "descending"}.get(view.order)
    sign = {"ascending": " ↑", "descending": " ↓"}.get(sorted_ or "", "")
    address = replace(view, order=order, page=1).address()
    sorting = link(label, address, class_="turn", data_key=name)
    return element("th", sorting, element("span", sign, aria_hidden="true"), aria_sort=sorted_, **about)


def _row(holding: Holding, columns: Sequence[str], has_file: HasFile) -> Html:
    document = holding.document
    known = {
        "date": document.date if document else "",
        "publisher": document.publisher if document else "",
        "kind": document.kind if document else "",
    }
    cells = [
        _cell(name, known[name] or (sayings.UNDATED if name == "date" else ""))
        for name in columns
        if name != "title"
    ]
    pages = render.count_of_pages(holding.pages) if holding.pages else ""
    return element(
        "tr",
        element("th", *_title(holding, has_file), scope="row", role="rowheader", class_="title"),
        *cells,
        _cell("pages", pages),
        element("td", *_health(holding), role="cell", class_="health"),
        role="row",
        class_=None if document else "unread",
    )


def _cell(name: str, value: str) -> Html:
    kind = name if value else f"{name} unknown"
    return element("td", value or texts.NOT_KNOWN, role="cell", class_=kind, dir="auto")


def _title(holding: Holding, has_file: HasFile) -> Sequence[Html]:
    """Write the name of a file and what can be done with it."""
    document = holding.document
    if document is None:
        return (element("span", holding.name, dir="auto", class_="name"),)
    name = link(holding.name, addresses.page(document.id, 1), dir="auto", class_="name")
    acts = [(texts.ASK_ONLY_THIS, addresses.only(document.id))]
    if has_file(document):
        acts.append((texts.ORIGINAL, addresses.original(document.id)))
    links = [
        link(label, address, aria_label=texts.NAMED_ACTION.format(action=label, title=holding.name))
        for label, address in acts
    ]
    return name, element("span", *links, class_="acts")


def _health(holding: Holding) -> Sequence[Html]:
    """Write the state of a file in words, and why."""
    parts: list[Html] = []
    if holding.newer:
        parts.append(cards.superseded(holding.newer))
    else:
        state = "fine" if holding.health == READY else "quiet" if holding.health == DUPLICATE else "bad"
        parts.append(element("span", health_name(holding.health), class_=f"state {state}"))
    if holding.same:
        links = [
            link(twin.title or twin.path, addresses.page(twin.id, 1), dir="auto") for twin in holding.same
        ]
        parts.append(element("p", texts.SAME_AS, " ", join(links, ", "), class_="why"))
    if holding.reason:
        reason = holding.reason[0].upper() + holding.reason[1:]
        parts.append(element("p", reason, class_="why", dir="auto", lang=language.ENGLISH))  # the build's own
    return parts


def health_name(status: str) -> str:
    """Say a state of a file in words; a status that is not known stands for itself."""
    return str(getattr(texts, f"HEALTH_{status.upper()}", status))


def _turning(shown: Shown) -> Html:
    """Write previous, where one is, next; nothing where all is on one page."""
    if shown.pages == 1:
        return Html("")
    at = shown.view.page
    where = texts.SHELF_FOUND_PART.format(
        first=shown.first, last=shown.first + len(shown.rows) - 1, count=shown.found
    )
    before = _turn(shown, at - 1, texts.SHELF_BEFORE, "prev") if at > 1 else Html("")
    after = _turn(shown, at + 1, texts.SHELF_AFTER, "next") if at < shown.pages else Html("")
    place = element("span", where, title=texts.SHELF_PAGE.format(page=at, count=shown.pages))
    return element("nav", before, place, after, class_="pages", aria_label=texts.SHELF_PAGES)


def _turn(shown: Shown, number: int, label: str, rel: str) -> Html:
    address = replace(shown.view, page=number).address()
    return link(label, address, rel=rel, class_="turn", data_key=rel)
