"""The scope of a way in: it narrows every question, and nothing that comes with one widens it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import sayings
from assistant.access import signed_on_principal
from assistant.assistant import Assistant
from assistant.bounds import askable
from assistant.config import Settings
from assistant.errors import BadQuestion
from assistant.types import Principal, Question, Side, Turn
from assistant.web import holdings
from assistant.web.first_screen import first_screen
from index.embedding import Embedder

PAYS = "Who pays for the Harbour Programme?"
OPENED = "Who opened the workshop in Skopje?"


@pytest.fixture(scope="module")
def assistant(small_index: Path, embedder: Embedder) -> Iterator[Assistant]:
    yield Assistant(Settings(index=small_index), embedder)


def bound_to(**scope: tuple[str, ...]) -> Principal:
    return signed_on_principal("embed", "https://intranet.example anna", ["leads"], scope)


REPORTS = bound_to(kind=("report",))


def test_only_papers_in_scope_are_asked(assistant: Assistant) -> None:
    assert "Norway" in assistant.ask(Question(PAYS, REPORTS)).text
    for asked in (assistant.ask, assistant.extracted):
        answer = asked(Question(OPENED, REPORTS))
        assert answer.status == "not_in_documents"
        assert {hit.passage.document_id for hit in answer.hits} <= {"harbour"}
    assert "Kola" in assistant.ask(Question(OPENED, bound_to())).text


@pytest.mark.parametrize(
    "widened",
    [
        Question(OPENED, REPORTS, filters={"kind": ("press release",)}),
        Question(
            OPENED, REPORTS, sides=(Side("a", {"kind": ("press release",)}), Side("b", {"kind": ("note",)}))
        ),
        Question("What do the papers of 2019 and 2022 say about the workshop?", bound_to(year=("2021",))),
        Question(OPENED, bound_to(kind=("report",), year=("2021",)), filters={"year": ("2019",)}),
    ],
    ids=["filter", "sides", "years in words", "one field of two"],
)
def test_nothing_sent_with_a_question_widens_the_scope(assistant: Assistant, widened: Question) -> None:
    with pytest.raises(BadQuestion, match="asks only some of the documents") as told:
        assistant.ask(widened)
    assert told.value.for_staff == sayings.OUT_OF_SCOPE


def test_what_is_asked_of_some_is_asked_of_those_of_them_in_scope(assistant: Assistant) -> None:
    both = Question(OPENED, REPORTS, filters={"kind": ("report", "press release")})
    assert {hit.passage.document_id for hit in assistant.ask(both).hits} <= {"harbour"}
    history = (
        Turn("user", "When was the aviation workshop in Skopje?"),
        Turn("assistant", "On 14 May 2019."),
    )
    follow = assistant.ask(Question("And who opened it?", REPORTS, history))
    assert {hit.passage.document_id for hit in follow.hits} <= {"harbour"}


def test_the_refusal_is_in_the_readers_language(assistant: Assistant) -> None:
    with pytest.raises(BadQuestion, match="Cette page"):
        assistant.ask(Question(OPENED, REPORTS, filters={"kind": ("note",)}, language="fr"))


def test_shelf_and_examples_show_what_is_in_scope(assistant: Assistant) -> None:
    assert [document.id for document in askable(assistant.index, REPORTS)] == ["harbour"]
    held = holdings.holdings(assistant.index, REPORTS.groups, REPORTS.scope)
    assert [each.path for each in held] == ["harbour.md"]
    questions, shelf = first_screen(assistant, REPORTS)
    assert "Harbour" in shelf and "Aviation" not in shelf + " ".join(questions) and "leads" not in shelf
