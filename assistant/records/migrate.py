"""A database of an older form to today's, step by step, in the transaction of its caller."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from assistant.errors import RecordsUnavailable

if TYPE_CHECKING:
    from alembic.migration import MigrationContext
    from alembic.script import Script, ScriptDirectory

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "records_version"  # not Alembic's own name: the database may hold other programs' tables


def is_current(connection: Connection, name: str) -> bool:
    """Whether no step is to be taken. Raises RecordsUnavailable as `upgrade` does."""
    return _is_newest(connection) or not _steps(connection, name)


def _is_newest(connection: Connection) -> bool:
    """Whether the database has the form of the last step's file; told without Alembic, which takes 9 MB
    and is loaded only where there is something to do."""
    newest = max(path.name for path in MIGRATIONS.glob("v*.py"))[1:5]
    if not inspect(connection).has_table(VERSION_TABLE):
        return False
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all() == [newest]


def forms(connection: Connection) -> tuple[str | None, str | None, bool]:
    """The form of a database, today's, and whether this program knows the database's. Changes nothing."""
    at, scripts = _context(connection).get_current_revision(), _scripts()
    known = at is None or at in {script.revision for script in scripts.walk_revisions()}
    return at, scripts.get_current_head(), known


def upgrade(connection: Connection, name: str) -> None:
    """Take the steps that are still to be taken. The caller holds a lock over all processes.

    Raises RecordsUnavailable where the database (told as `name`) is of a newer program.
    """
    if _is_newest(connection):
        return
    from alembic.operations import Operations

    context, steps = _context(connection), _steps(connection, name)
    with Operations.context(context):
        for step in steps:
            step.module.upgrade()
            context.stamp(_scripts(), step.revision)


def _context(connection: Connection) -> MigrationContext:
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})


def _scripts() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(MIGRATIONS, version_locations=[MIGRATIONS])


def _steps(connection: Connection, name: str) -> list[Script]:
    """The steps that are still to be taken, in order."""
    at, head, known = forms(connection)
    if not known:
        raise RecordsUnavailable(
            f"{name}: written by a newer ct-assistant (form {at}; this one knows up to {head}). "
            "Start the newer one, or name another database in ASSISTANT_RECORDS_URL."
        )
    return [] if at == head else list(_scripts().iterate_revisions(head, at))[::-1]
