"""Visits of readers whom a page vouches for."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "visits",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("bounds", sa.Text, nullable=False),
        sa.Column("ends", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="visits_key"),
    )
    op.create_index("visits_by_end", "visits", ["ends"])
