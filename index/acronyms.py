"""Short forms and what they stand for: found in the papers, and from a glossary file.

Definitions such as "National Focal Points (NFP)" are found by the rule of Schwartz & Hearst
(Pacific Symposium on Biocomputing 2003): read from the right, each sign of the short form must
stand in the long form, the first one at the beginning of a word.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from index.errors import BadCorpus

GLOSSARY = Path(__file__).with_name("glossary.csv")
MOST_CHARS = 12

Definition = tuple[str, str]  # short form, long form
Terms = tuple[str, ...]  # analysed words

_PARENTHESES = re.compile(r"\(([^()]{2,90})\)")
_SHORT = re.compile(r"[A-Za-z][\w&/.’'-]*$")


def definitions(text: str) -> Iterator[Definition]:
    """The definitions in a text, in both orders: "long form (SF)" and "SF (long form)"."""
    for match in _PARENTHESES.finditer(text):
        inside = match[1].strip(" “”\"'‘’")
        before = text[max(0, match.start() - 200) : match.start()].rstrip().split("\n")[-1]
        if _is_short_form(inside):
            words = before.split()
            room = min(len(inside) + 5, 2 * len(inside))
            long_form = _best_long_form(inside, " ".join(words[-room:]))
            if long_form:
                yield inside, long_form
        elif before and _is_short_form(before.split()[-1]):
            long_form = _best_long_form(before.split()[-1], inside)
            if long_form and long_form == inside:
                yield before.split()[-1], inside


def _is_short_form(text: str) -> bool:
    capitals = sum(sign.isupper() for sign in text)
    return 2 <= len(text) <= MOST_CHARS and _SHORT.match(text) is not None and capitals >= 2


def _best_long_form(short: str, before: str) -> str:
    """The shortest ending of `before` that holds the signs of `short` in order, or ""."""
    at = len(before)
    for position in range(len(short) - 1, -1, -1):
        sign = short[position].lower()
        if not sign.isalnum():
            continue
        at = before.lower().rfind(sign, 0, at)
        while position == 0 and at >= 0 and not _begins_a_name(before, at):
            at = before.lower().rfind(sign, 0, at)
        if at < 0:
            return ""
    found = before[at:].strip(" ,;:–-")
    enough = len(found) > len(short) and len(found.split()) >= 2 and short not in found.split()
    return found if enough and len(found.split()) <= 2 * len(short) + 2 else ""


def _begins_a_name(text: str, at: int) -> bool:
    """Whether a word that can open a long form begins at this offset."""
    inside = at > 0 and text[at - 1].isalnum()
    return not inside and text[at:].partition(" ")[0].lower() not in (
        "of",
        "on",
        "the",
        "for",
        "and",
        "in",
        "to",
        "a",
    )


def read_glossary(path: Path) -> Iterator[Definition]:
    """The rows of a glossary file (columns short and long; several long forms split at `|`)."""
    if not path.is_file():
        return
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file, strict=True):
                yield from ((row["short"].strip(), long.strip()) for long in row["long"].split("|"))
    except (KeyError, AttributeError, UnicodeDecodeError, csv.Error) as error:
        raise BadCorpus(
            f"{path}: not a glossary ({type(error).__name__}). "
            "It is CSV in UTF-8 with the columns short and long."
        ) from error


def both_ways(found: Iterable[Definition], analyse: Callable[[str], list[str]]) -> dict[Terms, list[Terms]]:
    """Every form, as its analysed words, with the other forms it may stand for."""
    others: dict[Terms, list[Terms]] = {}
    for short, long in found:
        forms = tuple(analyse(short)), tuple(analyse(long))
        for one, other in (forms, forms[::-1]):
            if one and other and one != other:
                known = others.setdefault(one, [])
                if other not in known:
                    known.append(other)
    return others
