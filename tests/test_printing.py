"""An answer as a terminal shows it."""

import re
from dataclasses import replace

import scripted
from assistant.printing import Manner, answer_lines
from assistant.types import Answer, Trace

CITED = scripted.citation(1, scripted.GUIDE, scripted.GUIDE_PAGES, 3, scripted.SECOND_QUOTE)
TRACE = Trace(search_text="Who pays for passenger data?", index_build="")
PAID = Answer("Voluntary contributions pay [1].", "answered", (CITED,), scripted.HITS, TRACE)


def shown(answer: Answer, typed: str = "Who pays for passenger data?", bold: bool = False) -> str:
    return "\n".join(answer_lines(answer, Manner(typed, 3, bold)))


def test_notes_come_first_and_sources_with_dates_last() -> None:
    told = shown(replace(PAID, notes=("The papers differ.",)))
    assert told.startswith("Note: The papers differ.\n\nVoluntary contributions pay [1].")
    assert f"[1] {scripted.GUIDE.title}, 2021-06, page 3 (printed 1): {scripted.GUIDE.path}" in told


def test_key_phrases_are_bold_only_where_a_person_looks_and_the_words_stay() -> None:
    keyed = replace(PAID, emphasis=((0, 23),))
    assert "\x1b[1mVoluntary contributions\x1b[22m pay" in shown(keyed, bold=True)
    assert "\x1b" not in shown(keyed)
    assert re.sub(r"\x1b\[\d+m", "", shown(keyed, bold=True)) == shown(keyed)


def test_what_was_searched_for_is_told_where_it_is_not_what_was_typed() -> None:
    assert "Searched for: Who pays for passenger data?" in shown(PAID, typed="And who pays?")
    assert "Searched for" not in shown(PAID)


def test_a_refusal_tells_what_was_searched_what_is_missing_and_what_came_near() -> None:
    silent = replace(PAID, text="", status="not_in_documents", citations=(), missing=("lemon", "cake"))
    told = shown(silent)
    assert told.startswith(
        "The documents do not say.\nSearched 3 documents for “Who pays for passenger data?”."
    )
    assert "None of the papers mentions “lemon” or “cake”." in told
    assert told.count("similarity") == 3
    part = replace(PAID, status="partial", missing=("cake",), missing_from="passages")
    assert "The nearest passages do not speak of “cake”." in shown(part)


def test_a_paper_cannot_steer_the_terminal() -> None:
    hostile = replace(PAID, text="Paid\x1b]0;owned\x07\u202e [1].", notes=("\x1b[2J",), emphasis=((0, 4),))
    assert "\x1b" not in shown(hostile) and "\x07" not in shown(hostile)
    assert re.findall(r"\x1b\[?\d*\w?", shown(hostile, bold=True)) == ["\x1b[1m", "\x1b[22m"]
