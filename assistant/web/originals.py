"""The files that the documents were read from: where they are, and whether they are still the same."""

import hashlib
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from fastapi import Response
from fastapi.responses import FileResponse

from index.types import Document

# Shown by the browser itself; everything else is handed over to be saved.
SHOWN_INLINE = {".pdf": "application/pdf", ".txt": "text/plain; charset=utf-8"}
PRIVATE = {"Cache-Control": "private, no-cache"}


class State(Enum):
    """What became of a document's file since it was indexed."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"


class Originals:
    """The files of one corpus folder. Remembers the sums of files, as long as their time and size
    stay what they were."""

    def __init__(self, corpus: Path) -> None:
        self._corpus = corpus
        self._sums: dict[Path, tuple[int, int, str]] = {}

    def file(self, document: Document) -> Path | None:
        """The file of a document, None where there is none inside the corpus folder."""
        return inside(self._corpus, document.path)

    def state(self, document: Document) -> State:
        """Compare the file's bytes with those that were indexed."""
        file = self.file(document)
        try:
            known = self._sum(file) if file else None
        except OSError:
            known = None
        if known is None:
            return State.GONE
        return State.SAME if known == document.sha256 else State.CHANGED

    def _sum(self, file: Path) -> str:
        now = file.stat()
        known = self._sums.get(file)
        if known is None or known[:2] != (now.st_mtime_ns, now.st_size):
            with file.open("rb") as opened:
                known = (now.st_mtime_ns, now.st_size, hashlib.file_digest(opened, "sha256").hexdigest())
            self._sums[file] = known
        return known[2]


def inside(corpus: Path, path: str) -> Path | None:
    """Resolve a document's path, None unless it is a file inside the corpus folder, links followed."""
    try:
        file = (corpus / path).resolve(strict=True)
        within = file.is_relative_to(corpus.resolve(strict=True)) and file.is_file()
    except (OSError, ValueError, RuntimeError):
        return None
    return file if within else None


def handed_over(file: Path, known: str = "") -> Response:
    """The file itself: a PDF or plain text to be looked at, all else to be saved.

    `known` is the tag (`If-None-Match`) of what the browser has: the same file is not sent again.
    """
    inline = SHOWN_INLINE.get(file.suffix.lower())
    headers: Mapping[str, str] = {
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        **PRIVATE,
    }
    whole = FileResponse(
        file,
        media_type=inline or "application/octet-stream",
        filename=file.name,
        content_disposition_type="inline" if inline else "attachment",
        headers=headers,
        stat_result=file.stat(),
    )
    tag = whole.headers["etag"]
    return Response(status_code=304, headers={**headers, "ETag": tag}) if known == tag else whole
