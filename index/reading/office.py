"""Word, PowerPoint and Excel (the zipped XML kinds) to raw pages."""

import datetime
import io
import re
import zipfile
from collections.abc import Collection, Iterator
from typing import Any

from index.cleaning import Draft, RawPage
from index.errors import UnreadableDocument
from index.paragraphs import Line
from index.reading.hidden import OFF_PAGE, ROWS, SHEET, SLIDE, is_off_slide, told
from index.reading.titles import metadata_title
from index.reading.word import WordWalk
from index.types import Hidden

_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_SHEET_PART = re.compile(r"xl/worksheets/[^/]+\.xml")
_BARE_FORMULA = re.compile(
    rb"</?(?:\w+:)?f(?:\s[^<>]*)?>(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_SWITCHED_OFF = re.compile(rb"<(?:\w+:)?(?:row|col)\s[^<>]*\bhidden=[\"'](?:1|true)")
_HOW_TO_STORE = "open the file in Excel and save it"
_ROW_EMU = 180_000  # shapes whose tops are within half a centimetre stand side by side


def read_docx(data: bytes, max_pages: int) -> Draft:
    """Pages by the breaks Word left in the file; one page where it left none."""
    import docx

    document = docx.Document(io.BytesIO(data))
    if getattr(document.element, "body", None) is None:
        raise UnreadableDocument("damaged", "its main part has no body.", "Open it in Word and save it anew.")
    walk = WordWalk(document)
    pages = walk.pages()
    long = len(pages) == 1 and sum(len(line.text) for line in pages[0].lines) > 8_000
    warnings = ("it holds no page breaks, so all its text counts as page 1.",) if long else ()
    title = metadata_title(document.core_properties.title or "")
    return Draft(tuple(pages), title, warnings=warnings, hidden=tuple(walk.hidden))


def read_pptx(data: bytes, max_pages: int) -> Draft:
    """A page for each slide, hidden ones too."""
    import pptx

    deck = pptx.Presentation(io.BytesIO(data))
    pages: list[RawPage] = []
    hidden: list[Hidden] = []
    for number, slide in enumerate(deck.slides, start=1):
        shapes = slide.shapes
        off = {s.shape_id: s for s in shapes if is_off_slide(s, deck.slide_width, deck.slide_height)}
        unseen = " ".join(line.text for shape in off.values() for line in _shape_lines(shape))
        if unseen:
            hidden.append(told(number, OFF_PAGE, unseen))
        pages.append(RawPage(number, tuple(_slide_lines(slide, off))))
        if slide.element.get("show") == "0":
            hidden.append(told(number, SLIDE, ""))
    title = metadata_title(deck.core_properties.title or "")
    shown = [str(each.page) for each in hidden if each.how == SLIDE]
    warnings = (f"hidden slides are read as well ({', '.join(shown)}).",) if shown else ()
    return Draft(tuple(pages), title, warnings=warnings, hidden=tuple(hidden))


def _slide_lines(slide: Any, left_out: Collection[int]) -> Iterator[Line]:
    title = slide.shapes.title
    if title is not None and title.shape_id in left_out:
        title = None
    if title is not None and title.has_text_frame and title.text_frame.text.strip():
        yield Line(title.text_frame.text, level=1)
    for shape in _in_reading_order(slide.shapes):
        if shape.shape_id not in left_out and (title is None or shape.shape_id != title.shape_id):
            yield from _shape_lines(shape)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        for paragraph in slide.notes_slide.notes_text_frame.text.splitlines():
            if paragraph.strip():
                yield Line(f"Speaker notes: {paragraph}")


def _in_reading_order(shapes: Any) -> list[Any]:
    placed = sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0))
    rows: list[list[Any]] = []
    for shape in placed:
        if rows and (shape.top or 0) - (rows[-1][0].top or 0) < _ROW_EMU:
            rows[-1].append(shape)
        else:
            rows.append([shape])
    return [shape for row in rows for shape in sorted(row, key=lambda shape: shape.left or 0)]


def _shape_lines(shape: Any) -> Iterator[Line]:
    if hasattr(shape, "shapes"):
        for inner in _in_reading_order(shape.shapes):
            yield from _shape_lines(inner)
    elif getattr(shape, "has_table", False):
        for row in shape.table.rows:
            cells = [" ".join(cell.text_frame.text.split()) for cell in row.cells if not cell.is_spanned]
            if any(cells):
                yield Line(" | ".join(cells))
    elif shape.has_text_frame:
        yield from _frame_lines(shape)
    elif (found := shape.element.find(f".//{_DIAGRAM}relIds")) is not None:
        yield from _diagram_lines(shape.part, found.get(f"{_RELATION}dm"))


