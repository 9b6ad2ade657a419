"""The nouns of the assistant: a question, and an answer that can be checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from index.types import Hit

Role = Literal["user", "assistant"]
Status = Literal["answered", "partial", "not_in_documents", "unsupported"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. Only `access.py` makes one; `groups` always holds `all`.

    `scope` are filters (as in `Question`) that their way in is bound to: a page about one programme
    asks its papers only. It narrows what is asked; what may be read is up to `groups`.
    """

    id: str
    groups: frozenset[str]
    scope: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Side:
    """One of two sets of papers that are compared: what it is called, and the filters that give it."""

    label: str
    filters: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, with everything the answer may depend on: no session stands behind it.

    `filters` narrows the search: a manifest field (`kind`, `publisher`, `language`,
    `programme`, `region`, `year`, `document`) to the values allowed. `search_text` is what to
    search for instead of what the text and the history would give; "" leaves it to them.
    `sides` are asked one by one and answered beside each other; none compares nothing. In
    `language`, a code of `language.LANGUAGES`, the assistant says what it says of its own.
    """

    text: str
    principal: Principal
    history: tuple[Turn, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    search_text: str = ""
    sides: tuple[Side, ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a sentence of the answer comes from. `quote` is an exact substring of the page's
    cleaned text; `start` and `end` are its offsets in the document's cleaned text;
    `number` is the marker in the answer (1-based); `page` is physical, `page_label` as printed."""

    number: int
    document_id: str
    path: str
    title: str
    date: str
    page: int
    page_label: str
    quote: str
    start: int
    end: int
    url: str


@dataclass(frozen=True, slots=True)
class Trace:
    """How an answer came about. `confidence` is the estimated probability, in [0, 1], that the
    evidence answers the question; `selected` are the ids of the passages shown to the answerer;
    `seconds` maps a step of the question's path to wall time; `model` wrote the answer and is ""
    where none did; `fallback` is one word for why a language model was asked in vain and the
    answer is extracted instead (`unreachable`, `timeout`, `refused` …), else ""; `tokens` counts
    what the language model read (`input`) and wrote (`output`), as far as it tells; `reranker` is the
    model that put the passages into their order, "" where none did."""

    search_text: str
    index_build: str
    confidence: float = 0.0
    selected: tuple[str, ...] = ()
    model: str = ""
    prompt_hash: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    markers_removed: int = 0
    sentences_removed: int = 0
    fallback: str = ""
    tokens: Mapping[str, int] = field(default_factory=dict)
    reranker: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A part of an answer's text, `start` to `end`, that belongs beside another one."""

    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` carries `[1]` markers that all resolve to `citations`. `hits` are the passages
    that were found, best first, also where nothing is answered. `notes` are sentences of the
    assistant's own about the evidence (its dates differ, it contradicts the question), not from
    the papers. `emphasis` are the (start, end) offsets in `text` of what was asked for. `missing`
    are the words of the question that the readable papers, or the nearest passages, do not have:
    `missing_from` says which of the two. `columns` are the parts of a comparison, or none."""

    text: str
    status: Status
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    trace: Trace
    notes: tuple[str, ...] = ()
    emphasis: tuple[tuple[int, int], ...] = ()
    missing: tuple[str, ...] = ()
    missing_from: Literal["papers", "passages"] = "papers"
    columns: tuple[Column, ...] = ()
