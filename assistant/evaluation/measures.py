"""The measures: what one answer to one question is worth. Pure functions of the question, the
reply and, for verbatim quotes, the text of pages.

A value is None where a measure does not apply (retrieval to an unanswerable question, precision
where nothing is cited); such questions are outside its mean. A crash earns the worst value of
every measure that applies. All values lie in [0, 1].
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.evaluation.matching import overlaps, says_all
from assistant.evaluation.retrieval import LEVELS, RETRIEVAL, retrieval
from assistant.evaluation.types import Cited, EvalQuestion, Expected, Reply

PageText = Callable[[str, int], str | None]  # document id and page number to the page's cleaned text

MOST_WORDS = 120  # of a right answer
MOST_WORDS_LONG = 250  # of a right list or comparison
LONG_KINDS = frozenset({"list", "comparison"})  # each expected row is needed; elsewhere any one will do

_MARKER = re.compile(r"\[\s*(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]")
_ARTICLES = re.compile(r"\b(a|an|the)\b")


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure's name in files and options, where it belongs, and which way is better."""

    name: str
    group: Literal["retrieval", "citations", "answers", "abstention"]
    says: str
    lower_is_better: bool = False


MEASURES = (
    *(
        Measure(f"{level}_{name}", "retrieval", f"{name}, judged on the expected {level}")
        for level in LEVELS
        for name in RETRIEVAL
    ),
    Measure("cited_rightly", "citations", "1 where the evidence is cited; of lists and comparisons all"),
    Measure("citation_precision", "citations", "citations that support, of all"),
    Measure("citation_recall", "citations", "expected rows cited; outside lists and comparisons one is all"),
    Measure("right_page_cited", "citations", "1 where an expected page is cited"),
    Measure("right_page_share", "citations", "citations that name an expected page, of all"),
    Measure("resolved_share", "citations", "markers with a citation and citations with a marker, of all"),
    Measure("verbatim_share", "citations", "quotes that stand word for word on the page they name"),
    Measure("right", "answers", "1 where all is said in at most 120 words (lists, comparisons: 250)"),
    Measure("all_said", "answers", "1 where answer or quotes hold every required fact"),
    Measure("must_say_share", "answers", "required facts that answer or quotes hold"),
    Measure("token_f1", "answers", "words shared with the best short answer (SQuAD)"),
    Measure("refused_rightly", "abstention", "unanswerable questions refused"),
    Measure("refused_wrongly", "abstention", "answerable questions refused", lower_is_better=True),
)
AURC = Measure("aurc", "abstention", "area under the risk-coverage curve", lower_is_better=True)
BY_NAME: Mapping[str, Measure] = {measure.name: measure for measure in (*MEASURES, AURC)}


def score(question: EvalQuestion, reply: Reply, page_text: PageText) -> dict[str, float | None]:
    """Every measure of one question, by name, in the order of MEASURES."""
    values: dict[str, float | None] = {}
    for level in LEVELS:
        values |= {f"{level}_{name}": value for name, value in retrieval(question, reply.hits, level).items()}
    values |= {
        "cited_rightly": cited_rightly(question, reply),
        "citation_precision": citation_precision(question, reply),
        "citation_recall": citation_recall(question, reply),
        "right_page_cited": right_page_cited(question, reply),
        "right_page_share": right_page_share(question, reply),
        "resolved_share": resolved_share(reply),
        "verbatim_share": verbatim_share(reply, page_text),
        "right": right(question, reply),
        "all_said": all_said(question, reply),
        "must_say_share": must_say_share(question, reply),
        "token_f1": token_f1(question, reply),
        "refused_rightly": refused_rightly(question, reply),
        "refused_wrongly": refused_wrongly(question, reply),
    }
    return values


def supports(cited: Cited, row: Expected) -> bool:
    """Whether a citation names the expected paper and page and its quote overlaps the expected one."""
    return _names_page(cited, row) and overlaps(cited.quote, row.quote)


def _names_page(cited: Cited, row: Expected) -> bool:
    return cited.path == row.path and row.page in (None, cited.page)


def citation_precision(question: EvalQuestion, reply: Reply) -> float | None:
    """Citations that support an expected row, of all (ALCE, Gao et al., EMNLP 2023, with the
    expected quotes in the place of a judge). None where nothing is cited or expected."""
    return _share_of_citations(question, reply, supports)


def right_page_share(question: EvalQuestion, reply: Reply) -> float | None:
    """Citations that name an expected paper and page, of all, whatever they quote there."""
    return _share_of_citations(question, reply, _names_page)


def _share_of_citations(
    question: EvalQuestion, reply: Reply, good: Callable[[Cited, Expected], bool]
) -> float | None:
    if not question.expected or not reply.citations:
        return 0.0 if reply.error and question.expected else None
    return _mean([any(good(cited, row) for row in question.expected) for cited in reply.citations])


