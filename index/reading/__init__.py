"""Bytes to cleaned pages: `read` in this process, `limits.read_limited` in a limited child.

Covers: PDF, Word (.docx), PowerPoint (.pptx), Excel (.xlsx), HTML, Markdown, plain text and
e-mail (.eml); the physical number and printed label of each page, headings with exact offsets,
a title and a date where the file itself gives them; text of scanned pages, where that is asked for;
a named refusal for everything else.

Does not cover: old binary Office files, passwords, pictures, attachments, comments and
tracked deletions, forms, macros, text that is drawn as curves. Text that nobody sees on the page
is left out and told, as far as `hidden` and `pdf_hidden` know of it.
"""

import warnings as python_warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from index.cleaning import Draft, clean, clean_text
from index.errors import UnreadableDocument
from index.reading.dates import printed_date
from index.reading.hidden import MOST as MOST_HIDDEN
from index.reading.hidden import warnings as hidden_warnings
from index.reading.titles import shortened, title_of
from index.types import Hidden, Page

MAX_PAGES = 5_000
MAX_OUTPUT_CHARS = 20_000_000
_MAX_WARNING_CHARS = 500  # a warning may quote names that the file gives
_MAX_UNZIPPED_BYTES = 1_000_000_000

_KIND_BY_SUFFIX = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".pptx": "pptx",
    ".xlsx": "xlsx",
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".eml": "email",
}
SUPPORTED_SUFFIXES = frozenset(_KIND_BY_SUFFIX)

_NAMES = {
    "pdf": ("a PDF", ".pdf"),
    "docx": ("a Word document", ".docx"),
    "pptx": ("a PowerPoint presentation", ".pptx"),
    "xlsx": ("an Excel workbook", ".xlsx"),
    "html": ("an HTML page", ".html"),
    "text": ("plain text", ".txt"),
}
_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old binary Office file"),
    (b"{\\rtf", "a Rich Text file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"%!PS", "a PostScript file"),
    (b"SQLite format 3", "a database"),
)
_TEXT_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
_OLE = _SIGNATURES[0][0]
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class Reading:
    """One document read. `title` and `date` are "" where the file itself names none that can
    be trusted; `warnings` are plain sentences for whoever owns the document, `hidden` the first words
    of what its readers do not see."""

    pages: tuple[Page, ...]
    title: str
    date: str
    warnings: tuple[str, ...]
    hidden: tuple[Hidden, ...] = ()


def read(
    path: Path,
    document_id: str,
    *,
    max_pages: int = MAX_PAGES,
    max_chars: int = MAX_OUTPUT_CHARS,
    ocr: str = "",
) -> Reading:
    """The cleaned pages of one file, or UnreadableDocument and no other exception. `ocr` names the
    languages in which scanned pages are read (`eng+fra`); "": they are not."""
    try:
        with python_warnings.catch_warnings():
            # Readers warn of a file's oddities; those are not this program's.
            python_warnings.simplefilter("ignore")
            return _read(path, document_id, max_pages, max_chars, ocr)
    except UnreadableDocument:
        raise
    except MemoryError:
        raise UnreadableDocument(
            "too_large",
            "reading it needs more memory than a document may use.",
            "Split it into smaller files, or save it anew from the program that made it.",
        ) from None
    except Exception as error:
        raise UnreadableDocument(
            "damaged",
            f"its reader stopped with {type(error).__name__}.",
            "Open it in the program that made it and save it anew, or set skip=yes in manifest.csv.",
        ) from error


def _read(path: Path, document_id: str, max_pages: int, max_chars: int, ocr: str) -> Reading:
    if path.exists() and not path.is_file():
        raise UnreadableDocument("unsupported", "it is a pipe, a socket or a device.", "Remove it.")
    data = path.read_bytes()
    kind = _checked_kind(path, data)
    draft = _reader(kind, ocr)(data, max_pages)
    if len(draft.pages) > max_pages:
        raise UnreadableDocument(
            "too_large", f"it has {len(draft.pages)} pages and at most {max_pages} are read.", _SPLIT
        )
    if sum(len(line.text) for page in draft.pages for line in page.lines) > max_chars:
        raise UnreadableDocument("too_large", f"it holds more than {max_chars} characters of text.", _SPLIT)
    pages = clean(draft, document_id)
    if not any(page.text for page in pages):
        raise UnreadableDocument("empty", "it holds no text.", "Remove it, or set skip=yes in manifest.csv.")
    title = clean_text(draft.title) or title_of(pages)
    first = next(page.text for page in pages if page.text)
    # The cells of a sheet hold dates, but not its own.
    date = draft.date or ("" if kind == "xlsx" else printed_date(first.split("\n")))
    hidden = draft.hidden[:MOST_HIDDEN]
    warnings = (clean_text(warning)[:_MAX_WARNING_CHARS] for warning in draft.warnings)
    told = (*_blank_warning(pages), *hidden_warnings(hidden), *warnings)
    return Reading(pages, shortened(title), date, told, hidden)


