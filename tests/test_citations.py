"""From statements to citations: every marker resolves to an exact quote, or is gone."""

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.citations import Claim, Reviewer, compose
from assistant.context import Evidence, Source
from assistant.support import Support
from index.splitting import document_text, split
from index.types import Document, Hit, Page, Passage

PAGES = (
    Page(
        "doc",
        1,
        "i",
        (),
        "The Harbour Programme trains officers in nine ports.\nNorway pays for it with 4.2 million euros.",
    ),
    Page("doc", 2, "ii", (), "The partners are:\n- the World Customs Organization\n- the port of Durrës"),
)
DOCUMENT = Document("doc", "doc.pdf", "Harbour", "0" * 64, date="2021-03-02", url="https://example.org/doc")
PASSAGES = split("doc", "doc.pptx", PAGES, 256, lambda text: len(text.split()) + 2)
EVIDENCE = Evidence(tuple(Hit(p, 1.0, 0.9, "both") for p in PASSAGES), {"doc": Source(DOCUMENT, PAGES)})


def weigh(text: str) -> dict[str, float]:
    return {word: 1.0 for word in re.findall(r"\w+", text.lower()) if len(word) > 3 or word.isdigit()}


SUPPORT = Support(weigh)


@dataclass(frozen=True)
class Reviewed:
    claims: tuple[Claim, ...]
    markers_removed: int
    sentences_removed: int


def review(text: str, evidence: Evidence, support: Support) -> Reviewed:
    """What the reviewer makes of a model's whole text."""
    reviewer = Reviewer(evidence, support)
    claims = (*reviewer.read(text), *reviewer.end())
    return Reviewed(claims, reviewer.markers_removed, reviewer.sentences_removed)


def test_a_marker_becomes_the_sentence_that_says_it() -> None:
    reviewed = review("Norway pays 4.2 million euros. [1]", EVIDENCE, SUPPORT)
    text, citations = compose(reviewed.claims, EVIDENCE)
    assert text == "Norway pays 4.2 million euros. [1]"
    assert citations[0].quote == "Norway pays for it with 4.2 million euros."
    assert (citations[0].page, citations[0].page_label, citations[0].path) == (1, "i", "doc.pdf")


@pytest.mark.parametrize("marker", ["[7]", "[0]", "【99】", "[7][8]", "[7, 9]"])
def test_an_unknown_marker_is_removed_and_counted(marker: str) -> None:
    reviewed = review(f"Norway pays 4.2 million euros. [1] {marker}", EVIDENCE, SUPPORT)
    text, _ = compose(reviewed.claims, EVIDENCE)
    assert text == "Norway pays 4.2 million euros. [1]"
    assert reviewed.markers_removed == len(re.findall(r"\d+", marker))


@pytest.mark.parametrize(
    "written",
    [
        "[1][2]",
        "[1, 2]",
        "【1】[2]",
        "[1] [2]",
        "[1-2]",
        "[[1]][2]",
        "［１、２］",
        "[^1][^2]",
        "【1†a.pdf】【2†b】",
        "[1][2][1]",
    ],
)
def test_markers_are_read_however_they_are_written(written: str) -> None:
    reviewed = review(f"Officers in nine ports and the port of Durrës {written}.", EVIDENCE, SUPPORT)
    assert len(reviewed.claims[0].spans) == 2 and reviewed.markers_removed == 0


def test_a_sentence_without_support_is_removed_and_counted() -> None:
    reviewed = review(
        "Norway pays 4.2 million euros. [1] Sweden sends ships and doctors. [1] Trust me.", EVIDENCE, SUPPORT
    )
    assert [claim.text for claim in reviewed.claims] == ["Norway pays 4.2 million euros."]
    assert (reviewed.sentences_removed, reviewed.markers_removed) == (2, 1)


def test_a_span_over_two_pages_is_quoted_from_the_page_that_holds_more_of_it() -> None:
    text = document_text(PAGES)
    start, end = text.index("million"), text.index("- the port")
    _, citations = compose([Claim("x", (("doc", start, end),))], EVIDENCE)
    assert citations[0].page == 2 and citations[0].quote in PAGES[1].text


@pytest.mark.parametrize("own", ["[2]", "[1, 2]", "[1-3]", "[12]"])
def test_what_a_paper_has_in_brackets_is_no_marker(own: str) -> None:
    start = EVIDENCE.passages[0].start
    text, _ = compose([Claim(f"As was found {own}.", (("doc", start, start + 5),))], EVIDENCE)
    assert re.findall(r"\[(\d+)\]", text) == ["1"]
    assert own.strip("[]") in text


