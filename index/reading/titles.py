"""What a person would call a paper, from its properties or its first page. Pure functions.

Covers: resolutions, letters and notes verbales, draft resolutions, reports and notes under the
letterhead of the United Nations, covers of official records, any paper with headings, and else
the first line of a title's length.

Does not cover: titles drawn as pictures, and a title broken into rows that nothing joins.
"""

import re
from collections.abc import Iterator, Sequence

from index.cleaning import clean_text
from index.reading.dates import MONTHS
from index.types import Page

MAX_TITLE_CHARS = 160
_HEAD_LINES = 45  # a list of sponsors can be long
_NO_TITLE = re.compile(
    r"(?:microsoft (?:word|powerpoint|excel) - .*|untitled.*|no title|powerpoint presentation|"
    r"presentation\d*|document\d*|(?:slide|folie|page|layout) ?\d*|"
    r".*\.(?:docx?|pdf|pptx?|xlsx?|indd|dvi|tex|html?|rtf|qxd))",
    re.I,
)
_LETTERHEAD = re.compile(
    r"(?:(?:united|nations?|united nations|nations unies|general assembly|security council|general|"
    r"economic and social council|secretariat|office of counter-?terrorism|un counter-?terrorism centre|"
    r"un office of counter-?terrorism|\((?:uncct|unoct)\)|distr\b.*|original:.*|[ase]/\S+)\s*)+",
    re.I,
)
# Headings that open a part of a paper and are not its name.
_PART = re.compile(
    r"(?:[IVX]{1,4}|[A-Z]|\d{1,2})\.\s|(?:contents|summary|\S+ (?:session|year|report))$|annex\b|"
    r"introduction\b|- ",
    re.I,
)
# Lines of a form around a title: sessions, agenda items, officers, symbols, numbers.
_FRAME = re.compile(
    r"(?:agenda items?|items? \d+|supplement|official records|english|french|spanish|arabic|please recycle|"
    r"accessible document|rapporteur|chair|president|vice-|for (?:action|information|decision)|distr|"
    r"original|adopted by the|addendum|corrigendum|executive board of|ge\.\d)\b.*|"
    r"(?!.*\breport\b)(?:.{0,60}\b)?(?:session(?: of \d{4}|,? \d{4})?|\w+ year|plenary meeting)\*{0,3}|"
    r"\d\d-\d{5}.*|[\W\d_]*|.{1,3}|\([^()]*\d[^()]*\)\*?",
    re.I,
)
_SYMBOL = re.compile(r"(?:[A-Z]{1,5}[/-][A-Z\d./()*-]*\d[\w./()*-]*\s*(?:\(\d{4}\))?\s*)+")
_BODY = re.compile(
    r"(?:[IVX]+|\d{1,3}|A)\.\s|(?:summary|contents|introduction)$|(?:i|we)\s(?:have|write|am|are|would|wish)\b|"
    r"the (?:security council|general assembly|economic and social council),?$|(?:on|upon) instructions\b|"
    r"having\b|recalling\b|reaffirming\b|.*\b(?:has|have) the honour\b|.{50,}[.;]$",
    re.I,
)
_RESOLUTION = re.compile(
    r"(?:resolution (?P<after>\d{1,4}) ?\((?P<year>\d{4})\)|"
    r"(?P<before>\d{1,4}) ?\((?P<old>\d{4})\)\. resolution\b)(?=.{0,60}$)",
    re.I,
)
_LETTER = re.compile(r"(?:identical )?(?:letters?|notes? verbales?)(?: dated| of) \d", re.I)
_ADDRESSED = re.compile(r"addressed to the \S", re.I)
_DRAFT = re.compile(r"\bdraft (?:resolution|decision)\*{0,3}$", re.I)
_KIND = re.compile(
    r"(?:[\w-]+ ){0,4}(?:report|note|statement|memorandum|communication)s? (?:of|by|from|on) (?:the|its) ",
    re.I,
)
_GENERIC = re.compile(r"(?:list of (?:participants|delegates|documents)|(?:provisional )?agenda)\W*", re.I)
_REPORT = re.compile(r"(?:annual )?report (?:of|on)\b", re.I)
_AUTHOR = re.compile(r"\b(?:Secretary-General|Secretariat|Secretaría|Director|Administrator)\W*$")
_FORM = re.compile(r"(?:distr\b|official records|agenda items?\b|[A-Z]{1,4}/[\w./]*\d)", re.I)
_GOES_BEFORE = re.compile(r"(?:[a-zà-ÿ]|(?:FOR|OF|AND|IN|ON|TO|BY|WITH|AGAINST)\b)")
_GOES_ON = re.compile(
    r"(?:[,:–-]|\b(?:of|the|and|on|in|to|for|by|with|a|an|or|from|at|as|under|into|against|their|its|addressed))$",
    re.I,
)
_ORGANS = ("General Assembly", "Security Council", "Economic and Social Council")
_MEETING = re.compile(r"\d+(?:st|nd|rd|th) (?:plenary )?meeting", re.I)


