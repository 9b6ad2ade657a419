"""The date a paper prints on itself. Pure functions.

Covers: the date after "Distr." in the letterhead of a United Nations document, else the only date
in the title block of the first page; English, French and Spanish names of months, ISO dates, and
figures whose order leaves no doubt (09/23/2019 is 23 September).

Does not cover: dates without a year, periods, other calendars, and 05/06/2019, which is two days.
"""

import datetime
import re
from collections.abc import Iterator, Sequence

_BLOCK_LINES = 14  # how far down the first page a title block may reach
_AFTER_DISTR = 6
_MAX_LINE_CHARS = 200
MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "jan feb mar apr may jun jul aug sept oct nov dec",
    )
    for number, name in enumerate(names.split(), start=1)
}
_MONTH = "(?P<month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\.?"
_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\d)"
_FORMS = tuple(
    re.compile(form, re.I)
    for form in (
        rf"(?<![\d/.])(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º)? (?:de )?{_MONTH}(?: de)?,? {_YEAR}",
        rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?, {_YEAR}",
        r"(?<![\d/-])(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?![\d-])",
        rf"(?<![\d/])(?P<one>\d{{1,2}})/(?P<two>\d{{1,2}})/{_YEAR}",
    )
)
# What makes a date an end of a period, or the date of something else.
_PERIOD_BEFORE = re.compile(
    r"(?:[–—]|\d ?-|\b(?:to|until|till|through|and|since|from|by|before|after|as of|as at|au|du|al|del))\s*$",
    re.I,
)
_PERIOD_AFTER = re.compile(r"\s*(?:[–—]|-\s?\d|(?:to|and|until|au|al)\s+\d)", re.I)
_DISTR = re.compile(r".*\bdistr\b", re.I)
_BODY = re.compile(
    r"(?:the (?:security council|general assembly|economic and social council),?$|(?:i|1)\.\s|[-•–*]\s|"
    r"summary$|(?:recall|reaffirm|not|reiterat|welcom|determin|express|recogni[sz])ing\b|"
    r"(?:having|whereas|taking|deeply|gravely|excellencies|dear)\b)",
    re.I,
)


def printed_date(lines: Sequence[str]) -> str:
    """The date of a paper by the lines of its first page, as ISO 8601, or "" where it prints none
    or more than one."""
    block = list(_title_block(lines))
    for place, line in enumerate(block):
        if _DISTR.match(line):
            for near in block[place : place + _AFTER_DISTR]:
                if found := _dates(near):
                    return found[0].isoformat()
    every = {date for line in block for date in _dates(line)}
    return every.pop().isoformat() if len(every) == 1 else ""


def _title_block(lines: Sequence[str]) -> Iterator[str]:
    for line in lines[:_BLOCK_LINES]:
        if _BODY.match(line) or len(line) > _MAX_LINE_CHARS:
            return
        yield line


def _dates(line: str) -> list[datetime.date]:
    """The days a line names; none where it names a period."""
    found: list[tuple[int, datetime.date]] = []
    for form in _FORMS:
        for match in form.finditer(line):
            if _PERIOD_BEFORE.search(line[: match.start()]) or _PERIOD_AFTER.match(line[match.end() :]):
                continue
            if (date := _date(match.groupdict())) is not None:
                found.append((match.start(), date))
    return [date for _, date in sorted(found)]


def _date(parts: dict[str, str]) -> datetime.date | None:
    if "one" in parts:
        one, two = int(parts["one"]), int(parts["two"])
        if one != two and max(one, two) <= 12:
            return None  # a day and a month, in an order nobody tells
        month, day = (one, two) if two > 12 or one == two else (two, one)
    else:
        name = parts["month"].casefold()
        month, day = MONTHS.get(name) or int(name), int(parts["day"])
    try:
        return datetime.date(int(parts["year"]), month, day)
    except ValueError:
        return None
