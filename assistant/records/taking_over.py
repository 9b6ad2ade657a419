"""Marks from the file of earlier versions, `feedback.jsonl`, into the database: once, and all of them.

A line is one mark as JSON, and the last line of an answer counts. What was taken over leaves the
file, so that a deletion for good reaches it; lines that no program can read stay where they are.
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from assistant.records import statements
from assistant.records.marks import Feedback, feedback_from, row_of
from assistant.records.tables import MARKS

OLD_FILE = "feedback.jsonl"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was found in a file: all its bytes, how many marks, and the lines that are none."""

    data: bytes
    count: int
    unread: tuple[bytes, ...]


def take_over(db: Connection, path: Path) -> Taken | None:
    """Write the marks of a file into the database, where they are not there yet; None without a file.

    Raises OSError where the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    latest: dict[tuple[str, str], Feedback] = {}
    unread: list[bytes] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            given = feedback_from(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("%s, line %d is left where it is: no whole mark (%r)", path, number, error)
            unread.append(line)
        else:
            latest[given.principal, given.id] = given
    for given in latest.values():
        statements.insert_if_absent(db, MARKS, row_of(given))
    return Taken(data, len(latest), tuple(unread))


def remove(path: Path, taken: Taken) -> None:
    """Take what is safely in the database out of the file; unreadable lines stay, in `….unread`.

    A file that has grown since is left for the next time. Raises OSError.
    """
    if path.read_bytes() != taken.data:
        return
    if taken.unread:
        beside = path.with_name(f"{path.name}.unread")
        with beside.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in taken.unread))
    path.unlink()
    log.info("%s: %d marks were taken over into the records database", path, taken.count)
