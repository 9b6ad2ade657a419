"""Titles a person would use, from the first page as it is cleaned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.reading.titles import MAX_TITLE_CHARS, shortened, title_of
from index.types import Heading, Page

HEAD = ["United Nations", "A/79/797", "General Assembly", "Distr.: General", "21 February 2025"]
FORM = [*HEAD, "Original: English", "25-02112 (E) 050325", "*2502112*", "Seventy-ninth session"]


def title(*lines: str, headings: tuple[Heading, ...] = ()) -> str:
    return title_of([Page("d", 1, "", headings, "\n".join(lines))])


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["RESOLUTION 819 (1993)", "Adopted at its 3199th meeting"], "Resolution 819 (1993)"),
        (["Resolution 687 (1991) of 3 Apri] 1991", "The Security Council,"], "Resolution 687 (1991)"),
        (["8 (1946). Resolution of 29 August 1946", "The Security Council,"], "Resolution 8 (1946)"),
        (["Official Records", "64th plenary meeting", "New York"], "64th plenary meeting"),
        (["Japan and Malta: draft resolution", "The Security Council,"], "Japan and Malta: draft resolution"),
        (
            [
                "Agenda items 62 and 80",
                "Crimes against humanity",
                "Letter dated 9 January 2025 from the Permanent",
                "Representative of Ukraine addressed to the",
                "Secretary-General",
                "I write to inform you.",
            ],
            "Letter dated 9 January 2025 from the Permanent Representative of Ukraine addressed to the "
            "Secretary-General",
        ),
        (
            ["Agenda item 36", "The situation in Afghanistan", "Eightieth year"]
            + ["The situation in Afghanistan and", "its implications"]
            + ["Report of the Secretary-General", "I. Introduction"],
            "The situation in Afghanistan and its implications: Report of the Secretary-General",
        ),
        (
            ["Disarmament Commission", "New York, 7–25 April 2025", "LIST OF PARTICIPANTS", "Country"],
            "Disarmament Commission: List of participants",
        ),
    ],
)
def test_title_under_a_letterhead_is_the_papers_own(lines: list[str], wanted: str) -> None:
    assert title(*FORM, *lines) == wanted or title(*FORM, *lines) == f"General Assembly, {wanted}"


def test_cover_of_official_records_is_read_as_one_title() -> None:
    rows = [
        "United Nations",
        "Report of the Special",
        "Committee on",
        "Peacekeeping Operations",
        "2025 session",
    ]
    wanted = "Report of the Special Committee on Peacekeeping Operations"
    assert title(*rows, "General Assembly", "Official Records", "Supplement No. 19") == wanted


def test_long_list_of_sponsors_is_shortened_to_its_first_names() -> None:
    states = [f"State of {name}" for name in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    draft = ", ".join(states) + ": draft resolution"
    assert title(*FORM, draft) == "Draft resolution (State of A, State of B, State of C and others)"


def test_heading_gives_the_title_and_the_report_under_it_is_named() -> None:
    lines = ("United Nations S/2025/223", "Support Mission in Libya", "Report of the Secretary-General")
    headings = (Heading(1, lines[1], 26),)
    assert title(*lines, headings=headings) == "Support Mission in Libya: Report of the Secretary-General"


def test_name_of_the_sender_above_a_line_of_facts_is_no_title() -> None:
    lines = ("OSCE - Organization for Security and Co-operation in Europe", "09/23/2019 | Press release")
    assert (
        title(*lines, "UN and OSCE step up their work", "It began today.") == "UN and OSCE step up their work"
    )


def test_slide_that_names_the_office_first_keeps_its_title() -> None:
    lines = ("UNITED NATIONS", "OFFICE OF COUNTER-TERRORISM", "Assistance to States on border security")
    assert title(*lines, "Mandate", "- The Office was set up.") == "Assistance to States on border security"


@given(st.text(max_size=400))
def test_title_is_short_and_cut_between_words(text: str) -> None:
    cut = shortened(text)
    assert len(cut) <= MAX_TITLE_CHARS + 1
    words = text.split()
    assert all(len(word) > 100 for word in words) or all(w in text for w in cut.removesuffix(" …").split())
