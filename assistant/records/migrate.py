"""A database of an older form to today's, step by step, in the transaction of its caller."""

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from assistant.errors import RecordsUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "records_version"  # not Alembic's own name: the database may hold other programs' tables


def forms(connection: Connection) -> tuple[str | None, str | None, bool]:
    """The form of a database, today's, and whether this program knows the database's. Changes nothing."""
    scripts = ScriptDirectory(MIGRATIONS, version_locations=[MIGRATIONS])
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    at = context.get_current_revision()
    known = at is None or at in {script.revision for script in scripts.walk_revisions()}
    return at, scripts.get_current_head(), known


def upgrade(connection: Connection, name: str) -> None:
    """Take the steps that are still to be taken. The caller holds a lock over all processes.

    Raises RecordsUnavailable where the database (told as `name`) is of a newer program.
    """
    scripts = ScriptDirectory(MIGRATIONS, version_locations=[MIGRATIONS])
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    at, head, known = forms(connection)
    if at == head:
        return
    if not known:
        raise RecordsUnavailable(
            f"{name}: written by a newer ct-assistant (form {at}; this one knows up to {head}). "
            "Start the newer one, or name another database in ASSISTANT_RECORDS_URL."
        )
    steps = list(scripts.iterate_revisions(head, at))
    with Operations.context(context):
        for step in reversed(steps):
            step.module.upgrade()
            context.stamp(scripts, step.revision)
