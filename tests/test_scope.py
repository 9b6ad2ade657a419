"""Narrowing what is asked: what may be chosen, how it travels, and what is told of it."""

import html
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import scripted
from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.types import Question
from assistant.web import dialogue, messages, render, scope, texts
from assistant.web.scope import EVERYTHING, Scope
from index.types import Document

ANYBODY = local_principal()


def paper(name: str, year: str, kind: str, *regions: str, groups: tuple[str, ...] = ("all",)) -> Document:
    return Document(
        id=name,
        path=f"{name}.txt",
        title=f"Paper {name}",
        sha256=name,
        date=year,
        kind=kind,
        regions=regions,
        groups=groups,
    )


SHELF = [
    paper("a", "2019-05-01", "report", "Africa", "Asia"),
    paper("b", "2019-06-01", "speech"),
    paper("c", "2024-01-01", "report", "Asia"),
]


def counts(documents: Sequence[Document], chosen: Scope, field: str) -> dict[str, int]:
    return {facet.value: facet.count for facet in scope.choices(documents, chosen).get(field, [])}


def test_counts_follow_what_is_chosen_in_the_other_fields() -> None:
    assert counts(SHELF, EVERYTHING, "kind") == {"report": 2, "speech": 1}
    chosen = scope.made({"year": ["2024"]})
    assert counts(SHELF, chosen, "kind") == {"report": 1}
    assert counts(SHELF, chosen, "year") == {"2024": 1, "2019": 2}, "its own field stays to choose from"


def test_a_field_that_leaves_no_choice_is_not_offered() -> None:
    assert {"publisher", "language", "programme"}.isdisjoint(scope.choices(SHELF, EVERYTHING))
    same = [replace(document, language="en") for document in SHELF]
    assert "language" not in scope.choices(same, EVERYTHING)
    assert counts([*same[:2], SHELF[2]], EVERYTHING, "language") == {"en": 2}, "one of three has none"


names = st.dictionaries(
    st.sampled_from(["kind", "year", "document"]),
    st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=3, unique=True),
)


@given(names, st.sampled_from(["", "kind", "year"]))
def test_a_scope_comes_back_from_the_message_that_carries_it(
    chosen: dict[str, list[str]], beside: str
) -> None:
    made = scope.made(chosen, beside)
    carried = render.question("Who pays?", scope=scope.written(made))
    back = scope.read(render.scope(str(carried)))
    assert back == made
    assert render.plain(str(carried)) == "Who pays?"


@pytest.mark.parametrize(
    "sent",
    [None, 3, [], "{", "[]", '{"filters": 3}', '{"filters": {"year": "2019"}}', "[" * 100_000,
     '{"filters": {"groups": ["board"], "kind": [1, null, "", {}]}}', '{"filters": {}, "beside": {"a": 1}}'],
)  # fmt: skip
def test_whatever_a_browser_sends_as_a_scope_is_one_that_narrows_nothing(sent: object) -> None:
    assert scope.read(sent) == EVERYTHING


def test_an_address_chooses_what_the_reader_has_and_tells_the_rest_alike() -> None:
    board = paper("secret", "1999", "minutes", groups=("board",))
    for value in ("secret", "no-such-paper", ""):
        chosen, unknown = scope.from_address([("document", value), ("kind", "report"), ("x", "y")], SHELF)
        assert (chosen.filters, unknown) == ({"kind": ("report",)}, True)
    chosen, unknown = scope.from_address([("document", "secret")], [*SHELF, board])
    assert (chosen.filters, unknown) == ({"document": ("secret",)}, False)


def test_the_line_tells_how_many_of_how_many_and_which() -> None:
    assert scope.line(SHELF, EVERYTHING) == "Asking all 3 documents: narrow down or compare"
    chosen = scope.made({"kind": ["report"], "year": ["2019", "2024"]})
    assert scope.line(SHELF, chosen) == "Asking 2 of 3 documents: report · 2019, 2024"
    beside = scope.made({"kind": ["report"], "year": ["2024", "2019"]}, "year")
    assert scope.line(SHELF, beside) == "Comparing 2019 with 2024 in 2 of 3 documents: report"
    assert scope.line(SHELF, scope.made({"document": ["a"]})) == "Asking 1 of 3 documents: Paper a"


def test_two_chosen_values_make_two_sides_and_three_make_none() -> None:
    pair = scope.made({"document": ["c", "a"]}, "document")
    assert [(side.label, side.filters) for side in scope.sides(pair, SHELF)] == [
        ("Paper c", {"document": ("c",)}),
        ("Paper a", {"document": ("a",)}),
    ]
    assert scope.comparable(pair) == ["document"]
    assert scope.made({"document": ["a", "b", "c"]}, "document").beside == ""


# --- with a question -----------------------------------------------------------------------------


def scripted_assistant() -> tuple[Assistant, list[Question]]:
    assistant = scripted.ScriptedAssistant()
    return cast(Assistant, assistant), assistant.asked


def test_the_scope_travels_with_the_question_and_is_told_under_the_answer() -> None:
    assistant, asked = scripted_assistant()
    chosen = scope.made({"year": ["2021"]})
    *_, screen = dialogue.exchange(assistant, ANYBODY, "How long?", [], scope=chosen)
    assert asked[-1].filters == {"year": ("2021",)} and asked[-1].sides == ()
    assert "Asked 1 of 3 documents" in html.unescape(str(screen.messages[-1]["content"]))


def test_searching_again_asks_the_documents_that_were_asked_before() -> None:
    assistant, asked = scripted_assistant()
    chosen = scope.made({"year": ["2019", "2021"]}, "year")
    *_, screen = dialogue.exchange(assistant, ANYBODY, "How long?", [], scope=chosen)
    *_, again = dialogue.search_again(assistant, ANYBODY, "kept", screen.messages)
    assert asked[-1].filters == asked[-2].filters == {"year": ("2019", "2021")}
    assert [side.label for side in asked[-1].sides] == ["2019", "2021"]
    assert json.loads(messages.last_scope(again.messages))["beside"] == "year"


def test_a_scope_that_holds_no_document_is_refused_in_a_sentence_and_nothing_is_asked() -> None:
    assistant, asked = scripted_assistant()
    chosen = scope.made({"year": ["2021"], "kind": ["minutes"]})
    *_, screen = dialogue.exchange(assistant, ANYBODY, "How long?", [], scope=chosen)
    assert asked == [] and screen.box == "How long?"
    assert texts.SCOPE_EMPTY in html.unescape(str(screen.messages[-1]["content"]))


def test_a_typed_comparison_tells_the_documents_of_its_years_only() -> None:
    question = "What do the papers of 2019 and 2024 each say about ports?"
    assert len(scope.within(SHELF, scope.asked_of(question, {}))) == 3
    question = "What do the papers of 2018 and 2024 each say about ports?"
    assert scope.asked(SHELF, scope.asked_of(question, {})) == "Asked 1 of 3 documents: 2018, 2024"
