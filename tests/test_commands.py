"""eval, compare and feedback as an evaluator runs them."""

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.cli import main
from assistant.config import Settings
from assistant.errors import BadInput
from assistant.evaluation import commands
from assistant.evaluation.types import EvalQuestion
from conftest import ROOT

LINES: list[dict[str, Any]] = [
    {
        "id": "one",
        "question": "Who pays for the Harbour Programme?",
        "must_say": ["Norway"],
        "answerable": True,
        "expected": [{"path": "harbour.md", "page": 1, "quote": "Norway pays for the Harbour Programme"}],
        "history": [],
        "tags": ["fact"],
    },
    {
        "id": "two",
        "question": "What is the recipe for a lemon cake?",
        "must_say": [],
        "answerable": False,
        "expected": [],
        "history": [],
        "tags": ["unanswerable"],
    },
]


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_MODELS", str(ROOT / "var" / "models"))


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(map(json.dumps, LINES)), "utf-8")
    return path


def test_eval_writes_all_its_files_and_tells_the_figures(
    questions: Path, small_index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(["eval", str(questions), "--index", str(small_index), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "right" in told and "n = 1" in told and "wrong, by room: none" in told
    written = {path.name for path in out.iterdir()}
    assert {
        "answers.jsonl",
        "scores.json",
        "timing.json",
        "report.html",
        "report.xlsx",
        "run.trec",
    } <= written
    answers = [json.loads(line) for line in (out / "answers.jsonl").read_text("utf-8").splitlines()]
    assert [answer["id"] for answer in answers] == ["one", "two"]
    assert {"question", "text", "status", "citations", "hits", "trace"} <= set(answers[0])


def test_compare_tells_that_a_run_does_not_differ_from_itself_and_gates(
    questions: Path, small_index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    main(["eval", str(questions), "--index", str(small_index), "--out", str(out)])
    page = tmp_path / "comparison.html"
    assert main(["compare", str(out), str(out), "--html", str(page), "--fail-if-worse", "right:0.02"]) == 0
    assert "These runs do not differ." in capsys.readouterr().out and page.is_file()
    wrong = json.loads((out / "scores.json").read_text("utf-8"))
    worse = tmp_path / "worse"
    worse.mkdir()
    for result in wrong["results"]:
        result["scores"]["right"] = 0.0 if result["answerable"] else None
    (worse / "scores.json").write_text(json.dumps(wrong), "utf-8")
    assert main(["compare", str(out), str(worse), "--fail-if-worse", "right:0.02"]) == 1
    assert "WORSE right:0.02" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text, told",
    [("{broken", "line 1"), ('{"id": "a"}', "question"), ("", "no question")],
)
def test_a_malformed_set_is_told_before_anything_runs(
    small_index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(text, "utf-8")
    out = tmp_path / "run"
    assert main(["eval", str(path), "--index", str(small_index), "--out", str(out)]) == 2
    assert told in capsys.readouterr().err and not (out / "answers.jsonl").exists()


def test_a_judge_without_a_model_is_told(questions: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--judge: no language model"):
        list(commands.opinions([], Settings(), tmp_path))


def test_a_models_opinion_stands_in_a_file_of_its_own_and_says_what_it_is(
    questions: Path, small_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    main(["eval", str(questions), "--index", str(small_index), "--out", str(out)])
    scores = (out / "scores.json").read_bytes()

    class Model:
        def __init__(self, settings: Settings) -> None:
            pass

        def complete(self, messages: object) -> str:
            return "RIGHT\nIt names Norway."

    monkeypatch.setattr("assistant.llm.LanguageModel", Model)
    asked = [EvalQuestion(line["id"], line["question"], tuple(line["must_say"])) for line in LINES]
    told = list(commands.opinions(asked, Settings(llm="openai:x"), out))
    assert "a model's opinion" in told[0] and "n = 1 of 2" in told[0]
    opinions = [json.loads(line) for line in (out / "judge.jsonl").read_text("utf-8").splitlines()]
    assert opinions[0]["value"] == 1.0 and opinions[1]["value"] is None
    assert (out / "scores.json").read_bytes() == scores


def test_feedback_is_exported_as_draft_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_RECORDS_URL", f"sqlite:///{tmp_path}/records.sqlite")
    assert main(["feedback", "export", "--out", str(tmp_path / "drafts.jsonl")]) == 0
    assert "0 draft questions" in capsys.readouterr().out
    assert main(["feedback", "import"]) == 2 and "--from FILE" in capsys.readouterr().err
    (tmp_path / "old.jsonl").write_text("")
    assert main(["feedback", "import", "--from", str(tmp_path / "old.jsonl")]) == 0
    assert "0 marks taken over" in capsys.readouterr().out
