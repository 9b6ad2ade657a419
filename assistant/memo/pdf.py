"""A memo as a PDF: notes at the end, linked both ways with the text.

Covers: embedded fonts, headings as bookmarks, title and language for screen readers, page numbers,
words and quotes of any length. Notes stand at the end and not at the foot of a page: a quote may be
longer than a page. Does not cover: tags (reportlab writes none); what `fonts.py` does not cover is
told in its place and at the beginning.
"""

import io
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from reportlab.lib.colors import HexColor  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import cm  # type: ignore[import-untyped]
from reportlab.platypus import Paragraph, SimpleDocTemplate  # type: ignore[import-untyped]

from assistant import sayings
from assistant.memo import fonts
from assistant.memo.content import Content, Mark, Note, Section, Source, Text
from assistant.memo.lines import listed

PRODUCER = "ct-assistant"
_LINK = "#0b4f9e"
_PIECE_CHARS = 2000
_LONG_HEADING_CHARS = 400  # longer ones are not kept with what follows

_BODY = {
    "fontName": fonts.PLAIN,
    "bulletFontName": fonts.PLAIN,
    "bulletFontSize": 10,
    "fontSize": 10,
    "leading": 14.5,
    "spaceAfter": 6,
}
_STYLES: dict[str, dict[str, Any]] = {
    "title": {"fontName": fonts.STRONG, "fontSize": 19, "leading": 24, "spaceAfter": 4},
    "heading": {"fontName": fonts.STRONG, "fontSize": 13, "leading": 17, "spaceBefore": 14, "spaceAfter": 5},
    "body": _BODY,
    "item": {**_BODY, "leftIndent": 18, "bulletIndent": 4, "spaceAfter": 3},
    "remark": {**_BODY, "leftIndent": 18, "textColor": HexColor("#444444")},
    "origin": {**_BODY, "fontSize": 9, "leading": 13, "textColor": HexColor("#444444")},
    "note": {**_BODY, "fontSize": 9, "leading": 12.5, "leftIndent": 18, "firstLineIndent": -14},
}
# reportlab keeps fonts and its reading of paragraphs in the process: one memo at a time.
_one_at_a_time = threading.Lock()


def as_pdf(content: Content, when: date) -> tuple[bytes, tuple[str, ...]]:
    """The file's bytes, the same for the same content and day, and what it could not show."""
    with _one_at_a_time:
        fonts.load(fonts.PLAIN)
        fonts.load(fonts.STRONG)
        return _Writer().write(content, when)


