"""What a sentence commits itself to: figures with their units, dates, names and negations.

Covers: "4.2 million", "1,050", "thirty-five" and 35, "23 January 2024" and "2024-01-23",
capitalised words and acronyms of English papers. Does not cover: Roman numerals, fractions in
words, names written in small letters, other languages' number words.
"""

import re
import unicodedata
from decimal import Decimal

Figure = tuple[str, str]  # the value in plain digits, its unit or ""
Date = tuple[int, int, int]  # year, month, day; 0 where it is not said

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES = {word: n for n, word in enumerate(_SMALL)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_ORDINALS = {
    word: n for n, word in enumerate("second third fourth fifth sixth seventh eighth ninth tenth".split(), 2)
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "dozen": 12}
_WORD = "|".join(sorted([*_VALUES, *_SCALES], key=len, reverse=True))
_IN_WORDS = re.compile(rf"\b(?:(?:{_WORD})(?:[\s-]+(?:and\s+)?(?={_WORD})|\b))+", re.IGNORECASE)
_ORDINAL = re.compile(rf"\b(?:{'|'.join(_ORDINALS)})\b", re.IGNORECASE)

_UNITS = {
    "euro": r"euros?|€|EUR\b",
    "dollar": r"(?:US\s+)?dollars?|US\$|\$|USD\b",
    "pound": r"pounds?|£|GBP\b",
    "percent": r"per\s?cent|percent|%",
    **{unit: rf"{unit}s?" for unit in "second minute hour day week month year decade kilometre".split()},
}
_UNIT = "|".join(f"(?P<{name}>{form})" for name, form in _UNITS.items())
_FIGURE = re.compile(
    r"(?P<before>€|US\$|\$|£|\b(?:EUR|USD|GBP)\b)?\s?"
    r"(?<![\d.,])(?P<value>\d{1,3}(?:[,\u00a0\u202f ]\d{3})+(?![\d])(?:\.\d+)?|\d+(?:[.,]\d{1,2}(?!\d))?|\d+)"
    r"(?:st|nd|rd|th)?(?:[\s-]*(?P<scale>hundred|thousand|million|billion|mn|bn|(?<=\d)[mk])\b)?"
    rf"(?:[\s-]*(?:{_UNIT})(?!\w))?"
)
_SHORT_SCALES = {"mn": 10**6, "m": 10**6, "bn": 10**9, "k": 1000}

_MONTHS = {
    form: n
    for n, month in enumerate(
        "January February March April May June July August September October November December".split(), 1
    )
    for form in (month, month[:3], "Sept" if month == "September" else month)
}
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:1[89]|20)\d\d)"
_DATES = (
    re.compile(rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}(?:,?\s+{_YEAR})?\b"),
    re.compile(rf"\b{_MONTH}\s+{_DAY}(?!\d)(?:,?\s+{_YEAR}\b)?"),
    re.compile(rf"\b{_MONTH},?\s+(?:of\s+)?{_YEAR}\b"),
    re.compile(rf"\b{_YEAR}-(?P<month>\d\d)(?:-(?P<day>\d\d))?(?![\d-])"),
    re.compile(rf"\b(?P<day>\d{{1,2}})[./](?P<month>\d{{1,2}})[./]{_YEAR}\b"),
    re.compile(rf"\b(?!May\b){_MONTH}"),
    re.compile(rf"\b{_YEAR}\b"),
)

_NAME = re.compile(r"(?<!\w)[^\W\d_a-zß-ÿ][\w’'&-]*")
_LINKS = frozenset("of and the for on to in de la du & et".split())
_OPENERS = (
    "the a an this that these those it its they their he she his her we our you your i there here who "
    "what which when where how why in on at by for from to with within without of as and or but nor if "
    "while since until after before during under over between among through against about according "
    "because although though despite both each every all any some most many few several other another "
    "such no not never none only also then thus however moreover one more less mr mrs ms dr prof sir "
    "madam today currently previously recently earlier later finally again people staff work help aid "
    "part half money support training experts officers is are was were has have had do does did can may "
    "might must shall should will would"
)
_NO_NAMES = frozenset([*_OPENERS.split(), *map(str.lower, _MONTHS), *_VALUES, *_ORDINALS])
# How ordinary words end that open a sentence with a capital letter.
_ORDINARY = re.compile(r"(?:ing|ed|ly|tion|sion|ment|ity|ance|ence|ers?|ors?|ists?|als?|ives?|s)$")
_DEMONYM = frozenset({"n", "an", "ian", "ish", "s", "i", "ese", "er"})


