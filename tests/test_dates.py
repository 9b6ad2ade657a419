"""The date a paper prints on itself: found where it is plain, "" where it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.reading.dates import printed_date


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["United Nations", "Distr.: General 21 July 2025", "Letter dated 9 July 2025"], "2025-07-21"),
        (["General Assembly", "Distr.", "GENERAL", "A/52/613", "19 November 1997"], "1997-11-19"),
        (["Asamblea General", "Distr. general", "29 de abril de 2024"], "2024-04-29"),
        (["Assemblée générale", "Distr. générale", "1er août 2025"], "2025-08-01"),
        (["OSCE", "09/23/2019 | Press release | Distributed on 09/23/2019 14:14"], "2019-09-23"),
        (["Opening remarks", "Conference Room 3, UN Headquarters 23 January 2024"], "2024-01-23"),
        (["Briefing", "New York, 16 June 2022"], "2022-06-16"),
        (["Note", "September 23, 2019"], "2019-09-23"),
        (["Note", "2019-09-23"], "2019-09-23"),
        (["Resolution 770 (1992)", "Adopted at its 3106th meeting,", "on 13 August 1992"], "1992-08-13"),
        (["Note", "23/09/2019"], "2019-09-23"),
    ],
)
def test_date_that_is_plain_is_given(lines: list[str], wanted: str) -> None:
    assert printed_date(lines) == wanted


@pytest.mark.parametrize(
    "lines",
    [
        ["Note", "05/06/2019"],
        ["Note", "31 February 2020"],
        ["Briefing", "16 June, UNHQ New York"],
        ["Report of the Committee", "(12 May–13 June 2025)"],
        ["2025 session", "25 July 2024–30 July 2025"],
        ["Workshop", "from 3 March to 5 March 2025"],
        ["Note", "1 May 2020", "2 May 2020"],
        ["The Security Council,", "Recalling its resolution 457 (1979) of 4 December 1979,"],
        ["Mandate", "- The Office was established on 15 June 2017 by the Assembly"],
        ["Title", "It was founded on 15 June 2017. " + "More is said of it here. " * 10],
        [],
    ],
)
def test_date_that_is_not_plain_is_none(lines: list[str]) -> None:
    assert printed_date(lines) == ""


@given(st.lists(st.text(max_size=40) | st.from_regex(r"\d{1,2}[/ ](\d{1,2}|May)[/ ]\d{4}", fullmatch=True)))
def test_any_lines_give_an_iso_date_or_none(lines: list[str]) -> None:
    found = printed_date(lines)
    assert found == "" or (len(found) == 10 and found[4] == found[7] == "-")
