"""The report of a run: HTML, workbook and TREC file of a small made-up run, and of hostile ones.

After a wanted change of the report's looks, write the golden file anew and read the difference:

    WRITE_GOLDEN=1 pytest tests/test_report.py -k golden
"""

import base64
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation import plots
from assistant.evaluation.report import depths, write_report
from assistant.evaluation.rows import HIT_CHARS
from assistant.evaluation.tables import cell, write_trec, write_workbook
from assistant.evaluation.types import EvalQuestion, EvalRun, Expected, Figure, Point, Result, StepTime
from assistant.types import Turn

GOLDEN = Path(__file__).parent / "golden" / "report.html"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>\"'`{{ 7*7 }}\u202e\x07&amp;"
SCORES = {
    "right": 1.0, "cited_rightly": 1.0, "quote_hit@5": 1.0, "verbatim_share": 1.0, "token_f1": None,
    "document_mrr@10": 1.0, "page_mrr@10": 1.0, "quote_mrr@10": 0.5, "refused_wrongly": 0.0,
}  # fmt: skip
LOST = dict.fromkeys(("right", "cited_rightly", "quote_mrr@10", "quote_hit@5"), 0.0)
REFUSED = {**SCORES, **LOST, "refused_wrongly": 1.0}


def result(number: int, **fields: Any) -> Result:
    told: dict[str, Any] = {
        "question": f"Who pays for programme {number}?", "answerable": True, "tags": ("fact", "tune"),
        "status": "answered", "confidence": 0.9, "seconds": {"search": 0.012, "gate": 0.03}, "scores": SCORES,
    }  # fmt: skip
    return Result(**{"id": f"made-{number}", **told, **fields})


def answer(number: int, **fields: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": f"made-{number}",
        "question": f"Who pays for programme {number}?",
        "text": "Norway pays for it. [1]",
        "status": "answered",
        "citations": [
            {"number": 1, "path": "harbour.md", "title": "Harbour programme", "page": 3, "page_label": "iii",
             "quote": "Norway pays for the programme."}
        ],
        "hits": [
            {"passage_id": "harbour:p3.1", "path": "harbour.md", "pages": [3, 4], "similarity": 0.81,
             "score": 0.9, "found_by": "both", "text": "Norway pays for the programme. " * 20}
        ],
        "trace": {"search_text": "who pays", "confidence": 0.9, "selected": ["harbour:p3.1"], "model": ""},
    }  # fmt: skip
    return {**told, **fields}


def small_run() -> tuple[EvalRun, list[dict[str, Any]], list[EvalQuestion]]:
    """Four questions: one right, one refused wrongly, one rightly, and one hostile and answerless."""
    silent = {"refused_rightly": 1.0, "right": None}
    results = (
        result(1),
        result(2, scores=REFUSED, status="not_in_documents", failure="refuse", reason="Sure to 0.21 < 0.3."),
        result(3, scores=silent, status="not_in_documents", answerable=False, tags=("unanswerable",)),
        result(4, question=HOSTILE, tags=("fact", HOSTILE), failure=HOSTILE, reason=HOSTILE, scores=REFUSED),
    )
    answers = [answer(1), answer(2, text="", citations=[]), answer(3, text="", citations=[], hits=[])]
    figures = (
        Figure("right", 1 / 3, 3, 0.0, 1.0),
        Figure("quote_hit@5", 1 / 3, 3, 0.0, 1.0),
        Figure("refused_rightly", 1.0, 1, 0.025, 1.0),
        Figure("refused_wrongly", 2 / 3, 3, 0.0, 1.0),
        Figure("quote_mrr@10", 1 / 6, 3, 0.0, 0.5),
    )
    fingerprint = {"index_build": "b-1", "settings": {"min_confidence": 0.3}, "hostile": HOSTILE}
    run = EvalRun(
        id="2025-01-01-small",
        question_set="small.jsonl",
        fingerprint=fingerprint,
        figures=figures,
        by_tag={"fact": figures[:2], HOSTILE: figures[:1]},
        results=results,
        curve=(Point(0.9, 0.25, 0, 0.33, 1), Point(0.5, 0.5, 0.5, 0.33, 1), Point(0, 1, 0.75, 1, 0)),
        operating=Point(0.3, 0.5, 0.5, 0.33, 1.0),
        timing=(StepTime("search", 4, 0.012, 0.02), StepTime("total", 4, 0.042, 0.08)),
        tokens={"input": 1200, "output": 90},
    )
    asked = EvalQuestion(
        "made-1", "Who pays for programme 1?", ("Norway",), (Expected("harbour.md", None, "Norway pays"),),
        history=(Turn("user", "What is it?"), Turn("assistant", "A programme.")),
    )  # fmt: skip
    return run, answers, [asked]


def write_answers(folder: Path, answers: list[dict[str, Any]]) -> None:
    (folder / "answers.jsonl").write_text("".join(json.dumps(a) + "\n" for a in answers), "utf-8")


