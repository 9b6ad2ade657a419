"""Which way a text runs and in what script it is written, letter by letter.

Covers: right to left for Hebrew, Arabic and their like; a language for a script where the script
tells enough. Does not cover: which language a Latin text is in, nor the order of signs on a line,
which Word works out itself from the direction of each run.
"""

import re
import unicodedata
from collections.abc import Iterator

# What a script is tagged as. A guess within its family (Ukrainian is tagged as Russian): it chooses
# letters and voice, and quotes are never spell-checked.
_LANGUAGES = {"ARABIC": "ar-SA", "HEBREW": "he-IL", "CYRILLIC": "ru-RU", "GREEK": "el-GR"}
_NEUTRAL = "N"


def _direction(sign: str) -> str:
    return {"L": "L", "R": "R", "AL": "R"}.get(unicodedata.bidirectional(sign), _NEUTRAL)


def right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction runs from right to left."""
    return next((told for told in map(_direction, text) if told != _NEUTRAL), "L") == "R"


def after(text: str) -> str:
    """What must follow a text so that figures behind it are not drawn into it: an invisible mark
    where it runs from right to left, else nothing."""
    return "\u200e" if right_to_left(text) else ""


def runs(text: str) -> Iterator[tuple[str, bool]]:
    """The text cut where its direction changes, each piece with whether it runs right to left.

    Signs and figures go with the letters on both sides where these agree, else with the direction
    of the whole. The pieces joined are the text.
    """
    turned = right_to_left(text)
    letters = "".join(map(_direction, text))
    other = re.compile("L(?:[LN]*L)?" if turned else "R(?:[RN]*R)?")
    done = 0
    for found in other.finditer(letters):
        if found.start() > done:
            yield text[done : found.start()], turned
        yield text[found.start() : found.end()], not turned
        done = found.end()
    if done < len(text):
        yield text[done:], turned


def script(sign: str) -> str:
    """The first word of a letter's name (`LATIN`, `CYRILLIC`, `CJK`), "" for what is no letter."""
    return unicodedata.name(sign, "").partition(" ")[0] if sign.isalpha() else ""


def language(text: str) -> str:
    """The language that the first letter's script is tagged as, "" where that tells too little."""
    first = next((sign for sign in text if sign.isalpha()), "")
    return _LANGUAGES.get(script(first), "") if first else ""
