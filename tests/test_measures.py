"""Each measure against values worked by hand, and against ir-measures on random rankings."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import RR, Success, nDCG

from assistant.evaluation import abstention, measures
from assistant.evaluation.abstention import NEVER, Outcome
from assistant.evaluation.matching import fold, holds, overlaps, says
from assistant.evaluation.retrieval import RETRIEVAL, ir_values, judge, retrieval
from assistant.evaluation.types import Cited, EvalQuestion, Expected, Found, Reply, Result

ROOT = Path(__file__).resolve().parents[1]
QUOTE = "Norway pays for the Harbour Programme with 4.2 million euros over three years."
HARBOUR = Expected("harbour.md", 2, QUOTE)
QUESTION = EvalQuestion("q", "Who pays?", ("Norway", "4.2 million"), (HARBOUR,), tags=("fact",))
UNANSWERABLE = EvalQuestion("u", "Who dances?", answerable=False)
CITED = Cited(1, "harbour", "harbour.md", 2, QUOTE)
ANSWER = Reply("answered", "Norway pays 4.2 million euros [1].", (CITED,))
REFUSAL = Reply("not_in_documents", "The documents do not say: Norway, 4.2 million")
CRASH = Reply("crashed", error="ZeroDivisionError")


def hit(path: str, page: int, text: str = "", last: int = 0) -> Found:
    return Found(f"{path}:p{page}.{len(text)}", path, path, (page, last or page), text)


def page_text(document_id: str, page: int) -> str | None:
    return f"A heading\n{QUOTE}" if (document_id, page) == ("harbour", 2) else None


# Matching


@pytest.mark.parametrize(
    ("text", "fact", "there"),
    [
        ("It has 5,970 members.", "5,970", True),
        ("It has 15,970 members.", "5,970", False),
        ("It grew by 1.5 points.", "1", False),
        ("It has 36 of the 78, all told.", "36 of the 78", True),
        ("Côte d’Ivoire and Ghana", "Côte d'Ivoire", True),
        ("EUROPE pays", "EU", False),
        ("the counter-\nterrorism Office", "counter-terrorism", True),
        ("the counter terrorism Office", "Counter‑Terrorism", True),
        ("“far-right  extremism”", '"far–right extremism"', True),
        ("paid in $10 million", "$10 million", True),
    ],
)
def test_a_fact_is_said_as_whole_words_in_any_form_of_dash_quote_and_space(
    text: str, fact: str, there: bool
) -> None:
    assert says(text, fact) is there


def test_folding_undoes_case_ligatures_soft_hyphens_and_breaks() -> None:
    assert fold("The  ﬁrst co\u00adordi\u2011\nnator’s “Office”") == 'the first coordi-nator\'s "office"'


def test_a_passage_is_evidence_that_holds_most_of_the_quote_or_lies_inside_it() -> None:
    ten = "one two three four five six seven eight nine ten"
    assert holds("Before. One two three, four-\nfive six seven eight nine TEN! After.", ten)
    assert holds("zero one two three four five six and more", ten)  # a run of 6 of its 10 words
    assert not holds("zero one two three four five and seven eight nine ten", ten)  # runs of 5 and 4
    assert holds("three four five six seven", ten)  # inside it, five words
    assert not holds("three four five", ten)
    assert holds("whatever", "")
    assert not holds("Europe", "EU") and holds("the EU pays", "EU")


def test_cited_quotes_overlap_by_cover_or_by_a_run_of_the_shorter() -> None:
    assert overlaps("Norway pays for the Harbour Programme", QUOTE) and overlaps(f"Also: {QUOTE} So.", QUOTE)
    assert overlaps("In short Norway pays for the Harbour Programme", QUOTE)  # 6 of 8 words in one run
    assert not overlaps("Sweden and Denmark pay for the Harbour Programme", QUOTE)  # 4 of 8
    assert not overlaps("euros", QUOTE) and overlaps("Norway", "norway") and overlaps("anything", "")


# Retrieval


def test_a_document_counts_once_at_the_rank_of_its_first_passage() -> None:
    hits = [hit("a", 1), hit("a", 2), hit("b", 1), hit("b", 2), hit("c", 1)]
    question = replace(
        QUESTION, expected=(Expected("b", 1, "x"), Expected("b", 9, "y"), Expected("c", 1, "z"))
    )
    # Distinct documents: a, b, c. Needs: b and c. RR = 1/2.
    # DCG = 1/log2(3) + 1/log2(4) = 0.6309 + 0.5; ideal = 1 + 0.6309; nDCG = 1.1309 / 1.6309.
    told = retrieval(question, hits, "document")
    assert told == pytest.approx(
        {"hit@1": 0, "hit@5": 1, "hit@10": 1, "mrr@10": 0.5, "ndcg@10": 1.13093 / 1.63093}
    )


def test_a_page_counts_where_the_passage_covers_it_and_any_page_where_none_is_named() -> None:
    hits = [hit("a", 3), hit("a", 1, last=2), hit("a", 2)]
    assert judge([Expected("a", 2, "x")], hits, "page") == ([0, 1, 0], 0)
    assert judge([Expected("a", None, "x")], hits, "page") == ([1, 0, 0], 0)
    assert judge([Expected("a", 4, "x"), Expected("b", 1, "y")], hits, "page") == ([0, 0, 0], 2)


def test_a_second_passage_of_the_same_quote_adds_nothing_and_one_of_two_quotes_serves_both() -> None:
    one, two = (
        Expected("a", 1, "the first of two long quotes"),
        Expected("a", 1, "and the second of these quotes"),
    )
    both = hit("a", 1, f"{one.quote}. {two.quote}.")
    first, again = hit("a", 1, f"{one.quote}!"), hit("a", 2, f"Again {one.quote}")
    assert judge([one, two], [both, first], "quote") == ([2, 0], 0)
    assert judge([one, two], [first, again, hit("b", 1, two.quote)], "quote") == ([1, 0, 0], 1)


def test_no_hits_and_a_crash_earn_nothing_and_an_unanswerable_question_is_left_out() -> None:
    assert set(retrieval(QUESTION, [], "page").values()) == {0.0}
    assert set(retrieval(UNANSWERABLE, [hit("a", 1)], "page").values()) == {None}


grades = st.lists(st.integers(0, 3), max_size=15)


@settings(max_examples=150, deadline=None)
@given(grades, st.integers(0, 4))
def test_values_of_a_ranking_are_those_of_the_textbook(ranking: list[int], missed: int) -> None:
    told = ir_values(ranking, missed)
    first = next((rank for rank, grade in enumerate(ranking, 1) if grade), math.inf)
    ideal = sorted([*ranking, *[1] * missed], reverse=True)
    best = sum(grade / math.log2(rank + 1) for rank, grade in enumerate(ideal[:10], 1))
    gained = sum(grade / math.log2(rank + 1) for rank, grade in enumerate(ranking[:10], 1))
    assert [told[f"hit@{k}"] for k in (1, 5, 10)] == [float(first <= k) for k in (1, 5, 10)]
    assert told["mrr@10"] == pytest.approx(1 / first if first <= 10 else 0)
    assert told["ndcg@10"] == pytest.approx(gained / best if best else 0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("abcdefgh"), max_size=10), st.sets(st.sampled_from("abcdefgh"), min_size=1))
def test_on_distinct_documents_the_values_are_those_of_ir_measures(
    found: list[str], wanted: set[str]
) -> None:
    question = replace(QUESTION, expected=tuple(Expected(path, None, "") for path in sorted(wanted)))
    told = retrieval(question, [hit(path, 1) for path in found], "document")
    run = {"q": {path: -float(rank) for rank, path in enumerate(dict.fromkeys(found))}}
    judged = {"q": dict.fromkeys(wanted, 1)}
    theirs = ir_measures.calc_aggregate(
        [Success @ 1, Success @ 5, Success @ 10, RR @ 10, nDCG @ 10], judged, run
    )
    measured = [theirs[m] for m in (Success @ 1, Success @ 5, Success @ 10, RR @ 10, nDCG @ 10)]
    assert [told[name] for name in RETRIEVAL] == pytest.approx(measured)


# Citations


def test_precision_is_the_share_of_citations_that_name_page_and_quote_rightly() -> None:
    # Right; right page with another quote; right quote on a wrong page; another paper: 1 of 4.
    # Right page: the first two, 2 of 4.
    wrong = [
        Cited(2, "harbour", "harbour.md", 2, "The partners are many and far away"),
        Cited(3, "harbour", "harbour.md", 1, QUOTE),
        Cited(4, "other", "other.md", 2, QUOTE),
    ]
    reply = replace(ANSWER, citations=(CITED, *wrong))
    assert measures.citation_precision(QUESTION, reply) == 0.25
    assert measures.right_page_share(QUESTION, reply) == 0.5
    assert measures.right_page_cited(QUESTION, reply) == 1


def test_recall_of_alternatives_is_any_and_of_a_list_each() -> None:
    question = replace(
        QUESTION, expected=(HARBOUR, Expected("other.md", None, "Norway is the payer of it all"))
    )
    assert measures.citation_recall(question, ANSWER) == 1 and measures.cited_rightly(question, ANSWER) == 1
    listed = replace(question, tags=("list",))
    assert measures.citation_recall(listed, ANSWER) == 0.5 and measures.cited_rightly(listed, ANSWER) == 0


def test_a_refusal_cites_nothing_and_has_no_precision() -> None:
    assert measures.citation_recall(QUESTION, REFUSAL) == 0
    assert measures.citation_precision(QUESTION, REFUSAL) is None
    assert measures.citation_precision(UNANSWERABLE, ANSWER) is None


def test_markers_and_citations_resolve_each_other() -> None:
    # Markers 1, 2, 7; citations 1, 2, 3: 1 and 2 are on both sides, 4 of 6.
    citations = tuple(replace(CITED, number=number) for number in (1, 2, 3))
    reply = replace(ANSWER, text="One [1, 2]. Two [2][7]. In [the 1990s] too.", citations=citations)
    assert measures.resolved_share(reply) == pytest.approx(4 / 6)
    assert measures.resolved_share(REFUSAL) is None and measures.resolved_share(ANSWER) == 1


def test_a_quote_is_verbatim_only_sign_by_sign_on_its_own_page() -> None:
    # Right; another case; another page; a paper that is not there; nothing: 1 of 5.
    citations = (
        CITED,
        replace(CITED, quote=QUOTE.lower()),
        replace(CITED, page=1),
        replace(CITED, document_id="gone"),
        replace(CITED, quote=""),
    )
    assert measures.verbatim_share(replace(ANSWER, citations=citations), page_text) == pytest.approx(0.2)
    assert measures.verbatim_share(REFUSAL, page_text) is None


# Answers


def test_facts_count_in_the_text_and_in_the_quotes_but_not_in_a_refusal() -> None:
    assert measures.must_say_share(QUESTION, ANSWER) == 1 and measures.right(QUESTION, ANSWER) == 1
    quoted = replace(ANSWER, text="Norway does [1].")
    assert measures.all_said(QUESTION, quoted) == 1
    assert measures.must_say_share(QUESTION, replace(quoted, citations=())) == 0.5
    assert measures.all_said(QUESTION, replace(quoted, citations=())) == 0
    assert measures.must_say_share(QUESTION, REFUSAL) == 0
    assert measures.must_say_share(QUESTION, replace(ANSWER, status="unsupported")) == 0
    assert measures.must_say_share(UNANSWERABLE, ANSWER) is None


def test_a_right_answer_has_at_most_120_words_and_a_list_250() -> None:
    listed = replace(QUESTION, tags=("list",))
    for words, fact, long in [(120, 1, 1), (121, 0, 1), (250, 0, 1), (251, 0, 0)]:
        reply = replace(ANSWER, text="word " * (words - 3) + "Norway 4.2 million [1]")
        assert (measures.right(QUESTION, reply), measures.right(listed, reply)) == (fact, long)
        assert measures.all_said(QUESTION, reply) == 1


def test_short_answers_stand_in_for_facts_where_none_are_required() -> None:
    question = EvalQuestion("s", "Who?", short_answers=("Sweden", "Norway"))
    assert measures.right(question, ANSWER) == 1
    assert measures.right(question, replace(ANSWER, text="Denmark", citations=())) == 0
    assert measures.right(EvalQuestion("n", "Who?"), ANSWER) is None


def test_token_f1_is_that_of_squad_and_the_best_alternative_counts() -> None:
    # "norway pays 42 million euros" (5 words; "the" and punctuation go) against
    # "norway" : 1 shared, 2 * 1 / 6; against "Norway, 4.2 million" = "norway 42 million": 2 * 3 / 8.
    question = EvalQuestion("s", "Who?", short_answers=("Norway", "Norway, 4.2 million"))
    assert measures.token_f1(question, replace(ANSWER, text="The Norway pays 4.2 million euros. [1]")) == 0.75
    assert measures.token_f1(question, REFUSAL) == 0
    assert measures.token_f1(QUESTION, ANSWER) is None


# Abstention


def test_refusals_are_right_for_unanswerable_questions_and_wrong_for_answerable_ones() -> None:
    silent = [REFUSAL, replace(ANSWER, status="unsupported")]
    assert [measures.refused_rightly(UNANSWERABLE, reply) for reply in silent] == [1, 1]
    assert [measures.refused_wrongly(QUESTION, reply) for reply in silent] == [1, 1]
    assert measures.refused_rightly(UNANSWERABLE, replace(ANSWER, status="partial")) == 0
    assert measures.refused_wrongly(QUESTION, ANSWER) == 0
    assert measures.refused_rightly(QUESTION, REFUSAL) is None
    assert measures.refused_wrongly(UNANSWERABLE, REFUSAL) is None


def test_a_crash_earns_the_worst_of_every_measure_that_applies() -> None:
    question = replace(QUESTION, short_answers=("Norway",))
    told = measures.score(question, CRASH, page_text)
    assert list(told) == [measure.name for measure in measures.MEASURES]
    lower = {measure.name for measure in measures.MEASURES if measure.lower_is_better}
    assert {name: value for name, value in told.items() if value is not None and value != 0} == dict.fromkeys(
        lower, 1
    )
    assert measures.score(UNANSWERABLE, CRASH, page_text)["refused_rightly"] == 0


def test_the_area_is_the_mean_of_the_risks() -> None:
    # In order: right, wrong, right. Risks 0/1, 1/2, 1/3; their mean is 5/18.
    told = [Outcome(0.7, False, True), Outcome(0.9, False, True), Outcome(0.8, True, False)]
    assert abstention.aurc(told) == pytest.approx(5 / 18)
    # All equally sure, one of three wrong: every risk is 1/3, whatever the order.
    assert abstention.aurc([replace(one, confidence=0.5) for one in told]) == pytest.approx(1 / 3)


def result(
    confidence: float, right: float | None, status: str = "answered", answerable: bool = True
) -> Result:
    return Result(f"r{confidence}", "?", answerable, (), status, confidence, {}, {"right": right})


def test_the_curve_counts_answered_unanswerable_questions_as_wrong_and_refusals_last() -> None:
    results = [
        result(0.9, 1.0),
        result(0.8, None, answerable=False),
        result(0.6, 0.0),
        result(0.2, 0.0, "not_in_documents"),
        result(0.1, None, "not_in_documents", answerable=False),
    ]
    told = [(p.threshold, p.coverage, p.risk, p.answered, p.refused) for p in abstention.curve(results)]
    assert told == [
        (0.9, 0.2, 0.0, pytest.approx(1 / 3), 1.0),
        (0.8, 0.4, 0.5, pytest.approx(1 / 3), 0.5),
        (0.6, 0.6, pytest.approx(2 / 3), pytest.approx(2 / 3), 0.5),
        (0.0, 1.0, pytest.approx(0.8), 1.0, 0.0),
    ]
    point = abstention.operating_point(results, 0.3)
    assert point is not None and (point.threshold, point.coverage, point.refused) == (0.3, 0.6, 0.5)


def test_with_the_full_curve_a_refused_question_counts_as_it_would_have_been_answered() -> None:
    refused = replace(result(0.2, 0.0, "not_in_documents"), right_ungated=1.0)
    assert abstention.outcomes([refused]) == [Outcome(0.2, False, True)]
    assert abstention.outcomes([replace(refused, right_ungated=None)]) == [Outcome(NEVER, True, True)]
    point = abstention.operating_point([refused], 0.3)
    assert point is not None and point.coverage == 0  # the run itself refused it


def test_a_long_curve_is_thinned_and_keeps_both_ends() -> None:
    told = abstention.curve([result(number / 1000, 1.0) for number in range(1000)])
    assert (len(told), told[0].coverage, told[-1].coverage) == (200, 0.001, 1.0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30))
def test_the_area_under_ties_is_the_mean_over_all_orders(told: list[tuple[int, bool]]) -> None:
    outcomes = [Outcome(confidence / 5, wrong, True) for confidence, wrong in told]
    random, areas = np.random.default_rng(1), []
    for _ in range(400):
        order = sorted(random.permutation(len(told)), key=lambda i: -told[i][0])
        errors = np.array([told[i][1] for i in order], dtype=float)
        areas.append(float((errors.cumsum() / np.arange(1, len(errors) + 1)).mean()))
    assert abstention.aurc(outcomes) == pytest.approx(np.mean(areas), abs=0.05)


def test_importing_the_evaluation_loads_nothing_heavy() -> None:
    code = (
        "import sys; from assistant.evaluation import runner, compare;"
        "print([m for m in ('ir_measures', 'torch', 'gradio', 'chromadb', 'scipy') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
