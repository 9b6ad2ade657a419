"""A scripted assistant over a small corpus written here: what the web tests and the browser talk to.

`python tests/scripted.py PORT` serves it, `python tests/scripted.py unix:PATH` as `ct-assistant serve` does.
"""

import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from assistant.assistant import Assistant  # noqa: E402
from assistant.config import Settings  # noqa: E402
from assistant.errors import BadQuestion, ModelUnavailable  # noqa: E402
from assistant.types import Answer, Citation, Column, Question, Trace  # noqa: E402
from index.types import Document, Heading, Hit, Outcome, Page, Passage  # noqa: E402

GUIDE = Document(
    id="pnr-guide",
    path="guides/pnr guide.pdf",
    title="Passenger data: a guide for national units",
    sha256="a" * 64,
    date="2021-06",
    publisher="Office for Travel Security",
    kind="guide",
    language="en",
    url="https://example.org/pnr",
)
RULES = Document(
    id="rules",
    path="rules.html",
    sha256="b" * 64,
    date="2019",
    title="Rules on the retention of passenger name records, their depersonalisation after six months, "
    "requests by competent authorities, and the supervision of national passenger information units",
    publisher="Assembly of States",
)
NOTES = Document(id="notes", path="notes.txt", title="", sha256="c" * 64)
SECRET = Document(
    id="secret", path="secret.txt", title="Restricted paper", sha256="d" * 64, groups=("board",)
)

QUOTE = "Records are kept for five years and depersonalised after six months."
SECOND_QUOTE = "The programme is financed by voluntary contributions."

GUIDE_PAGES = [
    Page(
        "pnr-guide",
        1,
        "i",
        (Heading(1, "Purpose and scope", 0),),
        "Purpose and scope\nThis guide helps national units to set up the use of passenger data.",
    ),
    Page(
        "pnr-guide",
        2,
        "ii",
        (Heading(1, "Obstacles met by units", 0),),
        "Obstacles met by units\n• Few staff are trained.\n• Systems differ.\nYear | Units | Flights\n"
        "2019 | 12 | 3,400\n2020 | 15 | 1,100",
    ),
    Page(
        "pnr-guide",
        3,
        "1",
        (Heading(2, "Who pays for it", 0),),
        "Who pays for it\nUnits often ask about cost. "
        + SECOND_QUOTE
        + " A State may also second an expert.\nLegal help is free of charge. <script>alert(1)</script>",
    ),
]
RULES_PAGES = [
    Page(
        "rules",
        1,
        "",
        (Heading(1, "Retention", 0),),
        "Retention\nThe unit keeps what the carriers send. "
        + QUOTE
        + " After that period they are deleted, except where they are used in a case. " * 3,
    ),
]
NOTES_PAGES = [Page("notes", 1, "", (), "")]
SECRET_PAGES = [Page("secret", 1, "", (), "The board met in March.")]

PAGES = {"pnr-guide": GUIDE_PAGES, "rules": RULES_PAGES, "notes": NOTES_PAGES, "secret": SECRET_PAGES}
NOTE = "The papers differ: 2019 and 2021-06."
HOSTILE = (
    '<img src=x onerror="window.hit=1"> [x](http://evil.example) ![](http://evil.example/i.png) '
    "www.evil.example <script>window.hit=2</script>"
)


class ScriptedIndex:
    """An index with the four documents above."""

    build_id = "scripted"
    unnamed = 0
    shelf = (GUIDE, RULES, NOTES, SECRET)

    def documents(self, groups: Collection[str]) -> list[Document]:
        return [document for document in self.shelf if set(document.groups) & set(groups)]

    def document(self, document_id: str, groups: Collection[str]) -> Document | None:
        return next((document for document in self.documents(groups) if document.id == document_id), None)

    def pages(self, document_id: str, groups: Collection[str]) -> list[Page]:
        return PAGES[document_id] if self.document(document_id, groups) else []

    def passage(self, passage_id: str, groups: Collection[str]) -> None:
        """No passage is found again."""

    def successors(self, document_id: str, groups: Collection[str]) -> list[Document]:
        return [document for document in self.documents(groups) if document_id in document.supersedes]

    def outcomes(self, groups: Collection[str]) -> list[Outcome]:
        return [
            Outcome(d.path, "indexed", pages=len(self.pages(d.id, groups)), groups=d.groups)
            for d in self.documents(groups)
        ]