@pytest.fixture
def small(tmp_path: Path) -> str:
    run, answers, asked = small_run()
    write_answers(tmp_path, answers)
    return write_report(run, tmp_path, asked).read_text("utf-8")


class Seen(HTMLParser):
    """What a browser would make of the report: its elements, and the text of each question's row."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "tr" and any(name == "data-t" for name, _ in attrs):
            self.rows.append("")

    def handle_data(self, data: str) -> None:
        if self.rows:
            self.rows[-1] += data


def test_small_run_gives_the_golden_report(small: str) -> None:
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(small, "utf-8", newline="\n")
    assert small == GOLDEN.read_text("utf-8"), "the head of this file tells how to write it anew"


def test_every_question_stands_in_the_page_without_script(small: str) -> None:
    rows = Seen(small).rows
    assert [row.startswith(f"made-{n}") for n, row in enumerate(rows, 1)] == [True] * 4
    assert "Norway pays for it. [1]" in rows[0] and "harbour.md, page 3 (printed iii)" in rows[0]
    assert "harbour.md, any page" in rows[0] and "user: What is it?" in rows[0]
    assert "Sure to 0.21 < 0.3." in rows[1] and "refuse: wrongly refused" in rows[1]


def test_hits_are_cut_because_answers_hold_them_whole(small: str) -> None:
    hit = Seen(small).rows[0].partition("similarity 0.81, both: ")[2].partition("…")[0]
    assert hit.startswith("Norway pays for the programme.") and len(hit) < HIT_CHARS


def test_hostile_text_is_shown_as_text_and_nowhere_becomes_markup(small: str) -> None:
    seen = Seen(small)
    names = [name for name, _ in seen.elements]
    assert names.count("script") == 1 and not {"img", "iframe", "link", "object", "a-"} & set(names)
    assert not [key for _, attributes in seen.elements for key in attributes if key.startswith("on")]
    assert plots.inert(HOSTILE).unescape() in seen.rows[3]
    assert "\u202e" not in small and "\x07" not in small


def test_page_asks_nothing_of_the_network_and_allows_its_own_script_only(small: str) -> None:
    addresses = [
        value
        for _, attributes in Seen(small).elements
        for key, value in attributes.items()
        if key in ("src", "href", "action", "srcset", "data", "xlink:href")
    ]
    assert addresses and all(address and address.startswith("#") for address in addresses)
    assert "url(" not in small and "@import" not in small
    (script,) = re.findall(r"<script>(.*?)</script>", small, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in small


def test_headings_captions_and_plots_have_text_alternatives(small: str) -> None:
    names = [name for name, _ in Seen(small).elements]
    assert names.count("h1") == 1
    assert names.count("table") == names.count("caption") == 4
    drawn = re.findall(r'<svg class="plot"[^>]*role="img"><title>[^<]+</title><desc>[^<]+</desc>', small)
    assert len(drawn) == names.count("svg") == 4


def test_run_without_anything_still_gives_a_report(tmp_path: Path) -> None:
    write_answers(tmp_path, [])
    page = write_report(EvalRun("empty", "none.jsonl", {}, (), {}, ()), tmp_path).read_text("utf-8")
    assert "0 questions" in page and Seen(page).rows == []


def test_question_without_answer_or_score_is_listed_all_the_same(tmp_path: Path) -> None:
    crashed = result(1, scores={}, seconds={}, status="crashed", failure="crash", reason="ended in OSError")
    (tmp_path / "answers.jsonl").write_text('{"id": "made-2"}\n{"id": "made-1", "te', "utf-8")
    page = write_report(EvalRun("run", "set", {}, (), {}, (crashed, result(2))), tmp_path).read_text("utf-8")
    assert "ended in OSError" in Seen(page).rows[0] and len(Seen(page).rows) == 2


def test_answer_written_twice_counts_as_written_last(tmp_path: Path) -> None:
    write_answers(tmp_path, [answer(1, text="first"), answer(2, text="é" * 9), answer(1, text="second")])
    run = EvalRun("run", "set", {}, (), {}, (result(2), result(1)))
    rows = Seen(write_report(run, tmp_path).read_text("utf-8")).rows
    assert "é" * 9 in rows[0] and "second" in rows[1] and "first" not in rows[1].replace("First hits", "")


@given(st.text() | st.text(alphabet="<>&\"'`{}%=\ud800\u202e\x00 -!/a"))
def test_inert_text_is_only_text_wherever_it_stands(text: str) -> None:
    page = Seen(f'<p title="{plots.inert(text)}">{plots.inert(text)}</p>')
    assert [(name, list(attributes)) for name, attributes in page.elements] == [("p", ["title"])]
    str(plots.inert(text)).encode("utf-8")


def test_depth_counts_the_rank_of_the_first_evidence() -> None:
    ranks = [1.0, 0.5, 1 / 3, 0.3333, 1 / 10, 0.0, None]
    shares = depths([result(n, scores={"page_mrr@10": rank}) for n, rank in enumerate(ranks)])
    assert shares["page"] == pytest.approx([n / 6 for n in (1, 2, 4, 4, 4, 4, 4, 4, 4, 5)])
    assert shares["quote"] == []


# --- workbook and TREC file ---------------------------------------------------------------------


def sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    import openpyxl  # type: ignore[import-untyped]

    book = openpyxl.load_workbook(path)
    formulas = [c for sheet in book for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    assert formulas == []
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def test_workbook_holds_all_figures_and_one_row_a_question(tmp_path: Path) -> None:
    run, _, _ = small_run()
    found = sheets(write_workbook(run, tmp_path))
    assert found["figures"][:2] == [
        ("tag", "measure", "value", "n", "low", "high"),
        ("all questions", "right", 1 / 3, 3, 0, 1),
    ]
    assert len(found["figures"]) == 1 + 5 + 2 + 1
    header, first, *others = found["questions"]
    assert len(others) == 3 and len(set(header)) == len(header)
    told = dict(zip(header, first, strict=True))
    assert told["id"] == "made-1" and told["right"] == "yes" and told["quote_mrr@10"] == 0.5
    assert told["search_s"] == 0.012 and told["token_f1"] is None


@given(st.text() | st.text(alphabet="=+-@\t\r\n 1A(!\x00\ud800'"))
def test_no_text_of_a_cell_is_a_formula_or_a_sign_that_workbooks_refuse(text: str) -> None:
    held = cell(text)
    assert not held.lstrip().startswith(("=", "+", "-", "@"))
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", held) and len(held) <= 32_767


def test_workbook_of_hostile_texts_has_no_formula(tmp_path: Path) -> None:
    run, _, _ = small_run()
    evil = replace(run.results[0], question="=HYPERLINK(1)", id="+1", reason=" @SUM", tags=("-1", "\x07"))
    found = sheets(write_workbook(replace(run, results=(evil,), by_tag={"=1+1": run.figures}), tmp_path))
    assert found["questions"][1][:2] == ("'+1", "'=HYPERLINK(1)")
    assert found["figures"][-1][0] == "'=1+1"


def test_trec_run_keeps_order_and_has_no_blanks_in_names(tmp_path: Path) -> None:
    hits = [{"passage_id": f"a paper:p1.{n}", "score": score} for n, score in enumerate((0.5, 0.5, 0.7), 1)]
    write_answers(tmp_path, [answer(1, id="a\tb c", hits=hits), answer(2, hits=[]), answer(3)])
    lines = write_trec(tmp_path).read_text("utf-8").splitlines()
    assert lines == [
        "a_b_c Q0 a_paper:p1.1 1 0.500000 ct-assistant",
        "a_b_c Q0 a_paper:p1.2 2 0.499990 ct-assistant",
        "a_b_c Q0 a_paper:p1.3 3 0.499980 ct-assistant",
        "made-3 Q0 harbour:p3.1 1 0.900000 ct-assistant",
    ]


# --- in a browser -------------------------------------------------------------------------------


@pytest.fixture
def opened(small: str, tmp_path: Path) -> Iterator[Any]:
    """The small report in Chromium, which must neither complain nor ask for anything else."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.skip("no chromium found; name one in CHROMIUM")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((tmp_path / "report.html").as_uri())
        yield page
        assert said == [] and len(asked) == 1
        browser.close()


