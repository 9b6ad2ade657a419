"""Who speaks in a paper, read from its title block. Pure functions.

Covers: speeches and statements ("Opening remarks by Mr. A B, Director of the C"), slide decks with
the presenter's name above an office, letters "from the …", reports of the Secretary-General.

Does not cover: records of meetings, where many speak; press releases; papers without a title block.
Where a name cannot be told from an office, nobody is named.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.types import Page

_LINES = 20  # a title block ends within so many lines of the first page
_MOST_CHARS = 300
_SPEECH = re.compile(
    r"(?:[\w’'–-]+ ){0,3}(?:remarks|statement|address|speech|message|intervention|presentation)"
    r"(?: delivered| given| made)? by (?P<who>.+)",
    re.I,
)
_LETTER = re.compile(
    r"(?:Identical )?(?:letters?|notes? verbales?) (?:dated|of) .*?\d{4} from (?P<who>.+)", re.I
)
_MEETING = re.compile(r"\b\d+(?:st|nd|rd|th) (?:plenary )?meeting\b", re.I)
_REPORT = re.compile(r"\breport of the Secretary-General\b", re.I)
_ADDRESSED = re.compile(r",? (?:addressed to\b|acting in the absence\b).*")
# What follows an office in a title and does not belong to it.
_OCCASION = re.compile(
    r",? (?:at the|during the|on the occasion|on behalf|before the|to the (?!United Nations)|"
    r"in the context)\b.*"
)
_HONORIFIC = (
    r"(?:(?:H\.? ?E\.?|His Excellency|Her Excellency|Mr|Mrs|Ms|Dr|Prof|Professor|Ambassador|Amb|Sir|Dame)"
    r"\.? )"
)
_NAME = r"[A-ZÀ-Þ][\w.’'-]*(?: (?:[A-ZÀ-Þ][\w.’'-]*|de|da|del|van|von|der|al|bin|el)){1,4}"
_ROLE = re.compile(
    r"(?:the )?(?P<role>(?:(?:Acting|Deputy|Assistant|Senior|Executive|National|Special|Permanent|High|Prime|"
    r"Foreign|First|Vice) |Vice-)*(?:Under-Secretary-General|Secretary[- ]General|Secretary|"
    r"Director(?:[- ]General)?|Chair(?:person|man|woman)?|Chargée? d[’']affaires(?: a\.i\.)?|President|"
    r"Ministers?|Representatives?|Observer|Commissioner|Head|Chief|Coordinator|Envoy|Rapporteur|Adviser|"
    r"Administrator)(?: and Head)?)\b(?P<rest>.*)"
)
_OFFICE = re.compile(r"(?:,? (?:of|for|at|in)|,)? ?(?:the )?(?P<office>[A-ZÀ-Þ].*)")
_BODY = re.compile(
    r"\b(?:Office|Centre|Center|Department|Directorate|Agency|Programme|Secretariat|Organi[sz]ation|Commission|"
    r"Committee|Bureau|Institute|Fund|Unit|Network|Mission|Council)\b"
)
_GOES_ON = re.compile(r"(?:,|\b(?:of|the|for|and|to))$")
_SIGNED = re.compile(rf"^\(Signed\) (?P<name>{_NAME})$", re.M)
_ANNEX = re.compile(r"^(?:Annex|Enclosure|Appendix|\(Signed\))(?!\w)", re.M)
# "I" is a numeral before a capital or a sign, and after what is numbered.
_NUMBERED = "".join(
    f"(?<!{end} )"
    for end in "nnex nnexes art hapter ection olume chedule ppendix able hase rotocol rticle itle".split()
)
FIRST_PERSON = re.compile(rf"(?<![\w.]){_NUMBERED}(?:I(?= [a-z]|[’']\w)|[Mm]y(?= \w)|me(?= |[,.;])|myself)")
_PLAINLY_QUOTED = r"\"[^\"]*\"|‘[^‘’\n]{12,}’|(?<!\w)'[^'\n]{12,}'(?!\w)"
_QUOTED = re.compile(rf"“[^”]*”|{_PLAINLY_QUOTED}")
_NOT_CLOSED = re.compile(_PLAINLY_QUOTED)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says "I" in a paper, and the body that "my Office" means; unknown texts are ""."""

    name: str = ""
    role: str = ""
    office: str = ""

    @property
    def title(self) -> str:
        """Name and role, as far as they are known."""
        return ", ".join(part for part in (self.name, self.role) if part)


