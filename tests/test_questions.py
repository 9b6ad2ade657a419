"""Question sets: what is read from JSONL and CSV, and how every fault is told at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import BadInput
from assistant.evaluation.questions import load_questions
from assistant.evaluation.types import EvalQuestion, Expected
from assistant.types import Turn

SETS = Path(__file__).parent / "questions"
WHOLE = EvalQuestion(
    id="q1",
    question="Who pays for the Harbour Programme?",
    must_say=("Norway", "4.2 million"),
    expected=(
        Expected("harbour.md", 1, "Norway pays; a | b"),
        Expected("sub dir/b#1: c.txt", None, "Norway"),
    ),
    answerable=True,
    history=(Turn("user", "What is it?"), Turn("assistant", "A programme: for ports.")),
    tags=("fact", "tune"),
    short_answers=("Norway", "the Kingdom of Norway"),
)
LINE: dict[str, Any] = {
    "id": "q1",
    "question": "Who pays for the Harbour Programme?",
    "must_say": ["Norway", "4.2 million"],
    "expected": [
        {"path": "harbour.md", "page": 1, "quote": "Norway pays; a | b"},
        {"path": "sub dir/b#1: c.txt", "page": None, "quote": "Norway"},
    ],
    "answerable": True,
    "history": [
        {"role": "user", "text": "What is it?"},
        {"role": "assistant", "text": "A programme: for ports."},
    ],
    "tags": ["fact", "tune"],
    "answers": ["Norway", "the Kingdom of Norway"],
}


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def faults_of(path: Path, most_chars: int = 2000) -> str:
    with pytest.raises(BadInput) as told:
        load_questions(path, most_chars)
    return str(told.value)


def test_a_json_line_becomes_a_question_with_every_field(tmp_path: Path) -> None:
    assert load_questions(written(tmp_path, "q.jsonl", json.dumps(LINE))) == [WHOLE]


def test_only_id_and_question_must_be_given(tmp_path: Path) -> None:
    path = written(
        tmp_path, "q.jsonl", '{"id": "a", "question": "Who?"}\n\n{"id": "b", "question": "When?"}\n'
    )
    assert load_questions(path) == [EvalQuestion("a", "Who?"), EvalQuestion("b", "When?")]


def test_byte_order_mark_and_carriage_returns_do_no_harm(tmp_path: Path) -> None:
    text = "\ufeff" + json.dumps(LINE) + "\r\n"
    assert load_questions(written(tmp_path, "q.jsonl", text)) == [WHOLE]


@pytest.mark.parametrize(
    ("delimiter", "ending", "mark"), [(",", "\n", ""), (";", "\r\n", "\ufeff"), ("\t", "\r\n", "")]
)
def test_csv_of_any_office_program_holds_the_same(
    tmp_path: Path, delimiter: str, ending: str, mark: str
) -> None:
    cells = {
        "id": "q1",
        "question": "Who pays for the Harbour Programme?",
        "must_say": "Norway|4.2 million",
        "answerable": "TRUE",
        "expected": json.dumps(LINE["expected"]),
        "history": "user: What is it?|assistant: A programme: for ports.",
        "tags": "fact | tune",
        "answers": "Norway|the Kingdom of Norway",
    }
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells.values()]
    text = mark + delimiter.join(cells) + ending + delimiter.join(quoted) + ending
    assert load_questions(written(tmp_path, "q.csv", text)) == [WHOLE]


def test_expected_in_csv_names_path_page_and_quote(tmp_path: Path) -> None:
    text = 'id,question,expected\na,Who?,"x/y.pdf#12: Norway: it pays\\|gives|z.txt: Sweden|w.md#2:"\n'
    (question,) = load_questions(written(tmp_path, "q.csv", text))
    assert question.expected == (
        Expected("x/y.pdf", 12, "Norway: it pays|gives"),
        Expected("z.txt", None, "Sweden"),
        Expected("w.md", 2, ""),
    )


@pytest.mark.parametrize("name", sorted(path.name for path in SETS.glob("*.jsonl")))
def test_the_sets_of_this_project_are_read(name: str) -> None:
    assert len(load_questions(SETS / name)) == len((SETS / name).read_text("utf-8").splitlines())


def test_every_fault_of_a_json_file_is_told_by_line_and_cause_at_once(tmp_path: Path) -> None:
    lines: list[Any] = [
        '{"id": "a", "question": "Who?"}',
        '{"id": "b", "question": ',
        "[1, 2]",
        {"question": "Who?"},
        {"id": "c"},
        {"id": "a", "question": "When?"},
        {"id": 5, "question": "When?"},
        {"id": "d", "question": "Why?", "must_say": "Norway", "musst_say": []},
        {"id": "e", "question": "Why?", "expected": [{"page": 1, "quote": "x"}, {"path": "a", "page": 0}]},
        {"id": "f", "question": " "},
        {"id": "g", "question": "x" * 41},
        {"id": "h", "question": "?!"},
        {"id": "i", "question": "Why?", "answerable": False, "must_say": ["x"]},
        {"id": "j", "question": "Why?", "history": [{"role": "system", "text": "x"}]},
        {"id": "k", "question": "Why?", "answerable": "no"},
    ]
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    told = faults_of(written(tmp_path, "q.jsonl", text), most_chars=40).splitlines()
    assert "16 faults" in told[0] and "nothing was run" in told[0]
    for number, cause in [
        (2, "not JSON"),
        (3, "not a JSON object but a list"),
        (4, "id: missing"),
        (5, "question: missing"),
        (6, "the id 'a' is that of line 1"),
        (7, "id: input should be a valid string, not 5"),
        (8, "must_say: input should be a valid list, not 'Norway'"),
        (8, "musst_say: no such field"),
        (9, "expected[0].path: missing"),
        (9, "expected[1].page"),
        (10, "question: empty"),
        (11, "question: 41 characters; at most 40"),
        (12, "question: holds no words"),
        (13, "answerable is false, so must_say, answers and expected must be empty"),
        (14, "history[0].role"),
        (15, "answerable: input should be a valid boolean, not 'no'"),
    ]:
        assert any(line.startswith(f"  line {number}: ") and cause in line for line in told), (
            number,
            cause,
            told,
        )


def test_the_first_fifty_faults_are_told_in_full_and_of_the_others_the_number(tmp_path: Path) -> None:
    told = faults_of(written(tmp_path, "q.jsonl", "{}x\n" * 1234)).splitlines()
    assert "1,234 faults" in told[0]
    assert (len(told), told[-1].strip()) == (52, "and 1,184 more.")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("id,question,musst\na,Who?,x\n", "the column 'musst' is not known"),
        ("id,question,id\na,Who?,b\n", "the column 'id' stands there twice"),
        ("id,tags\na,x\n", "the column 'question' is missing"),
        ("id,question\na,Who?,more\n", "line 2: 3 cells, but the first line names 2"),
        ("id,question,answerable\na,Who?,perhaps\n", "line 2: answerable: write true or false"),
        ("id,question,expected\na,Who?,no colon\n", "line 2: expected: write `path#page: quote`"),
        ('id,question,history\n"a\nb",Who?,\nc,When?,[oops\n', "line 4: history: begins like a JSON list"),
        ("id,question,history\na,Who?,nobody: hello\n", "history[0].role"),
        ('id,question\na,"Who?\n', "line 2: not CSV"),
        ("id,question\n", "holds no questions"),
        ("", "holds no questions"),
    ],
)
def test_a_fault_of_a_csv_file_is_told(tmp_path: Path, text: str, cause: str) -> None:
    assert cause in faults_of(written(tmp_path, "q.csv", text))


def test_a_file_that_is_missing_or_not_utf_8_is_told(tmp_path: Path) -> None:
    assert "cannot be read" in faults_of(tmp_path / "absent.jsonl")
    assert "line 2 is not UTF-8" in faults_of(written(tmp_path, "q.csv", b"id,question\na,Durr\xebs?\n"))
