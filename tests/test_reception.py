"""The desk that every door asks at: one answer at a time, so many a minute, and a line for each."""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

import scripted
from assistant import journal
from assistant.access import signed_on_principal
from assistant.assistant import Assistant
from assistant.errors import BadQuestion, TooManyQuestions
from assistant.journal import CURRENT, Journal
from assistant.types import Answer, Question, Turn
from assistant.web.reception import Bounds, Reception

MARY, BEN = (signed_on_principal("proxy", name, ["board"]) for name in ("mary", "ben"))
BOUNDS = Bounds(per_minute=100, at_once=4, waiting=4, history_turns=20)


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / CURRENT).read_text("utf-8").splitlines()]


def test_one_person_has_one_answer_at_a_time_and_others_are_not_kept_waiting_by_it() -> None:
    reception = Reception(scripted.scripted(), BOUNDS)
    first = reception.stream(Question("Who pays?", MARY))
    next(first)
    with pytest.raises(TooManyQuestions) as told:
        next(reception.stream(Question("Who pays?", MARY)))
    assert told.value.retry_after_s >= 1
    assert reception.ask(Question("Who pays?", BEN), "api").citations
    assert isinstance(list(first)[-1], Answer)
    assert reception.ask(Question("Who pays?", MARY), "api").citations, "the place is free again"


def test_an_answer_that_is_stopped_gives_its_place_back() -> None:
    reception = Reception(scripted.scripted(), replace(BOUNDS, at_once=1))
    stopped = reception.stream(Question("Who pays?", MARY))
    next(stopped)
    cast(Iterator[Any], stopped).close()  # type: ignore[attr-defined]
    assert reception.ask(Question("Who pays?", MARY), "api").citations


def test_questions_of_one_minute_are_counted_by_person() -> None:
    clock = Clock()
    reception = Reception(scripted.scripted(), replace(BOUNDS, per_minute=2), clock=clock)
    for _ in range(2):
        reception.ask(Question("Who pays?", MARY), "api")
    clock.now += 45
    with pytest.raises(TooManyQuestions, match="16 seconds|15 seconds") as told:
        reception.ask(Question("Who pays?", MARY), "api")
    reception.ask(Question("Who pays?", BEN), "api")
    clock.now += told.value.retry_after_s
    reception.ask(Question("Who pays?", MARY), "api")


def test_as_many_wait_as_may_and_the_next_is_told() -> None:
    reception = Reception(scripted.scripted(), replace(BOUNDS, at_once=1, waiting=2))
    people = [signed_on_principal("proxy", f"person {n}", []) for n in range(4)]
    first = reception.stream(Question("Who pays?", people[0]))
    next(first)
    got: list[Answer] = []
    waiting = [
        threading.Thread(target=lambda p=person: got.append(reception.ask(Question("Who pays?", p), "api")))
        for person in people[1:3]
    ]
    for thread in waiting:
        thread.start()
    deadline = threading.Event()
    while len(reception._line) < 2:
        assert not deadline.wait(0.01)
    with pytest.raises(TooManyQuestions):
        reception.ask(Question("Who pays?", people[3]), "api")
    list(first)
    for thread in waiting:
        thread.join(20)
    assert len(got) == 2


def test_a_question_takes_only_the_latest_turns_along() -> None:
    class Remembering:
        def stream(self, question: Question) -> Iterator[Answer]:
            self.turns = question.history
            yield from ()

    assistant = Remembering()
    reception = Reception(cast(Assistant, assistant), replace(BOUNDS, history_turns=2))
    turns = tuple(Turn("user", str(n)) for n in range(5))
    list(reception.stream(Question("Who pays?", MARY, turns)))
    assert [turn.text for turn in assistant.turns] == ["3", "4"]


def test_every_question_ends_in_one_line_that_tells_no_word_of_it(tmp_path: Path) -> None:
    reception = Reception(
        scripted.scripted(),
        replace(BOUNDS, per_minute=3),
        Journal(tmp_path, journal.Bounds(1_000_000, 90)),
    )
    answer = reception.ask(Question("Who pays?", MARY, filters={"kind": ("report",)}), "api")
    stopped = reception.stream(Question("Who pays?", MARY))
    next(stopped)
    stopped.close()
    with pytest.raises(BadQuestion):
        reception.ask(Question("?!", MARY), "mcp")
    with pytest.raises(TooManyQuestions):
        reception.ask(Question("Who pays?", MARY), "api")
    told = lines(tmp_path)
    assert [line["status"] for line in told] == [answer.status, "stopped", "refused", "turned_away"]
    assert [line["door"] for line in told] == ["api", "chat", "mcp", "api"]
    first = told[0]
    assert first["who"] == "proxy:mary" and first["groups"] == ["all", "board"]
    assert first["scope"] == {"kind": ["report"]} and first["build"] == answer.trace.index_build
    assert first["documents"] == sorted({cited.document_id for cited in answer.citations})
    assert first["seconds"] >= 0 and "pays" not in (tmp_path / CURRENT).read_text("utf-8")


def test_the_text_of_a_question_is_told_only_where_that_is_configured(tmp_path: Path) -> None:
    kept = Journal(tmp_path, journal.Bounds(1_000_000, 90, questions=True))
    Reception(scripted.scripted(), BOUNDS, kept).ask(Question("Who\npays?", MARY), "api")
    assert lines(tmp_path)[0]["question"] == "Who\npays?"


def test_lines_are_bounded_by_size_and_age(tmp_path: Path) -> None:
    clock = Clock()
    kept = Journal(tmp_path, journal.Bounds(600, 2), clock)
    for _ in range(20):
        clock.now += 1
        kept.write(Question("Who pays?", MARY), "failed", "api", 0.1)
    files = sorted(tmp_path.glob("audit*.jsonl"))
    assert len(files) > 3 and all(file.stat().st_size < 900 for file in files)
    assert sum(len(file.read_text("utf-8").splitlines()) for file in files) == 20, "no line is lost"
    assert all(file.stat().st_mode & 0o077 == 0 for file in files), "only the service reads them"
    for file in files:
        os.utime(file, (clock.now, clock.now))
    clock.now += 3 * journal.DAY_S
    kept.write(Question("Who pays?", MARY), "failed", "api", 0.1)
    assert [file.name for file in tmp_path.glob("audit*.jsonl")] == [CURRENT]


def test_a_line_that_cannot_be_written_keeps_no_answer_from_its_reader(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    kept = Journal(tmp_path / "file", journal.Bounds(1_000_000, 90))
    assert Reception(scripted.scripted(), BOUNDS, kept).ask(Question("Who pays?", MARY), "api").citations
    assert "audit line was not written" in caplog.text
