"""Runs: answers in order, nothing dropped, nothing denied shown, and a killed run that continues."""

import json
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.errors import BadInput
from assistant.evaluation import runner
from assistant.evaluation.runner import Plan, run
from assistant.evaluation.runs import load_run
from assistant.evaluation.types import EvalRun
from assistant.types import Answer, Question, Trace
from index import generations
from index.embedding import Embedder

ROOT = Path(__file__).resolve().parents[1]

# Runs a set in a process of its own, a pause before each answer so that it can be killed.
SLOW = """
import sys, time
from pathlib import Path
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.evaluation import fingerprint
from assistant.evaluation.runner import Plan, run

class Slow(Assistant):
    def ask(self, question):
        time.sleep(float(sys.argv[4]))
        if "crash" in question.text:
            raise ZeroDivisionError("a secret path")
        return super().ask(question)

fingerprint.code_version = lambda: "fixed"
settings = Settings(index=Path(sys.argv[2]), models=Path("var/models").resolve())
run(Path(sys.argv[1]), settings, Path(sys.argv[3]), Plan(resume=True, workers=2, full_curve=True), Slow.open)
"""

QUOTES = {
    "Norway": (
        "harbour.md",
        "Norway pays for the Harbour Programme with 4.2 million euros over three years.",
    ),
    "nine ports": ("harbour.md", "The Harbour Programme trains customs officers in nine ports."),
    "14 May 2019": ("aviation.txt", "took place in Skopje on 14 May 2019."),
    "17 airlines": ("aviation.txt", "He thanked 17 airlines for taking part."),
}
ASKED = {
    "Norway": ["Who pays for the Harbour Programme?", "Which country funds the Harbour Programme?"],
    "nine ports": [
        "In how many ports are customs officers trained?",
        "How many ports does the programme cover?",
    ],
    "14 May 2019": ["When was the workshop in Skopje?", "On which day did the workshop take place?"],
    "17 airlines": ["How many airlines did Mr. Kola thank?", "How many carriers took part?"],
}
SILENT = ["What is the budget of the aviation workshop?", "Who is the minister of fisheries of Peru?"]


def make_questions(folder: Path, copies: int = 3) -> Path:
    """Write a set of ten questions, `copies` times over."""
    lines: list[dict[str, Any]] = []
    for copy in range(copies):
        for fact, texts in ASKED.items():
            paper, quote = QUOTES[fact]
            for number, text in enumerate(texts):
                row = {"path": paper, "page": 1, "quote": quote}
                told = {
                    "question": text,
                    "must_say": [fact],
                    "expected": [row],
                    "tags": ["fact", f"copy{copy}"],
                }
                lines.append({"id": f"{fact}-{number}-{copy}", **told})
        for number, text in enumerate(SILENT):
            lines.append({"id": f"silent-{number}-{copy}", "question": text, "answerable": False})
    path = folder / "set.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return make_questions(tmp_path)


@pytest.fixture
def settings(small_index: Path) -> Settings:
    return Settings(index=small_index, models=ROOT / "var" / "models", min_confidence=0.3)


@pytest.fixture
def open_assistant(embedder: Embedder) -> Any:
    return lambda settings: Assistant(settings, embedder)


@pytest.fixture(autouse=True)
def fixed_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.evaluation.fingerprint.code_version", lambda: "fixed")


def answers(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "answers.jsonl").read_text("utf-8").splitlines()]


def ids_of(questions: Path) -> list[str]:
    return [json.loads(line)["id"] for line in questions.read_text("utf-8").splitlines()]


class EmptyIndex:
    """An index without documents."""

    def __init__(self, build_id: str) -> None:
        self.build_id = build_id

    def documents(self, groups: object) -> list[object]:
        return []


class Scripted:
    """An assistant without an index: refuses at once, or does what a test puts into `does`."""

    build_id = "scripted"

    def __init__(self, settings: Settings) -> None:
        self.index = EmptyIndex(self.build_id)

    def does(self, question: Question) -> None:
        """Nothing, unless a test says so."""

    def ask(self, question: Question) -> Answer:
        self.does(question)
        trace = Trace(question.text, self.build_id, seconds={"search": 0.25, "gate": 0.5})
        return Answer("", "not_in_documents", (), (), trace)


