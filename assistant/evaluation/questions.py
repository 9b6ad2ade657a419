"""Question sets: JSONL or CSV files to EvalQuestions. Every fault of a file is told at once.

JSONL has one object a line; CSV the same columns, with lists split at `|`:

- `expected`: `path#page: quote|path: quote` (no `#page` where any page will do); a bar inside a
  quote is written `\\|`. A cell that begins with `[` is read as the JSON list itself.
- `history`: `user: text|assistant: text`, or the JSON list.
- `answerable`: true or false, yes or no, 1 or 0; empty means true.

The delimiter of CSV may be a comma, a semicolon (European Excel) or a tab.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.errors import BadInput
from assistant.evaluation.types import EvalQuestion, Expected
from assistant.types import Role, Turn

MOST_FAULTS = 50  # told one by one; of the others the number
QUESTION_CHARS = 2000

_Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
_STRICT = ConfigDict(extra="forbid", strict=True)
_EXPECTED = re.compile(r"(?P<path>.+?)(?:#(?P<page>\d+))?:(?:\s+(?P<quote>.*))?", re.DOTALL)
_TURN = re.compile(r"(?P<role>\w+):\s*(?P<text>.*)", re.DOTALL)
_YES_OR_NO = {"": True, "true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class _Row(BaseModel):
    model_config = _STRICT
    path: _Text
    page: Annotated[int, Field(ge=1)] | None = None
    quote: str = ""


class _Turn(BaseModel):
    model_config = _STRICT
    role: Role
    text: _Text


class _Line(BaseModel):
    """A line as it must be. Nothing is converted: a number is not a text."""

    model_config = _STRICT
    id: _Text
    question: _Text
    must_say: list[_Text] = []
    answers: list[_Text] = []
    answerable: bool = True
    expected: list[_Row] = []
    history: list[_Turn] = []
    tags: list[_Text] = []

    @model_validator(mode="after")
    def _agrees(self) -> "_Line":
        if not self.answerable and (self.must_say or self.answers or self.expected):
            raise ValueError("answerable is false, so must_say, answers and expected must be empty")
        return self

    def question_of(self) -> EvalQuestion:
        return EvalQuestion(
            id=self.id,
            question=self.question,
            must_say=tuple(self.must_say),
            expected=tuple(Expected(row.path, row.page, row.quote) for row in self.expected),
            answerable=self.answerable,
            history=tuple(Turn(turn.role, turn.text) for turn in self.history),
            tags=tuple(dict.fromkeys(self.tags)),
            short_answers=tuple(self.answers),
        )


def load_questions(path: Path, most_chars: int = QUESTION_CHARS) -> list[EvalQuestion]:
    """The questions of a file, in its order. Raises BadInput, which names every malformed line
    by number and cause (the first 50 in full); no question is skipped in silence.

    `most_chars` is the longest question that the assistant takes.
    """
    text = _text_of(path)
    faults: list[str] = []
    is_table = path.suffix.lower() in (".csv", ".tsv")
    lines = _csv_lines(path, text, faults) if is_table else _json_lines(text, faults)
    questions: list[EvalQuestion] = []
    seen: dict[str, int] = {}
    for number, told in lines:
        found = _faults_of(number, told, seen, most_chars)
        if not found:
            questions.append(_Line.model_validate(told).question_of())
        faults += [f"line {number}: {fault}" for fault in found]
    if faults:
        raise BadInput(_told(path, faults))
    if not questions:
        raise BadInput(f"{path}: holds no questions. Write one JSON object a line.")
    return questions


def _told(path: Path, faults: list[str]) -> str:
    shown = sorted(faults, key=lambda fault: int(re.findall(r"\d+", fault)[0]))[:MOST_FAULTS]
    more = [f"and {len(faults) - len(shown):,} more."] if len(faults) > len(shown) else []
    count = "1 fault" if len(faults) == 1 else f"{len(faults):,} faults"
    return "\n  ".join([f"{path}: {count}. Mend these lines; nothing was run.", *shown, *more])


def _faults_of(number: int, told: Mapping[str, Any], seen: dict[str, int], most_chars: int) -> list[str]:
    """What is wrong with one line, one sentence each."""
    faults = []
    try:
        _Line.model_validate(told)
    except ValidationError as error:
        faults = [_sentence(fault) for fault in error.errors(include_url=False)]
    identifier, question = told.get("id"), told.get("question")
    if isinstance(identifier, str) and identifier.strip():
        first = seen.setdefault(identifier, number)
        if first != number:
            faults.append(f"the id {identifier!r} is that of line {first}")
    if isinstance(question, str):
        if len(question) > most_chars:
            faults.append(f"question: {len(question):,} characters; at most {most_chars:,} can be asked")
        elif question.strip() and not any(sign.isalnum() for sign in question):
            faults.append("question: holds no words")
    return faults


def _sentence(fault: Any) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"]).lstrip(".")
    kind, given = fault["type"], fault["input"]
    if kind == "missing":
        return f"{where}: missing"
    if kind == "extra_forbidden":
        return f"{where}: no such field; the fields are {', '.join(_Line.model_fields)}"
    if kind == "value_error":
        return str(fault["ctx"]["error"])
    if kind in ("string_too_short", "string_pattern_mismatch"):
        return f"{where}: empty"
    shown = repr(given) if len(repr(given)) <= 60 else f"{repr(given)[:60]}…"
    return f"{where}: {fault['msg'][0].lower()}{fault['msg'][1:]}, not {shown}"


def _text_of(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be read ({error.strerror}). Name a JSONL or CSV file of questions."
        ) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise BadInput(f"{path}: line {number} is not UTF-8. Save it as `CSV UTF-8`.") from None


def _json_lines(text: str, faults: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
        except (ValueError, RecursionError) as error:
            where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
            faults.append(f"line {number}: not JSON{where} ({getattr(error, 'msg', 'nested too deeply')})")
            continue
        if isinstance(told, dict):
            yield number, told
        else:
            faults.append(f"line {number}: not a JSON object but a {type(told).__name__}")


def _csv_lines(path: Path, text: str, faults: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        number = rows.line_num + 1  # a quoted cell may run over several lines: the first is told
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            faults.append(f"line {number}: not CSV ({error}); the lines after it were not read")
            return
        if not any(cell.strip() for cell in row):
            continue
        if header is None:
            header = [name.strip() for name in row]
            wrong = _header_faults(header)
            if wrong:
                raise BadInput(_told(path, [f"line {number}: {fault}" for fault in wrong]))
        elif len(row) > len(header) and any(row[len(header) :]):
            faults.append(f"line {number}: {len(row)} cells, but the first line names {len(header)}")
        else:
            cells = dict(zip(header, row, strict=False))
            wrong = []
            told = {name: _cell(name, cell.strip(), wrong) for name, cell in cells.items()}
            faults += [f"line {number}: {fault}" for fault in wrong]
            if not wrong:
                yield number, told


def _header_faults(header: list[str]) -> list[str]:
    fields = list(_Line.model_fields)
    unknown = [name for name in header if name not in fields]
    twice = sorted({name for name in header if header.count(name) > 1})
    return [
        *(f"the column {name!r} is not known; the columns are {', '.join(fields)}" for name in unknown),
        *(f"the column {name!r} stands there twice" for name in twice),
        *(f"the column {name!r} is missing" for name in ("id", "question") if name not in header),
    ]


def _cell(name: str, cell: str, faults: list[str]) -> Any:
    """A CSV cell as the JSON value it stands for; what cannot be read is told in `faults`."""
    if name in ("id", "question"):
        return cell
    if name == "answerable":
        if cell.lower() not in _YES_OR_NO:
            faults.append(f"answerable: write true or false, not {cell!r}")
        return _YES_OR_NO.get(cell.lower())
    if name in ("expected", "history") and cell.startswith("["):
        try:
            return json.loads(cell)
        except ValueError as error:
            faults.append(f"{name}: begins like a JSON list and is none ({error})")
            return None
    items = [item.replace("\\|", "|").strip() for item in re.split(r"(?<!\\)\|", cell)] if cell else []
    if name == "history":
        return _parts(name, _TURN, "user: text", items, faults)
    if name == "expected":
        rows = _parts(name, _EXPECTED, "path#page: quote", items, faults)
        return [row | {"page": int(row["page"]) if row["page"] else None} for row in rows]
    return items


def _parts(
    name: str, form: re.Pattern[str], how: str, items: list[str], faults: list[str]
) -> list[dict[str, Any]]:
    matches = [(item, form.fullmatch(item)) for item in items]
    faults += [f"{name}: write `{how}`, not {item[:60]!r}" for item, match in matches if not match]
    return [match.groupdict(default="") for _, match in matches if match]
