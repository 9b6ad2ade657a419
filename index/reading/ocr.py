"""Scanned pages read by OCR: an extra, and off unless languages are named for it.

`tesserocr` (MIT) brings Tesseract into the child that reads the document, so that the child's
limits hold for it and no picture of a page is written to a file; the languages are Debian's
`tesseract-ocr-…` packages. Reads print, a line at a time with its place on the page.

Does not cover: handwriting, pages on their side, tables (their rows stay lines). Figures and
symbols come out wrong now and then, which is why such pages are told.
"""

import os
import re
import time
from pathlib import Path
from typing import Any

from index.errors import BadOcr
from index.paragraphs import Line
from index.reading.drawing import draw

DOCUMENT_S = 1_200.0  # for all pages of one document; the rest stay without text, and are told
_PAGE_S = 40.0
_DRAWING_S = 10.0
_DOTS_PER_INCH = 300.0
_LEAST_CONFIDENCE = 30.0  # of 100: below are specks and stamps read as letters
_FOLDERS = ("/usr/share/tesseract-ocr/*/tessdata", "/usr/share/tessdata", "/usr/local/share/tessdata")


def check(languages: str) -> None:
    """Raise BadOcr unless pages in these languages (`eng+fra`) can be read here."""
    try:
        import tesserocr  # noqa: F401
    except ImportError:
        raise BadOcr(
            "ASSISTANT_OCR: tesserocr is not installed. Install ct-assistant[ocr], or unset it."
        ) from None
    folder = _folder()
    known = sorted(path.stem for path in folder.glob("*.traineddata")) if folder else []
    for language in languages.split("+"):
        if not re.fullmatch(r"\w+", language) or language not in known:
            raise BadOcr(
                f"ASSISTANT_OCR: no language {language!r} to read scans in; installed are "
                f"{', '.join(known) or 'none'}. Install tesseract-ocr-{language or '…'}, or name others."
            )


def _folder() -> Path | None:
    """Where the languages lie; the newest of several."""
    if told := os.environ.get("TESSDATA_PREFIX"):
        return Path(told)
    found = [path for place in _FOLDERS for path in Path("/").glob(place[1:]) if path.is_dir()]
    return max(found, default=None)


class Ocr:
    """Reads the pages of one document, within DOCUMENT_S. Called with pdfium's lock held."""

    def __init__(self, languages: str) -> None:
        self._languages = languages
        self._engine: Any = None
        self._deadline = time.monotonic() + DOCUMENT_S
        self.pages: list[int] = []  # read so far
        self.too_late: list[int] = []

    def lines(self, page: Any, number: int) -> list[Line]:
        """The rows of print on a page that is a picture, from top to bottom; none where there are
        none or where it takes too long."""
        if not self._languages:
            return []
        left_s = self._deadline - time.monotonic()
        pixels = draw(page, _DOTS_PER_INCH, min(_DRAWING_S, left_s)) if left_s > 0 else None
        if pixels is None:
            self.too_late.append(number)
            return []
        if (pixels > 200).all():
            return []  # an empty sheet
        engine = self._started()
        down, across = pixels.shape
        width, height = page.get_size()
        engine.SetImageBytes(pixels.tobytes(), across, down, 1, across)
        engine.SetSourceResolution(max(70, int(72 * across / max(width, 1))))
        if not engine.Recognize(int(1000 * min(_PAGE_S, left_s))):
            self.too_late.append(number)
            return []
        lines = _rows(engine, width / across, height)
        if lines:
            self.pages.append(number)
        return lines

    def _started(self) -> Any:
        if self._engine is None:
            os.environ["OMP_THREAD_LIMIT"] = "1"  # as many documents at a time as there are cores
            import tesserocr

            self._engine = tesserocr.PyTessBaseAPI(path=str(_folder()), lang=self._languages)
        return self._engine


def _rows(engine: Any, points: float, height: float) -> list[Line]:
    """The lines that were recognised, in points; `points` is the size of a pixel."""
    from tesserocr import RIL, iterate_level

    found: list[Line] = []
    for row in iterate_level(engine.GetIterator(), RIL.TEXTLINE):
        if row.Empty(RIL.TEXTLINE) or row.Confidence(RIL.TEXTLINE) < _LEAST_CONFIDENCE:
            continue
        text = row.GetUTF8Text(RIL.TEXTLINE).strip()
        box, base = row.BoundingBox(RIL.TEXTLINE), row.Baseline(RIL.TEXTLINE)
        if not text or box is None:
            continue
        low = base[0][1] if base else box[3]
        size = row.RowAttributes()["row_height"] * points
        found.append(Line(text, 0, box[0] * points, box[2] * points, height - low * points, max(size, 0.1)))
    return found
