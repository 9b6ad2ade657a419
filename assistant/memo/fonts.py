"""Letters for the PDF: which font has them, and what stands where none has.

Covers: Latin, Greek, Cyrillic and Georgian letters, the usual signs and arrows, from the fonts of
pymupdf-fonts (Noto Sans, FiraGO, Cascadia Mono; SIL Open Font License). Does not cover: scripts that
run from right to left or join their letters (Arabic, Hebrew, Devanagari, Thai), which reportlab sets
wrongly without libraries that this project does not take; Chinese, Japanese, Korean; rarer
mathematical signs; pictures.
"""

import importlib
import io
import unicodedata
from collections.abc import Iterator
from functools import cache

from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]

from assistant import sayings
from assistant.memo import directions

PLAIN, STRONG = "NotoSans_Regular", "NotoSans_Bold"
_CHAINS = {
    False: (PLAIN, "FiraGO_Regular", "CascadiaMono_Regular"),
    True: (STRONG, "FiraGO_Bold", "CascadiaMono_Regular"),
}
# From Hebrew to Myanmar, but for Georgian: from the right, or letters that change beside each other.
_NEEDS_SHAPING = range(0x0590, 0x10A0)
_SCRIPT_NAMES = {"CJK": "CHINESE", "HANGUL": "KOREAN", "HIRAGANA": "JAPANESE", "KATAKANA": "JAPANESE"}
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})


@cache
def load(name: str) -> frozenset[int]:
    """Make a font known to reportlab; the code points it has. Takes about 0.1 s the first time."""
    data = importlib.import_module(f"pymupdf_fonts.{name}").fontbuffer
    font = TTFont(name, io.BytesIO(data), shapable=False)
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


def runs(text: str, strong: bool = False) -> Iterator[tuple[str, str]]:
    """(font, text) pieces in order; where no font will do the font is "" and the text is what is
    missing: a script's name (`Arabic`), or a code point (`U+1F600`)."""
    pieces: list[tuple[str, str]] = []
    for sign in unicodedata.normalize("NFC", text):
        if unicodedata.category(sign) in _UNSEEN or 0xFE00 <= ord(sign) <= 0xFE0F:
            continue
        font = _font(sign, strong)
        if font and pieces and pieces[-1][0] == font:
            pieces[-1] = (font, pieces[-1][1] + sign)
        elif font:
            pieces.append((font, sign))
        elif not pieces or pieces[-1] != ("", _named(sign)):
            _join(pieces, _named(sign))
    yield from pieces


def _join(pieces: list[tuple[str, str]], missing: str) -> None:
    """Add what is missing; signs and blanks between two pieces of one missing script go with it."""
    between = pieces[-1] if pieces else ("", "")
    if len(pieces) > 1 and pieces[-2] == ("", missing) and not any(map(str.isalpha, between[1])):
        pieces.pop()
    else:
        pieces.append(("", missing))


@cache
def _font(sign: str, strong: bool) -> str:
    """The first font that can set a sign, "" where none can."""
    from_right = unicodedata.bidirectional(sign) in ("R", "AL", "AN")
    if from_right or ord(sign) in _NEEDS_SHAPING:
        return ""
    return next((name for name in _CHAINS[strong] if ord(sign) in load(name)), "")


def _named(sign: str) -> str:
    script = directions.script(sign) or _mark_of(sign)
    if not script:
        return f"U+{ord(sign):04X}"
    return str(getattr(sayings, f"SCRIPT_{_SCRIPT_NAMES.get(script, script)}", script.title()))


def _mark_of(sign: str) -> str:
    """The script of a vowel sign or figure of a script that is not set, "" for other signs."""
    if ord(sign) not in _NEEDS_SHAPING:
        return ""
    return unicodedata.name(sign, "").partition(" ")[0]