def _frame_lines(shape: Any) -> Iterator[Line]:
    small = shape.is_placeholder and shape.placeholder_format.type is not None
    kind = shape.placeholder_format.type.name if small else ""
    if kind in ("SLIDE_NUMBER", "DATE", "FOOTER", "HEADER"):
        return
    for paragraph in shape.text_frame.paragraphs:
        if not paragraph.text.strip():
            continue
        properties = paragraph._p.pPr
        own = None if properties is None else properties.find(f"{_DRAWING}buNone")
        marked = properties is not None and any(
            properties.find(f"{_DRAWING}{tag}") is not None for tag in ("buChar", "buAutoNum")
        )
        many = kind in ("BODY", "OBJECT") and len(shape.text_frame.paragraphs) > 1 and own is None
        sign = "- " if (marked or many) and not re.match(r"\s*[-–•\d(]", paragraph.text) else ""
        yield Line(sign + paragraph.text)


def _diagram_lines(part: Any, relation_id: str | None) -> Iterator[Line]:
    """The words of SmartArt, a line for each of its points."""
    from lxml import etree  # type: ignore[import-untyped]

    if relation_id is None:
        return
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(part.related_part(relation_id).blob, parser)
    for point in root.iter(f"{_DIAGRAM}pt"):
        text = "".join(node.text or "" for node in point.iter(f"{_DRAWING}t"))
        if text.strip():
            yield Line(f"- {text}")


def read_xlsx(data: bytes, max_pages: int) -> Draft:
    """A page for each sheet, and each row as `Header: value | Header: value`."""
    import openpyxl  # type: ignore[import-untyped]

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        pages: list[RawPage] = []
        hidden: list[Hidden] = []
        for number, sheet in enumerate(book.worksheets, start=1):
            rows = list(_sheet_lines(sheet))
            # A sheet without a row has no text to find; its name alone would only mislead.
            lines = (Line(sheet.title, level=1), *rows) if rows else ()
            pages.append(RawPage(number, lines, label=sheet.title))
            if sheet.sheet_state != "visible":
                hidden.append(told(number, SHEET, sheet.title))
        names = [each.words for each in hidden]
        warnings = [f"hidden sheets are read as well ({', '.join(names)})."] if names else []
        if folded := _folded(book, data):
            hidden += [told(number, ROWS, name) for number, name in folded]
            on = ", ".join(name for _, name in folded)
            warnings.append(f"hidden rows and columns are read as well (sheet {on}).")
        if _has_bare_formulas(data):
            warnings += _formula_warnings(book, data)
    finally:
        book.close()
    title = metadata_title(book.properties.title or "")
    return Draft(tuple(pages), title, warnings=tuple(warnings), hidden=tuple(hidden))


def _folded(book: Any, data: bytes) -> list[tuple[int, str]]:
    """(number, name) of the sheets with rows or columns that are switched off."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [
            (number, sheet.title)
            for number, sheet in enumerate(book.worksheets, start=1)
            if _SWITCHED_OFF.search(archive.read(sheet._worksheet_path))
        ]


def _has_bare_formulas(data: bytes) -> bool:
    """Whether any sheet has a formula that no program has worked out; cheap, by the bytes alone."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [name for name in archive.namelist() if _SHEET_PART.fullmatch(name)]
        return any(_BARE_FORMULA.search(archive.read(part)) for part in parts)


def _formula_warnings(values: Any, data: bytes) -> list[str]:
    import openpyxl

    warnings = []
    formulas = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    try:
        for shown, told in zip(values.worksheets, formulas.worksheets, strict=True):
            shown.reset_dimensions()
            told.reset_dimensions()
            count = sum(
                cell.value is None and formula.data_type == "f"
                for row, formula_row in zip(shown.iter_rows(), told.iter_rows(), strict=False)
                for cell, formula in zip(row, formula_row, strict=False)
            )
            if count:
                what = "1 formula has" if count == 1 else f"{count} formulas have"
                warnings.append(f"{what} no stored value on sheet {told.title}: {_HOW_TO_STORE}.")
    finally:
        formulas.close()
    return warnings


def _sheet_lines(sheet: Any) -> Iterator[Line]:
    """Rows above the first one of two or more words are notes; that row names the columns."""
    sheet.reset_dimensions()  # what the file claims of its size is often wrong
    header: list[str] | None = None
    told = True
    for row in sheet.iter_rows():
        values = [_shown(cell) for cell in row]
        filled = [value for value in values if value]
        if not filled:
            continue
        if header is None:
            if len(filled) >= 2:
                words = [cell.value for cell in row if cell.value is not None]
                header = values if all(isinstance(word, str) for word in words) else []
                told = not header
                if header:
                    continue
            yield Line(" | ".join(filled))
            continue
        told = True
        names = header + [""] * (len(values) - len(header))
        pairs = zip(names, values, strict=False)
        yield Line(" | ".join(f"{name}: {value}" if name else value for name, value in pairs if value))
    if header and not told:
        yield Line(" | ".join(name for name in header if name))


def _shown(cell: Any) -> str:
    """A cell as a reader of the sheet would say it."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime.datetime):
        midnight = not (value.hour or value.minute or value.second)
        return value.date().isoformat() if midnight else value.isoformat(" ", "minutes")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, int | float):
        if "%" in str(getattr(cell, "number_format", "") or ""):
            return f"{value * 100:.10g}%"
        return str(value) if isinstance(value, int) else f"{value:.15g}"
    return " ".join(str(value).split())
