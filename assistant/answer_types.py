"""What sort of thing a question asks for, and whether a sentence holds one.

Covers: English questions for a number, money, a duration, a date, a person or body, a place, a
list. Does not cover: yes or no, why and how, which ask for no sort that can be seen.
"""

import re
from functools import lru_cache
from typing import Literal

AnswerType = Literal["number", "money", "duration", "date", "who", "where", "list", "other"]

_ASKS: dict[AnswerType, str] = {
    "money": r"\bhow much (?:money|funding|do|does|did|is|was|are)\b"
    r"|\b(?:budget|costs?|dollars|euros|salary)\b",
    "duration": r"\bhow (?:much )?long(?:er)?\b|\bwithin (?:what|which) (?:time|period)\b",
    "number": r"\bhow (?:many|much|often|large|big|old|high|far)\b|\b(?:number|percentage|share|total) of\b",
    "date": r"\b(?:what|wh?ich|since)(?: [a-z]+)? (?:dates?|days?|months?|years?|when)\b|\bwhen\b",
    "who": r"\b(?:who|whom|whose)\b"
    r"|\bwhich (?:person|official|organi[sz]ation|body|agency|entity|office|institution|donor)\b",
    "where": r"\bwhere\b"
    r"|\b(?:which|what) (?:country|city|cities|place|town|capital|venue|location|state|region)\b",
    "list": r"\b(?:list|enumerate)\b|\b(?:what|which) (?:are|were)\b"
    r"|\b(?:what|which) (?:two|three|four|five|six|seven|eight|nine|ten)\b"
    r"|\b(?:what|which)(?: [a-z-]+){0,2} [a-z]{3,}(?:s|ies|ia)\b",
}

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_WORDS = (
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    r"|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
    r"|hundreds?|thousands?|million|dozens?|half|no"
)
_DATE = re.compile(
    rf"\b(?:\d{{1,2}} )?{_MONTH}\b(?! be\b)(?: (?:19|20)\d\d)?"
    r"|\b(?:19|20)\d\d\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b"
)
_NUMBER = re.compile(rf"(?<![\w.])\d[\d.,]*|\b(?:{_WORDS})\b", re.I)
_MONEY = re.compile(
    r"[$€£] ?\d|\b(?:USD|EUR|GBP) ?\d|\b\d[\d.,]*(?: \w+){0,2} (?:dollars?|euros?)\b|\b[mb]illion\b", re.I
)
DURATION = re.compile(
    rf"\b(?:\d+|{_WORDS})[ -](?:\w+ )?(?:day|week|month|year|hour)s?\b"
    rf"|\b(?:until|by|to) (?:\d{{1,2}} )?{_MONTH}\b(?: (?:19|20)\d\d)?",
    re.I,
)
# The first word of a sentence is a name only where a verb follows it: "Norway pays".
_NAME = re.compile(
    r"(?<![.!?:] )(?<!^)\b[A-Z][\w’'-]+|\b[A-Z]{2,}\b|\bM(?:r|s|rs)\. [A-Z]"
    r"|^(?!It |He |She |This |That |There |What |Who |Each )[A-Z][\w’'-]+"
    r"(?= (?:is|was|has|had|will|[a-z]{2,}s)\b)"
)
_SERIES = re.compile(r"(?:[^,;]+[,;]){2,}[^,;]* (?:and|or) |(?:[^,;]+;){2,}")
# Figures that count nothing: symbols of papers, numbers of paragraphs and resolutions, and their years …
_SYMBOL = re.compile(
    r"https?://\S+|\b[A-Z]+(?:/[\w.()-]+)+"
    r"|\b(?:resolutions?|paragraphs?|articles?|annex|chapter|section|No\.)"
    r"(?: \d+(?: \(\d{4}\))?(?:,| and)?)+|\d+ \((?:19|20)\d\d\)"
    r"|\((?:19|20)\d\d\)|^\W*\d{1,3}[.)]? (?-i:(?=[A-Z]))",
    re.I,
)
# … dates and clock times.
_TH = r"(?:st|nd|rd|th)?"
_DAY = re.compile(
    rf"\b\d{{1,2}}{_TH}(?: ?(?:[-–]|and|to) ?\d{{1,2}}{_TH})? (?:of )?{_MONTH}\b(?: \d{{4}})?"
    rf"|\b{_MONTH} \d{{1,2}}\b|\b(?:19|20)\d\d(?:[-–/]\d{{2,4}})?\b|\b\d{{1,2}}[:/]\d\d(?:/\d+)?\b"
)
_COUNTED = re.compile(r"\bhow many ((?:[\w’'-]+ ?){1,3})|\bnumber of ((?:[\w’'-]+ ?){1,3})", re.I)
_NO_NOUN = frozenset(
    "are is was were did do does have has had can could will would may in of on at the to who that".split()
)
_PERSONS = ("peopl", "perso", "parti", "indiv", "atten")
_NEAR = 4  # words after a figure among which the counted noun stands


@lru_cache(maxsize=256)
def answer_type(question: str) -> AnswerType:
    """The sort of thing asked for."""
    return next((name for name, pattern in _ASKS.items() if re.search(pattern, question, re.I)), "other")


def holds(kind: AnswerType, sentence: str, question: str) -> bool:
    """Whether a sentence holds a thing of this sort that the question does not already name."""
    if kind == "other":
        return True
    if kind == "list":
        return "\n" in sentence or _SERIES.search(sentence) is not None
    asked = question.lower()
    return any(found.lower() not in asked for found in _found(kind, sentence))


def _found(kind: AnswerType, sentence: str) -> list[str]:
    pattern = {
        "number": _NUMBER,
        "money": _MONEY,
        "duration": DURATION,
        "date": _DATE,
        "who": _NAME,
        "where": _NAME,
    }[kind]
    if kind in ("number", "date"):
        sentence = _SYMBOL.sub(" ", sentence)
    if kind == "number":
        sentence = _DAY.sub(" ", sentence)
    return [match[0] for match in pattern.finditer(sentence)]


def counts(sentence: str, question: str) -> bool:
    """Whether a figure stands beside the noun that the question counts ("how many fighters")."""
    nouns = _counted(question)
    if not nouns:
        return False
    bare = _DAY.sub(" ", _SYMBOL.sub(" ", sentence))
    for match in _NUMBER.finditer(bare):
        after = bare[match.end() :].split()[:_NEAR]
        if any(word.lower().startswith(nouns) for word in after):
            return True
    return False


@lru_cache(maxsize=256)
def _counted(question: str) -> tuple[str, ...]:
    """The beginnings of the words that name what is counted."""
    match = _COUNTED.search(question)
    if match is None:
        return ()
    stems: list[str] = []
    for word in (match[1] or match[2]).lower().split():
        if word in _NO_NOUN:
            break
        stems.append(word[:5])
    return (*stems, *_PERSONS) if stems and stems[-1] in _PERSONS else tuple(stems)
