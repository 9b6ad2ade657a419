"""Answers to take away: one memo as Markdown, Word or PDF."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, get_args

from assistant.errors import BadInput
from assistant.language import RIGHT_TO_LEFT, Language, current, speaking
from assistant.memo.content import Content, Exchange, content_of
from assistant.memo.lines import listed
from assistant.types import Answer

Kind = Literal["md", "docx", "pdf"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MEDIA_TYPES: dict[Kind, str] = {
    "md": "text/markdown; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
_SLUG_CHARS = 40


@dataclass(frozen=True, slots=True)
class Memo:
    """A finished file. `name` holds ASCII letters, digits, `-` and one dot only; `unshown` names
    what the file cannot show (`Arabic`, `U+1F600`) and tells of in its place."""

    content: bytes
    media_type: str
    name: str
    unshown: tuple[str, ...] = ()


def memo(kind: Kind, exchanges: Sequence[Exchange], when: date) -> Memo:
    """Write questions and their answers, oldest first, as one file with notes numbered through.

    Its labels are in the language of the moment; a PDF's are in English where that one runs from
    right to left, for `pdf` could not show them. The bytes are the same
    for the same input and language. Safe to call from several threads.
    """
    from_right = current().code in RIGHT_TO_LEFT
    with speaking(Language() if kind == "pdf" and from_right else current()):
        content = content_of(exchanges, when)
        written, unshown = _written(kind, content, when)
    return Memo(written, MEDIA_TYPES[kind], _name(kind, content, when), unshown)


def kind_of(path: Path) -> Kind:
    """The kind of file that a name asks for. Raises BadInput."""
    for kind in KINDS:
        if path.suffix.lower() == f".{kind}":
            return kind
    raise BadInput(f"{path}: a memo ends in .docx, .pdf or .md. Name the file so.")


def save(path: Path, question: str, answer: Answer, when: date) -> str:
    """Write one answer's memo to a file; a sentence that says so. Raises BadInput."""
    made = memo(kind_of(path), [(question, answer)], when)
    try:
        path.write_bytes(made.content)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror}). Name another file.") from None
    if not made.unshown:
        return f"The memo is in {path}."
    return f"The memo is in {path}. It cannot show {listed(made.unshown)}: a .docx can."


def _written(kind: Kind, content: Content, when: date) -> tuple[bytes, tuple[str, ...]]:
    if kind == "md":
        from assistant.memo.markdown import as_markdown

        return as_markdown(content).encode(), ()
    if kind == "docx":
        from assistant.memo.docx import as_docx

        return as_docx(content, when), ()
    from assistant.memo.pdf import as_pdf

    return as_pdf(content, when)


def _name(kind: Kind, content: Content, when: date) -> str:
    asked = content.sections[0].question if content.sections else ""
    plain = unicodedata.normalize("NFKD", asked).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(slug) > _SLUG_CHARS:
        slug = slug[: _SLUG_CHARS + 1].rpartition("-")[0] or slug[:_SLUG_CHARS]
    return "-".join(filter(None, ["memo", when.isoformat(), slug])) + f".{kind}"
