"""Is the records database sound? For `ct-assistant check`."""

from collections.abc import Iterator

from sqlalchemy import func, select

from assistant.records import taking_over
from assistant.records.database import Database
from assistant.records.sqlite_file import copies_set_aside
from assistant.records.tables import CONVERSATIONS, MARKS


def reach(database: Database) -> None:
    """Ask the database for anything at all. Raises RecordsUnavailable."""
    with database.reading() as db:
        db.execute(select(1))


def look_at(url: str) -> Iterator[tuple[bool, str]]:
    """Each thing found, whether it is sound, and what to do. Raises BadSetting and RecordsUnavailable."""
    database = Database(url)
    try:
        if database.path is not None and not database.path.exists():
            yield True, f"{database.name}, none yet"
        else:
            with database.reading() as db:
                conversations = db.execute(select(func.count()).select_from(CONVERSATIONS)).scalar()
                marks = db.execute(select(func.count()).select_from(MARKS)).scalar()
            yield True, f"{database.name}, {conversations} conversations, {marks} marks"
    finally:
        database.close()
    if database.path is not None:
        unread = database.path.parent.glob(f"{taking_over.OLD_FILE}.unread")
        for path in (*copies_set_aside(database.path), *unread):
            yield (
                False,
                f"{path} holds readers' words that cannot be read. Rescue what you can and delete it.",
            )
