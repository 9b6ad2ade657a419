"""The nouns of the index: what a document is made of and what a search gives back."""

from dataclasses import dataclass
from typing import Literal

FoundBy = Literal["dense", "lexical", "both"]

EVERYBODY = "all"  # the group that everybody is in
NOBODY = "deny"  # the group that nobody is in: what it alone may read is not indexed

OutcomeStatus = Literal[
    "indexed",  # read, split, embedded
    "flagged",  # the same, with something an owner should look at
    "empty",  # no bytes, or no text in a format that cannot be a scan
    "scanned",  # pages are pictures: no text layer
    "encrypted",  # a password is asked for
    "garbled",  # text comes out as signs no reader could read
    "wrong_type",  # the bytes are not what the name says
    "unsupported",  # a format the readers do not know
    "duplicate",  # the same bytes as another document
    "too_large",  # over a limit of time, memory, pages or characters
    "damaged",  # the reader gave up
    "skipped",  # the manifest says skip, or nobody may read it
    "missing",  # the manifest names it, the folder has it not
]


@dataclass(frozen=True, slots=True)
class Document:
    """One paper. `groups` says who may read it; EVERYBODY stands for everybody.

    `date` is ISO 8601, shortened where the paper does not say more (`2019-09`, `2019`), or "".
    `path` is relative to the corpus folder, with forward slashes. Unknown strings are "".
    `speaker` is who says "I" in it (name, role), and `office` the body that "my Office" means, both
    from its title block.
    """

    id: str
    path: str
    title: str
    sha256: str
    date: str = ""
    publisher: str = ""
    kind: str = ""
    language: str = ""
    url: str = ""
    programmes: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    supersedes: tuple[str, ...] = ()
    groups: tuple[str, ...] = (EVERYBODY,)
    speaker: str = ""
    office: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that is a line of its page's text. `level` 1 is the highest; `start` is a
    character offset in `Page.text`, or 0 where the heading is only in the outline."""

    level: int
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Page:
    """One physical page (PDF page, slide, sheet), number 1-based, `label` as printed or "".

    After cleaning, `text` holds one block a line: a paragraph, a list item (its sign kept),
    a table row (`cell | cell`) or a heading; there is no line break inside a block.
    """

    document_id: str
    number: int
    label: str
    headings: tuple[Heading, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one document, small enough for the embedding model.

    `start` and `end` are character offsets in the document's cleaned text, which is its
    pages' texts joined by one line break; `pages` is (first, last).
    """

    id: str
    document_id: str
    pages: tuple[int, int]
    start: int
    end: int
    heading_path: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found. `score` orders one result list and is not comparable between
    questions; `similarity` is the cosine with the question, in [-1, 1]."""

    passage: Passage
    score: float
    similarity: float
    found_by: FoundBy


@dataclass(frozen=True, slots=True)
class Hidden:
    """Text on a page that its readers do not see. `how` it hides is a word of `index.reading.hidden`;
    `words` are the first of it, and may have been written to mislead whoever reads them. `page` is
    its number, 1-based."""

    page: int
    how: str
    words: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file in a build: a status, and where it is not `indexed`, a
    sentence that says why and one that says what to do.

    `groups` says who may know of the file, like a document's, or is (NOBODY,); () where a build was
    made before this was kept: then nobody may, unless its document is theirs to read. `twin` is the
    path of the document that a duplicate is the same as; `hidden` what its readers would not see.
    """

    path: str
    status: OutcomeStatus
    reason: str = ""
    action: str = ""
    pages: int = 0
    passages: int = 0
    groups: tuple[str, ...] = ()
    twin: str = ""
    hidden: tuple[Hidden, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did. `published` is False where nothing had changed."""

    build_id: str
    published: bool
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]
    embedded: int
    reused: int
    seconds: float


def document_of(passage_id: str) -> str:
    """The document that a passage id names: `api-pnr-2019:p12.3` is of `api-pnr-2019`."""
    return passage_id.rpartition(":")[0]
