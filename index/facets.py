"""What a search can be narrowed by: fields of the manifest, their values, and how many papers have each."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from index.types import Document

Filters = Mapping[str, Collection[str]]  # field -> allowed values; an empty mapping allows everything

FIELDS = ("kind", "publisher", "year", "region", "programme", "language", "document")


@dataclass(frozen=True, slots=True)
class Facet:
    """A value of a field, and how many documents have it."""

    value: str
    count: int


def values(document: Document, field: str) -> tuple[str, ...]:
    """The values of one of FIELDS; none where the document does not tell. Raises KeyError."""
    known: dict[str, Sequence[str]] = {
        "document": (document.id,),
        "kind": (document.kind,),
        "publisher": (document.publisher,),
        "language": (document.language,),
        "year": (document.date[:4],),
        "programme": document.programmes,
        "region": document.regions,
    }
    return tuple(value for value in known[field] if value)


def matches(document: Document, filters: Filters) -> bool:
    """Whether a document has one of the allowed values in every field that is filtered."""
    return all(set(values(document, field)) & set(allowed) for field, allowed in filters.items())


def facets(documents: Sequence[Document], field: str, filters: Filters) -> list[Facet]:
    """The values of a field among the documents that every other filter lets through.

    So a count tells how many papers are left if the value is chosen next. Values that are chosen
    already stay in the list, with a count of 0 if need be: what was chosen can be taken back.
    Most frequent first, years latest first.
    """
    others = {name: allowed for name, allowed in filters.items() if name != field}
    counts = Counter(v for d in documents if matches(d, others) for v in values(d, field))
    for chosen in filters.get(field, ()):
        counts.setdefault(chosen, 0)
    if field == "year":
        order = sorted(counts, reverse=True)
    else:
        order = sorted(counts, key=lambda value: (-counts[value], value.casefold()))
    return [Facet(value, counts[value]) for value in order]
