"""The tables as the newest migration leaves them. A test compares the two.

The owner is part of every key: no statement reaches a row without naming whose it is. Times are
UTC in ISO 8601 with microseconds, which sort as text; what is not asked for by SQL is JSON text.
"""

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

CONVERSATIONS = Table(
    "conversations",
    METADATA,
    Column("owner", Text, nullable=False),
    Column("id", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("title_words", Text, nullable=False),  # folded, for the search
    Column("begun", String(32), nullable=False),
    Column("changed", String(32), nullable=False),
    PrimaryKeyConstraint("owner", "id", name="conversations_key"),
    Index("conversations_by_age", "owner", "changed"),
)

EXCHANGES = Table(
    "exchanges",
    METADATA,
    Column("owner", Text, nullable=False),
    Column("id", String(64), nullable=False),
    Column("conversation_id", String(64), nullable=False),
    Column("position", Integer, nullable=False),
    Column("asked", String(32), nullable=False),
    Column("question", Text, nullable=False),
    Column("search_text", Text, nullable=False),
    Column("filters", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("hits", Text, nullable=False),  # passage ids, best first
    Column("documents", Text, nullable=False),  # what the answer's documents were: sha256 and groups
    Column("words", Text, nullable=False),  # of question and answer, folded, for the search
    Column("beside", Text, nullable=False, server_default=""),  # the field that was compared by
    PrimaryKeyConstraint("owner", "id", name="exchanges_key"),
    UniqueConstraint("owner", "conversation_id", "position", name="exchanges_in_order"),
    ForeignKeyConstraint(
        ["owner", "conversation_id"],
        ["conversations.owner", "conversations.id"],
        name="exchanges_of_a_conversation",
        ondelete="CASCADE",
    ),
)

# A mark may come before its exchange is written (which is tried again), so it has no foreign key.
MARKS = Table(
    "marks",
    METADATA,
    Column("owner", Text, nullable=False),
    Column("exchange_id", String(64), nullable=False),
    Column("given", String(32), nullable=False),
    Column("mark", String(32), nullable=False),
    Column("comment", Text, nullable=False),
    Column("about", Text, nullable=False),  # question, history and answer, so that it can be asked again
    PrimaryKeyConstraint("owner", "exchange_id", name="marks_key"),
)

# Keys of programs that ask in the place of people. Only a hash is kept: the key itself is shown once.
KEYS = Table(
    "keys",
    METADATA,
    Column("name", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("groups", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("made", String(32), nullable=False),
    Column("revoked", String(32), nullable=False),  # "" where it is not
    PrimaryKeyConstraint("name", name="keys_key"),
    UniqueConstraint("hash", name="keys_by_hash"),
)

# Readers whom a page vouches for. A ticket is a visit that nobody has begun yet. Of both only a hash is kept.
VISITS = Table(
    "visits",
    METADATA,
    Column("hash", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # ticket or visit
    Column("person", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("bounds", Text, nullable=False),  # groups, scope and language, as the page told them last
    Column("ends", String(32), nullable=False),
    PrimaryKeyConstraint("hash", name="visits_key"),
    Index("visits_by_end", "ends"),
)
