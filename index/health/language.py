"""Which language a text is in, told only when it is plain. Pure functions.

By script, and by the small words that make up a third of any text; both need a few hundred words.
Covers: English, French, Spanish, Portuguese, Italian, German, Dutch, Russian, Ukrainian, Arabic,
Chinese. Does not cover: other languages (no guess is made), and texts in two languages at once.
"""

import re
from collections import Counter

_SMALL = {
    "en": "the of and to in that is for with as on by be are this which has have its from not will",
    "fr": "le la les des du et en que qui dans une pour par est sur au aux avec sont ce cette ne pas",
    "es": "el los las del y en que una por para con es se su como al sus más entre este esta",
    "pt": "o os as do da dos das e em que uma para com não por é se na no ao pelo são mais",
    "it": "il di che della e per una del nel sono con gli dei alla le delle non come più anche",
    "de": "der die und das den von zu mit sich des auf für ist im dem nicht ein eine als auch werden",
    "nl": "de het een van en te dat op voor met zijn niet aan er door bij wordt ook naar om",
}
_BY_WORD = {name: frozenset(words.split()) for name, words in _SMALL.items()}
_SCRIPTS = {
    "ar": re.compile("[\u0600-\u06ff]"),
    "zh": re.compile("[\u4e00-\u9fff]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "la": re.compile("[A-Za-z\u00c0-\u024f]"),
}
_UKRAINIAN = re.compile("[іїєґ]", re.I)
_WORD = re.compile(r"[^\W\d_]+")
_LEAST_LETTERS = 400
_LEAST_SHARE = 0.2  # of the words of a text are small words of its language
_LEAD = 2.0  # times as many as of any other language
_SAMPLE_CHARS = 60_000

NAMES = {
    "en": "English", "fr": "French", "es": "Spanish", "pt": "Portuguese", "it": "Italian", "de": "German",
    "nl": "Dutch", "ru": "Russian", "uk": "Ukrainian", "ar": "Arabic", "zh": "Chinese",
}  # fmt: skip


def language_of(text: str) -> str:
    """The code of a text's language, or "" where it is not plain."""
    text = text[:_SAMPLE_CHARS]
    scripts = {name: len(letters.findall(text)) for name, letters in _SCRIPTS.items()}
    scripts["zh"] *= 3  # a sign is a word
    best, count = max(scripts.items(), key=lambda item: item[1])
    if count < _LEAST_LETTERS or count < 0.8 * sum(scripts.values()):
        return ""
    if best == "ru":
        ukrainian = len(_UKRAINIAN.findall(text)) / count
        return "uk" if ukrainian > 0.03 else "ru" if ukrainian < 0.002 else ""
    if best != "la":
        return best
    words = _WORD.findall(text.casefold())
    found = Counter({name: sum(word in small for word in words) for name, small in _BY_WORD.items()})
    (first, most), (_, second) = found.most_common(2)
    return first if most > _LEAST_SHARE * len(words) and most > _LEAD * second else ""
