"""What is on the shelf, and the part of it somebody asks to see: search, filters, order, pages.

Covers: the documents a reader may see, and files that gave none as far as the reader may know of
them. Does not cover: how it looks (`shelf`).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from index.facets import Facet, Filters, facets, matches, values
from index.search import Index
from index.types import Document

SHOWN = 50  # on one page
WORDS_CHARS = 200
FILTERS = ("kind", "publisher", "year")
ORDERS = ("title", "date", "publisher")
NOT_THERE = ("skipped", "missing")  # left out on purpose, or only a name: nothing that could be browsed
READY, SUPERSEDED, DUPLICATE = "indexed", "superseded", "duplicate"
_SIGNS = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Holding:
    """One file: its document, None where it gave none, and what is known of its health.

    `health` is the status of its outcome, or `superseded`; `reason` says more, or is "". `newer`
    are the documents that replace it, `same` those with the same bytes. `pages` 0 is not known.
    """

    path: str
    document: Document | None
    health: str
    reason: str = ""
    pages: int = 0
    newer: tuple[Document, ...] = ()
    same: tuple[Document, ...] = ()

    @property
    def name(self) -> str:
        """What the file is called: its title, and where it has none its path."""
        return (self.document.title if self.document else "") or self.path


@dataclass(frozen=True, slots=True)
class View:
    """What somebody asks to see. `order` is one of ORDERS, `-` before it turns it round."""

    words: str = ""
    order: str = "title"
    page: int = 1
    health: str = ""
    filters: Mapping[str, tuple[str, ...]] | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "View":
        """Read an address; what makes no sense in it is as if it were not there."""
        order, page = query.get("sort", ""), query.get("page", "")
        chosen = {name: (query[name],) for name in FILTERS if query.get(name)}
        return cls(
            " ".join(query.get("q", "")[:WORDS_CHARS].split()),
            order if order.removeprefix("-") in ORDERS else "title",
            max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
            query.get("health", ""),
            chosen,
        )

    def address(self) -> str:
        """Write it as the query of an address, with its `?`; what is left out is the usual."""
        told = {"q": self.words, **{name: values[0] for name, values in (self.filters or {}).items()}}
        told |= {"health": self.health, "sort": self.order if self.order != "title" else ""}
        told["page"] = str(self.page) if self.page > 1 else ""
        return "?" + urlencode({name: value for name, value in told.items() if value})


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of what was asked for: `found` of `held` files, from the `first` (1-based) on; of
    both, those that are documents; and of the held ones those that could not be read."""

    rows: tuple[Holding, ...]
    view: View
    pages: int
    found: int
    found_documents: int
    held: int
    documents: int
    unread: int
    first: int
    told: frozenset[str]  # those of FILTERS that any file has a value of
    choices: Mapping[str, Sequence[Facet]]


def holdings(index: Index, groups: Collection[str], scope: Filters | None = None) -> list[Holding]:
    """All files that these groups may know of, in the order of the corpus.

    Within a `scope` only documents are: what a file without one would be about is not known.
    """
    documents = [document for document in index.documents(groups) if matches(document, scope or {})]
    known = {document.path for document in documents}
    outcomes = {o.path: o for o in index.outcomes(groups) if not scope or o.path in known}
    twins: dict[str, list[Document]] = {}
    for document in documents:
        twins.setdefault(document.sha256, []).append(document)
    held: list[Holding] = []
    for document in documents:
        outcome = outcomes.pop(document.path, None)
        newer = tuple(d for d in index.successors(document.id, groups) if d.id != document.id)
        status = outcome.status if outcome else READY
        held.append(
            Holding(
                document.path,
                document,
                SUPERSEDED if newer else status,
                outcome.reason if outcome else "",
                outcome.pages if outcome else 0,
                newer,
                tuple(twin for twin in twins[document.sha256] if twin.id != document.id),
            )
        )
    by_path = {document.path: document for document in documents}
    for outcome in outcomes.values():
        if outcome.status not in NOT_THERE:
            same = (by_path[outcome.twin],) if outcome.twin in by_path else ()
            reason = "" if same else outcome.reason
            held.append(Holding(outcome.path, None, outcome.status, reason, same=same))
    return held


def shown(held: Sequence[Holding], view: View) -> Shown:
    """Choose, order and cut to one page; the counts tell what choosing a value next would leave."""
    words = _plain(view.words).split()
    worded = [holding for holding in held if _has(holding, words)]
    filters = view.filters or {}
    found = [holding for holding in worded if _passes(holding, view)]
    ordered = _in_order(found, view.order)
    pages = max(1, -(-len(ordered) // SHOWN))
    page = min(view.page, pages)
    first = (page - 1) * SHOWN
    of_health = [h.document for h in worded if h.document and view.health in ("", h.health)]
    choices = {name: facets(of_health, name, filters) for name in FILTERS}
    choices["health"] = _health_choices(worded, view)
    rows = tuple(ordered[first : first + SHOWN])
    return Shown(
        rows,
        replace(view, page=page),
        pages,
        len(found),
        sum(holding.document is not None for holding in found),
        len(held),
        sum(holding.document is not None for holding in held),
        sum(holding.document is None and holding.health != DUPLICATE for holding in held),
        first + 1,
        frozenset(name for name in FILTERS if any(h.document and values(h.document, name) for h in held)),
        choices,
    )


def _passes(holding: Holding, view: View) -> bool:
    if view.health not in ("", holding.health):
        return False
    return not view.filters or (holding.document is not None and matches(holding.document, view.filters))


def _health_choices(held: Sequence[Holding], view: View) -> list[Facet]:
    counts = Counter(h.health for h in held if _passes(h, replace(view, health="")))
    if view.health:
        counts.setdefault(view.health, 0)
    return [Facet(value, count) for value, count in counts.most_common()]


def _has(holding: Holding, words: Sequence[str]) -> bool:
    """Whether every word, or the beginning or another part of one, stands in what is told of it."""
    known = [holding.path, *((d.title, d.publisher, d.kind, d.date) if (d := holding.document) else ())]
    told = _plain(" ".join(known))
    return all(word in told for word in words)


def _in_order(found: Sequence[Holding], order: str) -> list[Holding]:
    """Sort; what has no date or publisher comes last either way, and what is equal goes by title."""
    by_title = sorted(found, key=lambda h: (_SIGNS.sub(" ", _plain(h.name)).strip(), h.path))
    field, turned = order.removeprefix("-"), order.startswith("-")
    if field == "title":
        return by_title[::-1] if turned else by_title

    def key(holding: Holding) -> str:
        document = holding.document
        return "" if document is None else _plain(document.date if field == "date" else document.publisher)

    known = [holding for holding in by_title if key(holding)]
    return sorted(known, key=key, reverse=turned) + [h for h in by_title if not key(h)]


def _plain(text: str) -> str:
    """A text without capitals and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))
