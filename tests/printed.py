"""A shelf of real PDFs, made here and read by the real reader, behind a scripted assistant.

`python tests/printed.py PORT` serves it. The prints are hard on purpose: two columns with hyphens
and a footnote between them, the same sentence twice, a table, a ligature, hostile names.
"""

import hashlib
import io
import sys
import tempfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

import scripted
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.types import Answer, Citation, Question, Trace
from index.cleaning import clean
from index.reading.pdf import read_pdf
from index.types import Document, Page

LEFT = [
    "Passenger name records are kept in the reservation",
    "systems of carriers. Each State designates a natio-",
    "nal unit that receives them. The unit compares the",
    "records with lists of lost and stolen travel docu-",
    "ments before departure, and hands over what it",
]
FOOTNOTE = ["1  See annex II, paragraph 14, for the format."]
RIGHT = [
    "finds to the competent authorities without delay.",
    "Records are kept for five years. Names are hidden",
    "after six months.",
    "In the second region the rules differ in part.",
    "Records are kept for five years. A judge may ask",
    "for them earlier.",
]
LINES = {"columns": [(50, 700, LEFT), (50, 560, FOOTNOTE), (320, 700, RIGHT)]}
TABLE = [("Region", "Units", "Cost"), ("Eastern Africa", "12", "3,400"), ("Western Balkans", "15", "1,100")]
WRAPPED = "with lists of lost and stolen travel documents before departure"
TWICE = "Records are kept for five years."
LAST_PAGE = "This is the last page of the guide, and it has one sentence only."
HOSTILE_TITLE = '<img src=x onerror="window.hit=1">\'"</script><script>window.hit=2</script>'
HOSTILE_NAME = "a\"b'<i>&.pdf"


def columns() -> bytes:
    """Three pages: two columns and a footnote; a table; one sentence."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1)
    for x, y, lines in LINES["columns"]:
        write(canvas, x, y, lines, size=9 if lines is FOOTNOTE else 10)
    canvas.showPage()
    for row, cells in enumerate(TABLE):
        for column, cell in enumerate(cells):
            canvas.drawString(60 + 150 * column, 700 - 20 * row, cell)
    canvas.showPage()
    write(canvas, 60, 700, [LAST_PAGE])
    canvas.save()
    return file.getvalue()


def one_line(text: str) -> bytes:
    """One page with one line of text."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1)
    write(canvas, 60, 700, [text])
    canvas.save()
    return file.getvalue()


def write(canvas: Canvas, x: float, y: float, lines: list[str], size: float = 10) -> None:
    """Write lines of print one below the other."""
    canvas.setFont("Helvetica", size)
    for number, line in enumerate(lines):
        canvas.drawString(x, y - 14 * number, line)


FILES = {
    "guide.pdf": columns(),
    HOSTILE_NAME: one_line("Hostile names are only names and do nothing."),
    "secret.pdf": one_line("The board met in March and decided on the budget."),
    "changed.pdf": one_line("The first edition says that fees are paid by the host."),
    "broken.pdf": one_line("This page was readable once and its text is still known."),
    "notes.html": b"<h1>Notes</h1><p>The programme is free of charge for Member States.</p>",
}
TITLES = {
    "guide.pdf": "A guide for national units",
    HOSTILE_NAME: HOSTILE_TITLE,
    "secret.pdf": "Restricted paper",
    "changed.pdf": "Fees, a note",
    "broken.pdf": "A damaged paper",
    "notes.html": "Notes on costs",
}
IDS = {name: name.split(".")[0] for name in FILES} | {HOSTILE_NAME: "hostile"}


ON_DISK = {**FILES, "broken.pdf": b"%PDF-1.4 and nothing that could be drawn\n%%EOF\n"}


def document(name: str) -> Document:
    """The document of a file, with the sum of the bytes that were indexed."""
    groups = ("board",) if name == "secret.pdf" else ("all",)
    total = hashlib.sha256(ON_DISK[name]).hexdigest()
    return Document(IDS[name], name, TITLES[name], total, date="2021-06", language="en", groups=groups)


def pages_of(name: str) -> list[Page]:
    """What the real reader and the real cleaning make of a file."""
    if name.endswith(".html"):
        return [Page(IDS[name], 1, "", (), "Notes\nThe programme is free of charge for Member States.")]
    return list(clean(read_pdf(FILES[name], max_pages=20), IDS[name]))


class PrintedIndex(scripted.ScriptedIndex):
    """An index with the documents above."""

    def __init__(self) -> None:
        self._documents = [document(name) for name in FILES]
        self._pages = {IDS[name]: pages_of(name) for name in FILES}

    def documents(self, groups: Collection[str]) -> list[Document]:
        return [document for document in self._documents if set(document.groups) & set(groups)]

    def pages(self, document_id: str, groups: Collection[str]) -> list[Page]:
        return self._pages[document_id] if self.document(document_id, groups) else []


class PrintedAssistant(scripted.ScriptedAssistant):
    """Cites the guide and the notes, whatever is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.index: Any = PrintedIndex()

    def _answer(self, question: Question, text: str) -> Answer:
        trace = Trace(search_text=question.text, index_build="printed")
        pages = self.index.pages("guide", {"all"})
        cited = (
            scripted.citation(1, document("guide.pdf"), pages, 1, WRAPPED),
            notes_citation(2, self.index.pages("notes", {"all"})),
        )
        return Answer("Units compare records with lists [1]. It is free [2].", "answered", cited, (), trace)


def notes_citation(number: int, pages: list[Page]) -> Citation:
    """The sentence of the notes."""
    quote = "The programme is free of charge for Member States."
    return replace(scripted.citation(1, document("notes.html"), pages, 1, quote), number=number)


def write_corpus(folder: Path) -> Path:
    """Write the files, one of them changed since it was read, and one that no program can draw."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    for name, data in ON_DISK.items():
        (corpus / name).write_bytes(data)
    (corpus / "changed.pdf").write_bytes(one_line("The second edition says something else."))
    return corpus


def main(port: int) -> None:
    """Serve until stopped."""
    import uvicorn

    from assistant.web.server import create_app

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_env(corpus=write_corpus(Path(folder)))
        app = create_app(settings, cast(Assistant, PrintedAssistant()))
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
