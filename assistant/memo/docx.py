"""A memo as a Word file with real footnotes, lists, headings and links.

Covers: Word 2010 and later, LibreOffice; text that runs from right to left; texts of any length. A
note that is called twice is one footnote and a field. Does not cover: Word's tracked changes, styles
of the reader's own; the reader's Word may give the built-in styles another look.
"""

from datetime import date, datetime

import docx
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph

from assistant import sayings
from assistant.memo import directions
from assistant.memo.content import Block, Content, Mark, Note, Section, Source, Text
from assistant.memo.word_parts import (
    FOOTNOTE_REFERENCE,
    FOOTNOTE_TEXT,
    HYPERLINK,
    add_footnotes,
    add_styles,
    call,
    drop_template_parts,
    element,
    page_number,
    saved,
    start_list,
)

FONT, FONT_FROM_RIGHT = "Calibri", "Arial"
_TAGS = {"fr": "fr-FR", "es": "es-ES", "ru": "ru-RU"}  # else English; Arabic is tagged run by run
_STYLE_OF = {"paragraph": "Normal", "bullet": "List Bullet", "number": "List Number"}


def as_docx(content: Content, when: date) -> bytes:
    """Write the memo; the same bytes for the same content and day."""
    document = docx.Document()
    _prepare(document, content, when)
    footnotes = add_footnotes(document)
    _say(document.add_paragraph(style="Title"), content.title)
    _say(document.add_paragraph(), content.date)
    for section in content.sections:
        _section(document, section)
        footnotes.extend(_footnote(note) for note in section.notes)
    if content.sources:
        _say(document.add_paragraph(style="Heading 1"), sayings.MEMO_SOURCES)
        for source in content.sources:
            _source(document, source)
    return saved(document)


def _prepare(document: Document, content: Content, when: date) -> None:
    """Paper, fonts, language and properties; nothing of who wrote it and on what machine."""
    drop_template_parts(document)
    add_styles(document)
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Cm(2.5)
    page.footer.paragraphs[0]._p.append(page_number())
    page.footer.paragraphs[0].alignment = 2
    for name in ("Normal", "Title", "Heading 1"):
        style = document.styles[name]
        style.font.name = FONT
        fonts = style.element.rPr.rFonts
        for key in [key for key in fonts.attrib if key.endswith("Theme")]:
            del fonts.attrib[key]
        fonts.set(qn("w:cs"), FONT_FROM_RIGHT)
    document.styles["Normal"].font.size = Pt(11)
    for spoken in document.styles.element.iter(qn("w:lang")):
        spoken.set(qn("w:val"), _TAGS.get(content.language, "en-GB"))
    about = document.core_properties
    about.author = about.last_modified_by = about.comments = ""
    about.title = content.title
    about.subject = content.sections[0].question[:200] if content.sections else ""
    about.language = content.language
    about.created = about.modified = datetime(when.year, when.month, when.day)


def _section(document: Document, section: Section) -> None:
    _say(document.add_paragraph(style="Heading 1"), section.question)
    if section.status:
        _say(document.add_paragraph(), section.status, strong=True)
    last: Block | None = None
    list_id = 0
    for block in section.blocks:
        paragraph = document.add_paragraph(style=_STYLE_OF[block.kind])
        if block.kind == "number":
            follows = last is not None and last.kind == "number" and block.value == last.value + 1
            list_id = list_id if follows else start_list(document, block.value)
            properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
            properties.get_or_add_ilvl().val = 0
            properties.get_or_add_numId().val = list_id
        _fill(paragraph, block)
        last = block
    for remark in section.remarks:
        _say(document.add_paragraph(style="List Paragraph"), remark)
    if section.origin:
        paragraph = document.add_paragraph()
        _say(paragraph, section.origin)
        for run in paragraph.runs:
            run.italic = True


def _fill(paragraph: Paragraph, block: Block) -> None:
    """Put words and marks into a paragraph; two marks side by side are told apart by a comma."""
    _direct(paragraph._p, "".join(part.text for part in block.parts if isinstance(part, Text)))
    before: Text | Mark | None = None
    for part in block.parts:
        if isinstance(part, Mark):
            if isinstance(before, Mark):
                paragraph._p.append(_run(",", style=FOOTNOTE_REFERENCE))
            paragraph._p.extend(call(part.number, part.first))
        else:
            paragraph._p.extend(_runs(part.text, part.strong))
        before = part


def _say(paragraph: Paragraph, text: str, strong: bool = False) -> None:
    _direct(paragraph._p, text)
    paragraph._p.extend(_runs(text, strong))


def _direct(paragraph: BaseOxmlElement, text: str) -> None:
    """Let a paragraph run from right to left where its first letter does."""
    if directions.right_to_left(text):
        properties = paragraph.get_or_add_pPr()
        properties.insert_element_before(
            element("bidi"), "w:adjustRightInd", "w:spacing", "w:ind", "w:jc", "w:rPr"
        )


def _runs(text: str, strong: bool = False, quoted: bool = False) -> list[BaseOxmlElement]:
    return [
        _run(piece, strong=strong, quoted=quoted, from_right=turned)
        for piece, turned in directions.runs(text)
    ]


def _run(
    text: str, *, style: str = "", strong: bool = False, quoted: bool = False, from_right: bool = False
) -> BaseOxmlElement:
    """A run of text; the schema orders its properties."""
    look = element("rPr")
    if style:
        look.append(element("rStyle", val=style))
    if strong:
        look.extend((element("b"), element("bCs")))
    if quoted:
        look.append(element("noProof"))
    if from_right:
        look.append(element("rtl"))
    if spoken := directions.language(text):
        look.append(element("lang", **{"bidi" if from_right else "val": spoken}))
    written = element("t")
    written.text = text
    written.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return element("r", look, written)


def _footnote(note: Note) -> BaseOxmlElement:
    """A footnote: where the quote stands, then the quote, in a paragraph of its own if it turns."""
    look = element("rPr", element("rStyle", val=FOOTNOTE_REFERENCE))
    first = _note_paragraph(
        element("r", look, element("footnoteRef")),
        _run(" "),
        *_runs(note.title),
        _run(f"{directions.after(note.title)}, "),
        *_runs(note.place),
        _run(f"{directions.after(note.place)}: "),
    )
    quote = _runs(f"“{note.quote}”", quoted=True)
    if not directions.right_to_left(note.quote):
        first.extend(quote)
        return element("footnote", first, id=note.number)
    second = _note_paragraph(*quote)
    second[0].append(element("bidi"))
    return element("footnote", first, second, id=note.number)


def _note_paragraph(*children: BaseOxmlElement) -> BaseOxmlElement:
    return element("p", element("pPr", element("pStyle", val=FOOTNOTE_TEXT)), *children)


def _source(document: Document, source: Source) -> None:
    paragraph = document.add_paragraph(style="List Bullet")
    paragraph._p.extend((*_runs(source.title), _run(f"{directions.after(source.title)}, ")))
    paragraph._p.extend((*_runs(source.date), _run(" · "), *_runs(source.path)))
    if source.url:
        link = document.part.relate_to(source.url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        shown = element("hyperlink", _run(source.url, style=HYPERLINK))
        shown.set(qn("r:id"), link)
        paragraph._p.extend((_run(" · "), shown))
    called = directions.after(source.called)
    paragraph._p.extend((_run(" ("), *_runs(source.called), _run(f"{called})")))
