"""A compound question to its parts: "Who chairs it, and when did it meet?" asks two things.

Covers: English questions joined by "and" before another question word, and two years, document
symbols or dated papers that are asked about alike. Does not cover: parts that only a reader
of the world sees.
"""

import re

_NEXT = re.compile(
    r"[,;]?\s+and\s+(?=(?:(?:in|since|until|by|to|for|at|on|with|from)\s+)?"
    r"(?:who|whom|whose|what|when|where|which|why|how)\b)|(?<=\?)\s+(?=[A-Z])",
    re.IGNORECASE,
)
_LEAST_WORDS = 2
_MONTH = r"(?:(?:January|February|March|April|May|June|July|August|September|October|November|December)\s+)?"
_TWIN = rf"{_MONTH}(?:19|20)\d\d|[A-Z]+/[\w/.()]*\w"
_TWINS = re.compile(rf"\b(?P<one>{_TWIN})\s+(?:and|or)\s+(?:in\s+|of\s+|the\s+)*(?P<other>{_TWIN})")
# "before the 1977 Convention on … and the 2005 Convention on …": each year names a paper of its own.
_YEARS_NAMED = re.compile(
    r"^(?P<before>.*?)\b(?P<one>the (?:19|20)\d\d [a-zA-Z][^,;?]*?),? and (?:in |by |of |from )*"
    r"(?P<other>the (?:19|20)\d\d [a-zA-Z].*)$"
)


def question_parts(text: str) -> list[str]:
    """The parts of a question, in order; the question itself where it asks one thing."""
    pieces = [piece.strip(" ,;") for piece in _NEXT.split(text)]
    if any(len(piece.split()) < _LEAST_WORDS for piece in pieces):
        pieces = [text]
    return [part for piece in pieces for part in _apart(piece)]


def _apart(text: str) -> list[str]:
    named = _YEARS_NAMED.match(text)
    if named:
        return [f"{named['before']}{named['one']}?", named["before"] + named["other"]]
    twins = _TWINS.search(text)
    if not twins or twins["one"] == twins["other"]:
        return [text]
    before, after = text[: twins.start()], text[twins.end() :]
    return [before + twins["one"] + after, before + twins["other"] + after]
