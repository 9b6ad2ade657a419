"""The room a wrong answer is sent to, over the small index: one case for each."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.evaluation.attribution import ROOMS, Papers, attribute
from assistant.evaluation.types import Cited, EvalQuestion, Expected, Found, Reply
from index import generations
from index.embedding import Embedder
from index.search import Index
from index.types import Passage

EVERYBODY = frozenset({"all"})
QUOTE = "Norway pays for the Harbour Programme with 4.2 million euros over three years."
ROW = Expected("harbour.md", 1, QUOTE)
QUESTION = EvalQuestion("q", "Who pays?", ("Norway",), (ROW,), tags=("fact",))


@pytest.fixture(scope="module")
def index(small_index: Path, embedder: Embedder) -> Iterator[Index]:
    opened = Index(generations.current(small_index), embedder)
    yield opened
    opened.close()


@pytest.fixture
def papers(index: Index) -> Papers:
    return Papers(index, EVERYBODY)


@pytest.fixture
def right(papers: Papers) -> Reply:
    """An answer with nothing wrong: the passage found, selected, said and cited."""
    identifier = papers.document_id("harbour.md")
    assert identifier is not None
    passage = next(p for p in papers.passages(identifier) if QUOTE in p.text)
    found = Found(passage.id, identifier, "harbour.md", passage.pages, passage.text)
    cited = Cited(1, identifier, "harbour.md", 1, QUOTE)
    return Reply("answered", "Norway pays [1].", (cited,), (found,), (passage.id,), 0.8)


def room(question: EvalQuestion, reply: Reply, papers: Papers) -> str:
    """The room; every one has a sentence of reason, and no room has none."""
    name, reason = attribute(question, reply, papers)
    assert (name == "") is (reason == "") and (not name or (name in ROOMS and reason.endswith(".")))
    return name


def test_the_passages_of_a_document_are_all_found_by_their_ids(index: Index, papers: Papers) -> None:
    found = [p.id for document in index.documents(EVERYBODY) for p in papers.passages(document.id)]
    hidden = [
        d.id for d in index.documents({"leads"}) if d.id not in {e.id for e in index.documents(EVERYBODY)}
    ]
    leads = Papers(index, {"leads"})
    assert (
        len(set(found)) + sum(len(leads.passages(identifier)) for identifier in hidden) == index.passage_count
    )


def test_a_right_answer_has_no_room(right: Reply, papers: Papers) -> None:
    assert room(QUESTION, right, papers) == ""


def test_a_crash_is_told_by_its_class(papers: Papers) -> None:
    name, reason = attribute(QUESTION, Reply("crashed", error="ZeroDivisionError"), papers)
    assert (name, "ZeroDivisionError" in reason) == ("crash", True)


def test_a_quote_that_no_text_holds_was_lost_in_parsing(right: Reply, papers: Papers) -> None:
    garbled = replace(QUESTION, expected=(replace(ROW, quote="Norwegen bezahlt das Programm mit Millionen"),))
    assert room(garbled, replace(right, text="Somebody pays [1]", citations=()), papers) == "parse"


def test_a_paper_that_is_absent_or_not_for_these_groups_was_lost_in_parsing(
    right: Reply, papers: Papers
) -> None:
    for path in ("absent.pdf", "leads.md"):
        question = replace(QUESTION, must_say=("310,000",), expected=(replace(ROW, path=path),))
        name, reason = attribute(question, replace(right, citations=()), papers)
        assert (name, "not in the index" in reason) == ("parse", True)


def test_a_quote_that_is_cut_over_passages_was_lost_in_splitting(
    right: Reply, papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(document_id: str) -> list[Passage]:
        whole = [(p, range(0, len(p.text), 15)) for p in Papers.passages(papers, document_id)]
        return [replace(p, text=p.text[at : at + 15]) for p, places in whole for at in places]

    monkeypatch.setattr(papers, "passages", cut)
    assert room(QUESTION, replace(right, status="not_in_documents", hits=(), selected=()), papers) == "split"


def test_evidence_outside_the_hits_was_not_retrieved(right: Reply, papers: Papers) -> None:
    other = replace(right.hits[0], passage_id="harbour:p1.99", text="The Harbour Programme trains officers")
    name, reason = attribute(QUESTION, replace(right, text="No.", citations=(), hits=(other,)), papers)
    assert name == "retrieve"
    assert right.hits[0].passage_id in reason and "1 hits (1 are of its paper)" in reason


def test_evidence_among_the_hits_may_not_be_selected(right: Reply, papers: Papers) -> None:
    reply = replace(right, text="No.", citations=(), selected=())
    assert room(QUESTION, reply, papers) == "select"
    assert room(QUESTION, replace(reply, status="not_in_documents"), papers) == "select"


def test_selected_evidence_may_be_refused_or_not_said(right: Reply, papers: Papers) -> None:
    silent = replace(right, text="", citations=())
    assert room(QUESTION, replace(silent, status="not_in_documents"), papers) == "refuse"
    assert room(QUESTION, replace(silent, status="unsupported"), papers) == "refuse"
    name, reason = attribute(QUESTION, replace(silent, text="Sweden pays."), papers)
    assert (name, "“Norway”" in reason) == ("say", True)


def test_an_answer_that_is_too_long_went_wrong_in_saying(right: Reply, papers: Papers) -> None:
    name, reason = attribute(QUESTION, replace(right, text="Norway pays [1]. " * 61), papers)
    assert (name, "122 words where 120" in reason) == ("say", True)


@pytest.mark.parametrize(
    ("cited", "why"),
    [
        ({"page": 2}, "page 1 of harbour.md is expected and page 2 is cited"),
        ({"quote": "The Harbour Programme trains customs officers"}, "with another quote"),
        ({"path": "aviation.txt"}, "nothing of harbour.md is cited"),
    ],
)
def test_what_is_said_but_not_cited_went_wrong_in_citing(
    right: Reply, papers: Papers, cited: dict[str, object], why: str
) -> None:
    wrong = (replace(right.citations[0], **cited),)  # type: ignore[arg-type]
    name, reason = attribute(QUESTION, replace(right, citations=wrong), papers)
    assert name == "cite" and why in reason


def test_an_answer_to_an_unanswerable_question_is_told_with_what_was_said(
    right: Reply, papers: Papers
) -> None:
    silent = EvalQuestion("u", "Who dances?", answerable=False)
    name, reason = attribute(silent, right, papers)
    assert (name, "Norway pays" in reason, "0.80" in reason) == ("answered_unanswerable", True, True)
    assert room(silent, replace(right, status="not_in_documents"), papers) == ""


def test_of_alternatives_the_one_that_came_furthest_counts(right: Reply, papers: Papers) -> None:
    question = replace(QUESTION, expected=(Expected("absent.pdf", 1, "Norway pays for it all"), ROW))
    assert room(question, replace(right, text="Sweden.", citations=()), papers) == "say"


def test_of_a_list_the_row_with_the_missing_fact_counts(right: Reply, papers: Papers) -> None:
    absent = Expected("absent.pdf", 1, "Sweden pays for it all")
    question = replace(QUESTION, must_say=("Norway", "Sweden"), expected=(ROW, absent), tags=("comparison",))
    assert room(question, replace(right, text="Norway pays [1]."), papers) == "parse"
    lost = replace(right, text="Sweden pays.", citations=())
    assert room(question, lost, papers) == "say"  # Norway is missing, and its row was selected
