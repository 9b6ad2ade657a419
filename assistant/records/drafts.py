"""Readers' marks as draft lines of a question set, for a person to finish."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.errors import BadInput
from assistant.records.exchanges import as_json
from assistant.records.feedback import FeedbackBook
from assistant.records.marks import Feedback


def drafts(book: FeedbackBook) -> Iterator[dict[str, Any]]:
    """A line of a question set for each mark; a person adds `must_say` and takes the tag `draft` out.

    Evidence is taken over only where the reader found the answer helpful. A silence found
    helpful makes a question that must be refused.
    """
    yield from map(_draft, book.entries())


def export(book: FeedbackBook, path: Path) -> int:
    """Write the drafts to `path` and the notes beside it, `x.jsonl` and `x.notes.jsonl`; how many.

    An earlier export is replaced, unless somebody has worked on it. Raises BadInput and RecordsUnavailable.
    """
    if _worked_on(path):
        raise BadInput(f"{path}: somebody has worked on it. Name another file, so that nothing is lost.")
    entries = book.entries()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path.with_name(f"{path.stem}.notes.jsonl"), map(_note, entries))
        _write(path, map(_draft, entries))
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror}). Name another file.") from error
    return len(entries)


def _draft(given: Feedback) -> dict[str, Any]:
    rightly_silent = given.mark == "helpful" and given.status == "not_in_documents"
    cited = given.citations if given.mark == "helpful" and not rightly_silent else ()
    places = dict.fromkeys((citation.path, citation.page, citation.quote) for citation in cited)
    return {
        "id": _draft_id(given),
        "question": given.question,
        "must_say": [],
        "answerable": not rightly_silent,
        "expected": [{"path": path, "page": page, "quote": quote} for path, page, quote in places],
        "history": [{"role": turn.role, "text": turn.text} for turn in given.history if turn.text.strip()],
        "tags": ["draft", given.mark],
    }


def _note(given: Feedback) -> dict[str, Any]:
    """What was said about a draft: a question set holds no such fields, so it stands beside it."""
    told = asdict(given)
    del told["id"], told["question"], told["history"]
    return {"id": _draft_id(given), **told}


def _draft_id(given: Feedback) -> str:
    return f"draft-{hashlib.sha256(given.id.encode()).hexdigest()[:10]}"


def _worked_on(path: Path) -> bool:
    """Whether a file that stands there is more than an export left as it was."""
    try:
        lines = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]
        return not all("draft" in line["tags"] and line["must_say"] == [] for line in lines)
    except OSError:
        return False  # nothing there, or nothing that could be replaced: writing will tell
    except (ValueError, TypeError, KeyError):
        return True


def _write(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes("".join(as_json(line) + "\n" for line in lines).encode())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