def title_of(pages: Sequence[Page]) -> str:
    """A title from the first page with text, at most MAX_TITLE_CHARS long, or ""."""
    first = next((page for page in pages if page.text), None)
    if first is None:
        return ""
    lines = first.text.split("\n")[:_HEAD_LINES]
    title = _official_title(lines) or _heading_title(first, lines)
    return shortened((title or _form_title(lines) or _line(lines)).removeprefix("Subject: "))


def shortened(title: str, limit: int = MAX_TITLE_CHARS) -> str:
    """A title of at most `limit` characters, cut between words."""
    title = title.strip().rstrip("* ")
    if len(title) <= limit:
        return title
    cut = title[: limit - 1].rsplit(" ", 1)[0]
    while _GOES_ON.search(cut) and " " in cut:
        cut = cut.rsplit(" ", 1)[0]
    return cut.rstrip(" ,;:–-") + " …"


def metadata_title(text: str) -> str:
    """A title from a file's properties, or "" where a program put it there."""
    text = clean_text(text)
    return text if len(re.findall(r"[^\W\d_]{2,}", text)) >= 2 and not _NO_TITLE.fullmatch(text) else ""


def is_letterhead(text: str) -> bool:
    """Whether a line is the name at the top of a paper rather than its title."""
    return bool(_LETTERHEAD.fullmatch(text.strip()))


def _official_title(lines: Sequence[str]) -> str:
    """Papers that carry their name in a set form of words: resolution, letter, draft, meeting."""
    for place, line in enumerate(lines):
        if place < 15 and (match := _RESOLUTION.match(line)):
            number, year = match["after"] or match["before"], match["year"] or match["old"]
            return f"Resolution {number} ({year})"
        if _LETTER.match(line):
            return _letter(lines[place:])
        if _DRAFT.search(line):
            return _draft(lines[: place + 1])
        if place < 15 and _MEETING.fullmatch(line):
            organ = next((above for above in lines[:place] if above in _ORGANS), "")
            return f"{organ}, {line}" if organ else line
        if _BODY.match(line) and not is_letterhead(line) and not _frame(line):
            break
    return ""


def _letter(lines: Sequence[str]) -> str:
    title = lines[0]
    for line in lines[1:5]:
        open_ended = not _ADDRESSED.search(title) or _GOES_ON.search(title) or _GOES_BEFORE.match(line)
        if not open_ended or _BODY.match(line) or line.endswith("."):
            break
        title = f"{title} {line}"
    return title


def _draft(lines: Sequence[str]) -> str:
    sponsors: list[str] = []
    for line in reversed(lines):
        if is_letterhead(line) or _frame(line):
            break
        sponsors.insert(0, line)
    title = " ".join(sponsors).rstrip("* ")
    if len(title) <= MAX_TITLE_CHARS:
        return title
    kind = title.rsplit(" ", 2)[-1]
    named = ", ".join(title.split(", ")[:3])
    return f"Draft {kind} ({named} and others)" if len(named) < 120 else f"Draft {kind}"


