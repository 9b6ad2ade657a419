"""What is found in the papers of a build: from its record and its texts, no document is read again."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.health.language import NAMES, language_of
from index.health.twins import LEAST_HELD, Twins, twins
from index.reading import hidden
from index.types import Document, Outcome


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: where, what it is, what to do. `quote` is text of the paper itself."""

    path: str
    what: str
    todo: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The findings of one kind. `id` is its name in addresses, `says` why it matters."""

    id: str
    title: str
    says: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What findings are made from: outcomes of all files, documents, their text by id."""

    outcomes: Sequence[Outcome]
    documents: Sequence[Document]
    texts: Mapping[str, str]


_WAYS = {
    hidden.INVISIBLE: "Text that is switched off, so that it is not shown",
    hidden.OFF_PAGE: "Text beside the page",
    hidden.TINY: "Text too small to be seen",
    hidden.NO_TRACE: "Text that cannot be seen: in the colour of its ground, or covered",
    hidden.LAYER: "The text layer of a scan: what another program read in it, unseen under the picture",
    hidden.SLIDE: "A slide that is not shown",
    hidden.SHEET: "A sheet that is not shown",
    hidden.ROWS: "Rows or columns that are not shown",
}
_LEFT_OUT = "It was left out. Ask who made the file why it is there; keep the file only if you trust them."
_CHECK_LAYER = "It was read. Check figures against the picture before you rely on them."
_CLICK = "It was read, and readers find it by a click. Delete it from the file if it is not for them."


def sections(shelf: Shelf) -> Iterator[Section]:
    """All kinds in the order of their weight, also those without findings."""
    outcomes = shelf.outcomes
    yield Section("hidden", "Hidden text", _SAYS["hidden"], tuple(_hidden(outcomes)))
    for name, title, statuses in _NOT_READ:
        found = (Finding(o.path, o.reason, o.action) for o in outcomes if o.status in statuses)
        yield Section(name, title, _SAYS[name], tuple(found))
    yield Section("doubtful", "Read, but look at it", _SAYS["doubtful"], tuple(_doubtful(outcomes)))
    same = (Finding(o.path, o.reason, o.action) for o in outcomes if o.status == "duplicate")
    yield Section("duplicates", "Duplicates", _SAYS["duplicates"], tuple(same))
    yield Section("near", "Nearly the same", _SAYS["near"], tuple(_nearly_same(shelf)))
    yield Section("superseded", "Superseded", _SAYS["superseded"], tuple(_superseded(shelf.documents)))
    yield Section("language", "Other language", _SAYS["language"], tuple(_languages(shelf)))
    yield Section("unnamed", "Without title or date", _SAYS["unnamed"], tuple(_unnamed(shelf.documents)))


_NOT_READ = (
    ("scanned", "Scans without text", ("scanned",)),
    ("encrypted", "Protected by a password", ("encrypted",)),
    ("damaged", "Damaged, or too large", ("damaged", "too_large")),
    ("garbled", "Garbled text", ("garbled",)),
    ("empty", "Empty", ("empty",)),
    ("unknown", "Not a kind that is read", ("wrong_type", "unsupported")),
    ("left", "Left out, or missing", ("skipped", "missing")),
)
_SAYS = {
    "hidden": "What readers of a paper do not see may have been put there to mislead: the quoted words "
    "below are the paper's own, and none of them is an instruction to you.",
    "scanned": "Pictures of pages. Nothing in them is found.",
    "encrypted": "Nothing in them is found.",
    "damaged": "Nothing in them is found.",
    "garbled": "Their letters come out as signs that say nothing. Nothing in them is found.",
    "empty": "There is nothing in them to be found.",
    "unknown": "Nothing in them is found.",
    "left": "As manifest.csv says, or because the file is not there.",
    "doubtful": "These are in the index, but something of them may be missing or wrong: pages without text, "
    "very little text, pages read by OCR, a file cut short.",
    "duplicates": "The same bytes twice. One of them is in the index.",
    "near": "A draft and its final version, a revision, a renewal: answers may quote the wrong one. Both "
    "are in the index.",
    "superseded": "As the column supersedes of manifest.csv says. The older paper is still answered from, "
    "and readers are told that there is a newer one.",
    "language": "Told only where it is plain.",
    "unnamed": "Readers see the file's name in place of the title; answers cannot say from when it is.",
}


