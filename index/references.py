"""What a passage leaves to the rest of its paper: who speaks, when, and what "the Network" stands for.

Covers: "I", "my" and "we" of the speaker that the title block names, outside quotation marks and
before the first annex; "my Office"; "the" before one capitalised noun, where the paper has used
exactly one full name with that noun before; "the two organizations" after a title that opens with two bodies.

Does not cover: nouns that every paper of the United Nations uses in a sense of its own ("the
Council", "the Organization", "the Secretariat"), and whatever stands for several names.
"""

import re
from collections.abc import Iterator, Sequence

from index.reading.dates import MONTHS
from index.speakers import FIRST_PERSON, outside_quotes, own_words
from index.types import Document, Passage

HEADS = (
    "Network|Compact|Forum|Framework|Congress|Programme|Initiative|Platform|Declaration|Strategy|"
    "Institute|Team"
)
OFFICES = "Office|Department|Directorate|Centre|Center|Agency|Secretariat|Committee|Commission|Mission|Bureau"
_LOOKED_BACK_CHARS = 100_000  # in a longer paper, what stood before is not looked at again for each passage
LATELY_CHARS = 3000  # the full name must stand so near before
_BACK = re.compile(
    rf"(?<![\w-])[Tt]he (?P<head>{HEADS})(?![\w-])(?! (?:of|for|on|against|to) [A-Zth]| [“A-Z(])"
)
_WORD = r"[A-ZÀ-Þ][\w’'/&-]*"
_JOIN = r"(?:of|for|and|on|in|against|to|by)"
_LINK = _JOIN + r"(?: the)?"
_FULL = re.compile(
    rf"(?P<name>(?:{_WORD}(?: {_WORD}| {_JOIN}(?= {_WORD})){{0,15}} )?(?P<head>{HEADS})(?![\w-])(?! {_WORD})"
    rf"(?: {_LINK}(?= {_WORD})(?: {_WORD}| {_LINK}(?= {_WORD})){{1,15}})?)(?P<short> \([A-Z][\w-]+\))?"
)
_DEFINED = r"[(“\"][Tt]he [“\"]?(?:{head})\b|[“\"](?:{head})[”\"]"
_TWO = re.compile(r"\b(?:[Tt]he|[Bb]oth|[Tt]hese) two (?:organi[sz]ations|entities|offices|institutions)\b")
_BODY = r"(?:[A-ZÀ-Þ][\w’'&-]*(?: (?:of|for|the|and|on))*(?: |$)){1,8}"
_PAIR = re.compile(rf"(?:The )?(?P<one>{_BODY})and (?:the )?(?P<other>{_BODY})(?=[a-z]|$)")
_IS_BODY = re.compile(
    r"\b(?:Office|Secretariat|Organi[sz]ation|Centre|Center|Agency|Commission|Department|Council|Programme|Union|"
    r"[A-Z]{3,})\b"
)

_WE = re.compile(r"(?<![\w.])(?:[Ww]e|[Oo]ur|us)(?= )")
_MY_OFFICE = re.compile(rf"(?<![\w-])[Mm]y (?P<noun>{OFFICES})(?![\w-])")

Reference = tuple[str, str]  # the words of the passage, what they stand for


def background(document: Document, text: str, passages: Sequence[Passage]) -> list[str]:
    """For each passage what it leaves unsaid, to be searched and never quoted: the paper's date, who
    speaks where it says "I", and the full names of what it names short."""
    date = _spoken(document.date)
    speaker = ", ".join(part for part in (document.speaker, document.office) if part)
    ends = len(own_words(text))
    told = []
    for passage in passages:
        parts = [date]
        if speaker and passage.start < ends:
            said = outside_quotes(passage.text)
            parts += [speaker] if FIRST_PERSON.search(said) or _WE.search(said) else []
        before = text[max(0, passage.end - _LOOKED_BACK_CHARS) : passage.end]
        parts += [name for _, name in references(passage.text, before, document.title)]
        told.append("; ".join(part for part in parts if part))
    return told


def first_person(text: str, document: Document) -> Iterator[Reference]:
    """The "my Office" and the "I" or "my" of a text, with what they stand for; none where the title
    block does not tell, and none in quotation marks. Whether the text stands before the first
    annex of its paper is for the caller to see to."""
    said = outside_quotes(text)
    office = _MY_OFFICE.search(said)
    if office and document.office and office["noun"] in document.office:
        yield f"my {office['noun']}", document.office
    elif document.speaker and (match := FIRST_PERSON.search(said)) and not office:
        yield match[0], document.speaker


def _spoken(date: str) -> str:
    """`2024-01-23` as `23 January 2024`, as people and papers write it."""
    names = tuple(MONTHS)  # the English ones come first
    year, month, day = (*date.split("-"), "", "")[:3]
    parts = (day.lstrip("0"), names[int(month) - 1].title() if month else "", year)
    return " ".join(part for part in parts if part)


def references(text: str, before: str, title: str) -> Iterator[Reference]:
    """The back-references of `text` that are sure, each once, with what they stand for; `before` is
    the text of the paper up to and with `text`."""
    for head in dict.fromkeys(match["head"] for match in _BACK.finditer(text)):
        if name := _only_name(head, before):
            yield f"the {head}", name
    if _TWO.search(text) and (pair := two_bodies(title)):
        yield "the two organizations", " and ".join(pair)


def two_bodies(title: str) -> tuple[str, str] | None:
    """The two bodies that a title opens with ("A and B sign …"), or None."""
    match = _PAIR.match(title)
    if not match:
        return None
    one, other = match["one"].strip(), match["other"].strip()
    return (one, other) if _IS_BODY.search(one) and _IS_BODY.search(other) else None


def _only_name(head: str, before: str) -> str:
    """The full name with this noun, where there is but one and it stands near; else ""."""
    if re.search(_DEFINED.format(head=head), before):
        return ""  # the paper says itself what it means, and that may be another name
    names: dict[str, str] = {}
    last = 0
    for match in _FULL.finditer(before):
        core = _core(match["name"])
        if match["head"] == head and len(re.findall(r"[A-ZÀ-Þ]", match["name"])) > 1 and " " in core:
            last = match.end()
            told = _without_article(match["name"]) + (match["short"] or "")
            names[core] = max(told, names.get(core, ""), key=len)
    longest = max(names, key=len, default="")
    sure = bool(longest) and all(core in longest for core in names) and len(before) - last < LATELY_CHARS
    return names[longest] if sure else ""


def _without_article(name: str) -> str:
    return re.sub(r"^(?:The|This|Our|Its|An?|In|On|At|For|By|To|Of|And) (?:the )?", "", name)


def _core(name: str) -> str:
    """A name without its article, hyphens and capitals."""
    return _without_article(name).casefold().replace("-", " ")
