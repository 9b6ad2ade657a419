"""Visits: readers of an intranet page who are here because that page vouches for them.

A page's server is given a ticket for a reader, who begins a visit with it, once. A visit lives as
long as the ticket it was begun or renewed with: LIFE_S after the page told who the reader is and
which groups they are in. So what the page tells now counts here within that time, and a reader for
whom nobody vouches any more is gone within it.

They stand in the database, not in the tokens themselves: a ticket counts once and a visit ends
early for all workers alike, and no secret has to be shared between them. Both are 32 random bytes
(see `keys`), of which the hash is kept.
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from assistant.records.database import Database
from assistant.records.keys import hashed
from assistant.records.tables import VISITS

LIFE_S = 60
KEPT_S = 24 * 3600  # an ended visit can be taken up again for so long

_TICKET, _VISIT = "ticket", "visit"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who visits, by the name that the page of `origin` has for them, and within which bounds."""

    person: str
    origin: str
    groups: tuple[str, ...]
    scope: Mapping[str, tuple[str, ...]]
    language: str = ""


class Visits:
    """The tickets and visits in one database. Every operation may raise RecordsUnavailable."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def ticket(self, visitor: Visitor) -> str:
        """A ticket for one visitor; good once, for LIFE_S."""
        ticket, now = secrets.token_urlsafe(32), self._clock()
        with self._database.writing() as db:
            db.execute(delete(VISITS).where(VISITS.c.ends < _at(now), VISITS.c.state == _TICKET))
            db.execute(delete(VISITS).where(VISITS.c.ends < _at(now - KEPT_S)))
            about = {"person": visitor.person, "origin": visitor.origin, "bounds": _bounds(visitor)}
            row = {"hash": hashed(ticket), "state": _TICKET, **about, "ends": _at(now + LIFE_S)}
            db.execute(insert(VISITS).values(**row))
        return ticket

    def begin(self, ticket: str, origin: str | None = None) -> tuple[str, Visitor] | None:
        """A new visit's id, and who visits; None for what is no ticket, or none any more, or one for
        another `origin` where that is known."""
        with self._database.writing() as db:
            told = self._spent(db, ticket)
            if told is None or origin not in (None, told["origin"]):
                return None
            visit_id = secrets.token_urlsafe(32)
            row = {**told, "hash": hashed(visit_id), "state": _VISIT}
            db.execute(insert(VISITS).values(**row))
        return visit_id, _visitor(told)

    def renew(self, visit_id: str, ticket: str) -> bool:
        """Let a visit, also one that has ended, go on as its page tells of the same reader now.

        False where the ticket is none, or is of another reader or page; it is spent all the same.
        """
        with self._database.writing() as db:
            told = self._spent(db, ticket)
            if told is None:
                return False
            same = [VISITS.c.person == told["person"], VISITS.c.origin == told["origin"]]
            mine = update(VISITS).where(VISITS.c.hash == hashed(visit_id), VISITS.c.state == _VISIT, *same)
            return bool(db.execute(mine.values(bounds=told["bounds"], ends=told["ends"])).rowcount)

    def find(self, visit_id: str) -> Visitor | None:
        """Who visits; None where there is no such visit, or it has ended."""
        with self._database.reading() as db:
            now = VISITS.c.ends > _at(self._clock())
            asked = select(VISITS).where(VISITS.c.hash == hashed(visit_id), VISITS.c.state == _VISIT, now)
            row = db.execute(asked).mappings().first()
        return _visitor(row) if row else None

    def _spent(self, db: Connection, ticket: str) -> RowMapping | None:
        """What a ticket says; from now on it is none. Of two who come with it at once one gets it."""
        mine = [VISITS.c.hash == hashed(ticket), VISITS.c.state == _TICKET]
        mine.append(VISITS.c.ends > _at(self._clock()))
        row = db.execute(select(VISITS).where(*mine)).mappings().first()
        return row if row and db.execute(delete(VISITS).where(*mine)).rowcount == 1 else None


def _bounds(visitor: Visitor) -> str:
    scope = {name: list(values) for name, values in visitor.scope.items()}
    return json.dumps({"groups": list(visitor.groups), "scope": scope, "language": visitor.language})


def _visitor(row: RowMapping) -> Visitor:
    told = json.loads(row["bounds"])
    scope = {name: tuple(values) for name, values in told["scope"].items()}
    return Visitor(row["person"], row["origin"], tuple(told["groups"]), scope, told["language"])


def _at(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="microseconds")
