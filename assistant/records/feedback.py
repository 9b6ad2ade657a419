"""Readers' marks on answers, for evaluators: the last one of each answer counts.

Does not cover: who may read them; they hold questions and quotes of restricted papers.
"""

import logging
from pathlib import Path

from sqlalchemy import select

from assistant.errors import BadInput, NoSuchConversation
from assistant.records import statements, taking_over
from assistant.records.database import Database
from assistant.records.marks import Feedback, feedback_of, row_of
from assistant.records.tables import EXCHANGES, MARKS

log = logging.getLogger(__name__)


class FeedbackBook:
    """The marks in one database. Every operation may raise RecordsUnavailable."""

    def __init__(self, database: Database) -> None:
        """Nothing is opened or made before the first mark."""
        self._database = database

    def add(self, given: Feedback, kept_only: bool = False) -> None:
        """Write a mark down, in the place of the one that the answer has from this person.

        With `kept_only` the answer must stand in a conversation: else a mark set in one window would
        bring words back that were deleted in another. Raises NoSuchConversation then.
        """
        with self._database.writing() as db:
            if kept_only:
                mine = EXCHANGES.c.owner == given.principal
                if db.execute(select(EXCHANGES.c.id).where(mine, EXCHANGES.c.id == given.id)).first() is None:
                    raise NoSuchConversation(f"{given.id}: no such answer is kept")
            statements.insert_or_replace(db, MARKS, row_of(given))

    def entries(self) -> list[Feedback]:
        """The last mark of each answer, the latest mark last."""
        order = (MARKS.c.given, MARKS.c.owner, MARKS.c.exchange_id)
        with self._database.reading() as db:
            rows = list(db.execute(select(MARKS).order_by(*order)).mappings())
        told: list[Feedback] = []
        for row in rows:
            try:
                told.append(feedback_of(row))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                log.error("the mark on %s is passed over: it cannot be read (%r)", row["exchange_id"], error)
        return told

    def take_over(self, path: Path) -> int:
        """Move the marks of an earlier version's file in here; how many it held. Raises BadInput."""
        try:
            with self._database.writing() as db:
                taken = taking_over.take_over(db, path)
            if taken is None:
                raise BadInput(f"{path}: no such file. Name the file that ASSISTANT_FEEDBACK named.")
            taking_over.remove(path, taken)
        except OSError as error:
            raise BadInput(f"{path}: cannot be read or emptied ({error.strerror}).") from error
        return taken.count
