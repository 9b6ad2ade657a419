"""The office and web formats of the sample corpus: blocks in, the bytes of a DOCX, PPTX, XLSX or HTML out.

Every writer gives the same bytes for the same blocks: dates come from the source, never from the clock,
and zip members carry no time of their own.
"""

import html
import io
import re
import zipfile
from datetime import datetime
from typing import Any, NamedTuple

import docx
import openpyxl  # type: ignore[import-untyped]
import pptx
from docx.enum.text import WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from openpyxl.styles import Alignment, Font  # type: ignore[import-untyped]
from pptx.util import Inches
from pptx.util import Pt as SlidePt

Sections = list[list["Block"]]


class Block(NamedTuple):
    """A paragraph, heading, list item, note, footnote or (with rows) a table."""

    kind: str
    text: str = ""
    rows: list[list[str]] = []


def plain(text: str) -> str:
    """Text without the marks for bold and footnotes."""
    return re.sub(r"\[\^\d+\]", "", text.replace("**", ""))


def steady_zip(data: bytes, day: str) -> bytes:
    """The same archive with the document's day for every time in it."""
    stamp = datetime.fromisoformat(day).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            member = old.read(name)
            if name == "docProps/core.xml":
                member = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, member)
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            new.writestr(info, member, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


# Word


def docx_bytes(front: dict[str, str], sections: Sections) -> bytes:
    """A Word file with heading and list styles, a page field in the footer, a hard break between sections."""
    document = docx.Document()
    day = datetime.fromisoformat(front["day"])
    core = document.core_properties
    core.title, core.author, core.created, core.modified = front["title"], front["publisher"], day, day
    core.comments, core.last_modified_by = "", front["publisher"]
    document.styles["Normal"].font.name = "Calibri"
    page = document.sections[0]
    page.header.paragraphs[0].text = front["header"]
    footer = page.footer.paragraphs[0]
    footer.add_run(f"{front['publisher']}  |  Page ")
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    footer._p.append(field)
    names = {"h1": "Heading 1", "h2": "Heading 2", "h3": "Heading 3", "bullet": "List Bullet"}
    names |= {"number": "List Number", "title": "Title"}
    for index, section in enumerate(sections):
        if index:
            document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
        for block in section:
            if block.kind == "table":
                table = document.add_table(len(block.rows), len(block.rows[0]), "Light Grid Accent 1")
                for cells, row in zip(table.rows, block.rows, strict=True):
                    for cell, text in zip(cells.cells, row, strict=True):
                        cell.text = plain(text)
                document.add_paragraph()
                continue
            paragraph = document.add_paragraph(style=names.get(block.kind))
            for part, text in enumerate(block.text.split("**")):
                run = paragraph.add_run(plain(text))
                run.bold = True if part % 2 or block.kind == "masthead" else None
                if block.kind == "masthead":
                    run.font.size, run.font.color.rgb = Pt(9), RGBColor(0x70, 0x70, 0x70)
    out = io.BytesIO()
    document.save(out)
    return steady_zip(out.getvalue(), front["day"])


# Slides


def fill_slide(slide: Any, section: list[Block], first: bool) -> None:
    """Title, bullets, table and speaker notes of one slide."""
    lines = [b for b in section if b.kind in ("paragraph", "bullet", "number", "masthead")]
    slide.shapes.title.text = plain(next(b.text for b in section if b.kind == "h1"))
    frame = slide.placeholders[1].text_frame
    for index, block in enumerate(lines):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        number = sum(1 for b in lines[: index + 1] if b.kind == "number")
        paragraph.text = (f"{number}. " if block.kind == "number" else "") + plain(block.text)
        paragraph.font.size = SlidePt(18 if len(lines) > 4 or first else 20)
    for block in section:
        if block.kind == "table":
            height = Inches(0.4 * len(block.rows))
            shape = slide.shapes.add_table(
                len(block.rows), len(block.rows[0]), Inches(0.5), Inches(2.6), Inches(9), height
            )
            slide.placeholders[1].height = Inches(1.0)
            for r, row in enumerate(block.rows):
                for c, text in enumerate(row):
                    cell = shape.table.cell(r, c)
                    cell.text = plain(text)
                    cell.text_frame.paragraphs[0].font.size = SlidePt(12)
    notes = [plain(b.text) for b in section if b.kind == "note"]
    if notes:
        slide.notes_slide.notes_text_frame.text = "\n".join(notes)


def pptx_bytes(front: dict[str, str], sections: Sections) -> bytes:
    """Slides with title and body placeholders; the first has the title layout."""
    deck = pptx.Presentation()
    day = datetime.fromisoformat(front["day"])
    core = deck.core_properties
    core.title, core.author, core.last_modified_by = front["title"], front["publisher"], front["publisher"]
    core.created = core.modified = day
    for index, section in enumerate(sections):
        slide = deck.slides.add_slide(deck.slide_layouts[1 if index else 0])
        fill_slide(slide, section, first=index == 0)
    out = io.BytesIO()
    deck.save(out)
    return steady_zip(out.getvalue(), front["day"])


# Sheets and web page


def xlsx_bytes(front: dict[str, str], sections: Sections) -> bytes:
    """A workbook, a sheet a section: its table first (header row frozen), its remarks below."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.title, book.properties.creator = front["title"], front["publisher"]
    book.properties.created = datetime.fromisoformat(front["day"]).replace(tzinfo=None)
    for section in sections:
        sheet = book.create_sheet(next(b.text for b in section if b.kind == "h1"))
        for row in next(b.rows for b in section if b.kind == "table"):
            sheet.append([int(cell) if cell.isdigit() and len(cell) < 12 else cell for cell in row])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
            sheet.column_dimensions[cell.column_letter].width = 30
        for cells in sheet.iter_rows():
            for cell in cells:
                cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.freeze_panes = "A2"
        sheet.append([])
        for block in section:
            if block.kind == "paragraph":
                sheet.append([plain(block.text)])
    out = io.BytesIO()
    book.save(out)
    return steady_zip(out.getvalue(), front["day"])


def html_bytes(front: dict[str, str], sections: Sections) -> bytes:
    """A plain web page: headings, paragraphs, lists, tables."""
    tags = {"h1": "h1", "h2": "h2", "h3": "h3", "bullet": "li", "number": "li"}
    title = html.escape(front["title"])
    lines = ["<!DOCTYPE html>", f'<html lang="{front["language"]}">', '<head><meta charset="utf-8">']
    lines += [f"<title>{title}</title></head>", "<body>"]
    open_list = ""
    for block in (block for section in sections for block in section):
        wanted = {"bullet": "ul", "number": "ol"}.get(block.kind, "")
        if wanted != open_list:
            lines += [f"</{open_list}>"] * bool(open_list) + [f"<{wanted}>"] * bool(wanted)
            open_list = wanted
        if block.kind == "table":
            lines.append("<table>")
            for index, row in enumerate(block.rows):
                tag = "td" if index else "th"
                cells = "".join(f"<{tag}>{html.escape(plain(cell))}</{tag}>" for cell in row)
                lines.append(f"<tr>{cells}</tr>")
            lines.append("</table>")
            continue
        text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html.escape(block.text, quote=False))
        tag = tags.get(block.kind, "p")
        lines.append(f"<{tag}>{text}</{tag}>")
    lines += [f"</{open_list}>"] * bool(open_list) + ["</body>", "</html>", ""]
    return "\n".join(lines).encode("utf-8")