def citation_recall(question: EvalQuestion, reply: Reply) -> float | None:
    """Expected rows that a citation supports, of all (ALCE, as above). Outside lists and
    comparisons rows are places that say the same: one cited is all. A refusal cites nothing: 0."""
    if not question.expected:
        return None
    cited = [any(supports(citation, row) for citation in reply.citations) for row in question.expected]
    return _mean(cited) if is_long(question) else float(any(cited))


def cited_rightly(question: EvalQuestion, reply: Reply) -> float | None:
    """1 where citation recall is 1."""
    recall = citation_recall(question, reply)
    return None if recall is None else float(recall == 1)


def right_page_cited(question: EvalQuestion, reply: Reply) -> float | None:
    """1 where at least one citation names an expected paper and page."""
    if not question.expected:
        return None
    return float(any(_names_page(cited, row) for cited in reply.citations for row in question.expected))


def resolved_share(reply: Reply) -> float | None:
    """Markers that have a citation, and citations that have a marker, of all of both."""
    marked = {int(n) for group in _MARKER.findall(reply.text) for n in re.findall(r"\d+", group)}
    cited = {citation.number for citation in reply.citations}
    if not marked and not cited:
        return 0.0 if reply.error else None
    return 2 * len(marked & cited) / (len(marked) + len(cited))


def verbatim_share(reply: Reply, page_text: PageText) -> float | None:
    """Citations whose quote is, sign by sign, a substring of the page they name, of all."""
    if not reply.citations:
        return 0.0 if reply.error else None
    return _mean(
        [bool(c.quote) and c.quote in (page_text(c.document_id, c.page) or "") for c in reply.citations]
    )


def said(question: EvalQuestion, reply: Reply) -> list[bool]:
    """For each required fact, whether the answer's text or one of its quotes holds it. Short
    answers, where no facts are required, are one fact with several forms."""
    shown = [plain(reply), *(citation.quote for citation in reply.citations)] if reply.answers else []
    if question.must_say:
        return says_all(shown, question.must_say)
    return [any(says_all(shown, question.short_answers))] if question.short_answers else []


def must_say_share(question: EvalQuestion, reply: Reply) -> float | None:
    """Required facts that the answer or its quotes hold, of all (nugget recall, Voorhees, TREC 2003)."""
    return _mean(said(question, reply)) if question.answerable else None


def all_said(question: EvalQuestion, reply: Reply) -> float | None:
    """1 where the answer or its quotes hold every required fact, at any length."""
    share = must_say_share(question, reply)
    return None if share is None else float(share == 1)


def right(question: EvalQuestion, reply: Reply) -> float | None:
    """1 where all is said and the answer's own text has at most 120 words, 250 for lists and
    comparisons. Markers are no words; quotes are not counted."""
    complete = all_said(question, reply)
    short = length_words(reply) <= most_words(question)
    return None if complete is None else float(complete == 1 and short)


def token_f1(question: EvalQuestion, reply: Reply) -> float | None:
    """F1 of the words shared with a short answer, best over the alternatives, without case,
    punctuation and articles (SQuAD, Rajpurkar et al., EMNLP 2016)."""
    if not question.answerable or not question.short_answers:
        return None
    given = squad_words(plain(reply)) if reply.answers else []
    return max(_f1(given, squad_words(answer)) for answer in question.short_answers)


def squad_words(text: str) -> list[str]:
    """SQuAD's normalisation: lower case, then without punctuation, then without articles."""
    kept = "".join(sign for sign in text.lower() if sign not in string.punctuation)
    return _ARTICLES.sub(" ", kept).split()


def _f1(given: list[str], wanted: list[str]) -> float:
    shared = sum((Counter(given) & Counter(wanted)).values())
    return 2 * shared / (len(given) + len(wanted)) if given and wanted else float(given == wanted)


def refused_rightly(question: EvalQuestion, reply: Reply) -> float | None:
    """Over unanswerable questions: 1 where nothing was said. A crash is not a refusal."""
    return None if question.answerable else float(not reply.answers and not reply.error)


def refused_wrongly(question: EvalQuestion, reply: Reply) -> float | None:
    """Over answerable questions: 1 where nothing was said, for whatever cause. Lower is better."""
    return float(not reply.answers) if question.answerable else None


def is_long(question: EvalQuestion) -> bool:
    """Whether each expected row is needed, and more words are allowed."""
    return not LONG_KINDS.isdisjoint(question.tags)


def most_words(question: EvalQuestion) -> int:
    """How long a right answer to this question may be."""
    return MOST_WORDS_LONG if is_long(question) else MOST_WORDS


def length_words(reply: Reply) -> int:
    """Words of the answer's text; a marker, a bullet or a dash that stands alone is none."""
    return sum(any(sign.isalnum() for sign in word) for word in plain(reply).split())


def plain(reply: Reply) -> str:
    """The answer's text without markers."""
    return _MARKER.sub("", reply.text)


def _mean(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
