"""Two answers side by side in one: what belongs to which side, and that every marker still resolves."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import sayings
from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.comparison import asked_of_each, is_topic, side_by_side, sides_named, sides_of
from assistant.config import Settings
from assistant.errors import BadInput
from assistant.types import Answer, Citation, Question, Side, Status, Trace
from index.build import build
from index.embedding import Embedder

OLD, NEW = Side("2019", {"year": ("2019",)}), Side("2024", {"year": ("2024",)})


def cited(number: int, title: str) -> Citation:
    return Citation(number, title, f"{title}.txt", title, "", 1, "", f"quote of {title} {number}", 0, 5, "")


def answer(title: str, sentences: int, status: Status = "answered") -> Answer:
    """Sentences of the form `title says <n> [n]`, each with its own citation and its n emphasised."""
    text, emphasis = "", []
    for n in range(1, sentences + 1):
        start = len(text) + len(f"{title} says ")
        text += f"{title} says <{n}> [{n}]\n\n"
        emphasis.append((start, start + len(f"<{n}>")))
    citations = tuple(cited(n, title) for n in range(1, sentences + 1))
    trace = Trace("text", "build", seconds={"search": 0.25})
    return Answer(text.rstrip(), status, citations, (), trace, emphasis=tuple(emphasis))


@given(st.integers(1, 12), st.integers(1, 12))
def test_every_marker_of_a_comparison_opens_the_source_it_had_before(left: int, right: int) -> None:
    both = side_by_side([(OLD, answer("old", left)), (NEW, answer("new", right))])
    source = {citation.number: citation.quote for citation in both.citations}
    assert sorted(source) == list(range(1, left + right + 1))
    for column, title in zip(both.columns, ("old", "new"), strict=True):
        said = re.findall(r"(\w+) says <(\d+)> \[(\d+)\]", both.text[column.start : column.end])
        assert [(name, source[int(marker)]) for name, _, marker in said] == [
            (title, f"quote of {title} {n}") for n, _ in enumerate(said, 1)
        ]
    assert [both.text[start:end] for start, end in both.emphasis] == [
        *(f"<{n}>" for n in range(1, left + 1)),
        *(f"<{n}>" for n in range(1, right + 1)),
    ]


def test_a_side_that_is_silent_is_told_in_its_column() -> None:
    silent = Answer("", "not_in_documents", (), (), Trace("text", "build"))
    both = side_by_side([(OLD, answer("old", 1)), (NEW, silent)])
    assert both.status == "partial"
    assert both.text[both.columns[1].start : both.columns[1].end] == sayings.NOTHING_SAID


def test_two_silent_sides_are_one_silence() -> None:
    silent = Answer("", "not_in_documents", (), (), Trace("text", "build"))
    both = side_by_side([(OLD, silent), (NEW, silent)])
    assert (both.text, both.status, both.columns) == ("", "not_in_documents", ())


def test_the_time_of_a_comparison_is_that_of_both_sides() -> None:
    both = side_by_side([(OLD, answer("old", 1)), (NEW, answer("new", 1))])
    assert both.trace.seconds == {"search": 0.5}


@pytest.mark.parametrize(
    "text",
    [
        "What do the papers of 2019 and 2024 each say about border security?",
        "What do the papers from 2019 and those from 2024 say about border security?",
        "What do the papers of 2019 and of 2024 say about border security?",
    ],
)
def test_papers_of_two_years_are_two_sides(text: str) -> None:
    asked, sides = sides_of(text)
    assert asked == "What do the papers say about border security?"
    assert sides == (OLD, NEW)


@pytest.mark.parametrize(
    "text",
    [
        "How many attacks were there in 2019 and 2024?",
        "What do the papers of 2019 say?",
        "What do the papers of 2019 and 2019 say?",
        "Which documents were signed between 2019 and 2024?",
    ],
)
def test_years_that_are_not_those_of_the_papers_are_compared_by_nobody(text: str) -> None:
    assert sides_of(text) == (text, ())


def test_a_note_points_at_the_source_under_its_new_number() -> None:
    noted = replace(answer("new", 1), notes=("“the plan” in [1]: the plan of 2019.",))
    both = side_by_side([(OLD, answer("old", 2)), (NEW, noted)])
    assert both.notes == ("2024: “the plan” in [3]: the plan of 2019.",)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("What do the papers say about border security?", "What is said about border security?"),
        ("what do the documents each say on PNR?", "What is said on PNR?"),
        ("Who pays for the reports?", "Who pays for the reports?"),
    ],
)
def test_a_topic_is_searched_for_without_the_papers_that_speak_of_it(text: str, asked: str) -> None:
    assert asked_of_each(text) == asked


def test_only_what_is_said_about_something_is_a_topic() -> None:
    assert is_topic("What is said about ports?") and is_topic("What does Norway say on ports?")
    assert not is_topic("How many ports are there?") and not is_topic("What is said?")


TWO_YEARS = {
    "old.md": (
        "# Harbours\n\nThe Harbour Programme trains customs officers in nine ports.\n",
        {"title": "Harbours 2019", "date": "2019-03-02", "groups": "all", "kind": "report"},
    ),
    "new.md": (
        "# Harbours again\n\nThe Harbour Programme now works in twelve ports with Norway.\n",
        {"title": "Harbours 2024", "date": "2024-03-02", "groups": "all", "kind": "report"},
    ),
}


def test_a_topic_is_answered_from_each_year_and_one_that_is_not_there_from_none(
    paper_folder: Callable[..., Path], tmp_path: Path, embedder: Embedder
) -> None:
    build(paper_folder(TWO_YEARS), tmp_path / "index", embedder)
    assistant = Assistant(Settings.from_env(index=tmp_path / "index"), embedder)
    asked = "What do the papers of 2019 and 2024 each say about {}?"
    both = assistant.ask(Question(asked.format("the Harbour Programme"), local_principal()))
    said = [both.text[column.start : column.end] for column in both.columns]
    assert both.status == "answered" and [column.label for column in both.columns] == ["2019", "2024"]
    assert "nine ports" in said[0] and "twelve" not in said[0] and "twelve ports" in said[1]
    for absent in ("volcanoes", "the budget of the Harbour Programme's choir"):
        assert assistant.ask(Question(asked.format(absent), local_principal())).status == "not_in_documents"


def test_a_topic_with_a_word_that_no_paper_has_is_not_answered_however_low_the_bar(
    paper_folder: Callable[..., Path], tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(paper_folder(TWO_YEARS), tmp_path / "index", embedder)
    assistant = Assistant(Settings.from_env(index=tmp_path / "index"), embedder)
    monkeypatch.setattr("assistant.assistant.TOPIC_CONFIDENCE", 0.0)
    asked = "What do the papers of 2019 and 2024 each say about volcanoes near the harbours?"
    assert assistant.ask(Question(asked, local_principal())).status == "not_in_documents"


def test_sides_named_on_the_command_line_are_of_a_known_field() -> None:
    assert sides_named("year", "2019", "2024") == (OLD, NEW)
    with pytest.raises(BadInput, match="--compare colour: not one of kind, publisher"):
        sides_named("colour", "red", "blue")
