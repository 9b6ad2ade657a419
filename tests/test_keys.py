"""Keys for programs: shown once, kept as a hash, gone when revoked."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from starlette.requests import Request

from assistant.cli import main
from assistant.errors import BadInput, NotSignedOn
from assistant.records import Database
from assistant.records.keys import Keys
from assistant.types import Principal
from assistant.web.sign_on import BearerKey


@pytest.fixture
def database(records_url: str) -> Iterator[Database]:
    database = Database(records_url)
    yield database
    database.close()


def asked_with(keys: Keys, *headers: str) -> Principal | None:
    told = [(b"authorization", header.encode()) for header in headers]
    return asyncio.run(BearerKey(keys.find)(Request({"type": "http", "headers": told})))


def test_a_key_opens_what_its_groups_may_read_until_it_is_revoked(database: Database) -> None:
    keys = Keys(database)
    secret = keys.create("intranet", ["board", " staff "])
    principal = asked_with(keys, f"Bearer {secret}")
    assert principal is not None
    assert principal.id == "key:intranet" and principal.groups == {"all", "board", "staff"}
    keys.revoke("intranet")
    with pytest.raises(NotSignedOn):
        asked_with(keys, f"Bearer {secret}")
    assert [(key.name, bool(key.revoked)) for key in keys.all()] == [("intranet", True)]
    with pytest.raises(BadInput, match="no key"):
        keys.revoke("intranet")


def test_only_a_hash_is_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.sqlite"
    database = Database(url)
    secret = Keys(database).create("intranet", [])
    database.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert make_url(url) and secret.encode() not in kept and b"intranet" in kept


def test_what_is_no_key_opens_nothing_and_no_header_says_nothing(database: Database) -> None:
    keys = Keys(database)
    secret = keys.create("intranet", [])
    assert asked_with(keys) is None
    for headers in (
        ["Bearer"],
        ["Bearer x"],
        [secret],
        [f"Basic {secret}"],
        [f"Bearer {secret}x"],
        [f"Bearer {secret}"] * 2,
    ):
        with pytest.raises(NotSignedOn):
            asked_with(keys, *headers)


def test_a_key_that_vouches_for_readers_asks_nothing_itself(database: Database) -> None:
    keys = Keys(database)
    secret = keys.create("portal", ["board"], "https://intranet.example")
    with pytest.raises(NotSignedOn):
        asked_with(keys, f"Bearer {secret}")


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "../x", "-x", "intranet"])
def test_an_odd_or_taken_name_is_refused(name: str, tmp_path: Path) -> None:
    keys = Keys(Database(f"sqlite:///{tmp_path}/records.sqlite"))
    keys.create("intranet", [])
    with pytest.raises(BadInput, match="name"):
        keys.create(name, [])


def test_keys_are_made_listed_and_revoked_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/records.sqlite"
    monkeypatch.setenv("ASSISTANT_RECORDS_URL", url)
    assert main(["keys", "create", "intranet", "--groups", "board"]) == 0
    secret = capsys.readouterr().out.strip()
    assert Keys(Database(url)).find(secret) is not None
    assert main(["keys", "list"]) == 0 and secret not in (told := capsys.readouterr().out)
    assert told.startswith("intranet: groups board (made 20")
    assert main(["keys", "revoke", "intranet"]) == 0 and Keys(Database(url)).find(secret) is None
    assert main(["keys", "revoke"]) == 2 and "name the key" in capsys.readouterr().err
