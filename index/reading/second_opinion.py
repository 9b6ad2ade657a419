"""The same PDF by pypdf: where pdfium's text looks wrong, or where pdfium does not open the file."""

import io
import time
from typing import Any

from index.errors import UnreadableDocument
from index.paragraphs import Line, text_lines

_MOST_S = 10.0


class SecondOpinion:
    """A document by pypdf, opened only when a page asks for it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._reader: Any = None
        self._failed = False
        self._spent_s = 0.0

    def lines(self, index: int) -> list[Line]:
        if self._failed or self._spent_s > _MOST_S:
            return []
        started = time.monotonic()
        try:
            if self._reader is None:
                import pypdf

                self._reader = pypdf.PdfReader(io.BytesIO(self._data))
            return text_lines(self._reader.pages[index].extract_text().splitlines())
        except MemoryError:
            raise
        except Exception:
            # pypdf raises ten kinds of exception on odd files; it is only the second opinion.
            self._failed = True
            return []
        finally:
            self._spent_s += time.monotonic() - started


def texts_of_all(data: bytes) -> list[str] | None:
    """What pypdf can save of a file that pdfium does not open, by page; None where it asks for a
    password."""
    import pypdf

    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            return None
        return [page.extract_text() for page in reader.pages]
    except MemoryError:
        raise
    except Exception as error:
        raise UnreadableDocument(
            "damaged",
            f"it does not open as a PDF ({type(error).__name__}).",
            "Copy it again from its source, or save it anew.",
        ) from None
