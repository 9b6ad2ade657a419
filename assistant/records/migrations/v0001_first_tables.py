"""Conversations, their exchanges, and readers' marks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("title_words", sa.Text, nullable=False),
        sa.Column("begun", sa.String(32), nullable=False),
        sa.Column("changed", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("owner", "id", name="conversations_key"),
    )
    op.create_index("conversations_by_age", "conversations", ["owner", "changed"])
    op.create_table(
        "exchanges",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("asked", sa.String(32), nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("filters", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("hits", sa.Text, nullable=False),
        sa.Column("documents", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("owner", "id", name="exchanges_key"),
        sa.UniqueConstraint("owner", "conversation_id", "position", name="exchanges_in_order"),
        sa.ForeignKeyConstraint(
            ["owner", "conversation_id"],
            ["conversations.owner", "conversations.id"],
            name="exchanges_of_a_conversation",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "marks",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("exchange_id", sa.String(64), nullable=False),
        sa.Column("given", sa.String(32), nullable=False),
        sa.Column("mark", sa.String(32), nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("owner", "exchange_id", name="marks_key"),
    )
