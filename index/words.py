"""Words that print has torn, made whole by what the rest of the paper says. Pure functions.

Covers: a hyphen at a row's end, a hyphen or an apostrophe with a blank beside it.

Does not cover: words torn without a sign, and those the paper never prints whole.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_HYPHEN_END = re.compile(r"([^\W\d_]+)-$")
# From a word's beginning only: tried from each of its letters, one without an end takes forever.
_SPACED_HYPHEN = re.compile(r"(?<![^\W\d_])([^\W\d_]+) ?(-) ?([^\W\d_]+)")
_APOSTROPHE_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_]+[’'][^\W\d_]+")
_SPACED_APOSTROPHE = re.compile(r"(?<![^\W\d_])([^\W\d_]+) ([’'])([^\W\d_]+)")
_TIGHT_END = re.compile(r"\d[–—-]$|\w/$")
_LOOSE_END = re.compile(r"([^\W\d_]+) -$")
_NEXT_WORD = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+(?:[-‐‑][^\W\d_]+)*")
_PREFIXES = frozenset(
    "counter non self multi inter co pre post anti sub cross well long short high low mid vice ex semi "
    "pan pro trans ultra re de all half quasi socio so state capacity decision two three four five "
    "under-secretary secretary attorney".split()
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one document, lower-case, to judge a hyphen at a line's end or a torn apostrophe."""

    words: frozenset[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Vocabulary":
        words: set[str] = set()
        for text in texts:
            found = [match for match in _WORD.finditer(text)]
            for match in found:
                # A piece before a hyphen at the line's end is no word of its own.
                if match.end() == len(text) - 1 and text.endswith("-"):
                    continue
                words.add(match[0].casefold().replace("‐", "-").replace("‑", "-"))
            words.update(match[0].casefold().replace("'", "’") for match in _APOSTROPHE_WORD.finditer(text))
        return cls(frozenset(words))


def close_words(text: str, vocabulary: Vocabulary) -> str:
    """`Secretary - General` and `Minister ’s`, as some makers of PDF space them, where this paper has
    the word whole elsewhere; `Da ’esh` always."""
    if " -" in text or "- " in text:
        text = _SPACED_HYPHEN.sub(lambda match: _closed(match, vocabulary), text)
    if " ’" in text or " '" in text:
        text = _SPACED_APOSTROPHE.sub(lambda match: _closed(match, vocabulary), text)
    return text


def _closed(match: re.Match[str], vocabulary: Vocabulary) -> str:
    word = "".join(match.groups())
    known = word.casefold().replace("'", "’")
    return word if known in vocabulary.words or known == "da’esh" else match[0]


def join_pair(before: str, after: str, vocabulary: Vocabulary) -> str:
    """Two rows of one paragraph as one string, a divided word made whole."""
    last = before.rsplit(" ", 1)[-1]
    tail = before[-60:]  # a paragraph grows row by row; only its end is looked at
    if "://" in last or last.startswith("www."):
        # An address broken after one of its own signs goes on; after a letter it has ended.
        return before + after if last[-1] in "/-_=&?%." and after[:1].islower() else f"{before} {after}"
    if before.endswith(("‐", "‑")):
        return before + after
    if _TIGHT_END.search(tail):
        return before + after
    loose = _LOOSE_END.search(tail)
    if loose and loose[1].casefold() in _PREFIXES and after[:1].islower():
        return f"{before[:-2]}-{after}"
    first = _HYPHEN_END.search(tail)
    second = _NEXT_WORD.match(after)
    if not first or not second:
        return before + after if before.endswith("-") and before[-2:-1].strip() else f"{before} {after}"
    if keeps_hyphen(first[1], second[0], vocabulary):
        return before + after
    return before[:-1] + after


def keeps_hyphen(first: str, second: str, vocabulary: Vocabulary) -> bool:
    """Whether the hyphen between two pieces at a line's end belongs to the word."""
    head, tail = first.casefold(), second.casefold()
    if f"{head}-{tail}" in vocabulary.words:
        return True
    if head + tail in vocabulary.words:
        return False
    if head in _PREFIXES or second[:1].isupper():
        return True
    # Two words that both stand alone in this paper make a compound; a torn syllable does not.
    return min(len(head), len(tail)) >= 3 and head in vocabulary.words and tail in vocabulary.words
