"""What sort of thing a question asks for, and whether a sentence holds one.

Covers: English questions for a number, money, a date, a person or body, a place, a list. Does
not cover: yes or no, why and how, which ask for no sort that can be seen.
"""

import re
from typing import Literal

AnswerType = Literal["number", "money", "date", "who", "where", "list", "other"]

_ASKS: dict[AnswerType, str] = {
    "money": r"\bhow much (?:money|funding|do|does|did|is|was|are)\b|\b(?:budget|costs?|dollars|euros)\b",
    "number": r"\bhow (?:many|much|often|large|big|long|old)\b|\b(?:number|percentage|share|total) of\b",
    "date": r"\b(?:what|which|since) (?:date|day|month|year|when)s?\b|\bwhen\b",
    "who": r"\b(?:who|whom|whose)\b"
    r"|\bwhich (?:person|official|organi[sz]ation|body|agency|entity|office|institution|donor)\b",
    "where": r"\bwhere\b|\b(?:which|what) (?:country|city|place|town|capital|venue|location|state|region)\b",
    "list": r"\b(?:list|enumerate)\b|\b(?:what|which) (?:are|were)\b"
    r"|\b(?:which|what) (?:two|three|four|five|six|seven|eight|nine|ten)\b"
    r"|\b(?:what|which)(?: [a-z-]+){0,2} [a-z]{3,}(?:s|ies|ia)\b",
}

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_DATE = re.compile(rf"\b{_MONTH}\b(?! be\b)|\b(?:19|20)\d\d\b|\b\d{{1,2}}/\d{{1,2}}/\d{{2,4}}\b")
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    r"|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|hundred|thousand|million|dozen|half)\b",
    re.I,
)
_MONEY = re.compile(
    r"[$€£]|\b(?:USD|EUR|GBP|dollars?|euros?|million|billion|funded|funds|contributions?)\b", re.I
)
_NAME = re.compile(r"(?<![.!?:] )(?<!^)\b[A-Z][\w’'-]+|\b[A-Z]{2,}\b|\bM(?:r|s|rs)\. [A-Z]")
_SERIES = re.compile(r"(?:[^,;]+[,;]){2,}[^,;]* (?:and|or) |(?:[^,;]+;){2,}")


def answer_type(question: str) -> AnswerType:
    """The sort of thing asked for."""
    return next((name for name, pattern in _ASKS.items() if re.search(pattern, question, re.I)), "other")


def holds(kind: AnswerType, sentence: str, question: str) -> bool:
    """Whether a sentence holds a thing of this sort that the question does not already name."""
    if kind == "other":
        return True
    if kind == "list":
        return "\n" in sentence or _SERIES.search(sentence) is not None
    pattern = {"number": _NUMBER, "money": _MONEY, "date": _DATE, "who": _NAME, "where": _NAME}[kind]
    asked = question.lower()
    return any(match[0].lower() not in asked or not match[0].strip() for match in pattern.finditer(sentence))
