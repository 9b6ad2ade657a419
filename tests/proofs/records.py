"""A records database that misbehaves while somebody asks: answered, in time, and kept once and in order."""

import os
import resource
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text

import postgres
from assistant.records import Conversations, Database
from assistant.types import Principal
from assistant.web import dialogue
from assistant.web.dialogue import Book
from assistant.web.history import History
from assistant.web.messages import Message, text_of
from proofs.proof import Proof, main
from scripted import ScriptedAssistant

FIRST_S, LATER_S, BACK_S = 6.0, 1.5, 15.0  # of the first question, of each later one, until history goes on
ME = Principal("me", frozenset({"all"}))
ASKED = 5  # questions: one before the fault, three within it, one after


@dataclass
class Desk:
    """Somebody asks one question after the other, over one database."""

    database: Database
    server: "postgres.Server | None" = None
    shown: list[Message] = field(default_factory=list)
    conversation: str = ""
    count: int = 0

    def __post_init__(self) -> None:
        assistant: Any = ScriptedAssistant()
        self.assistant = assistant
        self.history = History(assistant, Conversations(self.database))

    @property
    def file(self) -> Path:
        assert self.database.path is not None
        return self.database.path

    def ask(self) -> tuple[bool, float]:
        """Whether the answer was shown, and how long all of it took, with the writing down."""
        began, said = time.monotonic(), f"Question {self.count}"
        self.count += 1
        thread = self.history.thread(ME, self.conversation, self.shown)
        *_, last = dialogue.exchange(self.assistant, ME, said, self.shown, None, Book(self.history, thread))
        self.conversation = last.conversation or self.conversation
        self.shown = last.messages
        answered = last.last and any('class="answer answered' in text_of(each) for each in last.messages[-2:])
        return answered, time.monotonic() - began

    def kept(self) -> list[str]:
        return [each.question for each in self.history.opened(ME, self.conversation)[1]]


Fault = Callable[[Desk], Iterator[None]]


