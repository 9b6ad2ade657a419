"""Which exchanges compared two sets of papers, and by which field."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("exchanges", sa.Column("beside", sa.Text, nullable=False, server_default=""))