def test_questions_can_be_filtered_by_text_tag_and_failure(opened: Any) -> None:
    from playwright.sync_api import expect

    shown = opened.locator("#shown")
    expect(shown).to_have_text("4 of 4 questions")
    opened.get_by_label("Failure").select_option("none")
    expect(shown).to_have_text("2 of 4 questions")
    opened.get_by_label("Tag").select_option("fact")
    expect(shown).to_have_text("1 of 4 questions")
    opened.get_by_label("Failure").select_option("refuse: wrongly refused")
    expect(opened.locator(".each tbody tr:visible td").first).to_have_text("made-2")
    opened.get_by_label("Failure").select_option("all")
    opened.get_by_label("Text").fill("III norway")
    expect(shown).to_have_text("1 of 4 questions")
    opened.get_by_label("Text").fill("no such words")
    expect(shown).to_have_text("0 of 4 questions")


def test_row_opens_its_answer_across_the_table_and_nothing_scrolls_sideways(opened: Any) -> None:
    opened.locator("summary").first.click()
    detail = opened.locator("details[open] dl").bounding_box()
    table = opened.locator(".each").first.bounding_box()
    assert table["width"] - 40 < detail["width"] <= table["width"] and detail["x"] >= table["x"]
    for width in (1366, 800, 390):
        opened.set_viewport_size({"width": width, "height": 768})
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