def other(desk: Desk, *statements: str) -> sqlite3.Connection:
    """Another program that has the file open."""
    connection = sqlite3.connect(desk.file, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    return connection


def locked_for_writing(desk: Desk) -> Iterator[None]:
    held = other(desk, "BEGIN IMMEDIATE")
    yield
    held.close()


def locked_for_all(desk: Desk) -> Iterator[None]:
    desk.database.close()
    held = other(desk, "PRAGMA locking_mode = EXCLUSIVE", "BEGIN IMMEDIATE", "CREATE TABLE x (y)")
    yield
    held.close()


def limited(pragma: str) -> Fault:
    """Every connection gets this: SQLite's own errors for a full and a read-only disk."""

    def hinder(desk: Desk) -> Iterator[None]:
        def connected(connection: Any, _: object) -> None:
            connection.execute(f"PRAGMA {pragma}")

        desk.database.close()
        event.listen(Engine, "connect", connected)
        yield
        event.remove(Engine, "connect", connected)
        desk.database.close()

    return hinder


def full_disk(desk: Desk) -> Iterator[None]:
    filling = desk.file.parent / "filling"
    with filling.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass
    yield
    filling.unlink()


def read_only_disk(desk: Desk) -> Iterator[None]:
    desk.database.close()
    folder = str(desk.file.parent)
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", folder], check=True)


def file_size_limit(desk: Desk) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    desk.database.close()
    resource.setrlimit(resource.RLIMIT_FSIZE, (desk.file.stat().st_size, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def moved_and_put_back(desk: Desk) -> Iterator[None]:
    desk.database.close()
    aside = desk.file.with_name("aside")
    desk.file.rename(aside)
    desk.file.mkdir()
    yield
    desk.file.rmdir()
    aside.rename(desk.file)


def newer_form(desk: Desk) -> Iterator[None]:
    (before,) = other(desk).execute("SELECT version_num FROM records_version").fetchone()
    other(desk, "UPDATE records_version SET version_num = '9999'").close()
    desk.database.close()
    yield
    other(desk, f"UPDATE records_version SET version_num = '{before}'").close()


def damaged(damage: Callable[[Path], None], while_open: bool = False) -> Fault:
    """What was kept before is set aside: history goes on from here."""

    def hinder(desk: Desk) -> Iterator[None]:
        if not while_open:
            desk.database.close()
        elif desk.database._engine is not None:
            desk.database._engine.dispose()  # nothing of the file is in memory any more
        damage(desk.file)
        yield

    return hinder


def deleted(file: Path) -> None:
    file.unlink()


def replaced(file: Path) -> None:
    beside = file.with_name("beside")
    Database(f"sqlite:///{beside}").prepare()
    os.replace(beside, file)


def emptied(file: Path) -> None:
    os.truncate(file, 0)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 3 * 4096)


def header(file: Path) -> None:
    with file.open("r+b") as hurt:
        hurt.write(b"\xff" * 100)


def middle(file: Path) -> None:
    with file.open("r+b") as hurt:
        hurt.seek(4096)
        hurt.write(b"\xa5" * (file.stat().st_size - 8192))


def side_file(file: Path) -> None:
    file.with_name(file.name + "-wal").write_bytes(b"\x37\x7f\x06\x82" + b"\xa5" * 9000)


def committed_unheard(desk: Desk) -> Iterator[None]:
    """The connection goes between COMMIT and its answer: what was written looks as if it was not."""
    with desk.database.reading():
        assert desk.database._engine is not None
        dialect: Any = desk.database._engine.dialect
    commit = dialect.do_commit
    heard: list[bool] = []

    def unheard(connection: Any) -> None:
        commit(connection)
        if not heard:
            heard.append(True)
            raise OSError("the connection was lost")

    dialect.do_commit = unheard
    yield
    dialect.do_commit = commit


def server_of(desk: Desk) -> "postgres.Server":
    assert desk.server is not None
    return desk.server


def stopped(desk: Desk) -> Iterator[None]:
    server_of(desk).stop()
    yield
    server_of(desk).start()


def restarted(desk: Desk) -> Iterator[None]:
    server_of(desk).stop()
    server_of(desk).start()
    yield


def paused(desk: Desk) -> Iterator[None]:
    process = server_of(desk)._process.pid
    told = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True)
    each = [process, *map(int, told.stdout.split())]
    for pid in each:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in each:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def beside(desk: Desk) -> Iterator[Engine]:
    """An administrator's own connections."""
    url = desk.database._url
    engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_size=60)
    try:
        yield engine
    finally:
        engine.dispose()


def terminated(desk: Desk) -> Iterator[None]:
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() " \
           "AND pid <> pg_backend_pid()"  # fmt: skip
    with beside(desk) as engine, engine.connect() as connection:
        connection.execute(text(kill))
    yield


def crowded(desk: Desk) -> Iterator[None]:
    desk.database.close()
    with beside(desk) as engine, ExitStack() as held:
        try:
            while True:
                held.enter_context(engine.connect())
        except Exception:  # that was the last one
            yield


def row_locked(desk: Desk) -> Iterator[None]:
    with create_engine(desk.database._url).connect() as connection, connection.begin():
        connection.execute(text("SELECT * FROM conversations FOR UPDATE"))
        yield


def server_read_only(desk: Desk) -> Iterator[None]:
    name = desk.database._url.database
    with beside(desk) as engine, engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
        desk.database.close()
        yield
        connection.execute(text("SET transaction_read_only = off"))
        connection.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
    desk.database.close()


FILE: dict[str, Fault] = {
    "locked for writing": locked_for_writing,
    "locked for all": locked_for_all,
    "full, by SQLite's limit": limited("max_page_count = 1"),
    "read-only connections": limited("query_only = ON"),
    "limit of a file's size": file_size_limit,
    "moved away and put back": moved_and_put_back,
    "of a newer form": newer_form,
    "committed, but the answer lost": committed_unheard,
}
MOUNTED: dict[str, Fault] = {"full disk": full_disk, "read-only disk": read_only_disk}
LOST: dict[str, Fault] = {
    "deleted": damaged(deleted, True),
    "replaced": damaged(replaced, True),
    "emptied": damaged(emptied),
    "cut": damaged(cut),
    "header overwritten": damaged(header),
    "header overwritten while open": damaged(header, True),
    "middle overwritten": damaged(middle),
}
SERVER: dict[str, Fault] = {
    "server stopped": stopped,
    "server restarted": restarted,
    "server paused": paused,
    "connections terminated": terminated,
    "too many connections": crowded,
    "row locked by another": row_locked,
    "server read-only": server_read_only,
    "server: committed, but the answer lost": committed_unheard,
}
SHORT = ("committed, but the answer lost", "of a newer form", "deleted", "header overwritten")


