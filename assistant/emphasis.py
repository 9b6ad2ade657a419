"""The key phrase of an answer: where in its text the date, number, sum, name or place asked for stands.

Covers: English questions of a sort that `answer_types` knows; whole dates, figures with their
scale and unit, names with what links their words. Does not cover: lists, why and how, where
nothing short is the answer; there nothing is emphasised rather than something at random.
"""

import re
from collections.abc import Callable, Sequence

from assistant.answer_types import DURATION, AnswerType, answer_type, holds
from assistant.particulars import folded, initials, is_named, names
from index.sentences import sentence_spans

Span = tuple[int, int]
Terms = Callable[[str], list[str]]

MOST_TOGETHER = 3  # names in a row: "Norway, Sweden and Japan"
NEAR_WORDS = 6  # how far from a word of the question a figure or a name may stand
FAR_WORDS = 30  # how far a date may
NOUN_WITHIN = 3  # words between a figure and what it counts
_SAYS_LITTLE = "serve act take hold give make work"
_ALIKE = (
    "fund pay paid finance sponsor donor",
    "chair head lead led preside",
    "open inaugurate",
    "organize organise host",
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_COUNTRY = re.compile(r"\b(?:country|state|region)\b", re.IGNORECASE)
_MANY = re.compile(r"\bhow many\b", re.IGNORECASE)
_BORDER = re.compile(r"\b(?:until|since)\b", re.IGNORECASE)
_TIME = re.compile(r"when|date|day|month|year", re.IGNORECASE)
_PERCENT = re.compile(r"%|cent", re.IGNORECASE)
_SHARE = re.compile(r"\b(?:share|percentage|proportion|per cent)\b", re.IGNORECASE)
_EDGE = re.compile(r"\s*\[\d{1,3}\]|\n")
_ANY_WORD = re.compile(r"[^\W_]+")
_ASKING = re.compile(
    r"\b(?:how (?:many|much|often|large|big|long|old)|who|whom|whose|where|when|(?:which|what) \w+)\b",
    re.IGNORECASE,
)

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_DAYS = r"\d{1,2}(?:st|nd|rd|th)?(?:\s?(?:[-–]|to|and)\s?\d{1,2}(?:st|nd|rd|th)?)?"
_DATE = re.compile(
    rf"\b{_DAYS}\s+(?:of\s+)?{_MONTH}\b\.?(?:,?\s+(?:19|20)\d\d\b)?"
    rf"|\b{_MONTH}\.?\s+{_DAYS}(?!\d)(?:,?\s+(?:19|20)\d\d\b)?"
    rf"|\b{_MONTH}\.?,?\s+(?:19|20)\d\d\b"
    r"|\b(?:19|20)\d\d-\d\d(?:-\d\d)?\b|\b\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d\b"
    r"|(?<![\w/.,-])(?<!\d \()(?:19|20)\d\d(?:\s?[-–]\s?(?:(?:19|20)\d\d|\d\d))?(?![\w/-]| \((?:19|20))"
)
_IN_WORDS = (
    r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
    r"seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-[a-z]{3,5})?|"
    r"hundreds?|thousands?|half|a dozen)"
)
# No footnote mark at the head of a sentence, no part of a symbol, no number of a resolution.
_FIGURE = r"(?<![\w/.,-])(?!^\d{1,2} (?-i:[A-Z]))\d[\d,. ]*(?<=\d)(?![\w/]|[.,]\d| \((?:19|20)\d\d\))"
_SCALE = r"(?:[\s-]?(?:hundred|thousand|million|billion|mn|bn))?"
_UNIT = (
    r"(?:[\s-]?(?:%|per\s?cent|percent|years?|months?|weeks?|days?|hours?|minutes?"
    r"|kilomet(?:er|re)s?|km)(?!\w))?"
)
_NUMBER = re.compile(rf"(?:{_FIGURE}|(?<![\w/.-]){_IN_WORDS}\b){_SCALE}{_UNIT}", re.IGNORECASE)
_CURRENCY = r"(?:US\s?\$|\$|€|£|\b(?:USD|EUR|GBP|CAD|NOK|SEK)\b)"
_MONEY = re.compile(
    rf"{_CURRENCY}\s?\d[\d,. ]*(?<=\d){_SCALE}"
    rf"|{_FIGURE}{_SCALE}\s?(?:(?:US\s)?dollars?|euros?|pounds?|USD|EUR|GBP|€)(?!\w)"
)
_WORD = r"[^\W\d_a-zß-ÿ][\w’'&-]*"
_LINK = r"(?:of|for|on|and|de|la|du|&)(?:\s+the)?"
_NAME = re.compile(rf"(?:(?:Mr|Mrs|Ms|Dr|H\.E)\.?\s+)?(?<!\w){_WORD}(?:(?:\s+{_LINK})?\s+{_WORD})*")
_TITLE = re.compile(r"(?:Mr|Mrs|Ms|Dr|H\.E)\.?\s+")
_AT = re.compile(
    r"\b(?:in|at|near|to|from)\s+(?:the\s+)?(?:(?:city|town|port|capital)\s+of\s+)?$|,\s$", re.IGNORECASE
)
_LABELS = re.compile(
    r"\b(?:resolutions?|articles?|art|no|page|para(?:graph)?s?|phase|annex|goals?|chapter|session|decision)"
    r"\.?\s*\(?$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r",? and |, |; ")


def emphasised(text: str, questions: Sequence[str], terms: Terms) -> tuple[Span, ...]:
    """Offsets in `text`, in order and apart from each other, of what the questions (the parts of
    one) ask for; `terms` gives the stems of a text. Never inside a `[n]` marker, never across a line."""
    found = {span for question in questions for span in _of_part(text, question, terms)}
    spans: list[Span] = []
    for start, end in sorted(found):
        if not spans or start >= spans[-1][1]:
            spans.append((start, end))
    return tuple(spans)


def _of_part(text: str, question: str, terms: Terms) -> list[Span]:
    """What one part asks for: the candidate nearest to the words that stand next to the asking
    word, the first of these first, in the sentence that has most of the question's words; of
    names those in a row with it."""
    kind = answer_type(question)
    if kind in ("other", "list"):
        return []
    asked = set(terms(question))
    # A name at the head of a sentence may be no more than its capital to `holds`.
    sentences = [
        (at, text[at:end])
        for at, end in _sentences(text)
        if kind in ("who", "where") or holds(kind, text[at:end], question)
    ]
    sentences.sort(key=lambda one: -len(asked & set(terms(one[1]))))
    most = FAR_WORDS if kind == "date" else NEAR_WORDS
    for focus in _focus(kind, question, terms):
        for at, sentence in sentences:
            candidates = _CANDIDATES[kind](sentence, question)
            places = [m.span() for m in _ANY_WORD.finditer(sentence) if focus & set(terms(m[0]))]
            near = {span: _distance(sentence, span, places, question) for span in candidates}
            best = min(candidates, key=lambda span: (near[span], span), default=None)
            if best and near[best] <= most:
                row = _in_a_row(sentence, candidates, best) if kind in ("who", "where") else [best]
                return [(at + start, at + end) for start, end in row]
    return []


def _sentences(text: str) -> list[Span]:
    """The sentences between the markers and line breaks of an answer."""
    spans: list[Span] = []
    edges = [(0, 0), *(m.span() for m in _EDGE.finditer(text)), (len(text), len(text))]
    for (_, low), (high, _) in zip(edges, edges[1:], strict=False):
        spans += [(low + start, low + end) for start, end in sentence_spans(text[low:high])]
    return [(start, end) for start, end in spans if text[start:end].strip()]


def _focus(kind: AnswerType, question: str, terms: Terms) -> list[set[str]]:
    """Stems to stand near, the best choice first: the verb of "who", the noun of "how many"; for
    sorts that few sentences hold any word will do."""
    asking = _ASKING.search(question)
    words = terms(question[asking.end() :] if asking else question)
    if asking and "many" in asking[0].lower():
        return [{word} for word in words[:3]]
    if asking and kind == "date" and not _TIME.search(asking[0]):
        return []  # "Which parts were invited when …": the time is told, not asked
    if asking and (kind == "who" or (kind == "where" and _COUNTRY.search(question))):
        acts = [word for word in words if word not in terms(_SAYS_LITTLE)][:1]
        alike = [set(terms(group)) for group in _ALIKE]
        return [set(acts).union(*(group for group in alike if group & set(acts)))]
    return [set(words)]


def _in_a_row(sentence: str, candidates: Sequence[Span], best: Span) -> list[Span]:
    """The best candidate with the neighbours that only a comma or an "and" parts from it."""
    at = candidates.index(best)
    row = [best]
    for span in candidates[at + 1 :]:
        if len(row) == MOST_TOGETHER or not _BETWEEN.fullmatch(sentence, row[-1][1], span[0]):
            break
        row.append(span)
    for span in reversed(candidates[:at]):
        if len(row) == MOST_TOGETHER or not _BETWEEN.fullmatch(sentence, span[1], row[0][0]):
            break
        row.insert(0, span)
    return row


def _distance(sentence: str, span: Span, places: Sequence[Span], question: str) -> int:
    """Words between a candidate and the nearest of the places; what is counted follows its figure
    closely; a bare year comes after a date, and "until" asks for what "until" introduces."""
    many = _MANY.search(question) is not None
    away = [1000]
    for start, end in places:
        if start >= span[1]:
            between = len(sentence[span[1] : start].split())
            away.append(between if not many or between <= NOUN_WITHIN else 1000)
        elif end <= span[0] and not many:
            away.append(len(sentence[end : span[0]].split()))
    aside = 5 * (_YEAR.fullmatch(sentence, *span) is not None and "year" not in question)
    border = _BORDER.search(question)
    led = border and re.search(rf"\b{border[0]}\W+(?:the\s+)?$", sentence[: span[0]], re.IGNORECASE)
    return min(away) + aside - (FAR_WORDS if led else 0)


def _fresh(pattern: "re.Pattern[str]") -> Callable[[str, str], list[Span]]:
    """Finds what a pattern matches and the question does not have."""

    def candidates(sentence: str, question: str) -> list[Span]:
        spans = []
        for match in pattern.finditer(sentence):
            if match[0].strip() and match[0].strip().lower() not in question.lower():
                spans.append((match.start(), match.start() + len(match[0].rstrip())))
        return spans

    return candidates


def _numbers(sentence: str, question: str) -> list[Span]:
    """Figures that are no part of a date and no number of a resolution, an article or a page."""
    dates = [m.span() for m in _DATE.finditer(sentence)]
    return [
        (start, end)
        for start, end in _fresh(_NUMBER)(sentence, question)
        if not any(start < high and low < end for low, high in dates)
        and not _LABELS.search(sentence[:start])
        and not (_SHARE.search(question) and not _PERCENT.search(sentence[start:end]))
    ]


def _names(sentence: str, question: str) -> list[Span]:
    """Runs of name words that are for the most part new: not in the question, nor its acronyms."""
    named = set(names(sentence))
    asked, short = frozenset(re.findall(r"[^\W_]+", folded(question))), initials(question)
    spans = []
    for match in _NAME.finditer(sentence):
        words = [
            (word, [p for p in re.split("[-&]", _bare(word[0])) if p in named])
            for word in re.finditer(_WORD, match[0])
        ]
        kept = [(word, parts) for word, parts in words if parts]
        parts = [part for _, some in kept for part in some]
        if 2 * sum(is_named(part, asked, short) for part in parts) >= len(parts):
            continue
        start = 0 if _TITLE.match(match[0]) else kept[0][0].start()
        last = kept[-1][0]
        spans.append((match.start() + start, match.start() + last.start() + len(_bare(last[0]))))
    return spans


def _bare(word: str) -> str:
    return re.sub(r"(?:[’']s?|[-&])$", "", word)


def _places(sentence: str, question: str) -> list[Span]:
    """Names; where a place is asked for and not which country did it, those after "in" or "at"."""
    found = _names(sentence, question)
    if _COUNTRY.search(question):
        return found
    return [(start, end) for start, end in found if _AT.search(sentence[:start])]


_CANDIDATES: dict[AnswerType, Callable[[str, str], list[Span]]] = {
    "date": _fresh(_DATE),
    "number": _numbers,
    "money": lambda sentence, question: _fresh(_MONEY)(sentence, question) or _numbers(sentence, question),
    "duration": _fresh(DURATION),
    "who": _names,
    "where": _places,
}