class _Writer:
    """Collects paragraphs, and what could not be shown in them."""

    def __init__(self) -> None:
        self._story: list[Any] = []
        self._unshown: dict[str, None] = {}
        self._styles = {name: ParagraphStyle(name, **look) for name, look in _STYLES.items()}

    def write(self, content: Content, when: date) -> tuple[bytes, tuple[str, ...]]:
        for section in content.sections:
            self._section(section)
        if content.notes:
            self._heading(sayings.MEMO_NOTES)
            for note in content.notes:
                self._note(note)
        if content.sources:
            self._heading(sayings.MEMO_SOURCES)
            for source in content.sources:
                self._source(source)
        after, self._story = self._story, []
        self._add("title", [Text(content.title, True)])
        self._add("body", [Text(content.date)])
        unshown = tuple(self._unshown)
        if unshown:
            self._add("body", [Text(sayings.MEMO_UNSHOWN.format(what=listed(unshown)), True)])
        return _printed([*self._story, *after], content, when), unshown

    def _section(self, section: Section) -> None:
        self._heading(section.question)
        if section.status:
            self._add("body", [Text(section.status, True)])
        for block in section.blocks:
            sign = {"paragraph": None, "bullet": "•", "number": f"{block.value}."}[block.kind]
            self._add("item" if sign else "body", block.parts, sign=sign)
        for remark in section.remarks:
            self._add("remark", [Text(remark)])
        if section.origin:
            self._add("origin", [Text(section.origin)])

    def _note(self, note: Note) -> None:
        place = f'<a name="note-{note.number}"/><a href="#call-{note.number}" color="{_LINK}">'
        about = Text(f"{note.title}, {note.place}: “{note.quote}”")
        self._add("note", [about], before=f"{place}{note.number}</a> ")

    def _source(self, source: Source) -> None:
        self._add(
            "item", [Text(f"{source.title}, {source.date} · {source.path} ({source.called})")], sign="•"
        )
        if source.url:
            link = f"<a href={quoteattr(source.url)} color='{_LINK}'>{self._text(source.url)}</a>"
            self._add("item", [], before=link)

    def _heading(self, text: str) -> None:
        at = len(self._story)
        self._add("heading", [Text(text, True)])
        self._story[at].outline = text[:120]
        self._story[at].keepWithNext = len(text) < _LONG_HEADING_CHARS

    def _add(
        self, style: str, parts: Sequence[Text | Mark], *, sign: str | None = None, before: str = ""
    ) -> None:
        """Add a paragraph, or several where it is very long: reportlab's time grows with the square."""
        for piece in _cut(parts):
            self._story.append(Paragraph(before + self._markup(piece), self._styles[style], bulletText=sign))
            sign, before = None, ""

    def _markup(self, parts: Sequence[Text | Mark]) -> str:
        """Words and marks as reportlab's markup; two marks side by side are told apart by a comma."""
        written = ""
        before: Text | Mark | None = None
        for part in parts:
            if isinstance(part, Text):
                written += self._text(part.text, part.strong)
            else:
                comma = "<super>,</super>" if isinstance(before, Mark) else ""
                place = f'<a name="call-{part.number}"/>' if part.first else ""
                written += f'{comma}{place}<super><a href="#note-{part.number}" color="{_LINK}">'
                written += f"{part.number}</a></super>"
            before = part
        return written

    def _text(self, text: str, strong: bool = False) -> str:
        """Text as reportlab's markup, each piece in a font that has it."""
        written = ""
        for font, piece in fonts.runs(text, strong):
            if font:
                written += f'<font face="{font}">{escape(piece)}</font>'
            else:
                self._unshown[piece] = None
                written += f"[{escape(piece)}]"
        return written


def _cut(parts: Sequence[Text | Mark]) -> Iterator[list[Text | Mark]]:
    """The parts in pieces of at most some 2,000 characters, cut at a blank where there is one."""
    piece: list[Text | Mark] = []
    room = _PIECE_CHARS
    for part in parts:
        while isinstance(part, Text) and len(part.text) > room:
            at = part.text.rfind(" ", 0, room) + 1 or room
            yield [*piece, Text(part.text[:at], part.strong)]
            part, piece, room = Text(part.text[at:], part.strong), [], _PIECE_CHARS
        piece.append(part)
        room -= len(part.text) if isinstance(part, Text) else 0
    yield piece


def _printed(story: list[Any], content: Content, when: date) -> bytes:
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=2.5 * cm,
        rightMargin=2.5 * cm,
        topMargin=2.2 * cm,
        bottomMargin=2.2 * cm,
        title=content.title,
        author="",
        subject=content.sections[0].question[:200] if content.sections else "",
        creator=PRODUCER,
        lang=content.language,
        invariant=1,
    )
    document.afterFlowable = _bookmark(document)
    document.build(story, onFirstPage=_first_page(when), onLaterPages=_page_number)
    return file.getvalue()


def _bookmark(document: Any) -> Callable[[Any], None]:
    """Makes each heading a bookmark of the file."""
    count = itertools.count(1)

    def after(flowable: Any) -> None:
        if title := getattr(flowable, "outline", ""):
            key = f"heading-{next(count)}"
            document.canv.bookmarkHorizontal(key, 0, document.frame._y + flowable.height)
            document.canv.addOutlineEntry(title, key, 0)

    return after


def _first_page(when: date) -> Callable[[Any, Any], None]:
    def draw(canvas: Any, document: Any) -> None:
        stamp = canvas._doc._timeStamp  # the day of the memo, not that of reportlab's invariant files
        stamp.YMDhms = (when.year, when.month, when.day, 0, 0, 0)
        canvas.setViewerPreference("DisplayDocTitle", "true")
        _page_number(canvas, document)

    return draw


def _page_number(canvas: Any, document: Any) -> None:
    canvas.setFont(fonts.PLAIN, 9)
    canvas.drawRightString(A4[0] - 2.5 * cm, 1.2 * cm, str(canvas.getPageNumber()))