@dataclass(frozen=True, slots=True)
class Outcome:
    first_s: float
    later_s: float
    back_s: float
    wrong: str


def went(desk: Desk, fault: Fault, lost: bool = False) -> Outcome:
    """What came of five questions, three of them with the fault."""
    seen = [desk.ask()]
    during = contextmanager(fault)
    with during(desk):
        seen += [desk.ask() for _ in range(ASKED - 2)]
    mended = time.monotonic()
    while not desk.history._keeper.retry() and time.monotonic() < mended + BACK_S:
        time.sleep(0.1)
    back_s = time.monotonic() - mended
    seen.append(desk.ask())
    expected = [f"Question {number}" for number in range(lost, ASKED)]
    first_s, later_s = seen[1][1], max(seconds for _, seconds in seen[2:])
    wrong = ""
    if not all(answered for answered, _ in seen):
        wrong = f"not answered: {[number for number, (answered, _) in enumerate(seen) if not answered]}"
    elif first_s > FIRST_S or later_s > LATER_S:
        wrong = f"took {first_s:.1f} s, then {later_s:.1f} s"
    elif (kept := desk.kept()) != expected:
        wrong = f"kept {kept}"
    return Outcome(first_s, later_s, back_s, wrong)


@contextmanager
def on_a_file(folder: Path) -> Iterator[Desk]:
    desk = Desk(Database(f"sqlite:///{folder}/records.sqlite"))
    try:
        yield desk
    finally:
        desk.database.close()


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of one MiB; only the system's administrator may mount one."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def prove(short: bool) -> Proof:
    """Each fault once; the short form those that make nobody wait and need no server."""
    outcomes: dict[str, Outcome] = {}
    told: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        for number, (what, fault) in enumerate({**FILE, **LOST}.items()):
            if not short or what in SHORT:
                with on_a_file(Path(name) / str(number)) as desk:
                    outcomes[what] = went(desk, fault, what in LOST)
        if not short and os.geteuid() == 0:
            for what, fault in MOUNTED.items():
                with small_disk(Path(name) / what) as disk, on_a_file(disk) as desk:
                    outcomes[what] = went(desk, fault)
        elif not short:
            told.append("Not tried without the rights to mount: a full and a read-only disk.")
    if not short and postgres.binaries():
        outcomes |= _with_a_server()
    elif not short:
        told.append("Not tried without PostgreSQL: eight faults of a server.")
    broken = tuple(f"{what}: {each.wrong}" for what, each in outcomes.items() if each.wrong)
    longest = max(outcomes, key=lambda what: outcomes[what].first_s)
    later_s = max(each.later_s for each in outcomes.values())
    figures = (
        "Faults of SQLite's file and of a PostgreSQL server, each with five questions of one conversation. "
        f"The first question within a fault took at most {outcomes[longest].first_s:.1f} s with its writing "
        f"down ({longest}), a later one {later_s:.1f} s; history went on "
        f"{max(each.back_s for each in outcomes.values()):.1f} s after the mending at the latest. All "
        "questions stand once and in order; of a file that was lost or damaged, those since then."
    )
    return Proof(len(outcomes) - len(broken), len(outcomes), " ".join([figures, *told]), broken)


def _with_a_server() -> dict[str, Outcome]:
    folder = postgres.folder()
    outcomes = {}
    try:
        server = postgres.Server(folder)
        try:
            for what, fault in SERVER.items():
                desk = Desk(Database(server.new_database()), server)
                outcomes[what] = went(desk, fault)
                desk.database.close()
        finally:
            server.stop()
    finally:
        postgres.remove(folder)
    return outcomes


if __name__ == "__main__":
    main(prove)
