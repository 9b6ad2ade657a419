"""What programs send and get, as forms that check themselves and describe themselves in OpenAPI.

An answer has the form of `answer_json`; a field that one of the two lacks is an error. Lengths that
settings bound are checked by `asking`.
"""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.types import Citation, Column, Role, Status, Trace
from index.types import Document, FoundBy, Passage

MOST_VALUES = 200  # of one field
MOST_CHARS = 500
MOST_DOCUMENTS = 1000  # in one answer

Value = Annotated[str, Field(min_length=1, max_length=MOST_CHARS)]
Values = Annotated[list[Value], Field(min_length=1, max_length=MOST_VALUES)]
FieldName = Literal["kind", "publisher", "year", "region", "programme", "language", "document"]
Lang = Annotated[str, Field(description="language of the service's own sentences: en, fr, es, ru or ar")]
_ANY: list[str] = Field(default_factory=list)  # left out: any value


class Asked(BaseModel):
    """What a program sends; a name that is not known is refused, so that no slip goes unseen."""

    model_config = ConfigDict(extra="forbid")


class Filters(Asked):
    """The papers that are asked: a document fits where it has one of the values of every field named."""

    kind: Values = _ANY
    publisher: Values = _ANY
    year: Values = _ANY
    region: Values = _ANY
    programme: Values = _ANY
    language: Values = _ANY
    document: Values = Field(default_factory=list, description="ids of documents")

    def chosen(self) -> dict[str, tuple[str, ...]]:
        """As in a Question: the fields that were named."""
        told = self.model_dump(include=set(Filters.model_fields))
        return {name: tuple(values) for name, values in told.items() if values}


class Turn(Asked):
    """What was said before."""

    role: Role
    text: str


class Compare(Asked):
    """Asks the papers of two values of a field apart, and answers side by side."""

    field: FieldName
    one: Value
    other: Value = Field(description="another value than `one`")


class Ask(Asked):
    """A question. Nothing is remembered between two of them: `history` brings along what it builds on."""

    question: str = Field(description="at most 2,000 characters, or as this service is set")
    history: list[Turn] = Field([], description="oldest first, at most 20 turns, or as this service is set")
    filters: Filters = Field(Filters(), description="which papers are asked; all that you may read if empty")
    search_text: str = Field(
        "", description="what to search for instead of what the question and its history give"
    )
    compare: Compare | None = None


class Narrowed(Filters):
    """Which documents are listed."""

    limit: int = Field(MOST_DOCUMENTS, ge=1, le=MOST_DOCUMENTS)
    offset: int = Field(0, ge=0, le=10_000_000)
    lang: Lang = ""


class Given(BaseModel):
    """What a program gets."""

    model_config = ConfigDict(extra="forbid")


class Hit(Given):
    """A passage that was found. `score` orders one list; `similarity` is a cosine, in [-1, 1]."""

    passage_id: str
    document_id: str
    path: str
    pages: tuple[int, int] = Field(description="first and last")
    similarity: float
    score: float
    found_by: FoundBy
    text: str


class AnswerObject(Given):
    """An answer; `ct-assistant ask --json` prints the same."""

    question: str
    text: str = Field(description="with markers like [1] that name citations by their number")
    status: Status
    citations: list[Citation]
    hits: list[Hit] = Field(description="the passages that were found, best first")
    notes: list[str] = Field(description="the assistant's own sentences about the evidence")
    emphasis: list[tuple[int, int]] = Field(description="(start, end) offsets in `text` of what was asked")
    missing: list[str] = Field(description="words of the question that the papers, or passages, lack")
    missing_from: Literal["papers", "passages"]
    columns: list[Column] = Field(description="the two sides of a comparison")
    trace: Trace


class DocumentObject(Given):
    """A document that you may read; what is not known is empty."""

    id: str
    path: str
    title: str
    date: str = Field(description="ISO 8601, shortened where the paper does not say more")
    publisher: str
    kind: str
    language: str
    url: str
    programmes: list[str]
    regions: list[str]
    supersedes: list[str] = Field(description="ids of older documents, of those that you may read")

    @classmethod
    def of(cls, document: Document, readable: Collection[str]) -> "DocumentObject":
        """Tell a document, and no id of one that is not readable."""
        told = {name: getattr(document, name) for name in cls.model_fields}
        return cls(**{**told, "supersedes": [older for older in document.supersedes if older in readable]})


class Documents(Given):
    """One stretch of the documents that fit, in the order of the collection."""

    total: int = Field(description="how many fit")
    documents: list[DocumentObject]


class PassageObject(Given):
    """A passage: its text, and where it stands in its document."""

    id: str
    text: str
    pages: tuple[int, int] = Field(description="first and last")
    start: int = Field(description="offset in the document's text, in characters")
    end: int
    heading_path: list[str]
    document: DocumentObject

    @classmethod
    def of(cls, passage: Passage, document: DocumentObject) -> "PassageObject":
        """Tell a passage of a document."""
        told = {name: getattr(passage, name) for name in cls.model_fields if name != "document"}
        return cls(**told, document=document)


class State(Given):
    """Whether the service stands."""

    status: Literal["ok"] = "ok"
