"""The audit lines: one JSON object for each question, in files bounded by size and by age.

A line tells the id of the request, who asked, with which groups and in which scope, of which build,
the documents cited, the status and the times. It holds the text of the question only where that is
configured, and never a word of an answer or of a paper.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant import watching
from assistant.types import Answer, Question

CURRENT = "audit.jsonl"
DAY_S = 86_400

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept: a file grows to `file_bytes`, then a new one begins; older ones go after `days`."""

    file_bytes: int
    days: int
    questions: bool = False  # whether the text of the question is told


class Journal:
    """Appends audit lines. Safe between threads and between processes: each line is one write."""

    def __init__(self, folder: Path, bounds: Bounds, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._bounds, self._clock = folder, bounds, clock
        self._lock = threading.Lock()
        self._pruned = 0.0

    def write(self, question: Question, outcome: Answer | str, door: str, seconds: float) -> None:
        """Write the line of a question that was answered, or of one that came to nothing (a word for why).

        Never raises: a full disk must not keep an answer from its reader. It is told in the log.
        """
        try:
            line = json.dumps(self._told(question, outcome, door, seconds), ensure_ascii=False) + "\n"
            with self._lock:
                self._make_room()
                self._folder.mkdir(parents=True, exist_ok=True)
                file = os.open(self._folder / CURRENT, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                try:
                    os.write(file, line.encode("utf-8"))
                finally:
                    os.close(file)
        except OSError as fault:
            log.error("an audit line was not written: %s", fault)

    def _told(
        self, question: Question, outcome: Answer | str, door: str, seconds: float
    ) -> dict[str, object]:
        principal = question.principal
        scope = {**question.filters, **principal.scope}
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds"),
            "request": watching.current().request,
            "door": door,
            "who": principal.id,
            "groups": sorted(principal.groups),
            "scope": {field: list(values) for field, values in scope.items()},
            "status": outcome if isinstance(outcome, str) else outcome.status,
            "seconds": round(seconds, 3),
        }
        if isinstance(outcome, Answer):
            told["build"] = outcome.trace.index_build
            told["documents"] = sorted({cited.document_id for cited in outcome.citations})
            told["model"] = outcome.trace.model
            told["steps"] = {step: round(taken, 3) for step, taken in outcome.trace.seconds.items()}
        if self._bounds.questions:
            told["question"] = question.text
        return told

    def _make_room(self) -> None:
        """Begin a new file where this one is full, and remove what is too old, looked at once in an hour."""
        now, current = self._clock(), self._folder / CURRENT
        with suppress(FileNotFoundError):  # nothing yet, or another process was quicker
            if current.stat().st_size >= self._bounds.file_bytes:
                stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%S%f")
                current.rename(self._folder / f"audit-{stamp}.jsonl")
        if now - self._pruned < 3600:
            return
        self._pruned = now
        for old in self._folder.glob("audit*.jsonl"):
            with suppress(FileNotFoundError):
                if old.stat().st_mtime < now - self._bounds.days * DAY_S:
                    old.unlink()