class ScriptedAssistant:
    """Answers by words in the question; remembers the questions it was asked."""

    def __init__(self, pause_s: float = 0.0) -> None:
        self.index = ScriptedIndex()
        self.asked: list[Question] = []
        self.pause_s = pause_s

    def ask(self, question: Question) -> Answer:
        return cast(Answer, list(self.stream(question))[-1])

    def extracted(self, question: Question) -> Answer:
        return self._answer(question, question.text.lower())

    def stream(self, question: Question) -> Iterator[str | Answer]:
        self.asked.append(question)
        text = question.text.lower()
        if len(question.text) > 2000 or len(question.search_text) > 2000:
            raise BadQuestion("This question is too long: please use at most 2,000 characters.")
        if not any(sign.isalnum() for sign in text):
            raise BadQuestion("Please write a question in words.")
        if "model away" in text:
            yield "Half of a sent"
            raise ModelUnavailable("http://127.0.0.1:1: no answer")
        if "stack trace" in text:
            raise ZeroDivisionError("secret path /srv/papers")
        if "silently" in text:
            time.sleep(6)
        answer = self._answer(question, text)
        if answer.status == "answered":
            for word in answer.text.split(" "):
                time.sleep(0.4 if "slowly" in text else self.pause_s)
                yield word + " "
        yield answer

    def _answer(self, question: Question, text: str) -> Answer:
        asked = [turn.text for turn in question.history if turn.role == "user"]
        condensed = " ".join([*asked, question.text])
        trace = Trace(search_text=question.search_text or condensed, index_build="scripted")
        rules, guide = (
            citation(1, RULES, RULES_PAGES, 1, QUOTE),
            citation(2, GUIDE, GUIDE_PAGES, 3, SECOND_QUOTE),
        )
        if "cafeteria" in text:
            nothing = "Nothing in the documents is about cafeterias."
            return Answer(nothing, "not_in_documents", (), HITS, trace, missing=("cafeteria",))
        if "half" in text:
            kept = Answer("Records are kept for five years [1].", "partial", (rules,), HITS, trace)
            return replace(kept, missing=("other half",), missing_from="passages")
        if "invent" in text:
            return Answer("Records are kept for a century.", "unsupported", (), HITS, trace)
        if "hostile" in text:
            return Answer(f"{HOSTILE} [1]", "answered", (rules,), HITS, trace)
        if question.history and "side by side" not in text:
            before = question.history[0].text
            return Answer(f"Earlier you asked: {before} It is free [2].", "answered", (guide,), HITS, trace)
        said = (
            "Records are kept for five years, without names after six months [1]. "
            "The programme is paid by voluntary contributions [2]."
        )
        key = said.index("five years")
        notes = (NOTE,) if "dates" in text else ()
        emphasis = ((key, key + len("five years")),)
        if "surely" in text:
            trace = replace(trace, confidence=0.97)
        if "model" in text:
            trace = replace(trace, confidence=0.7, model="scripted-7b")
        middle = said.index("The programme")
        sides = (Column("2019", 0, middle), Column("2021-06", middle, len(said)))
        columns = sides if "side by side" in text else ()
        return Answer(said, "answered", (rules, guide), HITS, trace, notes, emphasis, columns=columns)


def citation(number: int, document: Document, pages: list[Page], page: int, quote: str) -> Citation:
    """Make a citation with true offsets."""
    shown = pages[page - 1]
    start = sum(len(earlier.text) + 1 for earlier in pages[: page - 1]) + shown.text.index(quote)
    return Citation(
        number,
        document.id,
        document.path,
        document.title,
        document.date,
        page,
        shown.label,
        quote,
        start,
        start + len(quote),
        document.url,
    )


def hit(document: Document, pages: list[Page], page: int) -> Hit:
    """Make a hit that is a whole page."""
    start = sum(len(earlier.text) + 1 for earlier in pages[: page - 1])
    text = pages[page - 1].text
    passage = Passage(
        f"{document.id}:p{page}.1", document.id, (page, page), start, start + len(text), (), text
    )
    return Hit(passage, 0.4, 0.3, "dense")


HITS = (
    hit(GUIDE, GUIDE_PAGES, 3),
    hit(SECRET, SECRET_PAGES, 1),
    hit(RULES, RULES_PAGES, 1),
    hit(GUIDE, GUIDE_PAGES, 2),
    hit(GUIDE, GUIDE_PAGES, 1),
)


def write_corpus(folder: Path) -> Path:
    """Write files for the documents, and one outside that nobody may get."""
    corpus = folder / "corpus"
    (corpus / "guides").mkdir(parents=True)
    (corpus / GUIDE.path).write_bytes(b"%PDF-1.4\n%%EOF\n")
    (corpus / RULES.path).write_text("<script>alert(1)</script><p>Rules</p>")
    (corpus / NOTES.path).write_text("Notes")
    (corpus / SECRET.path).write_text("The board met in March.")
    (folder / "outside.txt").write_text("outside")
    return corpus


def scripted(pause_s: float = 0.0) -> Assistant:
    """Give the scripted assistant in the place of a real one."""
    return cast(Assistant, ScriptedAssistant(pause_s))


def main(where: str) -> None:
    """Serve the scripted assistant until stopped."""
    import uvicorn

    from assistant.web.server import create_app, serve

    with tempfile.TemporaryDirectory() as folder:
        corpus = write_corpus(Path(folder))
        if where.startswith("unix:"):
            serve(Settings.from_env(corpus=corpus, host=where), assistant=scripted(0.03))
            return
        app = create_app(Settings.from_env(corpus=corpus), scripted(0.03))
        uvicorn.run(app, host="127.0.0.1", port=int(where), log_level="error", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main(sys.argv[1])
