"""Which of the papers are asked: chosen in the panel or named in an address, and told in a line.

No Gradio here. A scope only narrows: whatever a browser sends as one, the search looks at the
papers that are open to the reader and at no other.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.comparison import sides_of
from assistant.records import Exchange
from assistant.types import Side
from assistant.web import texts
from assistant.web.render import clean
from index.facets import FIELDS, Facet, Filters, facets, matches
from index.types import Document

MOST_VALUES = 200  # of one field; a browser may send anything
MOST_CHARS = 500
NAME_CHARS = 60
COMPARED = ("year", "kind", "publisher", "document", "region", "programme", "language")


@dataclass(frozen=True, slots=True)
class Scope:
    """`filters` as in a Question. `beside` is the field whose two chosen values are answered each in
    a column of its own, "" where nothing is compared."""

    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    beside: str = ""


EVERYTHING = Scope()


def written(scope: Scope) -> str:
    """Write a scope as the browser keeps it; `read` gives it back. "" where everything is asked."""
    if not scope.filters:
        return ""
    return json.dumps({"filters": scope.filters, "beside": scope.beside})


def read(text: Any) -> Scope:
    """Read what `written` wrote; what a browser made up instead counts as far as it makes sense."""
    try:
        told = json.loads(text) if isinstance(text, str) and text else {}
    except (ValueError, RecursionError):
        told = {}
    given = told.get("filters") if isinstance(told, dict) else None
    if not isinstance(given, dict):
        return EVERYTHING
    return made({name: given.get(name) for name in FIELDS}, told.get("beside"))


def made(chosen: Mapping[str, Any], beside: Any = "") -> Scope:
    """Make a scope of the values chosen for each field; what is no list of short texts is left out."""
    filters: dict[str, tuple[str, ...]] = {}
    for name, values in chosen.items():
        known = values if isinstance(values, list | tuple) else ()
        kept = tuple(dict.fromkeys(v for v in known if isinstance(v, str) and 0 < len(v) <= MOST_CHARS))
        if name in FIELDS and kept:
            filters[name] = kept[:MOST_VALUES]
    compared = beside if isinstance(beside, str) and len(filters.get(beside, ())) == 2 else ""
    return Scope(filters, compared)


def from_address(parameters: Iterable[tuple[str, str]], documents: Sequence[Document]) -> tuple[Scope, bool]:
    """Read a scope from an address (`?document=ID&year=2019`, or `?scope=year:2019` as pages that frame
    the chat write it), and whether anything was left out.

    Values that none of these documents has are left out: they may be mistyped, gone, or closed to
    the reader, and which of these is not told.
    """
    chosen: dict[str, list[str]] = {}
    unknown = False
    for name, value in parameters:
        scoped = name == "scope"
        if scoped:
            name, _, value = value.partition(":")
        if name not in FIELDS:
            unknown |= scoped
        elif any(facet.value == value for facet in facets(documents, name, {})):
            chosen.setdefault(name, []).append(value)
        else:
            unknown = True
    return made(chosen), unknown


def choices(documents: Sequence[Document], scope: Scope) -> dict[str, list[Facet]]:
    """Give the values to choose from for each field, with counts that follow the other fields.

    A field that leaves no choice is not there: nobody fills it, or all documents have one value.
    A value that no document is left for is not there either, unless it is chosen.
    """
    shown: dict[str, list[Facet]] = {}
    for name in FIELDS:
        every = facets(documents, name, {})
        choice = len(every) > 1 or any(facet.count < len(documents) for facet in every)
        if choice or name in scope.filters:
            shown[name] = facets(documents, name, scope.filters)
    return shown


def comparable(scope: Scope) -> list[str]:
    """Give the fields of which two values are chosen."""
    return [name for name in COMPARED if len(scope.filters.get(name, ())) == 2]


def sides(scope: Scope, documents: Sequence[Document]) -> tuple[Side, ...]:
    """Give the two sides of a comparison, none where nothing is compared; years from early to late."""
    values = scope.filters.get(scope.beside, ())
    if len(values) != 2:
        return ()
    ordered = sorted(values) if scope.beside == "year" else values
    names = names_of(documents)
    return tuple(
        Side(names.get(value, value) if scope.beside == "document" else value, {scope.beside: (value,)})
        for value in ordered
    )


def scope_of(exchange: Exchange) -> Scope:
    """Give the scope that a question was asked in, as it is kept."""
    return made(exchange.filters, exchange.beside)


def within(documents: Sequence[Document], filters: Filters) -> list[Document]:
    """Give the documents that are asked."""
    return [document for document in documents if matches(document, filters)]


def names_of(documents: Sequence[Document]) -> dict[str, str]:
    """Give each document's name by its id, short enough for a line."""
    return {document.id: short(document.title or document.path) for document in documents}


def chosen_names(documents: Sequence[Document], filters: Filters) -> str:
    """Name what is chosen: values of one field with commas, fields with a dot between."""
    names = names_of(documents)
    each = [
        ", ".join(names.get(value, value) if name == "document" else short(value) for value in filters[name])
        for name in ("document", *FIELDS)
        if filters.get(name)
    ]
    return " · ".join(dict.fromkeys(each))


def line(documents: Sequence[Document], scope: Scope) -> str:
    """Say before a question what will be asked."""
    if not scope.filters:
        form = texts.ASKING_ONE if len(documents) == 1 else texts.ASKING_ALL
        return form.format(count=len(documents))
    if not scope.beside:
        return _part(texts.ASKING_PART, documents, scope.filters)
    one, other = (side.label for side in sides(scope, documents))
    rest = {name: values for name, values in scope.filters.items() if name != scope.beside}
    count = len(within(documents, scope.filters))
    said = texts.COMPARING_PART.format(one=one, other=other, count=count, of=len(documents))
    return f"{said}: {chosen_names(documents, rest)}" if rest else said


def asked_of(text: str, filters: Filters, compared: bool = False) -> Filters:
    """Give the filters of all that a question is asked of, also where its words name the two sides;
    they do not where it is `compared` by choice."""
    typed = () if compared else sides_of(text)[1]
    years = tuple(value for side in typed for value in side.filters["year"])
    return {**filters, "year": years} if years else filters


def asked(documents: Sequence[Document], filters: Filters) -> str:
    """Say after an answer what was asked, "" where that was everything."""
    return _part(texts.ASKED_PART, documents, filters) if filters else ""


def _part(form: str, documents: Sequence[Document], filters: Filters) -> str:
    count = len(within(documents, filters))
    return form.format(count=count, of=len(documents), chosen=chosen_names(documents, filters))


def short(text: str) -> str:
    """Put a name into a line; the whole of it is in the panel."""
    words = " ".join(clean(text).split())
    return words if len(words) <= NAME_CHARS else words[:NAME_CHARS].rsplit(" ", 1)[0].rstrip(" ,:;–-") + "…"
