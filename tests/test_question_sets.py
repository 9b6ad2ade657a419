"""The question sets: well formed, split by one fixed rule, and true to the papers they ask about."""

import csv
import functools
import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest

from index.reading import read

Line = dict[str, Any]

QUESTIONS = Path(__file__).resolve().parent / "questions"
PROJECT = Path(__file__).resolve().parents[1]
SHARED = Path(__file__).resolve().parents[2] / "shared"
SAMPLE = PROJECT / "docs_corpus"
CORPUS_BY_FILE = {
    "seeds.jsonl": SHARED / "seeds",
    "papers.jsonl": SHARED / "corpus",
    "sample.jsonl": SAMPLE,
    "sample_restricted.jsonl": SAMPLE,
}

KEYS = {"id", "question", "must_say", "answerable", "expected", "history", "tags"}
KINDS = {
    *("fact", "paraphrase", "acronym", "figure", "date", "list"),
    *("comparison", "followup", "misspelt", "false_premise"),
}
SORTS = {"near_miss", "plausible", "off_topic"}  # of a question that the papers do not answer
HALVES = {"tune", "report"}
OTHER_TAGS = {"unanswerable", "versions", "restricted"}

_FOLDS = str.maketrans("‐‑‒–—−‘’“”", "------''\"\"")
_UNSEEN = str.maketrans("", "", "\u00ad\ufffe\x02")  # soft hyphens, and the marks a PDF reader puts for them


def half(question_id: str) -> str:
    """`tune` or `report`: the first byte of sha256("2026:" + id) is even or odd.

    It depends on the id alone, so a line never changes sides when others come or go.
    """
    return "report" if hashlib.sha256(f"2026:{question_id}".encode()).digest()[0] % 2 else "tune"


def fold(text: str) -> str:
    """Lower case, one sort of dash and of quotation mark, single spaces."""
    return " ".join(text.translate(_UNSEEN).translate(_FOLDS).split()).casefold()


def squeeze(text: str) -> str:
    """`fold` without any space or hyphen: a PDF breaks words at the end of a line and spaces signs apart."""
    return re.sub(r"[\s-]", "", fold(text))


def lines_of(file: str) -> list[Line]:
    """The questions of one set, or none where the set is not written yet."""
    path = QUESTIONS / file
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def all_lines() -> list[Line]:
    return [line for file in CORPUS_BY_FILE for line in lines_of(file)]


@functools.cache
def pages_of(path: Path) -> tuple[str, ...]:
    """The text of each physical page, slide or sheet of a document, the first one at index 0.

    PDFs are read by a plain call of pypdfium2 and the shared papers as they are on the disk (a form
    feed ends a page), so that a fault of the product's own readers does not move the evidence with it.
    """
    if path.suffix == ".pdf":
        with pypdfium2.PdfDocument(path) as document:
            return tuple(page.get_textpage().get_text_bounded() for page in document)
    if SHARED in path.parents:
        return tuple(path.read_text(encoding="utf-8").split("\f"))
    return tuple(page.text for page in read(path, path.stem).pages)


def corpus_of(file: str) -> Path:
    """The folder a set asks about; the test is skipped where it is absent."""
    corpus = CORPUS_BY_FILE[file]
    if not lines_of(file):
        pytest.skip(f"tests/questions/{file} is not written yet")
    if not corpus.is_dir() or (corpus == SAMPLE and not (corpus / "manifest.csv").exists()):
        pytest.skip(f"the papers of tests/questions/{file} are not here: {corpus}")
    return corpus


