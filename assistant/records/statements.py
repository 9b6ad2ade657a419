"""Parts of the statements over conversations and exchanges; each names the owner."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from assistant.records.exchanges import Exchange, exchange_from
from assistant.records.tables import CONVERSATIONS, EXCHANGES, MARKS


def one(owner: str, conversation_id: str) -> ColumnElement[bool]:
    """One conversation of an owner."""
    return and_(CONVERSATIONS.c.owner == owner, CONVERSATIONS.c.id == conversation_id)


def within(owner: str, conversation_id: str) -> ColumnElement[bool]:
    """The exchanges of one conversation of an owner."""
    return and_(EXCHANGES.c.owner == owner, EXCHANGES.c.conversation_id == conversation_id)


def lock(db: Connection, which: ColumnElement[bool]) -> list[str]:
    """Wait for whoever is writing to these conversations; their ids, of those that are there.

    SQLite has one writer at a time anyway.
    """
    return list(db.execute(select(CONVERSATIONS.c.id).where(which).with_for_update()).scalars())


def numbered(owner: str, exchange_id: str) -> ColumnElement[bool]:
    """One exchange of an owner."""
    return and_(EXCHANGES.c.owner == owner, EXCHANGES.c.id == exchange_id)


def exchanges(db: Connection, which: ColumnElement[bool]) -> Iterator[Exchange]:
    """Exchanges in order, each with its mark."""
    marked = and_(MARKS.c.owner == EXCHANGES.c.owner, MARKS.c.exchange_id == EXCHANGES.c.id)
    wanted = (
        select(EXCHANGES, MARKS.c.mark, MARKS.c.comment)
        .select_from(EXCHANGES.outerjoin(MARKS, marked))
        .where(which)
        .order_by(EXCHANGES.c.position)
    )
    for row in db.execute(wanted).mappings():
        mark = None if row["mark"] is None else (row["mark"], row["comment"])
        yield replace(exchange_from(row), marked=mark)


def holding(owner: str, words: Sequence[str]) -> Select[Any]:
    """Conversations, each once for every exchange that together with the title holds all the words."""
    joined = and_(
        EXCHANGES.c.owner == CONVERSATIONS.c.owner, EXCHANGES.c.conversation_id == CONVERSATIONS.c.id
    )
    wanted = (
        select(
            CONVERSATIONS.c.id.label("conversation"),
            CONVERSATIONS.c.title,
            CONVERSATIONS.c.title_words,
            CONVERSATIONS.c.begun,
            CONVERSATIONS.c.changed,
            EXCHANGES,
        )
        .select_from(CONVERSATIONS.outerjoin(EXCHANGES, joined))
        .where(CONVERSATIONS.c.owner == owner)
    )
    for word in words:
        wanted = wanted.where(
            or_(
                CONVERSATIONS.c.title_words.contains(word, autoescape=True),
                EXCHANGES.c.words.contains(word, autoescape=True),
            )
        )
    return wanted.order_by(
        CONVERSATIONS.c.changed.desc(), CONVERSATIONS.c.id.desc(), EXCHANGES.c.position.desc()
    )


def delete_exchanges(db: Connection, owner: str, which: ColumnElement[bool]) -> int:
    """Delete exchanges of an owner and the marks on them; how many exchanges."""
    ids = select(EXCHANGES.c.id).where(EXCHANGES.c.owner == owner, which)
    db.execute(delete(MARKS).where(MARKS.c.owner == owner, MARKS.c.exchange_id.in_(ids)))
    return db.execute(delete(EXCHANGES).where(EXCHANGES.c.owner == owner, which)).rowcount


def insert_if_absent(db: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless its key is there already; whether it was inserted."""
    return (
        db.execute(_insert(db, table).values(row).on_conflict_do_nothing(index_elements=_key(table))).rowcount
        > 0
    )


def insert_or_replace(db: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row, or give the one with its key these values."""
    db.execute(
        _insert(db, table).values(row).on_conflict_do_update(index_elements=_key(table), set_=dict(row))
    )


def _insert(db: Connection, table: Table) -> Any:
    """The INSERT of this database: both know ON CONFLICT, but the standard form does not."""
    return sqlite.insert(table) if db.dialect.name == "sqlite" else postgresql.insert(table)


def _key(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]
