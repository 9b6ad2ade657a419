"""Pages fit for splitting and quoting: signs, running lines, paragraphs, offsets."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.cleaning import Draft, RawPage, clean, clean_text, drop_running_lines
from index.paragraphs import Line, is_hard_wrapped, join_lines, text_lines
from index.reading.titles import metadata_title
from index.types import Page
from index.words import Vocabulary, join_pair


def print_rows(rows: list[str], *, left: float = 70.0, size: float = 10.0, top: float = 700.0) -> list[Line]:
    """Rows as a PDF gives them: five points a sign, twelve points apart."""
    return [
        Line(row, left=left, right=left + 5.0 * len(row), y=top - 12.0 * i, size=size)
        for i, row in enumerate(rows)
    ]


def texts(lines: list[Line], words: str = "") -> list[str]:
    return [block.text for block in join_lines(lines, Vocabulary.of([words]))]


def cleaned(pages: list[list[str]]) -> tuple[Page, ...]:
    raw = [
        RawPage(number, tuple(Line(row) for row in rows), wrapped=True)
        for number, rows in enumerate(pages, start=1)
    ]
    return clean(Draft(tuple(raw)), "d")


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("oﬃce ﬁnance", "office finance"),
        ("pass\u00adenger\u200b list\ufeff", "passenger list"),
        ("a\u202eb\u2066c\u200f", "abc"),
        ("15\xa0June\u20092017\t now", "15 June 2017 now"),
        ("m² and H₂O, ½", "m² and H₂O, ½"),
        ("Cafe\u0301", "Café"),
        ("a\x00b\x07c", "abc"),
        ("hidden\U000e0041\U000e0042 text", "hidden text"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("pass\u200dword", "password"),
        ("\u200c2019", "2019"),
    ],
)
def test_signs_no_reader_sees_are_removed_and_others_kept(raw: str, wanted: str) -> None:
    assert clean_text(raw) == wanted


@given(st.text(max_size=80))
def test_cleaning_a_line_twice_changes_nothing_more(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once
    assert "\n" not in once and unicodedata.is_normalized("NFC", once)


def test_running_header_and_page_count_are_removed_and_figures_in_the_text_stay() -> None:
    pages = cleaned(
        [
            ["S/2025/482", f"{n}/5 25-10785", f"Body of page {n} says {n * 7}.", "Same words."]
            for n in range(1, 6)
        ]
    )
    assert pages[2].text == "Body of page 3 says 21.\nSame words." or pages[2].text.startswith(
        "Body of page 3"
    )
    assert all("S/2025/482" not in page.text and "25-10785" not in page.text for page in pages)


def test_mirrored_footers_of_facing_pages_are_removed() -> None:
    foot = {0: "{n}/6 25-10785", 1: "25-10785 {n}/6"}
    pages = cleaned([[foot[n % 2].format(n=n), f"{'abcdefgh'[n]} is said here."] for n in range(1, 7)])
    assert [page.text for page in pages] == [f"{'abcdefgh'[n]} is said here." for n in range(1, 7)]


def test_line_that_occurs_on_one_page_stays() -> None:
    pages = cleaned(
        [["Head", "Alpha one."], ["Head", "Only once here"], ["Head", "Gamma."], ["Head", "Delta."]]
    )
    assert pages[1].text == "Only once here"


def test_articles_that_each_open_a_page_stay() -> None:
    pages = cleaned([[f"Article {n}", f"{'abcdef'[n]} shall do so."] for n in range(1, 6)])
    assert [page.text.split("\n")[0] for page in pages] == [f"Article {n}" for n in range(1, 6)]


def test_of_two_pages_what_opens_or_closes_both_is_removed() -> None:
    pages = cleaned(
        [
            ["Working paper 7", "One is said.", "25-10785 1/2"],
            ["Working paper 7", "Two is said.", "2/2 25-10785"],
        ]
    )
    assert [page.text for page in pages] == ["One is said.", "Two is said."]


def test_of_two_pages_a_line_in_another_place_a_heading_and_a_sentence_stay() -> None:
    pages = cleaned([["Head", "One is said."], ["Two is said.", "Head"]])
    assert [page.text for page in pages] == ["Head\nOne is said.", "Two is said.\nHead"]
    pages = cleaned([["Article 1", "One.", "So be it."], ["Article 2", "Two.", "So be it."]])
    assert pages[1].text == "Article 2\nTwo.\nSo be it."
    pages = cleaned([["S/2025/102", "One is said."], ["S/2025/102", "Two is said."]])
    assert [page.text for page in pages] == ["S/2025/102\nOne is said.", "Two is said."]


@pytest.mark.parametrize("foot", ["2/2 24-20468", "24-20468 1/2", "Page 2 of 5", "- 3 -", "24-20468* 2/9"])
def test_foot_of_a_form_is_removed_even_from_a_single_page(foot: str) -> None:
    assert cleaned([["The Council decides so.", foot]])[0].text == "The Council decides so."


def test_symbol_and_job_number_of_the_first_page_are_removed_from_the_second() -> None:
    first = ["United Nations A/79/718-S/2025/21", "25-00430 (E) 170125", "One is said here."]
    pages = cleaned([first, ["A/79/718", "S/2025/21", "25-00430", "Two is said.", "A/80/9"]])
    assert pages[0].text.startswith("United Nations A/79/718-S/2025/21\n25-00430 (E)")
    assert pages[1].text == "Two is said.\nA/80/9"


def test_pages_of_one_line_each_are_not_emptied() -> None:
    pages = cleaned([[f"Potato {n}"] for n in range(1, 9)])
    assert [page.text for page in pages] == [f"Potato {n}" for n in range(1, 9)]


def test_page_number_alone_is_removed_and_another_number_stays() -> None:
    raw = RawPage(4, tuple(Line(row) for row in ["1996", "Text.", "- 4 -"]), wrapped=True)
    assert [line.text for line in drop_running_lines([raw])[0].lines] == ["1996", "Text."]


def test_rows_of_a_paragraph_are_joined_and_the_next_begins_a_block() -> None:
    rows = print_rows(
        [
            "12. The Monitoring Team visited four States and met with",
            "their officials over several days in the spring.",
            "13. The Team thanks them for their help and cooperation",
            "in all its work.",
        ]
    )
    assert texts(rows) == [
        "12. The Monitoring Team visited four States and met with their officials over several "
        "days in the spring.",
        "13. The Team thanks them for their help and cooperation in all its work.",
    ]


@pytest.mark.parametrize("sign", ["(a)", "•", "–", "-", "(iv)", "2."])
def test_list_item_begins_a_block(sign: str) -> None:
    rows = print_rows(["The measures taken by Member States so far include:", f"{sign} Border control;"])
    assert len(texts(rows)) == 2


def test_reference_that_looks_like_an_item_stays_in_its_sentence() -> None:
    rows = print_rows(
        [
            "The Team acts in accordance with the terms of paragraph",
            "(a) of annex I to resolution 2734, which says so.",
        ]
    )
    assert len(texts(rows)) == 1


def test_rows_of_narrow_columns_are_joined_though_the_page_is_wider() -> None:
    left = print_rows(["As before, the United Nations Office of", "Counter-Terrorism."], left=65.0)
    right = print_rows(["Passenger data come from the Office of", "Counter-Terrorism."], left=308.0)
    foot = [Line("Sample desk" + " " * 70 + "Page 1", left=65.0, right=530.0, y=37.0, size=10.0)]
    assert texts([*left, *right, *foot])[:2] == [
        "As before, the United Nations Office of Counter-Terrorism.",
        "Passenger data come from the Office of Counter-Terrorism.",
    ]


def test_short_row_above_two_columns_still_ends_its_paragraph() -> None:
    wide = print_rows(
        ["The sheet gives figures of the first half of the year, counted by the desk that", "Keeps it"]
    )
    wide += print_rows(
        ["It was drawn up in July and has since been checked twice by those who know more."], top=676
    )
    columns = print_rows(["Left column goes", "on and ends."], top=600)
    columns += print_rows(["Right column", "too."], left=300.0, top=600)
    assert texts([*wide, *columns])[:2] == [
        "The sheet gives figures of the first half of the year, counted by the desk that Keeps it",
        "It was drawn up in July and has since been checked twice by those who know more.",
    ]


def test_year_alone_on_a_row_belongs_to_the_heading_before() -> None:
    rows = [
        Line("Where we met our partners in", 2, 70, 220, 500, 12, True),
        Line("2022", 0, 70, 95, 486, 12, True),
    ]
    assert join_lines(rows, Vocabulary.of([]))[0].text == "Where we met our partners in 2022"


def test_number_alone_on_a_row_belongs_to_the_next() -> None:
    assert texts(
        text_lines(
            [
                "1. ",
                "Decides to extend the mandate that it set out",
                "in its resolution;",
                "so be it",
                "and ends here.",
            ]
        )
    )[0].startswith("1. Decides to extend")


def test_raised_footnote_number_does_not_break_its_row() -> None:
    rows = [
        Line("of the continent. 2", left=70, right=160, y=500, size=10),
        Line("These challenges remain.", left=163, right=280, y=500.5, size=10),
    ]
    assert texts(rows) == ["of the continent. 2 These challenges remain."]


def test_footnotes_in_small_print_are_blocks_of_their_own() -> None:
    rows = print_rows(["The text of the body goes on to the end of its row and"]) + print_rows(
        ["1 See the first report.", "2 See the second report."], size=7.0, top=600
    )
    assert texts(rows)[1:] == ["1 See the first report.", "2 See the second report."]


@pytest.mark.parametrize(
    ("before", "after", "known", "wanted"),
    [
        ("the implemen-", "tation of", "", "the implementation of"),
        ("a counter-", "terrorism act", "", "a counter-terrorism act"),
        ("the confidence-", "building step", "confidence and building", "the confidence-building step"),
        ("a well-", "known case", "", "a well-known case"),
        ("the Secretary-", "General said", "", "the Secretary-General said"),
        ("the inter-", "national law", "international", "the international law"),
        ("a border-", "line case", "border-line", "a border-line case"),
        ("from 2020–", "2024 on", "", "from 2020–2024 on"),
        ("he was pre -", "approved", "", "he was pre-approved"),
        ("see https://www.un.org/counter-", "terrorism", "", "see https://www.un.org/counter-terrorism"),
        ("A/RES/", "60/288", "", "A/RES/60/288"),
        ("plain words", "go on", "", "plain words go on"),
    ],
)
def test_word_divided_at_a_row_end_is_made_whole(before: str, after: str, known: str, wanted: str) -> None:
    assert join_pair(before, after, Vocabulary.of([known])) == wanted


def test_hyphen_spaced_by_the_maker_of_a_pdf_is_closed_where_the_word_is_known() -> None:
    rows = print_rows(["The Secretary - General spoke - General Smith did not."])
    assert texts(rows, "the Secretary-General") == ["The Secretary-General spoke - General Smith did not."]


def test_blank_before_an_apostrophe_is_closed_where_the_word_is_known_and_quotes_stay() -> None:
    rows = print_rows(
        ["ISIL (Da ’esh) and the Minister ’s aide met in the ’s-Hof, the ’party’ of Khawr ’Abd."]
    )
    assert texts(rows, "the Minister’s aide") == [
        "ISIL (Da’esh) and the Minister’s aide met in the ’s-Hof, the ’party’ of Khawr ’Abd."
    ]


def test_contents_keep_a_row_each_and_lose_their_dots() -> None:
    page = cleaned([["I. Overview ................................ ....... 5", "II. Europe ............ 6"]])[
        0
    ]
    assert page.text == "I. Overview ... 5\nII. Europe ... 6"


def test_text_whose_rows_are_paragraphs_is_not_hard_wrapped() -> None:
    assert not is_hard_wrapped(["A whole paragraph that ends.", "Another paragraph that ends.", "A third."])
    assert is_hard_wrapped(
        [
            "The Council decides to extend the mandate",
            "of its mission, and to remain seized of",
            "the matter.",
        ]
    )


@pytest.mark.parametrize(
    "title", ["Microsoft Word - x.doc", "untitled", "PowerPoint Presentation", "report.pdf", ""]
)
def test_title_that_a_program_put_there_is_none(title: str) -> None:
    assert metadata_title(title) == ""


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.text(min_size=0, max_size=30),
            st.integers(0, 3),
            st.floats(0, 800),
            st.sampled_from([0.0, 9.0]),
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_headings_are_exact_and_no_block_holds_a_line_break(
    rows: list[tuple[str, int, float, float]], wrapped: bool
) -> None:
    lines = tuple(Line(text, level, 10.0, 200.0, y, size) for text, level, y, size in rows)
    page = clean(Draft((RawPage(1, lines, wrapped=wrapped),)), "d")[0]
    assert all(block.strip() for block in page.text.split("\n")) or not page.text
    for heading in page.headings:
        assert page.text[heading.start : heading.start + len(heading.text)] == heading.text
        assert heading.start == 0 or page.text[heading.start - 1] == "\n"
