from collections.abc import Sequence

import pytest

from assistant.answer_types import answer_type, holds
from index.concepts import MOST_FORMS, Concept, Language, concepts, coverage

RARE = {"salw": 3.0, "small": 2.0, "weapon": 1.0, "programme": 0.5, "liaison": 2.5, "laison": 4.0}
FORMS: dict[tuple[str, ...], list[tuple[str, ...]]] = {
    ("salw",): [("small", "weapon")],
    ("small", "weapon"): [("salw",)],
}


def language() -> Language:
    def rarity(terms: Sequence[str]) -> dict[str, float]:
        return {term: RARE.get(term, 4.0) for term in terms}

    return Language(
        analyse=lambda text: [w for w in text.lower().split() if w not in ("the", "of", "which")],
        rarity=rarity,
        forms=FORMS,
        resembling=lambda term: ["liaison"] if term == "laison" else [],
    )


def test_an_acronym_stands_for_its_long_form_and_the_other_way_round() -> None:
    (one,) = concepts("which SALW", language())
    assert one.alternatives == (("salw",), ("small", "weapon"))
    (other,) = concepts("the small weapon", language())
    assert other.alternatives == (("small", "weapon"), ("salw",))
    assert one.coverage({"small", "weapon"}) == other.coverage({"salw"}) == 1.0
    assert one.coverage({"small"}) == 0.5


def test_a_misspelt_word_stands_for_the_one_it_resembles_and_weighs_like_it() -> None:
    (found,) = concepts("laison", language())
    assert found.alternatives == (("laison",), ("liaison",)) and found.weight == 2.5


def test_the_plural_and_the_possessive_of_a_short_form_are_the_short_form() -> None:
    assert concepts("SALWs", language()) == concepts("SALW’s", language()) == concepts("SALW", language())


def test_coverage_is_a_share_by_rarity() -> None:
    asked = [Concept(3.0, (("a",),)), Concept(1.0, (("b",),))]
    assert coverage(asked, {"a"}) == 0.75 and coverage(asked, set()) == 0.0 and coverage([], {"a"}) == 0.0


def test_a_question_without_meaning_has_no_concepts() -> None:
    assert concepts("which of the", language()) == []


@pytest.mark.parametrize(
    "question, kind",
    [
        ("How many donors are there?", "number"),
        ("What is the annual budget in dollars?", "money"),
        ("When was the Office established?", "date"),
        ("In which year did it start?", "date"),
        ("Who chairs the group?", "who"),
        ("Where was the conference held?", "where"),
        ("Which country chairs it?", "where"),
        ("What are the five main functions?", "list"),
        ("Why was it founded?", "other"),
    ],
)
def test_the_sort_of_thing_asked_for_is_seen(question: str, kind: str) -> None:
    assert answer_type(question) == kind


def test_a_figure_the_question_names_is_no_answer_to_it() -> None:
    question = "How many of the 78 recommendations were addressed?"
    assert not holds("number", "There are 78 recommendations.", question)
    assert holds("number", "It addressed 36 of the 78.", question)
    assert holds("date", "On 23 January 2024 it met.", "When did it meet?")
    assert not holds("date", "It met in the hall.", "When did it meet?")


def test_of_very_many_long_forms_those_in_the_commonest_words_are_searched() -> None:
    forms: dict[tuple[str, ...], list[tuple[str, ...]]] = {
        ("nfp",): [*((f"rare{n}", "point") for n in range(50)), ("national", "point")]
    }
    language = Language(
        analyse=lambda text: text.lower().split(),
        rarity=lambda terms: {term: 9.0 if term.startswith("rare") else 1.0 for term in terms},
        forms=forms,
        resembling=lambda term: (),
    )
    (concept,) = concepts("NFP", language)
    assert len(concept.alternatives) == MOST_FORMS
    assert concept.alternatives[:2] == (("nfp",), ("national", "point"))