NOBODY = Speaker()


def speaker_of(pages: Sequence[Page], title: str) -> Speaker:
    """Who speaks in a paper, as its title block says; NOBODY where that is not sure."""
    first = next((page.text for page in pages if page.text), "")
    lines = first[:6000].split("\n")[:_LINES]
    if _MEETING.search(title):
        return NOBODY
    for line in _rows(lines):
        if (match := _SPEECH.fullmatch(line)) and line[:1].isupper():
            speaker = _person(_OCCASION.sub("", match["who"]))
            # A line that names an office alone may speak of a statement made elsewhere.
            return speaker if speaker.name or line.startswith(title[:40]) else NOBODY
    if match := _LETTER.match(_whole(title, first)):
        return _sender(match["who"], first)
    if _REPORT.search(title) and not title.startswith("Note "):
        own = own_words("\n".join(page.text for page in pages))
        if FIRST_PERSON.search(outside_quotes(own)):
            return Speaker("", "Secretary-General of the United Nations")
        return NOBODY
    return _presenter(lines[:8])


def own_words(text: str) -> str:
    """The text of a paper up to its signature or first annex: others may speak after it."""
    annex = _ANNEX.search(text, 200)
    return text[: annex.start()] if annex else text


def outside_quotes(text: str) -> str:
    """A text without what stands in quotation marks: somebody else may say that."""
    # After the last sign that closes, none of those that open is worth a search to the end.
    closed = text.rfind("”") + 1
    return _QUOTED.sub(" ", text[:closed]) + _NOT_CLOSED.sub(" ", text[closed:])


def _rows(lines: Sequence[str]) -> list[str]:
    """Lines, each joined with those after it while it ends in the middle of a name."""
    rows: list[str] = []
    for line in lines:
        if rows and _GOES_ON.search(rows[-1]) and len(rows[-1]) < _MOST_CHARS:
            rows[-1] += " " + line.strip()
        else:
            rows.append(line.strip())
    return [row for row in rows if len(row) < _MOST_CHARS]


def _whole(title: str, first_page: str) -> str:
    """A title that was cut (`…`), as long as the page has it up to whom a letter is addressed."""
    known = title.removesuffix(" …")
    text = " ".join(first_page.split())
    at = text.find(known) if known != title else -1
    return text[at : at + 2 * _MOST_CHARS] if at >= 0 and _ADDRESSED.search(text, at, at + 600) else known


def _person(told: str) -> Speaker:
    """`Mr. A B, Director of the C` or `the Director of the C`; NOBODY for anything else."""
    told = told.strip(" .:*")
    named = re.fullmatch(rf"{_HONORIFIC}*(?P<name>{_NAME}),(?P<rest> .+)", told)
    role, office = _role(named["rest"].strip() if named else told)
    if not role:
        alone = re.fullmatch(rf"{_HONORIFIC}+(?P<name>{_NAME})", told)
        return Speaker(alone["name"]) if alone else NOBODY
    return Speaker(named["name"] if named else "", role, office)


def _role(told: str) -> tuple[str, str]:
    """The role at the beginning of a text and the body that follows; where what follows is no
    body (a country, a subject), it belongs to the role."""
    match = _ROLE.fullmatch(told)
    if not match:
        return "", ""
    office = _OFFICE.fullmatch(match["rest"])
    if match["rest"] and not office:
        return "", ""
    if office and _BODY.search(office["office"]) and " to the United Nations" not in match["rest"]:
        return match["role"], office["office"].strip(" ,")
    return (match["role"] + match["rest"]).strip(" ,"), ""


def _sender(told: str, first_page: str) -> Speaker:
    sent_by = _ADDRESSED.sub("", told).strip()
    role, office = _role(sent_by)
    signed = _SIGNED.findall(first_page)
    return Speaker(signed[0] if len(signed) == 1 else "", role, office) if role else NOBODY


def _presenter(lines: Sequence[str]) -> Speaker:
    """A line with nothing but a person's name, above one with a role and a body."""
    for above, below in zip(lines, lines[1:], strict=False):
        name = re.fullmatch(rf"{_HONORIFIC}+(?P<name>{_NAME})", above.strip())
        role, office = _role(below.strip()) if name else ("", "")
        if name and role and len(below) < 160:
            return Speaker(name["name"], role, office)
    return NOBODY
