"""Readers' marks on answers: kept in one file, and turned into draft lines of a question set.

Covers: several processes and threads writing at once, a full or read-only disk, a line torn by a
crash. Does not cover: who may read the file; it holds questions and quotes of restricted papers.
"""

import fcntl
import hashlib
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from assistant.errors import AssistantFault, BadInput
from assistant.types import Answer, Citation, Question, Status, Turn

Mark = Literal["helpful", "not_helpful", "wrong_evidence"]

MARKS: tuple[Mark, ...] = get_args(Mark)
COMMENT_CHARS = 1000
LOCKED_WITHIN_S = 5.0

log = logging.getLogger(__name__)


class NotKept(AssistantFault):
    """A mark that could not be written down."""

    for_staff = "Your mark could not be saved. Please try again later."


@dataclass(frozen=True, slots=True)
class Feedback:
    """A reader's mark on one answer, with all that is needed to ask the question again.

    `id` is that of the answer: a later mark with the same id replaces this one. `at` is UTC in
    ISO 8601; `comment` has at most COMMENT_CHARS characters. Of the person only the id is kept.
    """

    id: str
    at: str
    principal: str
    mark: Mark
    comment: str
    question: str
    history: tuple[Turn, ...]
    answer: str
    status: Status
    citations: tuple[Citation, ...]
    index_build: str
    model: str


def feedback(answer_id: str, question: Question, answer: Answer, mark: Mark, comment: str) -> Feedback:
    """Put a mark and what it is about together, as of now. Raises BadInput for what no reader can send."""
    if mark not in MARKS:
        raise BadInput(f"The mark {mark!r} is none of {', '.join(MARKS)}.")
    if len(comment) > COMMENT_CHARS:
        raise BadInput(f"The comment has {len(comment):,} characters; at most {COMMENT_CHARS:,} are kept.")
    return Feedback(
        id=answer_id,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        principal=question.principal.id,
        mark=mark,
        comment=comment,
        question=question.text,
        history=question.history,
        answer=answer.text,
        status=answer.status,
        citations=answer.citations,
        index_build=answer.trace.index_build,
        model=answer.trace.model,
    )


class FeedbackBook:
    """A file of marks that only grows, one JSON object a line; the last line of an id counts."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened or made before the first mark."""
        self.path = path

    def add(self, given: Feedback) -> None:
        """Write a mark down so that it outlives a crash; whole or not at all. Raises NotKept."""
        line = _bytes_of(asdict(given))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                _lock(file)
                _append(file, line, self.path.parent)
            finally:
                os.close(file)
        except OSError as error:
            raise NotKept(
                f"{self.path}: a reader's mark could not be kept ({error.strerror or error}). "
                "Make room or give the right to write, or set ASSISTANT_FEEDBACK to another file."
            ) from error

    def entries(self) -> list[Feedback]:
        """The last mark of each answer, in the order of the first ones.

        A line that cannot be read is skipped and told in the log. Raises NotKept.
        """
        latest: dict[str, Feedback] = {}
        for number, line in enumerate(self._lines(), 1):
            if line.strip():
                try:
                    given = _feedback_of(json.loads(line))
                except (ValueError, TypeError, KeyError, AttributeError) as error:
                    log.warning("%s, line %d is skipped: no whole mark (%r)", self.path, number, error)
                else:
                    latest[given.id] = given
        return list(latest.values())

    def _lines(self) -> list[bytes]:
        try:
            with self.path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                return file.read().split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise NotKept(
                f"{self.path}: cannot be read ({error.strerror}). Name the file in ASSISTANT_FEEDBACK."
            ) from error


def drafts(book: FeedbackBook) -> Iterator[dict[str, Any]]:
    """A line of a question set for each mark; a person adds `must_say` and takes the tag `draft` out.

    Evidence is taken over only where the reader found the answer helpful. A silence found
    helpful makes a question that must be refused.
    """
    yield from map(_draft, book.entries())


def export(book: FeedbackBook, path: Path) -> int:
    """Write the drafts to `path` and the notes beside it, `x.jsonl` and `x.notes.jsonl`; how many.

    An earlier export is replaced, unless somebody has worked on it. Raises BadInput and NotKept.
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
        beside.write_bytes(b"".join(_bytes_of(line) for line in lines))
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _bytes_of(told: dict[str, Any]) -> bytes:
    # Half a surrogate pair, which a browser may send, has no UTF-8: it becomes a question mark.
    return (json.dumps(told, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _lock(file: int) -> None:
    """Wait for the file, a few seconds only: a reader's click must end."""
    until = time.monotonic() + LOCKED_WITHIN_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def _append(file: int, line: bytes, folder: Path) -> None:
    """Write behind the last whole line; where the disk is full, leave the file as it was."""
    end = os.fstat(file).st_size
    torn = end > 0 and os.pread(file, 1, end - 1) != b"\n"
    data = b"\n" + line if torn else line
    try:
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)
        if end == 0:  # a new file is not safe before its name is
            inside = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(inside)
            finally:
                os.close(inside)
    except OSError:
        os.ftruncate(file, end)
        raise


def _feedback_of(told: dict[str, Any]) -> Feedback:
    history = tuple(Turn(**turn) for turn in told.pop("history"))
    citations = tuple(Citation(**citation) for citation in told.pop("citations"))
    given = Feedback(**told, history=history, citations=citations)
    if given.mark not in MARKS:
        raise ValueError(given.mark)
    return given
