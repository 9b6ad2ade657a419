"""The folder of a run: what is written there, and how it is read again.

`run.json` names what the run depends on, before the first answer; `answers.jsonl` grows by a line
a question, in the order of the set; `timing.json` and, last, `scores.json` end it. `scores.json`
holds no wall time: the same answers give the same bytes.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.errors import BadInput
from assistant.evaluation.types import EvalRun, Figure, Point, Result, StepTime

ANSWERS, SCORES, TIMING, MARK = "answers.jsonl", "scores.json", "timing.json", "run.json"
FORMAT = 1


def run_id(question_set: str, fingerprint: Mapping[str, Any]) -> str:
    """A name that two runs share exactly where they share everything the figures depend on."""
    digest = hashlib.sha256(json.dumps(fingerprint, sort_keys=True).encode()).hexdigest()
    return f"{Path(question_set).stem}-{digest[:10]}"


def save_run(folder: Path, run: EvalRun) -> None:
    """Write `timing.json`, then `scores.json`, each whole or not at all."""
    seconds = {result.id: dict(result.seconds) for result in run.results}
    timing = {"steps": [asdict(step) for step in run.timing], "tokens": dict(run.tokens), "seconds": seconds}
    _write(folder / TIMING, _lined(timing))
    told = asdict(run)
    for result in told["results"]:
        del result["seconds"]
    for apart in ("timing", "tokens"):
        del told[apart]
    _write(folder / SCORES, _lined({"format": FORMAT, **told}))


def load_run(folder: Path) -> EvalRun:
    """A finished run. Raises BadInput where the folder holds none, or one of another format.

    `timing.json` may be missing, as in a baseline that is kept for its scores.
    """
    told = _read(folder / SCORES)
    if told.get("format") != FORMAT:
        raise BadInput(f"{folder / SCORES}: format {told.get('format')!r}, not {FORMAT}. Run it again.")
    timing = _read(folder / TIMING) if (folder / TIMING).is_file() else {}
    seconds = timing.get("seconds", {})
    try:
        return EvalRun(
            id=told["id"],
            question_set=told["question_set"],
            fingerprint=told["fingerprint"],
            figures=_figures(told["figures"]),
            by_tag={tag: _figures(figures) for tag, figures in told["by_tag"].items()},
            results=tuple(
                Result(**{**result, "tags": tuple(result["tags"]), "seconds": seconds.get(result["id"], {})})
                for result in told["results"]
            ),
            curve=tuple(Point(**point) for point in told["curve"]),
            operating=Point(**told["operating"]) if told["operating"] else None,
            timing=tuple(StepTime(**step) for step in timing.get("steps", ())),
            tokens=timing.get("tokens", {}),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{folder / SCORES}: not the scores of a run ({error!r}). Run it again.") from None


def _figures(told: Sequence[Mapping[str, Any]]) -> tuple[Figure, ...]:
    return tuple(Figure(**figure) for figure in told)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder, which is made; a killed run leaves nothing to clear away."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written to ({error.strerror}). Name another --out.") from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise BadInput(f"{folder}: another run is writing here. Wait, or name another --out.") from None
    try:
        yield
    finally:
        os.close(held)


def write_mark(folder: Path, question_set: str, fingerprint: Mapping[str, Any]) -> None:
    """Say what a run depends on before its first answer."""
    told = {"format": FORMAT, "question_set": question_set, "fingerprint": fingerprint}
    _write(folder / MARK, _lined(told))


def read_mark(folder: Path) -> Mapping[str, Any]:
    """The fingerprint that `write_mark` wrote."""
    fingerprint: Mapping[str, Any] = _read(folder / MARK).get("fingerprint", {})
    return fingerprint


def answered(path: Path, ids: Sequence[str]) -> int:
    """How many answers stand in `answers.jsonl`, after what a killed run left half written at its
    end is cut off. Raises BadInput where the lines are not those of the first questions."""
    if not path.is_file():
        return 0
    count = good = 0
    with path.open("r+b") as file:
        for line in file:
            told = _id_of(line)
            if told is None:
                if file.read(1):
                    raise BadInput(f"{path}: line {count + 1} is damaged. Start anew with another --out.")
                break
            if count == len(ids) or told != ids[count]:
                raise BadInput(
                    f"{path}: line {count + 1} answers {told!r}, not the question of that number. Start anew."
                )
            count, good = count + 1, good + len(line)
        file.truncate(good)
    return count


def _id_of(line: bytes) -> str | None:
    """The id of a whole line, or None for a torn one."""
    try:
        return str(json.loads(line)["id"]) if line.endswith(b"\n") else None
    except (ValueError, KeyError, TypeError):
        return None


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise BadInput(f"{path}: not there. Name the folder of a finished run.") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read ({error}). Run the questions again.") from None
    if not isinstance(told, dict):
        raise BadInput(f"{path}: not a JSON object. Run the questions again.")
    return told


def _lined(told: Mapping[str, Any]) -> str:
    """JSON with a line for each field and, in lists and tables, for each entry."""
    parts = []
    for name, value in told.items():
        if value and isinstance(value, list | tuple):
            body = "[\n" + ",\n".join(_json(entry) for entry in value) + "\n]"
        elif value and isinstance(value, dict):
            body = "{\n" + ",\n".join(f"{_json(key)}: {_json(entry)}" for key, entry in value.items()) + "\n}"
        else:
            body = _json(value)
        parts.append(f"{_json(name)}: {body}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text, "utf-8")
    os.replace(unfinished, path)
