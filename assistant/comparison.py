"""The same question put to two sets of papers, and the two answers side by side in one.

Covers: "the papers of 2019 and 2024" and sides that the asker chose. Does not cover: more than
two sides, and comparing what the two answers say: the reader does that.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from assistant import sayings
from assistant.errors import BadInput
from assistant.types import Answer, Citation, Column, Side, Status, Trace
from index.facets import FIELDS
from index.types import Hit

_PAPERS = r"(?:papers?|documents?|sources?|reports?|publications?|texts?|speeches|statements|decks)"
_YEAR = r"(?:19|20)\d\d"
_OF = r"(?:of|from|in|dated)"
_TWO_YEARS = re.compile(
    rf"\b(?P<papers>{_PAPERS})\s+{_OF}\s+(?P<one>{_YEAR})\s+(?:and|with|versus|vs\.?|or)\s+"
    rf"(?:(?:those|the ones|the {_PAPERS})\s+)?(?:{_OF}\s+)?(?P<other>{_YEAR})(?:\s+each)?\b",
    re.IGNORECASE,
)
# "What do the papers each say about X": what a paper is about is no word to search for.
_TOPIC = re.compile(
    rf"^what\s+(?:do|does|did)\s+(?:(?:the|these|those)\s+)?(?:{_PAPERS}|they)\s+(?:each\s+)?"
    r"(?:say|tell(?:\s+us)?|write)\s+(?P<on>about|on)\s+(?P<topic>\S)",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"\b(?:say|says|said|tell|told|write|written)\s+(?:about|on)\s+\S", re.IGNORECASE)
_MARKER = re.compile(r"\[(\d+)\]")


def sides_of(text: str) -> tuple[str, tuple[Side, ...]]:
    """What is asked of each side, and the two sides; none where nothing is compared by year."""
    found = _TWO_YEARS.search(text)
    if not found or found["one"] == found["other"]:
        return text, ()
    asked = f"{text[: found.start()]}{found['papers']}{text[found.end() :]}"
    return asked, tuple(Side(year, {"year": (year,)}) for year in (found["one"], found["other"]))


def sides_named(field: str, one: str, other: str) -> tuple[Side, ...]:
    """The sides of two values of a field, as they are named on the command line. Raises BadInput."""
    if field not in FIELDS:
        raise BadInput(f"--compare {field}: not one of {', '.join(FIELDS)}. Name one of these.")
    return tuple(Side(value, {field: (value,)}) for value in (one, other))


def asked_of_each(text: str) -> str:
    """What one side is asked: a topic without the papers that are to speak of it."""
    return _TOPIC.sub(r"What is said \g<on> \g<topic>", text)


def is_topic(text: str) -> bool:
    """Whether a topic is named rather than a question asked: whatever is said on it is an answer."""
    return bool(_ABOUT.search(text))


def side_by_side(answers: Sequence[tuple[Side, Answer]]) -> Answer:
    """Two answers as one: numbered through, with a column for each side.

    Answered where both sides are, partial where one is, silent where none is. Of the steps'
    times the sums are told.
    """
    text = ""
    columns: list[Column] = []
    citations: list[Citation] = []
    notes: list[str] = []
    emphasis: list[tuple[int, int]] = []
    hits: dict[str, Hit] = {}
    for side, answer in answers:
        said = answer.text or sayings.NOTHING_SAID
        moved, places = _renumbered(said, len(citations))
        text += ("\n\n" if text else "") + f"{side.label}\n\n"  # the heading stands above its column
        columns.append(Column(side.label, len(text), len(text) + len(moved)))
        emphasis += [
            (len(text) + _moved(start, places), len(text) + _moved(end, places))
            for start, end in answer.emphasis
        ]
        text += moved
        for note in answer.notes:
            numbered, _ = _renumbered(note, len(citations))
            notes.append(sayings.NOTE_OF_SIDE.format(side=side.label, note=numbered))
        citations += [replace(c, number=c.number + len(citations)) for c in answer.citations]
        hits |= {hit.passage.id: hit for hit in answer.hits}
    both = [answer for _, answer in answers]
    status = _status([answer.status for answer in both])
    if status == "not_in_documents":
        text, columns, emphasis = "", [], []
    return Answer(
        text=text,
        status=status,
        citations=tuple(citations),
        hits=tuple(hits.values()),
        trace=_trace([answer.trace for answer in both]),
        notes=tuple(notes),
        emphasis=tuple(emphasis),
        missing=tuple(dict.fromkeys(word for answer in both for word in answer.missing)),
        columns=tuple(columns),
    )


def _renumbered(text: str, more: int) -> tuple[str, list[tuple[int, int]]]:
    """The text with `more` added to each marker; (offset, signs gained) of those that grew."""
    places: list[tuple[int, int]] = []

    def raised(marker: re.Match[str]) -> str:
        new = f"[{int(marker[1]) + more}]"
        if len(new) > len(marker[0]):
            places.append((marker.start(), len(new) - len(marker[0])))
        return new

    return _MARKER.sub(raised, text), places


def _moved(offset: int, places: Sequence[tuple[int, int]]) -> int:
    return offset + sum(gained for start, gained in places if start < offset)


def _status(each: Sequence[Status]) -> Status:
    if all(status == "answered" for status in each):
        return "answered"
    if any(status in ("answered", "partial") for status in each):
        return "partial"
    return "unsupported" if "unsupported" in each else "not_in_documents"


def _trace(traces: Sequence[Trace]) -> Trace:
    """One trace of several: sums of what can be summed, the most certain confidence."""
    first = traces[0]
    return replace(
        first,
        confidence=max(trace.confidence for trace in traces),
        selected=tuple(dict.fromkeys(i for trace in traces for i in trace.selected)),
        seconds=_sums([trace.seconds for trace in traces], 6),
        tokens={name: int(n) for name, n in _sums([trace.tokens for trace in traces], 0).items()},
        markers_removed=sum(trace.markers_removed for trace in traces),
        sentences_removed=sum(trace.sentences_removed for trace in traces),
        model=next((trace.model for trace in traces if trace.model), ""),
        prompt_hash=next((trace.prompt_hash for trace in traces if trace.prompt_hash), ""),
        fallback=next((trace.fallback for trace in traces if trace.fallback), ""),
    )


def _sums(each: Sequence[Mapping[str, float]], digits: int) -> dict[str, float]:
    names = dict.fromkeys(name for told in each for name in told)
    return {name: round(sum(told.get(name, 0) for told in each), digits) for name in names}