def scripted(settings: Settings) -> Assistant:
    return cast(Assistant, Scripted(settings))


def started(questions: Path, index: Path, out: Path, pause_s: float) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-c", SLOW, str(questions), str(index), str(out), str(pause_s)]
    return subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE)


def finished(process: subprocess.Popen[bytes]) -> None:
    _, told = process.communicate(timeout=90)
    assert process.returncode == 0, told.decode()


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_run_killed_at_three_points_ends_with_the_scores_of_one_that_was_not(
    small_index: Path, tmp_path: Path
) -> None:
    path = make_questions(tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"id": "bad", "question": "Please crash", "must_say": ["x"]}\n')
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finished(started(path, small_index, whole, 0))
    for at_least in (2, 11, 23):
        process = started(path, small_index, killed, 0.1)
        while lines_in(killed / "answers.jsonl") < at_least and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        assert not (killed / "scores.json").exists() and lines_in(killed / "answers.jsonl") >= at_least
        torn = (killed / "answers.jsonl").read_bytes()
        (killed / "answers.jsonl").write_bytes(torn[: -len(torn.splitlines()[-1]) // 2])
    finished(started(path, small_index, killed, 0))
    assert (killed / "scores.json").read_bytes() == (whole / "scores.json").read_bytes()
    done = load_run(killed)
    assert [result.id for result in done.results] == ids_of(path)
    assert done.results[-1].failure == "crash" and "ZeroDivisionError" in done.results[-1].reason
    assert "secret" not in (killed / "answers.jsonl").read_text("utf-8")
    assert all(result.seconds for result in done.results[:-1])


def test_a_run_over_the_small_index_has_figures_of_every_kind(
    questions: Path, settings: Settings, open_assistant: Any, tmp_path: Path
) -> None:
    seen: list[tuple[str, int, int]] = []
    plan = Plan(progress=lambda *told: seen.append(told))
    done = run(questions, settings, tmp_path / "out", plan, open_assistant)
    figures = {figure.measure: figure for figure in done.figures}
    assert (figures["right"].n, figures["refused_rightly"].n, figures["aurc"].n) == (24, 6, 30)
    assert figures["document_hit@5"].value == 1 and figures["verbatim_share"].value == 1
    assert all(0 <= f.low <= f.value <= f.high <= 1 for f in done.figures)
    assert {f.measure: f.n for f in done.by_tag["copy1"]}["right"] == 8
    assert done.curve[-1].coverage == 1 and done.operating is not None
    assert [step.step for step in done.timing][-1] == "total" and done.timing[0].n == 30
    assert all((result.failure == "") is (result.reason == "") for result in done.results)
    assert seen[0] == ("ask", 1, 30) and seen[-1] == ("score", 30, 30)
    first = answers(tmp_path / "out")[0]
    assert list(first) == [
        "id",
        "question",
        "text",
        "status",
        "citations",
        "hits",
        "notes",
        "emphasis",
        "missing",
        "missing_from",
        "columns",
        "trace",
    ]
    assert load_run(tmp_path / "out") == done


def test_the_full_curve_asks_again_without_a_threshold_and_changes_no_score(
    questions: Path, settings: Settings, open_assistant: Any, tmp_path: Path
) -> None:
    strict = settings.model_copy(update={"min_confidence": 0.8})
    plain = run(questions, strict, tmp_path / "plain", Plan(), open_assistant)
    full = run(questions, strict, tmp_path / "full", Plan(full_curve=True), open_assistant)
    assert [f for f in plain.figures if f.measure != "aurc"] == [
        f for f in full.figures if f.measure != "aurc"
    ]
    areas = [f.value for told in (plain, full) for f in told.figures if f.measure == "aurc"]
    assert areas[1] < areas[0]  # without asking, what was refused counts as wrong
    lines = answers(tmp_path / "full")
    assert all(("ungated" in line) is (line["status"] == "not_in_documents") for line in lines)
    assert any(line.get("ungated", {}).get("text") for line in lines)


def test_a_denied_paper_appears_nowhere_and_is_found_for_its_group(
    settings: Settings, open_assistant: Any, tmp_path: Path
) -> None:
    row = {"path": "leads.md", "page": 1, "quote": "The cormorant reserve of the Harbour Programme"}
    line = {
        "id": "a",
        "question": "How large is the cormorant reserve?",
        "must_say": ["310,000"],
        "expected": [row],
    }
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps(line))
    denied = run(path, settings, tmp_path / "denied", Plan(), open_assistant)
    assert denied.results[0].failure == "parse"
    written = (tmp_path / "denied" / "answers.jsonl").read_text("utf-8")
    assert "310,000" not in written and "leads" not in written
    allowed = run(path, settings, tmp_path / "allowed", Plan(groups=("leads",)), open_assistant)
    assert allowed.results[0].failure == "" and allowed.fingerprint["groups"] == ["all", "leads"]


def test_a_limit_takes_the_first_questions(questions: Path, settings: Settings, tmp_path: Path) -> None:
    done = run(questions, settings, tmp_path / "out", Plan(limit=3), scripted)
    assert [result.id for result in done.results] == ["Norway-0-0", "Norway-1-0", "nine ports-0-0"]


def test_answers_stand_in_the_order_of_the_questions_whoever_is_first(
    questions: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set()

    def slow_for_some(self: Scripted, question: Question) -> None:
        threads.add(threading.get_ident())
        time.sleep(0.03 if "Norway" in question.text or "pays" in question.text else 0)

    monkeypatch.setattr(Scripted, "does", slow_for_some)
    run(questions, settings, tmp_path / "out", Plan(workers=4), scripted)
    assert [line["id"] for line in answers(tmp_path / "out")] == ids_of(questions)
    assert len(threads) > 1


def test_times_are_told_apart_from_scores(questions: Path, settings: Settings, tmp_path: Path) -> None:
    done = run(questions, settings, tmp_path / "out", Plan(), scripted)
    assert [(t.step, t.n, t.p50_s, t.p95_s) for t in done.timing] == [
        ("search", 30, 0.25, 0.25),
        ("gate", 30, 0.5, 0.5),
        ("total", 30, 0.75, 0.75),
    ]
    assert "0.25" not in (tmp_path / "out" / "scores.json").read_text() and done.tokens == {}


def test_a_folder_with_a_run_is_neither_overwritten_nor_mixed(
    questions: Path, settings: Settings, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    before = run(questions, settings, out, Plan(), scripted)
    with pytest.raises(BadInput, match="holds a finished run"):
        run(questions, settings, out, Plan(), scripted)
    (out / "scores.json").unlink()
    with pytest.raises(BadInput, match="holds an unfinished run"):
        run(questions, settings, out, Plan(), scripted)
    assert run(questions, settings, out, Plan(resume=True), scripted) == before
    assert len(run(questions, settings, out, Plan(overwrite=True, limit=2), scripted).results) == 2


def test_a_run_is_not_continued_after_what_it_depends_on_has_changed(
    questions: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(questions, settings, out, Plan(), scripted)
    other = settings.model_copy(update={"min_confidence": 0.7})
    with pytest.raises(BadInput, match=r"settings\.min_confidence: 0\.3 → 0\.7"):
        run(questions, other, out, Plan(resume=True), scripted)
    with pytest.raises(BadInput, match="questions: 30 → 5"):
        run(questions, settings, out, Plan(resume=True, limit=5), scripted)
    monkeypatch.setattr(Scripted, "build_id", "another")
    with pytest.raises(BadInput, match="index_build"):
        run(questions, settings, out, Plan(resume=True), scripted)
    monkeypatch.undo()
    questions.write_text(questions.read_text("utf-8").replace("funds", "pays for"), "utf-8")
    with pytest.raises(BadInput, match="question_set"):
        run(questions, settings, out, Plan(resume=True), scripted)


def test_a_line_that_is_damaged_in_the_middle_is_told(
    questions: Path, settings: Settings, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(questions, settings, out, Plan(), scripted)
    lines = (out / "answers.jsonl").read_text("utf-8").splitlines(keepends=True)
    (out / "answers.jsonl").write_text("".join([lines[0], "torn\n", *lines[2:]]))
    with pytest.raises(BadInput, match="line 2 is damaged"):
        run(questions, settings, out, Plan(resume=True), scripted)
    (out / "answers.jsonl").write_text("".join([lines[0], lines[2]]))
    with pytest.raises(BadInput, match="line 2 answers 'nine ports-0-0'"):
        run(questions, settings, out, Plan(resume=True), scripted)


def test_a_malformed_set_is_told_before_anything_is_opened(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text("{}\n")
    with pytest.raises(BadInput, match="line 1: id: missing"):
        run(path, settings, tmp_path / "out", Plan(), cast(Any, None))
    assert not (tmp_path / "out").exists()


def test_two_runs_do_not_write_into_one_folder(
    questions: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def again(self: Scripted, question: Question) -> None:
        monkeypatch.setattr(Scripted, "does", lambda *_: None)
        with pytest.raises(BadInput, match="another run is writing here"):
            run(questions, settings, tmp_path / "out", Plan(resume=True), scripted)
        told.append("refused")

    monkeypatch.setattr(Scripted, "does", again)
    run(questions, settings, tmp_path / "out", Plan(workers=1), scripted)
    assert told == ["refused"]


def test_a_rebuilt_index_ends_the_run(
    questions: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rebuilt(self: Scripted, question: Question) -> None:
        Scripted.build_id = "later"

    monkeypatch.setattr(Scripted, "does", rebuilt)
    monkeypatch.setattr(Scripted, "build_id", "scripted")

    with pytest.raises(BadInput, match="rebuilt during the run, to later"):
        run(questions, settings, tmp_path / "out", Plan(), scripted)
    assert not (tmp_path / "out" / "scores.json").exists()


def test_a_fingerprint_names_the_corpus_the_models_and_no_secret(
    questions: Path, settings: Settings, open_assistant: Any, small_index: Path, tmp_path: Path
) -> None:
    secret = settings.model_copy(update={"llm_base_url": "http://me:hunter2@localhost:1/v1"})
    done = run(questions, secret, tmp_path / "out", Plan(limit=1), open_assistant)
    record = generations.record_of(generations.current(small_index))
    assert (done.fingerprint["corpus"], done.fingerprint["embedding_model"]) == (
        record["source"],
        record["model"],
    )
    assert {"answer", "condense"} <= set(done.fingerprint["prompts"])
    told = json.dumps(done.fingerprint)
    assert "hunter2" not in told and "api_key" not in told and str(small_index) not in told
    assert done.fingerprint["settings"]["llm_base_url"] == "http://localhost:1/v1"


def test_the_memory_of_a_run_does_not_grow_with_its_answers(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def long_trace(self: Scripted, question: Question) -> Answer:
        trace = Trace("x" * 100_000, "scripted")
        return Answer("", "not_in_documents", (), (), trace)

    monkeypatch.setattr(Scripted, "ask", long_trace)
    path = make_questions(tmp_path, copies=40)
    tracemalloc.start()
    run(path, settings, tmp_path / "out", Plan(), scripted)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "out" / "answers.jsonl").stat().st_size > 40_000_000
    assert peak < 20_000_000


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("eval")]


def test_the_run_that_is_returned_is_the_one_on_the_disk(
    questions: Path, settings: Settings, tmp_path: Path
) -> None:
    done: EvalRun = runner.run(questions, settings, tmp_path / "out", None, scripted)
    assert load_run(tmp_path / "out") == done
    with pytest.raises(BadInput, match="not there"):
        load_run(tmp_path)
