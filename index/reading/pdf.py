"""PDF to raw pages: rows by pdfium with their place on the sheet, pypdf as the second opinion."""

import ctypes
import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from index.cleaning import Draft, RawPage
from index.errors import UnreadableDocument
from index.paragraphs import Line, text_lines
from index.reading.headings import mark_headings
from index.reading.hidden import pages_named
from index.reading.ocr import Ocr
from index.reading.pdf_hidden import hidden_text
from index.reading.salvage import ended
from index.reading.second_opinion import SecondOpinion, texts_of_all
from index.reading.titles import metadata_title
from index.types import Hidden

# pdfium keeps state for the whole process and is not safe to enter from two threads.
_PDFIUM = threading.Lock()
_ROW_END = re.compile(r"\r\n|\r|\n|\ufffe")
_UNREADABLE = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f\x7f-\x9f]|\\(cid:\\d+\\)")
_SPACED_APOSTROPHE = re.compile(r"[^\W\d_] [’'](?=[^\W\d_])")
_MAX_OUTLINE = 5_000
_LEAST_OUTLINE = 3  # fewer bookmarks than this say less than the print does
_MAX_HEADING_CHARS = 220
_DAMAGED = "the file is damaged and was read in part."


def read_pdf(data: bytes, max_pages: int, ocr: str = "") -> Draft:
    """Raw pages of a PDF. Raises UnreadableDocument for passwords, scans and garbled text. `ocr`
    names the languages in which pages without text are read by OCR; "": they are not."""
    with _PDFIUM:
        whole = _opened(data)
        document = _opened(ended(data)) if whole is None else whole
        if document is None:
            return _read_without_pdfium(data)
        try:
            draft = _read_document(document, data, max_pages, Ocr(ocr))
        finally:
            document.close()
    return replace(draft, warnings=(_DAMAGED, *draft.warnings)) if whole is None else draft


def _opened(data: bytes) -> Any:
    """The document, or None where pdfium does not open it."""
    import pypdfium2  # type: ignore[import-untyped]

    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "assword" in str(error):
            raise _encrypted() from None
        return None


def _read_document(document: Any, data: bytes, max_pages: int, ocr: Ocr) -> Draft:
    count = len(document)
    if count > max_pages:
        raise UnreadableDocument(
            "too_large",
            f"it has {count} pages and at most {max_pages} are read.",
            "Split it into smaller files, or set skip=yes in manifest.csv.",
        )
    if not count:
        raise _no_pages()
    second = SecondOpinion(data)
    pages: list[RawPage] = []
    hidden: list[Hidden] = []
    for index in range(count):
        lines, unseen = _page_lines(document, index)
        hidden += unseen
        if not unseen and _is_suspicious(lines):  # the second opinion sees what no eye does
            lines = _better(lines, second.lines(index)) or _by_ocr(document, index, ocr)
        pages.append(RawPage(index + 1, tuple(lines), document.get_page_label(index), wrapped=True))
    warnings = [*_ocr_warnings(ocr), *_judge(pages, data)]
    outline = _outline(document)
    pages = mark_headings(pages)
    if sum(map(len, outline.values())) >= _LEAST_OUTLINE:
        pages = [replace(page, outline=tuple(outline.get(page.number, ()))) for page in pages]
    title = metadata_title(str(document.get_metadata_value("Title")))
    return Draft(tuple(pages), title, warnings=tuple(warnings), hidden=tuple(hidden))


def _page_lines(document: Any, index: int) -> tuple[list[Line], list[Hidden]]:
    """The rows of a page that an eye sees, and what is told of those it does not."""
    import pypdfium2

    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return [], []
    try:
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        page.close()
        return [], []
    try:
        text = text_page.get_text_range()
        unseen, told = hidden_text(page, text_page, text, index + 1)
        dropped = unseen | _invented_blanks(text_page, text)
        lines, start = [], 0
        for end in [*_ROW_END.finditer(text), None]:
            stop = end.start() if end else len(text)
            places: Sequence[int] = range(start, stop)
            if dropped:
                places = [i for i in places if i not in dropped]
            if any(not text[i].isspace() for i in places):
                # pdfium writes U+FFFE for a hyphen at a row's end and leaves the break out.
                hyphen = "-" if end and end[0] == "\ufffe" else ""
                lines.append(_measured(text_page, text, places, hyphen))
            start = end.end() if end else stop
        return lines, told
    finally:
        text_page.close()
        page.close()


def _by_ocr(document: Any, index: int, ocr: Ocr) -> list[Line]:
    import pypdfium2

    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return []
    try:
        return ocr.lines(page, index + 1)
    finally:
        page.close()


def _ocr_warnings(ocr: Ocr) -> list[str]:
    warnings = []
    if ocr.pages:
        warnings.append(f"read by OCR: check figures and names against the scan ({pages_named(ocr.pages)}).")
    if ocr.too_late:
        warnings.append(f"pictures that took OCR too long were not read ({pages_named(ocr.too_late)}).")
    return warnings


def _invented_blanks(text_page: Any, text: str) -> set[int]:
    """Blanks before an apostrophe inside a word (`Da ’esh`) that pdfium made of a gap in the print
    too narrow for one."""
    from pypdfium2 import raw

    found = set()
    box = raw.FS_RECTF()
    for match in _SPACED_APOSTROPHE.finditer(text):
        blank = match.start() + 1
        chars = [raw.FPDFText_GetCharIndexFromTextIndex(text_page, i) for i in (blank - 1, blank, blank + 1)]
        if min(chars) < 0 or raw.FPDFText_IsGenerated(text_page, chars[1]) != 1:
            continue
        if not raw.FPDFText_GetLooseCharBox(text_page, chars[0], box):
            continue
        right, height = box.right, box.top - box.bottom
        if raw.FPDFText_GetLooseCharBox(text_page, chars[2], box) and box.left - right < 0.18 * height:
            found.add(blank)
    return found