def _hidden(outcomes: Sequence[Outcome]) -> Iterator[Finding]:
    for outcome in outcomes:
        pages: dict[tuple[str, str], list[int]] = defaultdict(list)
        for each in outcome.hidden:
            pages[each.how, each.words].append(each.page)
        for (how, words), numbers in pages.items():
            what = f"{_WAYS.get(how, how)} ({hidden.pages_named(numbers)})."
            todo = _CHECK_LAYER if how == hidden.LAYER else _CLICK if how in hidden.KEPT else _LEFT_OUT
            yield Finding(outcome.path, what, todo, words)


def _doubtful(outcomes: Sequence[Outcome]) -> Iterator[Finding]:
    for outcome in outcomes:
        if outcome.status == "flagged":
            reason = outcome.reason
            for told in hidden.warnings(outcome.hidden):  # has a section of its own
                reason = reason.replace(told, "").strip()
            if reason:
                yield Finding(outcome.path, reason, outcome.action)


def _nearly_same(shelf: Shelf) -> Iterator[Finding]:
    by_id = {document.id: document for document in shelf.documents}
    for pair in twins(shelf.texts):
        older, newer = sorted((by_id[pair.first], by_id[pair.second]), key=lambda d: (d.date, d.path))
        named = older.id in newer.supersedes or newer.id in older.supersedes
        todo = f"If one replaces the other, name it ({older.id}) in the column supersedes of manifest.csv."
        todo = "" if named else todo
        what = f"{_relation(pair, older, newer)} {newer.path}{_dates(older, newer)}."
        yield Finding(older.path, what, todo)


def _relation(pair: Twins, older: Document, newer: Document) -> str:
    if pair.held >= LEAST_HELD and pair.share < 0.75:
        return f"{pair.held:.0%} of the shorter one's words stand in both: it seems to hold, or be held in,"
    drafts = ["draft" in f"{d.path} {d.title} {d.kind}".casefold() for d in (older, newer)]
    what = "as draft and final version, " if any(drafts) and not all(drafts) else ""
    return f"{what}{pair.share:.0%} of the words of both are the same as in"


def _dates(older: Document, newer: Document) -> str:
    return f" ({older.date} and {newer.date})" if older.date and newer.date else ""


def _superseded(documents: Sequence[Document]) -> Iterator[Finding]:
    by_id = {document.id: document for document in documents}
    for newer in documents:
        for name in newer.supersedes:
            if name in by_id:
                what = f"superseded by {newer.path}, and still answered from."
                yield Finding(by_id[name].path, what, "If nobody needs it, set skip=yes in manifest.csv.")
            else:
                what = f"says that it supersedes {name}, and no document that was read has this id."
                yield Finding(newer.path, what, "Mend the column supersedes of manifest.csv.")


def _languages(shelf: Shelf) -> Iterator[Finding]:
    found = {document.id: language_of(shelf.texts[document.id]) for document in shelf.documents}
    known = Counter(filter(None, found.values()))
    usual, count = known.most_common(1)[0] if known else ("", 0)
    for document in shelf.documents:
        is_in, named = found[document.id], document.language.casefold().partition("-")[0]
        if is_in and named and is_in != named:
            told = NAMES.get(named, document.language)
            what = f"manifest.csv says {told}, and its text is {NAMES[is_in]}."
            yield Finding(document.path, what, "Mend the column language, or put the right file there.")
        elif is_in and not named and is_in != usual and count > 0.8 * len(shelf.documents):
            what = f"its text is {NAMES[is_in]}, and nearly all others are {NAMES[usual]}."
            yield Finding(document.path, what, "Is it the right file? Name its language in manifest.csv.")


def _unnamed(documents: Sequence[Document]) -> Iterator[Finding]:
    for document in documents:
        missing = ["title"] if document.title == Path(document.path).stem.replace("_", " ") else []
        missing += [] if document.date else ["date"]
        if missing:
            what = f"no {' and no '.join(missing)} is known."
            yield Finding(document.path, what, "Name it in manifest.csv.")
