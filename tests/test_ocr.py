"""Scans read by OCR: only where it is asked for, and told with every page."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from rapidfuzz.distance import Levenshtein
from reportlab.lib.utils import ImageReader  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from conftest import SHARED
from index.build import build, is_stale
from index.embedding import Embedder
from index.errors import BadOcr, UnreadableDocument
from index.reading import read
from index.reading.limits import Limits, read_limited
from index.reading.ocr import check

PRINT = [
    "The Harbour Programme trains customs officers in nine ports of the",
    "region. Norway pays 4.2 million euros for it over three years, as",
    "resolution 2396 (2017) asks. A second phase begins on 14 May 2026.",
]


def _can_read() -> bool:
    try:
        check("eng")
    except BadOcr:
        return False
    return True


needs_ocr = pytest.mark.skipif(not _can_read(), reason="tesserocr or tesseract's English is not installed")


def scan(pages: int = 1, text_page: bool = False) -> bytes:
    """Pages that are pictures of print; the last may be real text."""
    picture = Image.new("L", (1700, 700), 255)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(46)
    for row, line in enumerate(PRINT):
        pen.text((100, 100 + 80 * row), line, 20, font)
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(612, 252))
    for _ in range(pages):
        canvas.drawImage(ImageReader(picture), 0, 0, 612, 252)
        canvas.showPage()
    if text_page:
        canvas.drawString(72, 100, "This page has text of its own, and needs no OCR.")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@needs_ocr
def test_a_scan_is_read_in_the_limited_child_and_told(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(scan(1, text_page=True))
    found = read_limited(tmp_path / "a.pdf", "a", Limits.with_ocr("eng"))
    wanted = " ".join(PRINT)
    assert Levenshtein.distance(wanted, found.pages[0].text) <= 0.02 * len(wanted)
    assert found.pages[1].text == "This page has text of its own, and needs no OCR."
    assert found.warnings == ("read by OCR: check figures and names against the scan (p. 1).",)


def test_a_scan_is_not_read_where_nobody_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(scan())
    with pytest.raises(UnreadableDocument, match="ASSISTANT_OCR") as caught:
        read(tmp_path / "a.pdf", "a")
    assert caught.value.status == "scanned"


@needs_ocr
def test_pages_beyond_the_time_of_a_document_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.pdf").write_bytes(scan(2, text_page=True))
    monkeypatch.setattr("index.reading.ocr.DOCUMENT_S", 0.0)
    found = read(tmp_path / "a.pdf", "a", ocr="eng")
    assert "pictures that took OCR too long were not read (p. 1–2)." in found.warnings


@needs_ocr
def test_asking_for_ocr_reads_the_scans_anew(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, target = tmp_path / "papers", tmp_path / "index"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(scan())
    (folder / "b.txt").write_text("Another paper. " * 30, "utf-8")
    before = build(folder, target, embedder)
    assert is_stale(folder, target, embedder, ocr="eng")
    after = build(folder, target, embedder, ocr="eng")
    assert [outcome.status for outcome in (before.outcomes[0], after.outcomes[0])] == ["scanned", "flagged"]
    assert after.outcomes[0].reason.startswith("read by OCR")
    assert not is_stale(folder, target, embedder, ocr="eng")


@needs_ocr
def test_a_language_that_cannot_be_read_is_told_in_one_sentence(tmp_path: Path, embedder: Embedder) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "a.txt").write_text("A paper.", "utf-8")
    with pytest.raises(BadOcr, match="no language 'xyz' to read scans in; installed are .*eng"):
        build(tmp_path / "papers", tmp_path / "index", embedder, ocr="eng+xyz")


@needs_ocr
def test_the_real_scan_is_read(tmp_path: Path) -> None:
    """One page of it: all take minutes."""
    source = SHARED / "corpus" / "un_pdf" / "A_45_696_Add.1.pdf"
    if not source.is_file():
        pytest.skip("the scan is not here")
    import pypdf

    writer = pypdf.PdfWriter()
    writer.add_page(pypdf.PdfReader(source).pages[1])
    writer.write(tmp_path / "a.pdf")
    text = read(tmp_path / "a.pdf", "a", ocr="eng").pages[0].text
    assert "The scientific and technical sessions involved 747 participants from 120 countries." in text
