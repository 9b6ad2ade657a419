"""Questions, answers and documents for the tests of the records."""

from typing import Any

from assistant.records import (
    Conversations,
    Database,
    Exchange,
    FeedbackBook,
    Reader,
    exchange_of,
    feedback,
)
from assistant.types import Answer, Citation, Principal, Question, Trace
from index.types import Document, Hit, Passage

ALL = frozenset({"all"})
HARBOUR = Document("harbour", "harbour.md", "Harbour", "aaaa")
LEADS = Document("leads", "leads.md", "Note for leads", "bbbb", groups=("leads",))
OF_ALL = Reader(ALL, {"harbour": HARBOUR})
OF_LEADS = Reader(ALL | {"leads"}, {"harbour": HARBOUR, "leads": LEADS})

QUOTE = "Norway pays for it."


def passage(document_id: str, number: int = 1) -> Passage:
    return Passage(f"{document_id}:p1.{number}", document_id, (1, 1), 0, 9, (), "Passage that nobody keeps.")


def citation(document: Document, number: int = 1, quote: str = QUOTE, page: int = 1) -> Citation:
    return Citation(number, document.id, document.path, document.title, "2021", page, "", quote, 3, 22, "")


def answered(*cited: Document, text: str = "", **more: Any) -> Answer:
    """An answer that cites these documents."""
    text = text or " ".join(f"Norway pays for it. [{number}]" for number, _ in enumerate(cited, 1))
    citations = tuple(citation(document, number) for number, document in enumerate(cited, 1))
    trace = Trace("who pays", "build-1", 0.8, tuple(f"{d.id}:p1.1" for d in cited), seconds={"search": 0.1})
    return Answer(text, "answered", citations, (), **{"trace": trace, **more})


def asked(exchange_id: str = "e1", text: str = "Who pays for it?", answer: Answer | None = None) -> Exchange:
    """An exchange as the chat makes it."""
    question = Question(text, Principal("me", ALL))
    return exchange_of(exchange_id, question, answer or answered(HARBOUR), [HARBOUR, LEADS])


def hit(document_id: str) -> Hit:
    return Hit(passage(document_id), 0.5, 0.5, "both")


# What other processes are told to do; they load this module and not the tests.


def append_many(url: str, name: str, count: int) -> None:
    database = Database(url)
    for number in range(count):
        Conversations(database).append("me", "c", asked(f"{name}-{number}"))
    database.close()


def mark_many(url: str, name: str, count: int) -> None:
    database = Database(url)
    question = Question("Who pays for it?", Principal("local", ALL))
    for number in range(count):
        FeedbackBook(database).add(feedback(f"{name}-{number}", question, answered(HARBOUR), "helpful", ""))
    database.close()


def open_when_told(url: str, told: Any) -> None:
    told.wait()
    Database(url).prepare()