def figures(text: str) -> frozenset[Figure]:
    """The numbers of a text that are no part of a date, each with the unit that follows it."""
    for pattern in _DATES[:-1]:
        text = pattern.sub(" ", text)
    text = _IN_WORDS.sub(lambda run: _from_words(run[0]), text)
    text = _ORDINAL.sub(lambda word: str(_ORDINALS[word[0].lower()]), text)
    found = set()
    for match in _FIGURE.finditer(text):
        value = re.sub(r"[,\u00a0\u202f ](?=\d{3})", "", match["value"]).replace(",", ".")
        scale = (match["scale"] or "").lower()
        amount = Decimal(value) * _SCALES.get(scale, _SHORT_SCALES.get(scale, 1))
        unit = next((name for name in _UNITS if match[name]), "")
        if match["before"]:
            unit = next(name for name, form in _UNITS.items() if re.fullmatch(form, match["before"]))
        found.add((f"{amount.normalize():f}", unit))
    return frozenset(found)


def _from_words(run: str) -> str:
    """A number in words as digits; "one" alone is a pronoun more often than a figure."""
    words = re.findall(_WORD, run.lower())
    if words == ["one"] or words[0] in ("hundred", "thousand", "million", "billion"):
        return run  # "hundred" alone may follow a figure: "4.2 million"
    total = part = 0
    for word in words:
        if word in _VALUES:
            part += _VALUES[word]
        elif word == "hundred":
            part *= 100
        else:
            total, part = total + max(part, 1) * _SCALES[word], 0
    return f"{total + part} " if run[-1:].isspace() else str(total + part)


def dates(text: str) -> frozenset[Date]:
    """The dates of a text, as far as they are said: (2024, 1, 0) for January 2024."""
    found: set[Date] = set()
    for pattern in _DATES:
        for match in pattern.finditer(text):
            told = match.groupdict()
            month = told.get("month") or "0"
            found.add(
                (
                    int(told.get("year") or 0),
                    int(month) if month.isdigit() else _MONTHS[month],
                    int(told.get("day") or 0),
                )
            )
        text = pattern.sub(" ", text)
    return frozenset(found)


def says_date(date: Date, known: frozenset[Date]) -> bool:
    """Whether one of the known dates says at least what `date` says."""
    return any(all(part in (0, other) for part, other in zip(date, one, strict=True)) for one in known)


def folded(text: str) -> str:
    """Small letters without accents."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in bare if not unicodedata.combining(sign))


def words(text: str) -> list[str]:
    """The words of a text, folded; parts joined by a hyphen stand alone, possessives are bare."""
    return [re.sub(r"[’']s?$", "", word) for word in re.findall(r"[^\W_]+(?:[’'][^\W_]+)?", folded(text))]


def names(text: str) -> list[str]:
    """The name words of a sentence in order, as written: capitalised words and acronyms."""
    found = []
    for match in _NAME.finditer(text):
        for word in re.split("[-&]", re.sub(r"[’']s?$", "", match[0])):
            opens = not re.search(r"\w", text[: match.start()])
            acronym = sum(sign.isupper() for sign in word) > 1
            if not word[:1].isupper() or (word.lower() in _NO_NAMES and not acronym):
                continue
            if acronym or not opens or not _ORDINARY.search(word):
                found.append(word)
    return found


def initials(text: str) -> frozenset[str]:
    """The acronyms that runs of words could have: "World Customs Organization" -> WCO, and of
    at least three words also "passenger name records" -> PNR."""
    found: set[str] = set()
    run = ""
    letters = ""
    for word in [*re.findall(r"[^\W_]+", text), "."]:
        if word.lower() not in _LINKS:
            letters += word[0].upper()
        if word[:1].isupper():
            run += word[0]
        elif word.lower() not in _LINKS:
            found.update(run[a:b] for a in range(len(run)) for b in range(a + 2, len(run) + 1))
            run = ""
    found.update(letters[a : a + n] for n in range(3, 8) for a in range(len(letters) - n + 1))
    return frozenset(found)


def is_named(name: str, known: frozenset[str], short_forms: frozenset[str]) -> bool:
    """Whether a name stands among known words, also as demonym ("Albanian"), or as their acronym."""
    bare = folded(name)
    if bare in known or (name.isupper() and name in short_forms):
        return True
    return any(
        (bare.startswith(one) and bare[len(one) :] in _DEMONYM)
        or (one.startswith(bare) and one[len(bare) :] in _DEMONYM)
        for one in known
        if len(one) > 3 and len(bare) > 3
    )