def _measured(text_page: Any, text: str, places: Sequence[int], hyphen: str) -> Line:
    """The row of the signs at these places of a text, with its own place, from five of them: asking
    for all costs more than reading the page."""
    from pypdfium2 import raw

    inked = [i for i in places if not text[i].isspace()]
    last = len(inked) - 1
    sample = sorted({inked[0], inked[last // 4], inked[last // 2], inked[3 * last // 4], inked[last]})
    box, x, y, flags = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double(), ctypes.c_int()
    name = ctypes.create_string_buffer(128)
    boxes, bold = [], 0
    for i in sample:
        char = raw.FPDFText_GetCharIndexFromTextIndex(text_page, i)
        if char < 0 or not raw.FPDFText_GetLooseCharBox(text_page, char, box):
            continue
        raw.FPDFText_GetCharOrigin(text_page, char, x, y)
        boxes.append((box.left, box.right, box.top - box.bottom, y.value))
        length = raw.FPDFText_GetFontInfo(text_page, char, name, 128, flags)
        font = name.value.lower() if length else b""
        bold += b"bold" in font or b"black" in font or b"heavy" in font
    row = "".join([text[i] for i in places]) + hyphen
    if not boxes:
        return Line(row)
    return Line(
        row,
        left=min(b[0] for b in boxes),
        right=max(b[1] for b in boxes),
        y=median(b[3] for b in boxes),
        size=max(median(b[2] for b in boxes), 0.1),
        loud=bold * 2 > len(boxes),
    )


def _outline(document: Any) -> dict[int, list[tuple[int, str]]]:
    """(level, title) of bookmarks by physical page."""
    found: dict[int, list[tuple[int, str]]] = {}
    for count, mark in enumerate(document.get_toc()):
        if count >= _MAX_OUTLINE:
            break
        target = mark.get_dest()
        index = target.get_index() if target else None
        title = (mark.get_title() or "").strip()
        if index is not None and title and not title.startswith(("_", "OLE_LINK")):
            found.setdefault(index + 1, []).append((mark.level + 1, title[:_MAX_HEADING_CHARS]))
    return found


def _is_suspicious(lines: Sequence[Line]) -> bool:
    text = " ".join(line.text for line in lines)
    words = text.split()
    if not words:
        return True
    return _unreadable_share(text) > 0.05 or len(text) / len(words) > 14


def _better(first: list[Line], second: list[Line]) -> list[Line]:
    def worth(lines: list[Line]) -> float:
        text = " ".join(line.text for line in lines)
        words = [word for word in text.split() if len(word) < 25]
        return sum(map(len, words)) * (1 - min(1.0, 4 * _unreadable_share(text))) + len(words)

    return second if worth(second) > 1.1 * worth(first) else first


def _unreadable_share(text: str) -> float:
    return sum(len(match[0]) for match in _UNREADABLE.finditer(text)) / max(len(text), 1)


def _read_without_pdfium(data: bytes) -> Draft:
    """What pypdf can save of a file that pdfium does not open."""
    texts = texts_of_all(data)
    if texts is None:
        raise _encrypted()
    pages = [
        RawPage(number, tuple(text_lines(text.splitlines())), wrapped=True)
        for number, text in enumerate(texts, start=1)
    ]
    if not pages:
        raise _no_pages()
    warnings = _judge(pages, data)
    return Draft(tuple(pages), warnings=(_DAMAGED, *warnings))


def _judge(pages: Sequence[RawPage], data: bytes) -> list[str]:
    """Warnings for the owner; raises where the text as a whole is of no use."""
    blank = [page.number for page in pages if not page.lines]
    total = len(pages)
    if len(blank) == total:
        raise UnreadableDocument(
            "scanned",
            f"no text on {total} of {total} pages (a scan?).",
            "Set ASSISTANT_OCR to its language, run OCR on it, or set skip=yes in manifest.csv.",
        )
    text = " ".join(line.text for page in pages for line in page.lines)
    if _unreadable_share(text) > 0.3 or (len(text) > 200 and not re.search(r"[^\W\d_]{2}", text)):
        raise UnreadableDocument(
            "garbled",
            "its text comes out as signs no reader could read.",
            "Export it anew with its fonts embedded, or run OCR on it.",
        )
    warnings = []
    odd = [
        page.number for page in pages if _unreadable_share(" ".join(line.text for line in page.lines)) > 0.3
    ]
    if odd:
        named = ", ".join(map(str, odd[:20]))
        warnings.append(f"text that cannot be read on {len(odd)} of {total} pages ({named}).")
    if b"%%EOF" not in data[-2048:]:
        warnings.append("the file has no end mark: it may be cut short.")
    return warnings


def _encrypted() -> UnreadableDocument:
    return UnreadableDocument(
        "encrypted", "it asks for a password.", "Save it without a password, or set skip=yes in manifest.csv."
    )


def _no_pages() -> UnreadableDocument:
    return UnreadableDocument(
        "damaged", "it has no pages that can be found.", "Save it anew and copy it again."
    )
