"""Is the records database sound? For `ct-assistant check`."""

from collections.abc import Iterator

from sqlalchemy import func, select

from assistant.records import migrate, taking_over
from assistant.records.database import Database
from assistant.records.sqlite_file import copies_set_aside, damage
from assistant.records.tables import CONVERSATIONS, MARKS


def reach(database: Database) -> None:
    """Ask the database for anything at all. Raises RecordsUnavailable."""
    with database.reading() as db:
        db.execute(select(1))


def look_at(url: str) -> Iterator[tuple[bool, str]]:
    """Each thing found, whether it is sound, and what to do. Changes nothing.

    Raises BadSetting and RecordsUnavailable.
    """
    database = Database(url)
    if database.path is not None and not database.path.exists():
        yield True, f"{database.name}, none yet"
    else:
        yield from _found(database)
    if database.path is not None:
        unread = database.path.parent.glob(f"{taking_over.OLD_FILE}.unread")
        for path in (*copies_set_aside(database.path), *unread):
            yield (
                False,
                f"{path} holds readers' words that cannot be read. Rescue what you can and delete it.",
            )


def _found(database: Database) -> Iterator[tuple[bool, str]]:
    """What stands in a database that is there."""
    name, path = database.name, database.path
    with database.looking() as db:
        if path is not None and (wrong := damage(db)):
            yield False, f"{name} is damaged ({wrong}). Put the backup back, or start: it is set aside then."
            return
        at, head, known = migrate.forms(db)
        if not known:
            yield False, f"{name} was written by a newer ct-assistant (form {at}). Start the newer one."
        elif at != head:
            yield True, f"{name}, of an older form ({at or 'none yet'}), brought to {head} at the next start"
        else:
            conversations = db.execute(select(func.count()).select_from(CONVERSATIONS)).scalar()
            marks = db.execute(select(func.count()).select_from(MARKS)).scalar()
            yield True, f"{name}, {conversations} conversations, {marks} marks"
    if path is not None and path.stat().st_mode & 0o077:
        yield False, f"{path} can be read by others of this machine. Run `chmod 600 {path}`."
