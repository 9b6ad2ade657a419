"""What can happen to a records database: each is one fault with a sentence, and nothing is lost for good."""

import logging
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from assistant.errors import BadSetting, NoSuchConversation, RecordsUnavailable
from assistant.records import Conversations, Database, Exchange, FeedbackBook, Keeper, migrate
from assistant.records.health import look_at
from assistant.records.tables import METADATA
from conftest import ROOT
from kept import OF_ALL, answered, asked, open_when_told
from proofs.records import SHORT, prove

if TYPE_CHECKING:
    from postgres import Server

FIRST = ROOT / "tests" / "golden" / "records_0001.sql"
HEAD = max(step.name[1:5] for step in migrate.MIGRATIONS.glob("v*.py"))
NEXT = f'''"""A step of the test's own."""
from alembic import op
import sqlalchemy as sa

revision, down_revision = "9999", "{HEAD}"


def upgrade() -> None:
    op.add_column("conversations", sa.Column("pinned", sa.Integer, nullable=False, server_default="0"))
    op.execute(sa.text("UPDATE conversations SET title = title || ' (kept)'"))
'''


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "records.sqlite"


@pytest.fixture
def database(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database with one conversation, whose writers wait 50 ms for one another."""
    monkeypatch.setattr("assistant.records.sqlite_file.BUSY_S", 0.05)
    opened = Database(f"sqlite:///{file}")
    Conversations(opened).append("me", "c", asked("e1"), begin=True)
    yield opened
    opened.close()


def questions(database: Database) -> list[str]:
    return [each.question for each in Conversations(database).open("me", "c", OF_ALL).exchanges]


def locked(database: Database, file: Path) -> Callable[[], None]:
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    return writer.close


def full(database: Database, file: Path) -> Callable[[], None]:
    with database.reading() as db:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar()
    database.close()
    return limited(f"max_page_count = {pages}")


def read_only(database: Database, file: Path) -> Callable[[], None]:
    database.close()
    return limited("query_only = ON")


def limited(pragma: str) -> Callable[[], None]:
    """Every new connection gets this as well: SQLite's own errors for a full and a read-only disk."""
    from sqlalchemy import Engine, event

    def connected(connection: Any, _: object) -> None:
        connection.execute(f"PRAGMA {pragma}")

    event.listen(Engine, "connect", connected)
    return lambda: event.remove(Engine, "connect", connected)


@pytest.mark.parametrize(
    ("hinder", "reason"),
    [(locked, "database is locked"), (full, "disk is full"), (read_only, "readonly database")],
)
def test_a_database_that_takes_nothing_is_one_fault_and_the_exchange_is_written_later(
    database: Database, file: Path, hinder: Callable[[Database, Path], Callable[[], None]], reason: str
) -> None:
    long = asked("e2", "second", answered(text="word " * 20_000))
    keeper = Keeper(Conversations(database))
    free = hinder(database, file)
    try:
        with pytest.raises(RecordsUnavailable, match=reason) as fault:
            Conversations(database).append("me", "c", long)
        assert "ASSISTANT_RECORDS_URL" in str(fault.value) and "still answered" in fault.value.for_staff
        assert not keeper.keep("me", "c", long) and not keeper.keep("me", "c", asked("e3", "third"))
        assert [each.id for each in keeper.waiting("me", "c")] == ["e2", "e3"]
    finally:
        free()
    database.close()
    assert keeper.retry() and keeper.waiting("me", "c") == []
    assert questions(database) == ["Who pays for it?", "second", "third"]


def test_a_database_that_hangs_holds_up_one_answer_and_not_each(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(Conversations(database))
    free = locked(database, file)
    tries: list[str] = []
    append = Conversations.append

    def counted(self: Conversations, owner: str, *told: Any, **more: Any) -> Exchange:
        tries.append(owner)
        return append(self, owner, *told, **more)

    monkeypatch.setattr(Conversations, "append", counted)
    for number in range(5):
        assert not keeper.keep("me", "c", asked(f"n{number}"))
    free()
    assert tries == ["me"] and keeper.retry() and len(questions(database)) == 6


def test_nobody_waits_twice_for_a_database_that_is_away_and_it_is_found_again(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.records.sqlite_file.BUSY_S", 1.1)
    monkeypatch.setattr("assistant.records.absence.PAUSE_S", 0.05)
    database.close()
    database.prepare()
    free = locked(database, file)
    took = []
    for number in range(3):
        began = time.monotonic()
        with pytest.raises(RecordsUnavailable):
            Conversations(database).append("me", "c", asked(f"n{number}"))
        took.append(time.monotonic() - began)
    assert took[0] > 1 and max(took[1:]) < 0.5
    assert questions(database) == ["Who pays for it?"], "what can be read is read"
    free()
    keeper, until = Keeper(Conversations(database)), time.monotonic() + 10
    while not (kept := keeper.keep("me", "c", asked("e2"))) and time.monotonic() < until:
        keeper._again_at = 0.0
        time.sleep(0.05)
    assert kept and len(questions(database)) == 2


def test_what_waits_for_somebody_does_not_hold_up_others(database: Database, file: Path) -> None:
    keeper, writes, go_on = Keeper(Conversations(database)), threading.Event(), threading.Event()
    append = keeper._conversations.append

    def slowly(*told: Any) -> Exchange:
        writes.set()
        assert go_on.wait(10)
        return append(*told)

    keeper._conversations.append = slowly  # type: ignore[method-assign, assignment]
    with ThreadPoolExecutor(1) as pool:
        kept = pool.submit(keeper.keep, "me", "c", asked("e2"))
        assert writes.wait(10)
        assert [each.id for each in keeper.waiting("me", "c")] == ["e2"] and keeper.waiting("you", "x") == []
        go_on.set()
        assert kept.result() and keeper.waiting("me", "c") == []


def test_what_waits_is_tried_once_more_before_a_stop_and_what_is_lost_is_told(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = Keeper(Conversations(database))
    free = locked(database, file)
    assert not keeper.keep("me", "c", asked("e2", "second"))
    keeper.settle()
    assert "1 exchanges could not be written before the stop" in caplog.text
    free()
    keeper.settle()
    assert questions(database) == ["Who pays for it?", "second"]
    monkeypatch.setattr("assistant.records.keeper.SETTLE_S", 0.1)
    with keeper._writing:  # a database that hangs
        began = time.monotonic()
        keeper.settle()
    assert time.monotonic() - began < 1


def test_asked_on_through_a_fault_all_is_answered_and_kept_once_and_in_order() -> None:
    proof = prove(True)
    assert proof.held == proof.tried == len(SHORT), proof.broken


def test_what_waits_is_dropped_with_its_conversation(database: Database, file: Path) -> None:
    keeper = Keeper(Conversations(database))
    free = locked(database, file)
    for name, conversation in (("e2", "c"), ("e3", "new")):
        keeper.keep("me", conversation, asked(name), begin=conversation == "new")
    keeper.forget("me", "new")
    free()
    Conversations(database).delete("me", "c")
    assert keeper.retry() and Conversations(database).latest("me") == []


def test_an_address_where_no_file_can_be_is_one_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in ("file/records.sqlite", ""):
        with pytest.raises((RecordsUnavailable, BadSetting)):
            Database(f"sqlite:///{tmp_path}/{path}").prepare()


def no_database(file: Path) -> None:
    file.write_bytes(b"This is no database. " * 500)


def torn(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + os.urandom(len(whole) - 8192) + whole[-4096:])


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 4096 * 3)


@pytest.mark.parametrize("damage", [no_database, torn, cut])
def test_a_damaged_file_is_set_aside_told_and_a_new_one_begun(
    database: Database, file: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    database.close()
    damage(file)
    hurt = file.read_bytes()
    Conversations(database).append("me", "new", asked("e1"), begin=True)
    (aside,) = file.parent.glob("records.sqlite.damaged-*")
    assert aside.read_bytes() == hurt and f"set aside as {aside.name}" in caplog.text
    assert [each.id for each in Conversations(database).latest("me")] == ["new"]
    found = list(look_at(f"sqlite:///{file}"))
    assert (True, f"sqlite:///{file}, 1 conversations, 0 marks") in found
    assert any(not sound and str(aside) in told for sound, told in found)


def test_a_damaged_file_is_set_aside_by_one_of_those_who_open_it_at_once(
    database: Database, file: Path
) -> None:
    database.close()
    no_database(file)
    workers = [Database(f"sqlite:///{file}") for _ in range(6)]

    def append(number: int) -> None:
        Conversations(workers[number]).append("me", "new", asked(str(number)), begin=True)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(append, range(6)))
    assert len(list(file.parent.glob("records.sqlite.damaged-*"))) == 1
    assert len(Conversations(database).open("me", "new", OF_ALL).exchanges) == 6
    for worker in workers:
        worker.close()


def test_damage_done_while_it_is_open_is_one_fault_and_then_a_new_file(
    database: Database, file: Path
) -> None:
    assert database._engine is not None
    database._engine.dispose()  # nothing of the file is in memory any more
    with file.open("r+b") as hurt:
        hurt.write(b"\xff" * file.stat().st_size)
    failed = 0
    for number in range(3):
        try:
            Conversations(database).append("me", "new", asked(f"e{number}"), begin=True)
        except RecordsUnavailable:
            failed += 1
    assert failed == 1 and [each.id for each in Conversations(database).latest("me")] == ["new"]


def test_a_file_taken_away_under_a_running_program_is_begun_anew(database: Database, file: Path) -> None:
    file.rename(file.with_name("backup.sqlite"))
    assert Conversations(database).latest("me") == []
    Conversations(database).append("me", "new", asked("e1"), begin=True)
    database.close()
    assert [each.id for each in Conversations(database).latest("me")] == ["new"]


def test_workers_that_start_at_once_migrate_once(records_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    started = spawn.Event()
    workers = [spawn.Process(target=open_when_told, args=(records_url, started)) for _ in range(2)]
    for worker in workers:
        worker.start()
    databases = [Database(records_url) for _ in range(4)]
    threads = [threading.Thread(target=database.prepare) for database in databases]
    started.set()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    with databases[0].reading() as db:
        assert db.execute(text("SELECT version_num FROM records_version")).scalars().all() == [HEAD]
    for database in databases:
        database.close()


def test_the_tables_are_what_the_migrations_make(records_url: str) -> None:
    database = Database(records_url)
    with database.reading() as db:
        options = {"version_table": migrate.VERSION_TABLE, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(db, opts=options), METADATA) == []
    database.close()


@pytest.fixture
def of_the_first_version(records_url: str) -> str:
    """A database as the first version left it, with a conversation and two marks."""
    from sqlalchemy import create_engine

    if records_url.startswith("sqlite"):
        Path(records_url.removeprefix("sqlite:///")).parent.mkdir()
    engine = create_engine(records_url.replace("postgresql:", "postgresql+pg8000:"))
    with engine.begin() as db:
        for statement in FIRST.read_text("utf-8").split(";\n"):
            db.execute(text(statement.replace(":", r"\:")))
    engine.dispose()
    return records_url


def with_a_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, step: str = NEXT) -> None:
    shutil.copytree(migrate.MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "migrations" / "v9999_next.py").write_text(step)
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path / "migrations")


def test_a_database_of_the_first_version_opens_with_everything_in_it(of_the_first_version: str) -> None:
    database = Database(of_the_first_version)
    book = Conversations(database)
    (conversation,) = book.latest("me")
    first, second = book.open("me", conversation.id, OF_ALL).exchanges
    assert first.answer.text == "Norway pays for it. [1]" and first.marked == ("helpful", "Ægir")
    assert first.documents["harbour"].sha256 == "aaaa" and second.filters == {"kind": ("note",)}
    assert first.beside == "" and book.append("me", conversation.id, replace(asked("e3"), beside="year"))
    assert book.open("me", conversation.id, OF_ALL).exchanges[-1].beside == "year"
    assert [found.exchange for found in book.search("me", "NORWAY école", OF_ALL)] == [second]
    assert [entry.mark for entry in FeedbackBook(database).entries()] == ["helpful", "not_helpful"]
    database.close()


def test_a_new_step_is_taken_and_the_older_program_then_refuses_in_one_sentence(
    of_the_first_version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as newer:
        with_a_step(newer, tmp_path)
        database = Database(of_the_first_version)
        assert Conversations(database).latest("me")[0].title == "Who pays? (kept)"
        database.close()
    with pytest.raises(RecordsUnavailable, match=f"written by a newer ct-assistant .form 9999; .* to {HEAD}"):
        database.prepare()
    database.close()


def test_a_step_that_fails_halfway_leaves_the_database_as_it_was(
    of_the_first_version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database = Database(of_the_first_version)
    with monkeypatch.context() as newer:
        with_a_step(newer, tmp_path, NEXT + '    op.execute(sa.text("UPDATE nowhere SET x = 1"))\n')
        with pytest.raises(RecordsUnavailable, match="nowhere"):
            database.prepare()
        database.close()
    later = Database(of_the_first_version)
    assert Conversations(later).latest("me")[0].title == "Who pays?"
    later.close()


def test_a_server_that_is_away_costs_no_wait_and_is_found_again(postgres: "Server") -> None:
    database = Database(postgres.new_database())
    keeper = Keeper(Conversations(database))
    assert keeper.keep("me", "c", asked("e1", "first"), begin=True)
    postgres.stop()
    try:
        started = time.monotonic()
        for number in range(20):
            assert not keeper.keep("me", "c", asked(f"n{number}", str(number)))
        assert time.monotonic() - started < 10
        with pytest.raises(RecordsUnavailable) as fault:
            Conversations(database).latest("me")
        assert "secret" not in str(fault.value) and str(postgres.port) in str(fault.value)
        fresh = Database(postgres.url("records_0"))
        with pytest.raises(RecordsUnavailable, match="cannot be read or written"):
            fresh.prepare()
    finally:
        postgres.start()
    assert keeper.retry()
    assert questions(database) == ["first", *map(str, range(20))]
    database.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "not an address of a database"),
        ("var/records.sqlite", "not an address of a database"),
        ("sqlite://", "name a file"),
        ("sqlite:///:memory:", "name a file"),
        ("sqlite:///x?mode=ro", "name a file"),
        ("postgresql+nosuch://sesame@127.0.0.1/x", "not an address"),
        ("mysql+pymysql://me:sesame@127.0.0.1/x", "needs the package|is not known here"),
    ],
)
def test_an_address_that_cannot_be_one_is_told_without_its_password(url: str, told: str) -> None:
    with pytest.raises(BadSetting, match=f"ASSISTANT_RECORDS_URL: .*({told})") as fault:
        Database(url)
    assert "sesame" not in str(fault.value)


def test_asking_on_the_command_line_loads_no_database(small_index: Path) -> None:
    program = (
        "import sys; from assistant.cli import main; "
        f"main(['ask', 'Who pays for the Harbour Programme?', '--index', {str(small_index)!r}]); "
        "print([name for name in ('sqlalchemy', 'alembic', 'assistant.records') if name in sys.modules])"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ASSISTANT_")}
    environment["ASSISTANT_MODELS"] = str(ROOT / "var" / "models")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]" and "Norway" in done.stdout


def test_check_does_not_make_a_database_and_tells_of_one_that_cannot_be_opened(tmp_path: Path) -> None:
    from assistant.checks import Finding, _records
    from assistant.config import Settings

    settings = Settings.from_env(records_url=f"sqlite:///{tmp_path}/var/records.sqlite")
    assert [finding.sound for finding in _records(settings)] == [True] and not (tmp_path / "var").exists()
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "records.sqlite").mkdir()
    (finding,) = _records(settings)
    assert isinstance(finding, Finding) and not finding.sound and "cannot be read or written" in finding.text


def test_a_forked_worker_uses_connections_of_its_own(database: Database) -> None:
    child = os.fork()
    if child == 0:
        try:
            Conversations(database).append("me", "c", asked("child", "from the child"))
            os._exit(0)
        except BaseException:
            logging.exception("in the child")
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert questions(database)[-1] == "from the child"


def test_an_exchange_of_a_deleted_conversation_is_no_fault_of_the_database() -> None:
    assert not issubclass(NoSuchConversation, RecordsUnavailable) and isinstance(asked(), Exchange)
