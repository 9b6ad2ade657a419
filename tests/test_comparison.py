"""Two answers side by side in one: what belongs to which side, and that every marker still resolves."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.comparison import NOTHING_SAID, side_by_side, sides_of
from assistant.types import Answer, Citation, Side, Status, Trace

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
    assert both.text[both.columns[1].start : both.columns[1].end] == NOTHING_SAID


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