def _blank_warning(pages: tuple[Page, ...]) -> list[str]:
    blank = [str(page.number) for page in pages if not page.text]
    if not blank:
        return []
    named = ", ".join(blank[:20]) + (", ..." if len(blank) > 20 else "")
    return [f"no text on {len(blank)} of {len(pages)} pages ({named})."]


_SPLIT = "Split it into smaller files, or set skip=yes in manifest.csv."


def _checked_kind(path: Path, data: bytes) -> str:
    """The kind the name promises, once the bytes agree with it."""
    suffix = path.suffix.lower()
    expected = _KIND_BY_SUFFIX.get(suffix)
    if expected is None:
        raise UnreadableDocument(
            "unsupported",
            f"files named {suffix or 'without a suffix'} are not read.",
            f"Save it as one of {' '.join(sorted(SUPPORTED_SUFFIXES))}, or set skip=yes in manifest.csv.",
        )
    if not data:
        raise UnreadableDocument("empty", "the file has no bytes.", "Copy it again from its source.")
    found = _kind_of_bytes(data)
    if found == expected or (found == "text" and expected in ("html", "markdown", "email")):
        return expected
    if found == "html" and expected in ("markdown", "email"):
        return expected
    if expected == "pdf" and found in ("binary", "text") and b" obj" in data and b"endobj" in data:
        return expected  # a PDF whose first bytes are broken; its reader says so
    if found == "encrypted":
        raise UnreadableDocument(
            "encrypted",
            "it asks for a password.",
            "Save it without a password, or set skip=yes in manifest.csv.",
        )
    if found in _NAMES:
        name, right = _NAMES[found]
        raise UnreadableDocument(
            "wrong_type", f"its bytes are {name}, not {suffix}.", f"Rename it to {right}."
        )
    name = "binary data" if found == "binary" else found
    raise UnreadableDocument(
        "wrong_type", f"its bytes are {name}, not {suffix}.", "Export it to PDF or Word, or remove it."
    )


def _kind_of_bytes(data: bytes) -> str:
    """A kind of ours, `binary`, `encrypted`, or the name of something we do not read."""
    head = data[:1024]
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_zip(data)
    if head.startswith(_OLE) and _ENCRYPTED_PACKAGE in data:
        return "encrypted"
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"%pdf-") or (b"%PDF-" in head and b" obj" in data):
        return "pdf"
    if not data.startswith(_TEXT_BOMS):
        sample = data[:65536]
        controls = sum(sample.count(code) for code in (*range(1, 9), *range(14, 27), *range(28, 32)))
        if b"\x00" in data or controls > max(4, len(sample) // 100):
            return "binary"
    return "html" if start.startswith((b"<!doctype html", b"<html")) else "text"


def _kind_of_zip(data: bytes) -> str:
    import io

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise UnreadableDocument(
            "damaged",
            "its bytes are a zip archive that is broken or cut short.",
            "Copy it again from its source.",
        ) from None
    if size > _MAX_UNZIPPED_BYTES:
        raise UnreadableDocument("too_large", f"it unpacks to {size // 1_000_000} MB.", _SPLIT)
    for kind, part in (("docx", "word/"), ("pptx", "ppt/"), ("xlsx", "xl/")):
        if "[Content_Types].xml" in names and any(name.startswith(part) for name in names):
            return kind
    return "a zip archive"


def _reader(kind: str, ocr: str) -> Callable[[bytes, int], Draft]:
    """The reader of a kind; its module, and the vendor's, are loaded on first use."""
    if kind == "pdf":
        from index.reading.pdf import read_pdf

        return partial(read_pdf, ocr=ocr)
    if kind in ("docx", "pptx", "xlsx"):
        from index.reading import office

        return {"docx": office.read_docx, "pptx": office.read_pptx, "xlsx": office.read_xlsx}[kind]
    if kind in ("html", "markdown"):
        from index.reading import markup

        return markup.read_html if kind == "html" else markup.read_markdown
    from index.reading import text

    return text.read_email if kind == "email" else text.read_text
