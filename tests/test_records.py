"""Readers' marks: kept whole whatever happens, and drafts that a question set takes as they are."""

import json
import logging
import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import records
from assistant.access import local_principal
from assistant.errors import BadInput
from assistant.evaluation.questions import load_questions
from assistant.records import COMMENT_CHARS, Feedback, FeedbackBook, NotKept, drafts, export, feedback
from assistant.types import Answer, Citation, Question, Trace, Turn

CITED = Citation(1, "harbour", "harbour.md", "Harbour", "2021", 1, "", "Norway pays for it.", 3, 22, "")
TRACE = Trace(search_text="who pays", index_build="build-1", model="openai:some")
ANSWER = Answer("Norway pays for it. [1]", "answered", (CITED,), (), TRACE)
SILENCE = Answer("", "not_in_documents", (), (), TRACE)
QUESTION = Question("Who pays for it?", local_principal(), (Turn("user", "What is the Harbour?"),))


def marked(
    answer_id: str = "a", mark: records.Mark = "helpful", comment: str = "", answer: Answer = ANSWER
) -> Feedback:
    return feedback(answer_id, QUESTION, answer, mark, comment)


@pytest.fixture
def book(tmp_path: Path) -> FeedbackBook:
    return FeedbackBook(tmp_path / "var" / "feedback.jsonl")


def test_a_mark_comes_back_as_it_was_given_and_knows_of_the_person_the_id_alone(book: FeedbackBook) -> None:
    entry = marked(comment="Ægir, “quite so”\u2028")
    book.add(entry)
    assert book.entries() == [entry]
    assert entry.principal == "local" and entry.at.endswith("+00:00")
    assert entry.index_build == "build-1" and entry.model == "openai:some"
    assert "groups" not in book.path.read_text("utf-8")


def test_no_file_is_made_before_the_first_mark_and_nobody_else_may_read_it(book: FeedbackBook) -> None:
    assert book.entries() == [] and not book.path.exists()
    book.add(marked())
    assert book.path.stat().st_mode & 0o077 == 0


def test_the_same_answer_marked_again_replaces_its_mark_and_keeps_its_place(book: FeedbackBook) -> None:
    for entry in (marked("a"), marked("b"), marked("a", "wrong_evidence", "see page 4")):
        book.add(entry)
    assert [(entry.id, entry.mark) for entry in book.entries()] == [("a", "wrong_evidence"), ("b", "helpful")]
    assert len(book.path.read_bytes().splitlines()) == 3


def test_a_mark_that_no_reader_can_send_is_refused() -> None:
    with pytest.raises(BadInput, match="'great' is none of helpful, not_helpful, wrong_evidence"):
        feedback("a", QUESTION, ANSWER, "great", "")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="1,001 characters; at most 1,000"):
        marked(comment="x" * (COMMENT_CHARS + 1))


@given(st.text(max_size=60), st.text(max_size=60).filter(str.strip))
def test_any_text_is_kept_on_one_line(comment: str, asked: str) -> None:
    entry = replace(marked(comment=comment), question=asked)
    line = records._bytes_of(asdict(entry))
    assert line.count(b"\n") == 1
    assert records._feedback_of(json.loads(line)) == entry


def test_half_a_surrogate_pair_does_not_stop_a_mark(book: FeedbackBook) -> None:
    book.add(marked(comment="odd \ud800 sign"))
    assert book.entries()[0].comment == "odd ? sign"


def test_a_torn_last_line_is_skipped_and_told_and_does_not_swallow_the_next_mark(
    book: FeedbackBook, caplog: pytest.LogCaptureFixture
) -> None:
    book.add(marked("a"))
    with book.path.open("ab") as file:
        file.write(b'{"id": "b", "at": "2026-')
    book.add(marked("c"))
    with caplog.at_level(logging.WARNING):
        assert [entry.id for entry in book.entries()] == ["a", "c"]
    assert "feedback.jsonl, line 2 is skipped" in caplog.text


@pytest.mark.parametrize("line", ["null", "[]", "{}", '{"id": 1}', "\x00", "{" * 50, '{"mark": "odd"}'])
def test_a_line_that_is_no_mark_is_skipped(book: FeedbackBook, line: str) -> None:
    book.add(marked("a"))
    with book.path.open("a") as file:
        file.write(line + "\n")
    book.add(replace(marked("b"), mark="odd"))  # type: ignore[arg-type]
    assert [entry.id for entry in book.entries()] == ["a"]


def add_many(path: Path, name: str, count: int) -> None:
    for number in range(count):
        FeedbackBook(path).add(marked(f"{name}-{number}", comment="x" * 900))


