"""Who speaks in a paper: its title block is read, and where it is not sure nobody is named."""

import pytest

from index.speakers import FIRST_PERSON, NOBODY, Speaker, outside_quotes, own_words, speaker_of
from index.types import Page

OFFICE = "Harbour Security Office (HSO)"


def spoken(text: str, title: str = "") -> Speaker:
    return speaker_of([Page("paper", 1, "1", (), text)], title or text.split("\n")[0])


@pytest.mark.parametrize(
    "text",
    [
        f"Opening remarks by Ms. Ada Kern, Director of the {OFFICE}\nPort Forum\nI thank you all.",
        f"Opening remarks by Ms. Ada Kern, Director of the\n{OFFICE}\nPort Forum",
        f"PORT FORUM\nStatement delivered by H.E. Ms. Ada Kern, Director, {OFFICE}, at the Port Forum",
        f"How we guard harbours\nMs. Ada Kern\nDirector, {OFFICE}\nWhat we do",
    ],
)
def test_a_speech_names_its_speaker_role_and_office(text: str) -> None:
    assert spoken(text) == Speaker("Ada Kern", "Director", OFFICE)


def test_a_letter_is_written_by_whom_its_title_names_and_who_signed_it() -> None:
    title = "Letter dated 3 May 2024 from the Permanent Representative of Norway to the United Nations …"
    told = spoken(f"{title}\nI have the honour to write.\n(Signed) Ola Berg\nAnnex\n(Signed) x", title)
    assert told.title == "Ola Berg, Permanent Representative of Norway to the United Nations"
    assert told.office == ""


def test_a_report_of_the_secretary_general_is_his_only_where_it_says_i() -> None:
    title = "Libya: Report of the Secretary-General"
    assert spoken("I urge all parties to agree.", title).role == "Secretary-General of the United Nations"
    assert spoken("The parties agreed, as annex I to the plan says.", title) == NOBODY


@pytest.mark.parametrize(
    "text",
    [
        "Harbour programme\nThe Director of the Harbour Security Office visited nine ports.",
        "Summary statement by the Secretary-General of matters of which the Council is seized",
        "Resolution 5\nRecalling the statement made by the President of the Council for Harbours, 51",
        "Director thanks ports\n'My Office will help,' said Ms. Ada Kern.",
        "",
    ],
)
def test_nobody_speaks_in_a_paper_without_a_title_block(text: str) -> None:
    assert spoken(text) == NOBODY


def test_nobody_speaks_for_a_whole_meeting() -> None:
    text = "General Assembly\n64th plenary meeting\nAddress by Ms. Ada Kern, President of Norway"
    assert spoken(text, "General Assembly, 64th plenary meeting") == NOBODY


def test_numerals_and_quotations_are_no_first_person() -> None:
    assert not FIRST_PERSON.search("See annex I to the plan and part I of it.")
    assert not FIRST_PERSON.search(outside_quotes("She said: “My Office and I will help.”"))
    assert FIRST_PERSON.search("On this I agree.") and FIRST_PERSON.search("My Office helps.")


def test_own_words_end_at_the_first_annex() -> None:
    letter = "I write to you. " * 20
    assert own_words(f"{letter}\nAnnex\nI am somebody else.") == f"{letter}\n"