def test_the_same_evidence_keeps_its_number() -> None:
    span = ("doc", 0, 20)
    text, citations = compose([Claim("One.", (span,)), Claim("Two.", (span,))], EVIDENCE)
    assert text == "One. [1]\n\nTwo. [1]" and len(citations) == 1


words = st.sampled_from(
    [
        "Norway",
        "pays",
        "officers",
        "Durrës",
        "nine",
        "[1]",
        "[2]",
        "[3]",
        "【1】",
        ".",
        "\n",
        "-",
        "[",
        "]",
        "[1",
    ]
)


@given(st.lists(words, max_size=30).map(" ".join))
def test_whatever_a_model_writes_every_marker_resolves_to_an_exact_quote_of_its_page(written: str) -> None:
    reviewed = review(written, EVIDENCE, SUPPORT)
    text, citations = compose(reviewed.claims, EVIDENCE)
    numbers = {citation.number for citation in citations}
    assert numbers == set(range(1, len(citations) + 1))
    assert {int(n) for n in re.findall(r"\[(\d+)\]", text)} == numbers
    full = document_text(PAGES)
    assert not re.search(r"[\[【［]\s*\d", re.sub(r"\[\d+\]", "", text)), "no half of a marker is left"
    for citation in citations:
        page = PAGES[citation.page - 1]
        assert citation.quote and citation.quote in page.text
        assert full[citation.start : citation.end] == citation.quote


def test_passages_are_of_the_small_document() -> None:
    assert all(isinstance(p, Passage) for p in PASSAGES) and len(PASSAGES) == 2


SENTENCES = [
    "Norway pays for it with 4.2 million euros.",
    "The partners are the World Customs Organization [2].",
    "Denmark pays.",
    "[1]",
    "[[1]]",
    "【2】",
    "[9]",
    "\n",
    "- the port of Durrës [2]",
    "Mr. Kola",
    "[",
]


@given(st.lists(st.sampled_from(SENTENCES), max_size=12).map(" ".join), st.data())
def test_however_a_text_is_cut_the_claims_are_the_same(written: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=20)))
    reviewer = Reviewer(EVIDENCE, SUPPORT)
    claims: list[Claim] = []
    for start, end in zip([0, *cuts], [*cuts, len(written)], strict=True):
        claims += reviewer.read(written[start:end])
    claims += reviewer.end()
    whole = review(written, EVIDENCE, SUPPORT)
    assert tuple(claims) == whole.claims
    assert reviewer.sentences_removed == whole.sentences_removed
    assert reviewer.markers_removed == whole.markers_removed


def test_two_sentences_of_a_passage_become_one_quote_where_both_are_needed() -> None:
    written = "Norway pays 4.2 million euros to train officers in nine ports. [1]"
    _, citations = compose(review(written, EVIDENCE, SUPPORT).claims, EVIDENCE)
    assert citations[0].quote == PAGES[0].text


@pytest.mark.parametrize("sign", ["\u200b", "\ufeff", "\u202a", "\u2060", "\x7f", "\u200d"])
def test_a_marker_with_an_invisible_sign_in_it_is_a_marker_all_the_same(sign: str) -> None:
    reviewed = review(f"Norway pays [{sign}9] for it [{sign}1]. [1]", EVIDENCE, SUPPORT)
    text, citations = compose(reviewed.claims, EVIDENCE)
    assert (text, len(citations), reviewed.markers_removed) == ("Norway pays for it. [1]", 1, 1)


def test_a_passage_that_adds_nothing_to_a_sentence_is_no_source_of_it() -> None:
    said = "Norway pays 4.2 million euros for the Harbour Programme."
    other = "The partners of the Harbour Programme of Norway met twice."
    pages = tuple(Page("doc", n, "", (), text) for n, text in enumerate((said, other), 1))
    passages = split("doc", "doc.pptx", pages, 256, lambda text: len(text.split()) + 2)
    hits = tuple(Hit(passage, 1.0, 0.9, "both") for passage in passages)
    evidence = Evidence(hits, {"doc": Source(DOCUMENT, pages)})
    reviewed = review(f"{said} [1][2]", evidence, SUPPORT)
    _, citations = compose(reviewed.claims, evidence)
    assert [citation.quote for citation in citations] == [said]
