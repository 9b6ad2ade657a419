"""Each person's conversations: begun, continued, listed, searched, renamed, deleted for good.

Every operation names the owner (`Principal.id`), and nobody reaches another's. What is shown of
old answers passes `rights` first: what is given out takes the `Reader`, so that it cannot be forgotten.
"""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, func, select, tuple_, update

from assistant.errors import NoSuchConversation
from assistant.records import statements
from assistant.records.database import Database
from assistant.records.exchanges import Exchange, exchange_from, new_id, now, row_of
from assistant.records.rights import Reader, redacted, redacted_all
from assistant.records.tables import CONVERSATIONS, EXCHANGES, MARKS
from assistant.records.words import fold, storable, words_of

TITLE_CHARS = 200
FIRST_TITLE_CHARS = 80  # of the first question, where nobody gave a title


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its exchanges; times are UTC in ISO 8601."""

    id: str
    title: str
    begun: str
    changed: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation with its exchanges, oldest first, as its reader may see them today."""

    conversation: Conversation
    exchanges: list[Exchange]


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation that was searched for, with its latest exchange that holds the words, if one does."""

    conversation: Conversation
    exchange: Exchange | None


class Conversations:
    """The conversations in one database. Every operation may raise RecordsUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, owner: str, title: str = "", conversation_id: str = "") -> Conversation:
        """Begin a conversation; with an id of the caller's it is begun once, however often it is tried.

        Without a title it takes the beginning of its first question.
        """
        conversation_id = conversation_id or new_id()
        with self._database.writing() as db:
            self._begin(db, owner, title, conversation_id)
            return _conversation(db, owner, conversation_id)

    def append(
        self, owner: str, conversation_id: str, exchange: Exchange, begin: bool = False, replacing: str = ""
    ) -> Exchange:
        """Write an exchange behind the last one of its conversation; once, however often it is tried.

        `begin` makes the conversation where it is not there yet: for the first exchange only, lest
        one that was deleted in another window comes back. `replacing` is the id of an exchange that
        goes for good in the same step, with its marks. Raises NoSuchConversation.
        """
        with self._database.writing() as db:
            if begin:
                self._begin(db, owner, "", conversation_id)
            here = statements.one(owner, conversation_id)
            statements.lock(db, here)  # two windows take their turns
            title = _conversation(db, owner, conversation_id).title
            mine = statements.within(owner, conversation_id)
            if replacing:
                statements.delete_exchanges(db, owner, and_(mine, EXCHANGES.c.id == replacing))
            last = db.execute(select(func.max(EXCHANGES.c.position)).where(mine)).scalar()
            row = {
                **row_of(exchange),
                "owner": owner,
                "conversation_id": conversation_id,
                "position": 0 if last is None else last + 1,
                "words": fold(f"{exchange.question}\n{exchange.answer.text}"),
            }
            if statements.insert_if_absent(db, EXCHANGES, row):
                title = title or _first_title(exchange.question)
                db.execute(update(CONVERSATIONS).where(here).values(**_titled(title), changed=now()))
            wanted = select(EXCHANGES).where(EXCHANGES.c.owner == owner, EXCHANGES.c.id == exchange.id)
            kept = exchange_from(db.execute(wanted).mappings().one())
        if replacing:
            self._database.erase()
        return kept

    def latest(self, owner: str, limit: int = 50, after: Conversation | None = None) -> list[Conversation]:
        """The owner's conversations, the one changed last first; `after` the last one of the page before."""
        age = tuple_(CONVERSATIONS.c.changed, CONVERSATIONS.c.id)
        wanted = select(CONVERSATIONS).where(CONVERSATIONS.c.owner == owner).limit(limit)
        if after is not None:
            wanted = wanted.where(age < tuple_(after.changed, after.id))
        with self._database.reading() as db:
            rows = db.execute(wanted.order_by(CONVERSATIONS.c.changed.desc(), CONVERSATIONS.c.id.desc()))
            return [_from(row) for row in rows.mappings()]

    def search(self, owner: str, query: str, reader: Reader, limit: int = 50) -> list[Found]:
        """The owner's conversations that hold every word of the query, the one changed last first.

        The words may stand in the title, a question or its answer, in any case and with or without
        accents. An answer that the reader may not see any more is not searched.
        """
        words = words_of(query)
        if not words:
            return []
        found: dict[str, Found] = {}
        with self._database.reading() as db:
            for row in db.execute(statements.holding(owner, words)).mappings():
                if row["conversation"] not in found and (each := _found(row, words, reader)) is not None:
                    found[each.conversation.id] = each
                if len(found) == limit:
                    break
        return list(found.values())

    def open(self, owner: str, conversation_id: str, reader: Reader) -> Opened:
        """A conversation as its reader may see it today. Raises NoSuchConversation."""
        with self._database.reading() as db:
            conversation = _conversation(db, owner, conversation_id)
            exchanges = list(statements.exchanges(db, statements.within(owner, conversation_id)))
        return Opened(conversation, redacted_all(exchanges, reader))

    def exchange(self, owner: str, exchange_id: str, reader: Reader) -> Exchange | None:
        """An exchange of this owner as its reader may see it today, None where there is none."""
        with self._database.reading() as db:
            kept = list(statements.exchanges(db, statements.numbered(owner, exchange_id)))
        return redacted_all(kept, reader)[0] if kept else None

    def rename(self, owner: str, conversation_id: str, title: str) -> Conversation:
        """Give a conversation another title; it keeps its place in the list. Raises NoSuchConversation."""
        title = " ".join(title.split())[:TITLE_CHARS]
        with self._database.writing() as db:
            db.execute(
                update(CONVERSATIONS).where(statements.one(owner, conversation_id)).values(**_titled(title))
            )
            return _conversation(db, owner, conversation_id)

    def delete(self, owner: str, conversation_id: str) -> bool:
        """Delete a conversation with its marks, for good; False where the owner has no such one."""
        with self._database.writing() as db:
            here = statements.one(owner, conversation_id)
            statements.lock(db, here)  # an append in another window comes before this, or finds nothing
            statements.delete_exchanges(db, owner, statements.within(owner, conversation_id))
            there = db.execute(delete(CONVERSATIONS).where(here)).rowcount > 0
        self._database.erase()
        return there

    def delete_all(self, owner: str) -> int:
        """Delete everything of an owner, for good: conversations, and all marks; how many conversations."""
        with self._database.writing() as db:
            statements.lock(db, CONVERSATIONS.c.owner == owner)
            db.execute(delete(MARKS).where(MARKS.c.owner == owner))
            db.execute(delete(EXCHANGES).where(EXCHANGES.c.owner == owner))
            count = db.execute(delete(CONVERSATIONS).where(CONVERSATIONS.c.owner == owner)).rowcount
        self._database.erase()
        return count

    def export(self, owner: str, reader: Reader) -> dict[str, Any]:
        """Everything of an owner as plain JSON values, oldest first, as the reader may see it today."""
        wanted = select(CONVERSATIONS).where(CONVERSATIONS.c.owner == owner)
        told: list[dict[str, Any]] = []
        with self._database.reading() as db:
            for row in db.execute(wanted.order_by(CONVERSATIONS.c.begun, CONVERSATIONS.c.id)).mappings():
                kept = statements.exchanges(db, statements.within(owner, row["id"]))
                exchanges = redacted_all(kept, reader)
                told.append({**asdict(_from(row)), "exchanges": [asdict(exchange) for exchange in exchanges]})
        return {"owner": owner, "exported": now(), "conversations": told}

    @staticmethod
    def _begin(db: Connection, owner: str, title: str, conversation_id: str) -> None:
        at = now()
        title = " ".join(title.split())[:TITLE_CHARS]
        row = {"owner": owner, "id": conversation_id, **_titled(title), "begun": at, "changed": at}
        statements.insert_if_absent(db, CONVERSATIONS, row)


