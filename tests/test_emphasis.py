"""The key phrase of an answer: the thing asked for, and nothing at random."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.emphasis import emphasised


def terms(text: str) -> list[str]:
    """Words without their endings, small words left out: roughly what the index does."""
    small = set(
        "who what which when where how many much is are was were did does do the a an of in on".split()
    )
    words = [re.sub(r"(?:ing|ed|es|s)$", "", word) for word in re.findall(r"\w+", text.lower())]
    return list(dict.fromkeys(word for word in words if word and word not in small))


def phrases(text: str, *questions: str) -> list[str]:
    return [text[start:end] for start, end in emphasised(text, questions, terms)]


@pytest.mark.parametrize(
    ("question", "text", "key"),
    [
        ("When was the workshop in Skopje?", "It took place in Skopje on 14 May 2019. [1]", "14 May 2019"),
        ("When was it held?", "Between 17-18 April 2018 it was held in Belgrade. [1]", "17-18 April 2018"),
        ("How many airlines took part?", "He thanked 17 airlines and three ports for taking part. [1]", "17"),
        ("How many donors are there?", "In 2022 it thanked thirty-five donors. [1]", "thirty-five"),
        ("How much does it cost?", "It costs 4.2 million euros over three years. [1]", "4.2 million euros"),
        ("Who opened the workshop?", "Mr. Ilir Kola opened the workshop. [1]", "Mr. Ilir Kola"),
        ("Who pays for the Harbour Programme?", "Norway pays for the Harbour Programme. [1]", "Norway"),
        ("Where was the workshop held?", "The workshop was held in Skopje by the Forum. [1]", "Skopje"),
        ("Which country chairs the group?", "The group is led, with Albania as Chair. [1]", "Albania"),
        ("What share of the city is held?", "They hold 90 per cent of the city. [1]", "90 per cent"),
        ("How long may data be kept?", "Data may be kept for five years. [1]", "five years"),
        ("Until when does it run?", "Decided in 2024 that it run until 17 March 2026. [1]", "17 March 2026"),
    ],
)  # fmt: skip
def test_the_thing_asked_for_is_emphasised(question: str, text: str, key: str) -> None:
    assert phrases(text, question) == [key]


def test_names_in_a_row_are_emphasised_together() -> None:
    told = phrases("Norway, Sweden and Japan fund the programme. [1]", "Who funds the programme?")
    assert " ".join(told) in ("Norway Sweden and Japan", "Norway Sweden Japan")


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Why was the programme started in 2019?", "It was started on 4 May 2019 for ships. [1]"),
        ("How does the Forum help?", "The Forum trains 40 officers in Skopje. [1]"),
        ("How many staff work there?", "It has five main functions. [1]"),
        ("How many reports are due?", "Recalling resolutions 2396 (2017) and 2617 (2021). [1]"),
        ("When does the group end?", "Recalling resolution 1533 (2004) on the group. [1]"),
        ("Who chairs the Forum?", "The Forum has met in Skopje. [1]"),
        ("When was the Forum of 2019 held?", "The Forum of 2019 was held. [1]"),
        ("Which parts were invited when the Forum met?", "The Forum met on 4 May 2019. [1]"),
    ],
)
def test_nothing_is_emphasised_where_nothing_short_is_the_answer(question: str, text: str) -> None:
    assert phrases(text, question) == []


def test_each_part_of_a_question_has_its_own() -> None:
    text = "Mr. Ilir Kola opened the workshop. [1]\n\nThe workshop was held on 14 May 2019. [2]"
    assert phrases(text, "Who opened the workshop", "when was it held?") == ["Mr. Ilir Kola", "14 May 2019"]


QUESTIONS = [
    "When was the Forum held?",
    "How many ports paid?",
    "Who pays for the ports?",
    "Where was it held?",
    "How much money was paid?",
    "How long was it held?",
]
pieces = st.sampled_from(
    "Norway|Sweden|and|,|held|in|Skopje|paid|ports|14 May 2019|2019|17|4.2 million euros|$ 5|[1]|[12]| [3]|\n"
    "|- |. |Mr. Kola|Forum|five years|until May|U.S.|per cent|until|(2017)|’s|\u202e|«".split("|")
)


@given(
    st.lists(pieces, max_size=25).map(" ".join) | st.text(max_size=60), st.lists(st.sampled_from(QUESTIONS))
)
def test_offsets_are_inside_the_text_apart_from_each_other_and_clear_of_markers(
    text: str, questions: list[str]
) -> None:
    spans = emphasised(text, questions, terms)
    assert list(spans) == sorted(spans)
    markers = [match.span() for match in re.finditer(r"\[\d{1,3}\]", text)]
    done = 0
    for start, end in spans:
        assert done <= start < end <= len(text)
        done = end
        assert text[start:end].strip() == text[start:end] and "\n" not in text[start:end]
        assert not any(start < high and low < end for low, high in markers)
