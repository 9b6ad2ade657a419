"""A consistent copy of the records database, made while it is being written, and put back."""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from assistant.errors import BadInput, RecordsUnavailable
from assistant.records import sqlite_file
from assistant.records.database import Database


def copy_to(url: str, target: Path) -> bool:
    """Write all that the database holds at one moment into a new file; False where there is no database
    yet. Raises RecordsUnavailable, and BadInput for a server's database."""
    path = _file_of(url, "PostgreSQL's records are backed up by `pg_dump --format=custom`.")
    if not path.exists():
        return False
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=sqlite_file.BUSY_S)) as source:
            source.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise RecordsUnavailable(
            f"{path}: the records cannot be copied ({error}). Run `ct-assistant check`."
        ) from error
    return True


def put_in_place(copy: Path, url: str) -> Path | None:
    """Make a copy the records database; where what stood there before lies now, None if nothing did.

    Raises RecordsUnavailable where the copy is no sound database of this or an older version.
    """
    path = _file_of(url, "To restore the records, name a file, as in sqlite:///FILE.")
    _look_at(copy)
    database = Database(f"sqlite:///{copy}")
    try:
        database.prepare()  # brought to today's form
    finally:
        database.close()
    aside = None
    there = path.exists()
    with sqlite_file.only_opener(path):
        fresh = path.with_name(f"{path.name}.restoring")
        fresh.unlink(missing_ok=True)
        with open(copy, "rb") as source, open(fresh, "xb", opener=_private) as target:
            shutil.copyfileobj(source, target)
            os.fsync(target.fileno())
        if there:
            aside = path.with_name(f"{path.name}.before-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}")
            for side in reversed(sqlite_file.SIDE_FILES):
                if (part := path.with_name(path.name + side)).exists():
                    os.replace(part, aside.with_name(aside.name + side))
        os.replace(fresh, path)
    return aside


def _look_at(copy: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{copy.resolve().as_uri()}?mode=ro", uri=True)) as db:
            sound = db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    except sqlite3.Error:
        sound = False
    if not sound:
        raise RecordsUnavailable("The records in the backup are no sound database. Take another backup.")


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _file_of(url: str, otherwise: str) -> Path:
    path = Database(url).path
    if path is None:
        raise BadInput(f"ASSISTANT_RECORDS_URL names a database server. {otherwise}")
    return path
