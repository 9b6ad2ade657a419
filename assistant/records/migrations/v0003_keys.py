"""Keys of programs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "keys",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("groups", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("made", sa.String(32), nullable=False),
        sa.Column("revoked", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("name", name="keys_key"),
        sa.UniqueConstraint("hash", name="keys_by_hash"),
    )
