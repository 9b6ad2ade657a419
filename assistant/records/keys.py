"""Keys of programs that ask in the place of people: made, found by what they are, revoked.

A key is 32 random bytes, so its plain SHA-256 cannot be guessed back and needs no salt; the
database is asked for the hash, and never compares the key itself.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import RowMapping, insert, select, update

from assistant.errors import BadInput
from assistant.records.database import Database
from assistant.records.tables import KEYS

PREFIX = "cta_"  # by which scanners for lost secrets, and people, know one
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Key:
    """A key by its name; `revoked` is "" while it opens something.

    With an `origin` it asks nothing by itself: it may only bring in the readers of that origin's
    pages, in at most its own groups.
    """

    name: str
    groups: tuple[str, ...]
    origin: str
    made: str
    revoked: str = ""


class Keys:
    """The keys in one database. Every operation may raise RecordsUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, groups: Iterable[str], origin: str = "") -> str:
        """Make a key and give it away, this once. Raises BadInput for a name that is taken or odd."""
        if not _NAME.fullmatch(name):
            raise BadInput(f"{name!r}: not a name for a key. Use letters, digits, points and hyphens.")
        secret = PREFIX + secrets.token_urlsafe(32)
        told = sorted({group.strip() for group in groups if group.strip()})
        with self._database.writing() as db:
            if db.execute(select(KEYS.c.name).where(KEYS.c.name == name)).first():
                raise BadInput(f"{name}: a key of this name was made before. Choose another name.")
            values = {"name": name, "hash": hashed(secret), "groups": json.dumps(told), "origin": origin}
            db.execute(insert(KEYS).values(**values, made=_now(), revoked=""))
        return secret

    def find(self, secret: str) -> Key | None:
        """The key that this is; None where it is none of ours, or revoked."""
        with self._database.reading() as db:
            asked = select(KEYS).where(KEYS.c.hash == hashed(secret), KEYS.c.revoked == "")
            row = db.execute(asked).mappings().first()
        return _key(row) if row else None

    def all(self) -> list[Key]:
        """All keys ever made, by name."""
        with self._database.reading() as db:
            return [_key(row) for row in db.execute(select(KEYS).order_by(KEYS.c.name)).mappings()]

    def revoke(self, name: str) -> None:
        """From now on the key opens nothing. Raises BadInput where there is none of this name."""
        with self._database.writing() as db:
            named = update(KEYS).where(KEYS.c.name == name, KEYS.c.revoked == "")
            if not db.execute(named.values(revoked=_now())).rowcount:
                raise BadInput(f"{name}: no key of this name is in use. `ct-assistant keys list` shows all.")


def _key(row: RowMapping) -> Key:
    return Key(row["name"], tuple(json.loads(row["groups"])), row["origin"], row["made"], row["revoked"])


def hashed(secret: str) -> str:
    """What is kept of a secret of ours, which is long and random."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