def groups_by_path() -> dict[str, set[str]]:
    with (SAMPLE / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        return {row["path"]: set(row["groups"].split("|")) for row in csv.DictReader(stream)}


@pytest.mark.parametrize("file", CORPUS_BY_FILE)
def test_every_line_has_the_agreed_fields_and_types(file: str) -> None:
    for line in lines_of(file):
        assert set(line) == KEYS, line["id"]
        assert re.fullmatch(rf"{Path(file).stem.removeprefix('sample_')}-\d{{3}}", line["id"])
        assert line["question"].strip() == line["question"] != "", line["id"]
        assert isinstance(line["answerable"], bool), line["id"]
        assert all(isinstance(said, str) and said for said in line["must_say"]), line["id"]
        assert all(set(row) == {"path", "page", "quote"} for row in line["expected"]), line["id"]
        history = line["history"]
        assert [turn["role"] for turn in history] == ["user", "assistant"] * (len(history) // 2), line["id"]
        assert all(set(turn) == {"role", "text"} and turn["text"] for turn in history), line["id"]


def test_ids_are_unique_over_all_sets() -> None:
    counts = Counter(line["id"] for line in all_lines())
    assert [identifier for identifier, count in counts.items() if count > 1] == []


def test_tags_name_one_kind_or_one_sort_and_the_half_that_the_rule_gives() -> None:
    for line in all_lines():
        tags = set(line["tags"])
        unknown = {tag for tag in tags if not tag.startswith("group:")} - KINDS - SORTS - HALVES - OTHER_TAGS
        assert not unknown, line["id"]
        assert len(tags) == len(line["tags"]), line["id"]
        assert tags & HALVES == {half(line["id"])}, line["id"]
        kinds, sorts = (1, 0) if line["answerable"] else (0, 1)
        assert (len(tags & KINDS), len(tags & SORTS)) == (kinds, sorts), line["id"]
        assert ("unanswerable" in tags) is not line["answerable"], line["id"]
        assert "followup" not in tags or line["history"], line["id"]


def test_an_unanswerable_question_expects_nothing_and_an_answerable_one_names_its_evidence() -> None:
    for line in all_lines():
        assert bool(line["must_say"]) is bool(line["expected"]) is line["answerable"], line["id"]


def test_there_are_enough_questions_of_every_kind_and_both_halves() -> None:
    seeds = Counter(line["answerable"] for line in lines_of("seeds.jsonl"))
    assert seeds[True] >= 40 and seeds[False] >= 10
    lines = all_lines()
    assert len(lines) >= 150 and sum(not line["answerable"] for line in lines) >= 40
    for file in CORPUS_BY_FILE:
        if lines_of(file) and file != "sample_restricted.jsonl":
            assert KINDS | SORTS | HALVES <= {tag for line in lines_of(file) for tag in line["tags"]}, file


@pytest.mark.parametrize("file", CORPUS_BY_FILE)
def test_every_quote_stands_on_the_page_it_names(file: str) -> None:
    corpus, astray = corpus_of(file), []
    for line in lines_of(file):
        for row in line["expected"]:
            pages = pages_of(corpus / row["path"])
            texts = pages if row["page"] is None else pages[row["page"] - 1 : row["page"]]
            plain = squeeze if row["path"].endswith(".pdf") else fold
            if not any(plain(row["quote"]) in plain(text) for text in texts):
                astray.append((line["id"], row))
    assert astray == []


def test_every_quote_is_short_enough_to_check_by_eye() -> None:
    quotes = [(line["id"], row["quote"]) for line in all_lines() for row in line["expected"]]
    assert [(name, quote) for name, quote in quotes if not 14 <= len(quote) <= 420] == []


def test_what_an_answer_must_say_stands_in_the_quotes() -> None:
    for line in all_lines():
        quotes = fold(" ".join(row["quote"] for row in line["expected"]))
        assert [said for said in line["must_say"] if fold(said) not in quotes] == [], line["id"]


def test_the_sample_asks_of_papers_that_everybody_may_read_and_the_restricted_set_of_the_others() -> None:
    corpus_of("sample.jsonl")
    groups = groups_by_path()
    for line in lines_of("sample.jsonl"):
        assert all("all" in groups[row["path"]] for row in line["expected"]), line["id"]
    for line in lines_of("sample_restricted.jsonl"):
        reader = next(tag.removeprefix("group:") for tag in line["tags"] if tag.startswith("group:"))
        assert all(groups[row["path"]] == {reader} for row in line["expected"]), line["id"]
        assert "restricted" in line["tags"], line["id"]
