"""The forms of what other programs send to a tool, and of what they are given."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from assistant.types import Status

MOST_PASSAGES = 20

Value = Annotated[str, Field(max_length=300)]
Values = Annotated[
    tuple[Value, ...],
    Field(max_length=50),
    BeforeValidator(lambda told: [told] if isinstance(told, str) else told),  # models forget the brackets
]


class Taken(BaseModel):
    """Arguments of a tool, as a program sends them."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Narrowed(Taken):
    """Only papers that have one of the values in every field that is given."""

    kind: Values = ()
    publisher: Values = ()
    year: Values = Field((), description="of publication, like 2019")
    region: Values = ()
    programme: Values = ()
    language: Values = Field((), description="codes, like en")
    document: Values = Field((), description="ids of documents, as search gives them")

    def chosen(self) -> dict[str, tuple[str, ...]]:
        """The filters as in a Question: the fields that say something."""
        return {field: values for field, values in self if values}


class Searched(Taken):
    query: str = Field(min_length=1, max_length=100_000, description="words or a question to search for")
    k: int = Field(8, ge=1, le=MOST_PASSAGES, description="most passages to return")
    filters: Narrowed = Field(default_factory=Narrowed)


class Asked(Taken):
    question: str = Field(max_length=100_000, description="one question that stands on its own")
    filters: Narrowed = Field(default_factory=Narrowed)


class Named(Taken):
    id: str = Field(max_length=1000, description="id of a passage, as search gives it")


@dataclass(frozen=True, slots=True)
class Paper:
    """A document, as programs see it."""

    id: str
    title: str
    date: str
    path: str


@dataclass(frozen=True, slots=True)
class Found:
    """A passage: `page` to `last_page` are physical (1-based); `address` shows the page to people."""

    id: str
    document: Paper
    page: int
    last_page: int
    headings: tuple[str, ...]
    text: str
    address: str


@dataclass(frozen=True, slots=True)
class Findings:
    passages: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Cited:
    """`number` is the marker in the answer; `quote` stands so on the page."""

    number: int
    quote: str
    title: str
    date: str
    page: int
    page_label: str
    document_id: str
    path: str
    address: str


@dataclass(frozen=True, slots=True)
class Told:
    text: str
    status: Status
    citations: tuple[Cited, ...]
    notes: tuple[str, ...]