def test_several_processes_and_threads_lose_nothing_and_tear_nothing(book: FeedbackBook) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=add_many, args=(book.path, f"process-{i}", 25)) for i in range(2)]
    for worker in workers:
        worker.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: add_many(book.path, f"thread-{i}", 25), range(4)))
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert len(book.path.read_bytes().splitlines()) == len(book.entries()) == 150


def test_a_full_disk_is_one_sentence_and_leaves_the_file_as_it_was(
    book: FeedbackBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.add(marked("a"))
    before = book.path.read_bytes()
    write = os.write

    def half(file: int, data: bytes) -> int:
        write(file, data[:40])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(NotKept, match="could not be kept .No space left on device.* ASSISTANT_FEEDBACK"):
        book.add(marked("b"))
    assert book.path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotKept, match="could not be kept"):
        FeedbackBook(tmp_path / "file" / "feedback.jsonl").add(marked())


def test_a_file_that_somebody_holds_is_waited_for_and_then_given_up(
    book: FeedbackBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr(records, "LOCKED_WITHIN_S", 0.05)
    book.add(marked("a"))
    with book.path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(NotKept):
            book.add(marked("b"))
        monkeypatch.setattr(records, "LOCKED_WITHIN_S", 20)
        waiting = threading.Thread(target=book.add, args=(marked("c"),))
        waiting.start()
        fcntl.flock(held, fcntl.LOCK_UN)
        waiting.join()
    assert [entry.id for entry in book.entries()] == ["a", "c"]


def test_a_helpful_answer_becomes_a_draft_with_its_evidence(book: FeedbackBook) -> None:
    book.add(marked("a"))
    (draft,) = drafts(book)
    assert draft.pop("id").startswith("draft-")
    assert draft == {
        "question": "Who pays for it?",
        "must_say": [],
        "answerable": True,
        "expected": [{"path": "harbour.md", "page": 1, "quote": "Norway pays for it."}],
        "history": [{"role": "user", "text": "What is the Harbour?"}],
        "tags": ["draft", "helpful"],
    }


@pytest.mark.parametrize("mark", ["not_helpful", "wrong_evidence"])
def test_evidence_that_a_reader_did_not_find_right_is_not_expected(
    book: FeedbackBook, mark: records.Mark
) -> None:
    book.add(marked("a", mark))
    (draft,) = drafts(book)
    assert draft["expected"] == [] and draft["answerable"] and draft["tags"] == ["draft", mark]


def test_a_silence_is_a_question_to_refuse_only_where_it_was_found_helpful(book: FeedbackBook) -> None:
    book.add(marked("a", "helpful", answer=SILENCE))
    book.add(marked("b", "not_helpful", answer=SILENCE))
    assert [draft["answerable"] for draft in drafts(book)] == [False, True]


def test_an_export_is_a_question_set_and_its_notes_hold_answer_citations_build_and_comment(
    book: FeedbackBook, tmp_path: Path
) -> None:
    for entry in (marked("a", comment="good"), marked("b", "wrong_evidence"), marked("c", answer=SILENCE)):
        book.add(entry)
    file = tmp_path / "out" / "drafts.jsonl"
    assert export(book, file) == 3
    questions = load_questions(file)
    assert [question.answerable for question in questions] == [True, True, False]
    assert questions[0].history == QUESTION.history
    told = [json.loads(line) for line in (tmp_path / "out" / "drafts.notes.jsonl").read_text().splitlines()]
    assert [note["id"] for note in told] == [question.id for question in questions]
    assert told[0]["comment"] == "good" and told[0]["answer"] == ANSWER.text
    assert told[0]["citations"] == [asdict(CITED)] and told[0]["index_build"] == "build-1"
    assert sorted(path.name for path in file.parent.iterdir()) == ["drafts.jsonl", "drafts.notes.jsonl"]


def test_an_export_replaces_an_earlier_one_but_no_lines_that_were_worked_on(
    book: FeedbackBook, tmp_path: Path
) -> None:
    file = tmp_path / "drafts.jsonl"
    book.add(marked("a"))
    export(book, file)
    book.add(marked("a", "wrong_evidence"))
    assert export(book, file) == 1 and "wrong_evidence" in file.read_text()
    worked = file.read_text().replace('"must_say": []', '"must_say": ["Norway"]')
    file.write_text(worked)
    with pytest.raises(BadInput, match="somebody has worked on it"):
        export(book, file)
    assert file.read_text() == worked


def test_an_export_without_marks_is_empty_and_one_that_cannot_be_written_is_one_sentence(
    book: FeedbackBook, tmp_path: Path
) -> None:
    assert export(book, tmp_path / "drafts.jsonl") == 0
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        export(book, tmp_path / "file" / "drafts.jsonl")