def _heading_title(page: Page, lines: Sequence[str]) -> str:
    heads = [h for h in page.headings if len(h.text.split()) >= 2 and not h.text.endswith((",", ";"))]
    heads = [h for h in heads if not is_letterhead(h.text) and not _PART.match(h.text)]
    if not heads:
        return ""
    head = min(heads, key=lambda h: h.level)
    title = head.text.rstrip("* ")
    place = lines.index(head.text) + 1 if head.text in lines else len(lines)
    return _with_kind(title, lines[place] if place < len(lines) else "")


def _with_kind(title: str, following: str) -> str:
    """`United Nations Support Mission in Libya` is the name of many reports; what follows tells more."""
    kind = following.rstrip("* ")
    if not _KIND.match(kind) or _KIND.match(title):
        return title
    if len(title) + len(kind) + 2 <= MAX_TITLE_CHARS:
        return f"{title}: {kind}"
    return kind if _REPORT.match(kind) and not _AUTHOR.search(kind) else title


def _frame(line: str) -> bool:
    """Whether a line belongs to the form around a title, or tells only when and where."""
    line = line.strip()
    if _FRAME.fullmatch(line) or _SYMBOL.fullmatch(line):
        return True
    words = re.findall(r"[^\W\d_]+", line)
    months = sum(word.casefold() in MONTHS for word in words)
    others = [word for word in words if word.casefold() not in MONTHS and len(word) > 3]
    return bool(months) and len(others) <= 2 * months and len(line) < 80 and bool(re.search(r"\d", line))


def _form_title(lines: Sequence[str]) -> str:
    """The title under a letterhead of the United Nations, by the order of such forms."""
    top = lines[:25]
    if not (any(map(is_letterhead, top[:8])) and any(map(_FORM.match, top))):
        return ""
    cover = any(line.startswith("Official Records") for line in top)
    titles: list[str] = []
    for run in _runs(lines):
        titles += _joined(run, cover)
        if cover or _GENERIC.fullmatch(titles[-1]):
            break
    for place, title in enumerate(titles):
        if _KIND.match(title):
            return _with_kind(titles[place - 1], title) if place else title
    if not titles:
        return ""
    if _GENERIC.fullmatch(titles[-1]) and len(titles) > 1:
        return f"{titles[-2]}: {titles[-1][:1].upper()}{titles[-1][1:].lower()}"
    return titles[-1]


def _runs(lines: Sequence[str]) -> Iterator[list[str]]:
    """Neighbouring lines that are neither frame nor body, up to the body."""
    run: list[str] = []
    framed = ""
    for line in lines:
        goes_on = bool(run) and bool(_GOES_ON.search(run[-1]))
        if _BODY.match(line) and not goes_on:
            break
        if not goes_on and (is_letterhead(line) or _frame(line) or framed.endswith(",")):
            if run:
                yield run
            run, framed = [], line
            continue
        run.append(line)
        framed = ""
    if run:
        yield run


def _joined(run: Sequence[str], cover: bool) -> list[str]:
    """The titles among neighbouring lines. The cover of official records has one, in large print that
    takes many rows; elsewhere a row is a title of its own unless its words go on."""
    titles: list[str] = []
    for line in run:
        if _GENERIC.fullmatch(line):
            return [*titles, line]
        report = bool(titles) and bool(_REPORT.match(titles[-1])) and not _AUTHOR.search(titles[-1])
        if titles and (report or _GOES_ON.search(titles[-1]) or _GOES_BEFORE.match(line)):
            titles[-1] = f"{titles[-1]} {line}"
        elif titles and cover:
            titles[-1] += f": {line}" if _REPORT.match(line) else f" {line}"
        else:
            titles.append(line)
    return titles


def _line(lines: Sequence[str]) -> str:
    """The first line of a title's length; what stands above a line of facts (`date | kind`) is the
    name of who sent it."""
    facts = [place for place, line in enumerate(lines[:4]) if " | " in line and re.search(r"\d{4}", line)]
    for line in lines[facts[0] + 1 if facts else 0 : 15]:
        if len(line.split()) >= 5 and len(line) <= 250 and not line.endswith((".", ",", ";", ":")):
            if not is_letterhead(line) and not _frame(line) and " | " not in line:
                return line
    return ""