def _titled(title: str) -> dict[str, str]:
    return {"title": storable(title), "title_words": fold(title)}


def _first_title(question: str) -> str:
    words = " ".join(question.split())
    if len(words) <= FIRST_TITLE_CHARS:
        return words
    beginning = words[:FIRST_TITLE_CHARS]
    return f"{beginning.rpartition(' ')[0] or beginning} …"


def _found(row: RowMapping, words: list[str], reader: Reader) -> Found | None:
    """A row that holds the words, unless it is an answer that the reader may not see that holds them."""
    conversation = Conversation(row["conversation"], row["title"], row["begun"], row["changed"])
    if row["id"] is None:
        return Found(conversation, None)
    exchange = redacted(exchange_from(row), reader)
    said = fold(exchange.question) if exchange.withheld else row["words"]
    if not all(word in row["title_words"] or word in said for word in words):
        return None
    return Found(conversation, exchange if any(word in said for word in words) else None)


def _conversation(db: Connection, owner: str, conversation_id: str) -> Conversation:
    row = db.execute(select(CONVERSATIONS).where(statements.one(owner, conversation_id))).mappings().first()
    if row is None:
        raise NoSuchConversation(f"{conversation_id}: no such conversation")
    return _from(row)


def _from(row: RowMapping) -> Conversation:
    return Conversation(row["id"], row["title"], row["begun"], row["changed"])
