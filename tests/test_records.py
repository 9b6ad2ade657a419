"""Readers' marks: kept whole whatever happens, and drafts that a question set takes as they are."""

import json
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from assistant import records
from assistant.access import local_principal
from assistant.errors import BadInput, RecordsUnavailable
from assistant.evaluation.questions import load_questions
from assistant.records import COMMENT_CHARS, Database, Feedback, FeedbackBook, drafts, export, feedback
from assistant.records.marks import feedback_of, row_of
from assistant.types import Answer, Citation, Question, Trace, Turn
from kept import mark_many

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
def database(records_url: str) -> Iterator[Database]:
    opened = Database(records_url)
    yield opened
    opened.close()


@pytest.fixture
def book(database: Database) -> FeedbackBook:
    return FeedbackBook(database)


def test_a_mark_comes_back_as_it_was_given_and_knows_of_the_person_the_id_alone(book: FeedbackBook) -> None:
    entry = marked(comment="Ægir, “quite so”\u2028")
    book.add(entry)
    assert book.entries() == [entry]
    assert entry.principal == "local" and entry.at.endswith("+00:00")
    assert entry.index_build == "build-1" and entry.model == "openai:some"
    assert "groups" not in str(row_of(entry))


def test_no_file_is_made_before_the_first_use_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/var/records.sqlite")
    book = FeedbackBook(database)
    assert not (tmp_path / "var").exists()
    book.add(marked())
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "var").iterdir())
    database.close()


def test_the_same_answer_marked_again_replaces_its_mark(book: FeedbackBook) -> None:
    for entry in (marked("a"), marked("b"), marked("a", "wrong_evidence", "see page 4")):
        book.add(entry)
    assert [(entry.id, entry.mark) for entry in book.entries()] == [("b", "helpful"), ("a", "wrong_evidence")]


def test_the_same_answer_marked_by_two_people_has_two_marks(book: FeedbackBook) -> None:
    book.add(marked("a"))
    book.add(replace(marked("a", "not_helpful"), principal="another"))
    assert sorted(entry.mark for entry in book.entries()) == ["helpful", "not_helpful"]


def test_a_mark_that_no_reader_can_send_is_refused() -> None:
    with pytest.raises(BadInput, match="'great' is none of helpful, not_helpful, wrong_evidence"):
        feedback("a", QUESTION, ANSWER, "great", "")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="1,001 characters; at most 1,000"):
        marked(comment="x" * (COMMENT_CHARS + 1))


@given(st.text(max_size=60), st.text(max_size=60).filter(str.strip))
def test_any_text_is_kept(comment: str, asked: str) -> None:
    entry = replace(marked(comment=comment.replace("\x00", "")), question=asked)
    assert feedback_of(row_of(entry)) == entry  # type: ignore[arg-type]


def test_half_a_surrogate_pair_does_not_stop_a_mark(book: FeedbackBook) -> None:
    book.add(marked(comment="odd \ud800 sign"))
    assert book.entries()[0].comment == "odd ? sign"


def test_a_mark_that_cannot_be_read_is_passed_over_and_told(
    book: FeedbackBook, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    book.add(marked("a"))
    book.add(marked("b"))
    with database.writing() as db:
        db.execute(text("UPDATE marks SET about = 'null' WHERE exchange_id = 'a'"))
    assert [entry.id for entry in book.entries()] == ["b"]
    assert "the mark on a is passed over" in caplog.text


def test_several_processes_and_threads_lose_nothing(book: FeedbackBook, records_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    worker = spawn.Process(target=mark_many, args=(records_url, "process", 20))
    worker.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: book.add(marked(f"thread-{i % 40}")), range(80)))
    worker.join()
    assert worker.exitcode == 0 and len(book.entries()) == 60


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
    assert (tmp_path / "drafts.jsonl").read_bytes() == b""
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        export(book, tmp_path / "file" / "drafts.jsonl")


# --- the file of earlier versions ------------------------------------------------------------------


def old_line(entry: Feedback) -> str:
    return json.dumps(asdict(entry), ensure_ascii=False) + "\n"


OLD = replace(marked("a", comment="Ægir"), at="2026-01-02T03:04:05+00:00")


def test_marks_of_an_earlier_version_are_taken_over_once_and_leave_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old = tmp_path / "feedback.jsonl"
    old.write_text(old_line(marked("a")) + old_line(OLD) + old_line(replace(OLD, id="b")), "utf-8")
    database = Database(f"sqlite:///{tmp_path}/records.sqlite")
    book = FeedbackBook(database)
    assert book.entries() == [OLD, replace(OLD, id="b")]
    assert not old.exists() and b"gir" not in b"".join(p.read_bytes() for p in tmp_path.glob("feedback*"))
    book.add(marked("a", "not_helpful"))
    old.write_text(old_line(OLD), "utf-8")  # put back from a backup: what was said since then counts
    database.close()
    assert [(entry.id, entry.mark) for entry in book.entries()] == [("b", "helpful"), ("a", "not_helpful")]
    database.close()


@pytest.mark.parametrize("line", ["null", "[]", "{}", '{"id": 1}', "\x00", "{" * 50, '{"id": "b", "at": "20'])
def test_a_line_that_is_no_mark_is_told_and_stays_beside(
    tmp_path: Path, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    odd = old_line(OLD).replace('"helpful"', '"odd"')
    (tmp_path / "feedback.jsonl").write_text(old_line(OLD) + line + "\n" + odd)
    database = Database(f"sqlite:///{tmp_path}/records.sqlite")
    assert FeedbackBook(database).entries() == [OLD]
    database.close()
    left = (tmp_path / "feedback.jsonl.unread").read_text()
    assert left.startswith(line + "\n") and '"odd"' in left and not (tmp_path / "feedback.jsonl").exists()
    assert "feedback.jsonl, line 2 is left where it is" in caplog.text


def test_a_file_that_lies_elsewhere_is_taken_over_by_name(book: FeedbackBook, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.jsonl").write_text(old_line(OLD), "utf-8")
    assert book.take_over(tmp_path / "elsewhere.jsonl") == 1 and book.entries() == [OLD]
    assert not (tmp_path / "elsewhere.jsonl").exists()
    with pytest.raises(BadInput, match="elsewhere.jsonl: no such file"):
        book.take_over(tmp_path / "elsewhere.jsonl")


def test_a_database_that_cannot_be_written_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.jsonl").write_text(old_line(OLD), "utf-8")
    (tmp_path / "records.sqlite").mkdir()
    with pytest.raises(RecordsUnavailable):
        FeedbackBook(Database(f"sqlite:///{tmp_path}/records.sqlite")).take_over(tmp_path / "elsewhere.jsonl")
    assert (tmp_path / "elsewhere.jsonl").read_text("utf-8") == old_line(OLD)
