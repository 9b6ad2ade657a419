"""Where a particular stands in a sentence."""

import pytest

from assistant.slots import at_odds, in_a_range, name_runs, said_dates, said_figures


def stems(text: str) -> list[str]:
    return [word.lower() for word in text.split()]


@pytest.mark.parametrize(
    "text, figures",
    [
        ("The Office runs fifteen thematic programmes.", [("fifteen", "15", "", "thematic")]),
        ("It has 46 member and observer entities.", [("46", "46", "", "member")]),
        ("Norway paid 4.2 million euros.", [("4.2 million", "4200000", "euro", "euros")]),
        ("They found twenty-five thousand rounds.", [("twenty-five thousand", "25000", "", "rounds")]),
        ("12. The Team met on 23 January 2024.", []),
        ("See S/2025/72 and A/RES/60/288.", []),
        ("In 2019 nobody came.", []),
    ],
)
def test_a_figure_is_read_with_what_it_counts(text: str, figures: list[tuple[str, str, str, str]]) -> None:
    found = said_figures(text, stems)
    assert [(one.text, one.value, one.unit, one.counts[0]) for one in found] == figures


def test_figures_fill_one_slot_where_they_count_the_same() -> None:
    ours, same, other, money = said_figures("54 entities, 46 big entities, 18 donors, 5 euros", stems)
    assert ours.fills_slot_of(same) and not ours.fills_slot_of(other) and not ours.fills_slot_of(money)


@pytest.mark.parametrize(
    "text, dates",
    [
        ("It began on 15 June 2017.", [("15 June 2017", (2017, 6, 15))]),
        ("In March and in 2019 it rained.", [("March", (0, 3, 0)), ("2019", (2019, 0, 0))]),
        ("Since 2024-06-01 it is so.", [("2024-06-01", (2024, 6, 1))]),
        ("The plan for 2019-2021 follows resolution 2396 (2017) of the 2010s.", []),
    ],
)
def test_dates_are_read_as_far_as_they_are_said(text: str, dates: list[tuple[str, object]]) -> None:
    assert [(said.text, said.date) for said in said_dates(text)] == dates


def test_dates_are_at_odds_only_in_what_both_say() -> None:
    assert at_odds((2017, 6, 15), (2016, 0, 0)) and at_odds((0, 4, 22), (2025, 3, 22))
    assert not at_odds((2017, 6, 15), (2017, 0, 0)) and not at_odds((0, 3, 0), (2025, 0, 0))
    assert in_a_range(2020, "the plan for 2019-2021") and in_a_range(2020, "the session of 2019/20")
    assert not in_a_range(2022, "the plan for 2019-2021")


def test_the_words_of_a_name_are_one_run() -> None:
    text = "Officers of the World Customs Organization met Norway in Durrës."
    assert list(name_runs(text)) == ["World Customs Organization", "Norway", "Durrës"]
