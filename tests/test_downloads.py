"""Answers to take away: who gets which file, and what it says."""

import io
from dataclasses import replace
from typing import cast

import pytest
from docx import Document as WordFile
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pypdf import PdfReader

import scripted
from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.records import FeedbackBook, exchange_of, new_id
from assistant.types import Answer, Principal, Question
from assistant.web import addresses, answers, downloads, texts
from assistant.web.marks import Marks

MARY = replace(local_principal(["board"]), id="mary")
SECRET = scripted.citation(1, scripted.SECRET, scripted.SECRET_PAGES, 1, "The board met in March.")


def who(request: Request) -> Principal:
    """Mary, in the groups that a header names; or whoever a header names."""
    groups = request.headers.get("x-groups", "board").split(",")
    return replace(local_principal(groups), id=request.headers.get("x-who", "mary"))


class Taken:
    """A client, and what has been answered."""

    def __init__(self) -> None:
        self.assistant = cast(Assistant, scripted.ScriptedAssistant())
        self.marks = Marks(cast(FeedbackBook, None))
        app = FastAPI()
        app.include_router(downloads.routes(self.assistant, who, self.marks.exchange))
        self.client = TestClient(app)

    def answered(self, text: str = "How long are records kept?", **more: object) -> str:
        """Answer a question of Mary's; the id of the answer."""
        question = replace(Question(text, MARY), **more)  # type: ignore[arg-type]
        return self.kept(question, self.assistant.ask(question))

    def kept(self, question: Question, answer: Answer) -> str:
        documents = self.assistant.index.documents(question.principal.groups)
        exchange = exchange_of(new_id(), question, answer, documents)
        self.marks.keep(question, exchange)
        return exchange.id


@pytest.fixture
def taken() -> Taken:
    return Taken()


def test_the_answer_is_a_word_file_a_pdf_and_a_text_with_its_sources(taken: Taken) -> None:
    address = addresses.memo(taken.answered(), "{}")
    word = taken.client.get(address.format("docx"))
    told = "\n".join(paragraph.text for paragraph in WordFile(io.BytesIO(word.content)).paragraphs)
    assert "Records are kept for five years" in told and scripted.RULES.title[:40] in told
    pdf = taken.client.get(address.format("pdf"))
    assert "five years" in PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text()
    text = taken.client.get(address.format("md"))
    assert scripted.QUOTE[:20] in text.text and text.headers["content-type"].startswith("text/plain")
    for given, end in ((word, "docx"), (pdf, "pdf")):
        how = given.headers["content-disposition"]
        assert how.startswith('attachment; filename="memo-') and how.endswith(
            f'how-long-are-records-kept.{end}"'
        )
    for given in (word, pdf, text):
        assert given.headers["x-content-type-options"] == "nosniff"
        assert given.headers["cache-control"] == "private, no-store"


def test_a_strange_question_makes_no_strange_file_name_or_header(taken: Taken) -> None:
    given = taken.client.get(
        addresses.memo(taken.answered('a"; filename="x\r\nSet-Cookie: y=1 /../é?'), "pdf")
    )
    assert given.status_code == 200 and "set-cookie" not in given.headers
    assert given.headers["content-disposition"].count('"') == 2


def test_an_id_that_is_not_known_and_one_of_somebody_else_look_the_same(taken: Taken) -> None:
    address = addresses.memo(taken.answered(), "pdf")
    absent = taken.client.get(addresses.memo("0" * 32, "pdf"))
    foreign = taken.client.get(address, headers={"x-who": "tom"})
    for other in (foreign, taken.client.get(address + "x"), taken.client.get("/answers/x"),
                  taken.client.get(address.replace("memo.pdf", "memo.exe"))):  # fmt: skip
        assert other.status_code == absent.status_code == 404
        assert (other.content, other.headers) == (absent.content, absent.headers)
    assert taken.client.get(address).status_code == 200


def test_who_left_the_group_cannot_take_what_rests_on_its_papers(taken: Taken) -> None:
    trace = taken.assistant.ask(Question("How long?", MARY)).trace
    answer = Answer("The board met [1].", "answered", (SECRET,), (), trace)
    address = addresses.memo(taken.kept(Question("When did the board meet?", MARY), answer), "md")
    assert "The board met" in taken.client.get(address).text
    left = taken.client.get(address, headers={"x-groups": "staff"})
    assert left.status_code == 404 and "board" not in left.text


def test_the_file_says_where_not_all_documents_were_asked(taken: Taken) -> None:
    told = taken.client.get(addresses.memo(taken.answered(filters={"year": ("2021",)}), "md")).text
    assert texts.ONLY_ASKED.format(chosen="2021") in told.replace("\\", "")
    assert "Only these" not in taken.client.get(addresses.memo(taken.answered(), "md")).text


def test_an_answer_too_long_for_a_file_is_refused_in_a_sentence(taken: Taken) -> None:
    trace = taken.assistant.ask(Question("How long?", MARY)).trace
    long = Answer("word " * 20_000, "answered", (), (), trace)
    given = taken.client.get(addresses.memo(taken.kept(Question("All?", MARY), long), "docx"))
    assert (given.status_code, given.text) == (413, texts.TOO_LONG_TO_TAKE)


def test_an_answer_without_an_id_or_without_support_offers_nothing_to_take(taken: Taken) -> None:
    answer = taken.assistant.ask(Question("How long?", MARY))
    assert "memo&#46;pdf" in answers.answer(answer, "abc")
    assert "memo&#46;" not in answers.answer(answer)
    assert "memo&#46;" not in answers.answer(replace(answer, status="unsupported"), "abc")
