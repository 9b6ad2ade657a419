"""A comparison as it is shown: two columns with their own sources, on the page and in a terminal."""

import html
import re
from dataclasses import replace

from assistant.comparison import side_by_side
from assistant.memo import memo
from assistant.printing import Manner, answer_lines
from assistant.types import Answer, Side
from assistant.web import answers
from memos import DAY, answered, cite

OLD = answered("Nine ports [1].", cite(1, "Nine ports.", title="Old paper"), emphasis=((0, 4),))
NEW = answered("Twelve ports [1].", cite(1, "Twelve.", title="New paper", document="new"), emphasis=((0, 6),))
BOTH = side_by_side([(Side("2019", {"year": ("2019",)}), OLD), (Side("<2024>", {"year": ("2024",)}), NEW)])


def sections(answer: Answer) -> list[str]:
    written = str(answers.answer(answer, "id"))
    return [html.unescape(found) for found in re.findall(r"<section.*?</section>", written, re.DOTALL)]


def test_each_column_has_its_heading_its_emphasis_its_markers_and_its_sources() -> None:
    old, new = sections(BOTH)
    assert '<h2 dir="auto">2019</h2>' in old and '<strong class="key">Nine</strong>' in old
    assert ">[1]<" in old and "[2]" not in old and "Old paper" in old and "New paper" not in old
    assert '<strong class="key">Twelve</strong>' in new and ">[2]<" in new and "[1]" not in new
    assert "New paper" in new and "Old paper" not in new
    assert "<2024></h2>" in new and "<2024>" not in str(answers.answer(BOTH, "id")), "a label is only text"


def test_an_answer_without_columns_is_one_text() -> None:
    assert sections(OLD) == [] and 'class="prose"' in str(answers.answer(OLD, "id"))


def test_a_silent_side_says_so_in_its_column() -> None:
    silent = replace(OLD, text="", status="not_in_documents", citations=(), emphasis=())
    one = side_by_side([(Side("2019", {}), silent), (Side("2024", {}), NEW)])
    old, new = sections(one)
    assert "The papers do not say." in old and "Twelve" in new and 'class="from"' not in old


def test_a_terminal_shows_one_side_under_the_other() -> None:
    lines = list(answer_lines(BOTH, Manner("ports", 2, bold=True)))
    assert lines[:4] == ["2019", "----", "", "\x1b[1mNine\x1b[22m ports [1]."]
    assert lines[4:9] == ["", "<2024>", "------", "", "\x1b[1mTwelve\x1b[22m ports [2]."]


def test_a_memo_sets_the_headings_of_both_sides_apart() -> None:
    told = memo("md", [("Ports?", BOTH)], DAY).content.decode()
    assert "**2019**" in told and "**2019** ports" not in told
