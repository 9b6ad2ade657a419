"""When two pieces of text say the same words: folding, facts in an answer, quotes in a passage.

Covers: case, white space, forms of dashes and quotation marks, ligatures, hyphens at line ends,
soft hyphens. Does not cover: synonyms, inflection, numbers written in words, accents.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

RUN_PERCENT = 60  # of a quote's words, in one run, that count as the quote
FEW_WORDS = 5  # a shorter passage inside a quote is no evidence by itself
LEAST_LETTERS = 12  # what is shorter may stand anywhere by chance

_DASHES = re.compile("[‐‑‒–—―−﹣－]")
_SINGLE = re.compile("[‘’‚‛′`´]")
_DOUBLE = re.compile("[“”„‟″«»]")
_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff\ufffe\x02]")
_LINE_END = re.compile(r"(?<=\w)-[ \t]*\r?\n[ \t]*(?=\w)")
_NOT_LETTERS = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Lower case, one form of dash and of quotation mark, single spaces, no hyphen at line ends."""
    text = unicodedata.normalize("NFKC", _UNSEEN.sub("", text))
    text = _LINE_END.sub("-", _DASHES.sub("-", text))
    return " ".join(_DOUBLE.sub('"', _SINGLE.sub("'", text)).split()).casefold()


@lru_cache(maxsize=64)  # of one question's passages; whole papers pass through here too
def letters(text: str) -> str:
    """`fold` with letters and digits alone: what is left where a PDF spaces or breaks words."""
    return _NOT_LETTERS.sub("", fold(text))


def words(text: str) -> list[str]:
    """The words of a text, each as `letters` has it."""
    return [word for word in map(letters, text.split()) if word]


def says(text: str, fact: str) -> bool:
    """Whether `text` holds `fact` as whole words and whole numbers: 5,970 is not in 15,970, nor
    1 in 1.5. A hyphen of the fact may be missing or be a space."""
    return fact_pattern(fact).search(fold(text)) is not None


@lru_cache(maxsize=4096)
def fact_pattern(fact: str) -> re.Pattern[str]:
    """What `says` looks for in a folded text."""
    parts = [re.escape(part) for part in re.split(r"[\s-]+", fold(fact)) if part]
    first, last = fold(fact)[:1], fold(fact)[-1:]
    before = r"(?<!\w)(?<!\d[.,])" if first.isdigit() else r"(?<!\w)" if first.isalnum() else ""
    after = r"(?!\w)(?![.,]\d)" if last.isdigit() else r"(?!\w)" if last.isalnum() else ""
    return re.compile(before + r"[\s-]*".join(parts) + after)


def says_all(texts: Iterable[str], facts: Iterable[str]) -> list[bool]:
    """For each fact, whether one of the texts says it."""
    folded = [fold(text) for text in texts]
    return [any(fact_pattern(fact).search(text) for text in folded) for fact in facts]


def shares_run(text: str, quote: str) -> bool:
    """Whether a run of at least 60 % of the quote's words stands in `text`.

    A text that holds the whole quote does; so does a page where a reader broke its last words.
    Letters alone are compared, except for a quote too short for that, which `text` must say.
    """
    if 0 < len(letters(quote)) < LEAST_LETTERS:
        return says(text, quote)
    parts, within = words(quote), letters(text)
    length = -(-len(parts) * RUN_PERCENT // 100)
    return any("".join(parts[at : at + length]) in within for at in range(len(parts) - length + 1))


def holds(passage: str, quote: str) -> bool:
    """Whether a passage is evidence for a quote: it holds it, shares a run of at least 60 % of its
    words, or lies inside it. An empty quote is held by everything."""
    inside = len(passage.split()) >= FEW_WORDS and letters(passage) in letters(quote)
    return inside or shares_run(passage, quote)


def overlaps(cited: str, expected: str) -> bool:
    """Whether a cited quote is, covers or is covered by the expected one, or shares with it a run
    of at least 60 % of the words of the shorter. An empty expected quote leaves the choice free."""
    one, other = sorted((cited, expected), key=lambda quote: len(letters(quote)))
    if letters(one) == letters(other) or not letters(expected):
        return True
    return len(letters(one)) >= LEAST_LETTERS and shares_run(other, one)
