"""A backup taken while people ask, and what may be put back in its place."""

import hashlib
import io
import json
import shutil
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant import backup
from assistant.access import local_principal
from assistant.answer_json import answer_as_json
from assistant.assistant import Assistant
from assistant.cli import main
from assistant.config import Settings
from assistant.errors import BadInput
from assistant.records import Conversations, Database
from assistant.records.keys import Keys
from assistant.types import Question
from index import generations
from index.build import build
from index.embedding import Embedder
from index.errors import IndexFault
from kept import OF_ALL, asked

Make = Callable[..., Path]
QUESTIONS = (
    "Who pays for the Harbour Programme?", "How many airlines took part?", "Who opened the workshop?",
    "Who are the partners of the Harbour Programme?", "When was the aviation workshop?", "How many ports?",
    "What is the recipe for a lemon cake?", "Where was the workshop?", "harbour", "How large is the reserve?",
)  # fmt: skip


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder}/records.sqlite"


def answers(index: Path, embedder: Embedder) -> list[dict[str, Any]]:
    assistant = Assistant(Settings(index=index), embedder)
    told = []
    for text in QUESTIONS:
        answer = assistant.ask(Question(text, local_principal()))
        as_json = answer_as_json(text, answer, assistant.index.documents({"all"}))
        as_json["trace"].pop("seconds")
        told.append(as_json)
    assistant.index.close()
    return told


def test_a_backup_taken_while_people_write_and_a_build_is_published_answers_alike(
    paper_folder: Make, tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers, index, url = paper_folder(), tmp_path / "index", url_of(tmp_path)
    first = build(papers, index, embedder).build_id
    database = Database(url)
    secret = Keys(database).create("intranet", ["all"])
    conversations = Conversations(database)
    conversations.append("me", "c", asked("before"), True)
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.wait(0.005):
            conversations.append("me", "c", asked(f"during-{number}"))
            number += 1

    write_tar, tried = backup._write, list[str]()

    def published_meanwhile(file: object, mode: str, files: dict[str, Path], name: str) -> None:
        if not tried:  # the build that is being read is deleted by one that closes a paper
            (papers / "manifest.csv").write_text("path,groups\nharbour.md,leads\n", "utf-8")
            build(papers, index, embedder)
        tried.append(name)
        write_tar(file, mode, files, name)  # type: ignore[arg-type]

    monkeypatch.setattr(backup, "_write", published_meanwhile)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        told = backup.save(tmp_path / "b.tar.gz", index, url)
    finally:
        stop.set()
        writer.join()
        database.close()
    second = generations.current(index).name
    assert tried == [first, second] and second in told[0]
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600
    copy = tmp_path / "copy"
    backup.restore(tmp_path / "b.tar.gz", copy / "index", url_of(copy), replace=False)
    assert answers(copy / "index", embedder) == answers(index, embedder)
    restored = Database(url_of(copy))
    exchanges = Conversations(restored).open("me", "c", OF_ALL).exchanges
    names = [exchange.id for exchange in exchanges]
    assert names == ["before", *(f"during-{n}" for n in range(len(names) - 1))], "all up to one moment"
    assert Keys(restored).find(secret) is not None
    restored.close()
    assert not list(tmp_path.glob(".backup-*")) and not list(copy.rglob(f"{generations.RESTORING}*"))


@pytest.fixture(scope="module")
def saved(small_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    database = Database(url_of(folder))
    Conversations(database).append("me", "c", asked("kept"), True)
    database.close()
    backup.save(folder / "b.tar", small_index, url_of(folder))
    return folder / "b.tar"


def packed(target: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    with tarfile.open(target, "w") as tar:
        for header, data in members:
            header.size = len(data)
            tar.addfile(header, io.BytesIO(data))


def changed(saved: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """The backup with other files in it, and sums that are right for them."""
    with tarfile.open(saved) as tar:
        files = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}  # type: ignore[union-attr]
    contents = json.loads(files.pop(backup.CONTENTS))
    change(files)
    contents["files"] = {name: [len(data), hashlib.sha256(data).hexdigest()] for name, data in files.items()}
    told = [(tarfile.TarInfo(backup.CONTENTS), json.dumps(contents).encode())]
    packed(target, told + [(tarfile.TarInfo(name), data) for name, data in files.items()])


def hostile(kind: str, saved: Path, target: Path) -> None:
    data = bytearray(saved.read_bytes())
    with tarfile.open(saved) as tar:
        contents = tar.extractfile(backup.CONTENTS).read()  # type: ignore[union-attr]
    build_id = json.loads(contents)["build"]
    told = (tarfile.TarInfo(backup.CONTENTS), contents)
    link = tarfile.TarInfo(f"{build_id}/catalogue.sqlite")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    if kind == "cut":
        data = data[: len(data) // 2]
    elif kind == "flipped":
        data[len(data) // 2] ^= 1
    elif kind == "word":  # of a question: a sound database with another word in it
        data[data.index(b"Who pays for it?")] ^= 1
    elif kind == "no tar":
        data = bytearray(b"PK\x03\x04" * 999)
    target.write_bytes(data)
    if kind == "link":
        packed(target, [told, (link, b"")])
    elif kind == "path":
        changed(saved, target, lambda files: files.update({f"{build_id}/../../outside": b"x"}))
    elif kind == "absolute":
        changed(saved, target, lambda files: files.update({"/tmp/outside": b"x"}))
    elif kind == "unnamed":
        packed(target, [told, (tarfile.TarInfo("outside"), b"x")])
    elif kind == "contents only":
        packed(target, [told])
    elif kind == "other record":
        changed(saved, target, lambda files: files.update({f"{build_id}/build.json": b"{}"}))
    elif kind == "other papers":
        changed(saved, target, lambda files: files.update({f"{build_id}/catalogue.sqlite": b"x"}))
    elif kind == "no records":
        changed(saved, target, lambda files: files.update({backup.RECORDS: b"no database" * 99}))


KINDS = (
    "cut", "flipped", "word", "no tar", "link", "path", "absolute", "unnamed", "contents only",
    "other record", "other papers", "no records",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_or_hostile_backup_is_refused_and_changes_nothing(
    kind: str,
    saved: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.setenv("ASSISTANT_RECORDS_URL", url_of(place))
    hostile(kind, saved, tmp_path / "bad.tar")
    assert main(["restore", str(tmp_path / "bad.tar"), "--index", str(place / "index")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("ct-assistant: ") and told.count("\n") == 1 and "backup" in told
    left = sorted(path.name for path in place.rglob("*") if path.is_file())
    assert left in ([], ["BUILDING"]) and not (tmp_path / "outside").exists()


def conversations_in(database: Database) -> set[str]:
    return {found.id for found in Conversations(database).latest("me")}


def test_what_is_there_is_replaced_only_by_a_clear_word(saved: Path, tmp_path: Path) -> None:
    url, index = url_of(tmp_path), tmp_path / "index"
    backup.restore(saved, index, url, replace=False)
    database = Database(url)
    Conversations(database).append("me", "other", asked("newer"), True)
    before = (tmp_path / "records.sqlite").read_bytes()
    for place in (index, tmp_path / "elsewhere"):
        with pytest.raises(BadInput, match="--replace"):
            backup.restore(saved, place, url, replace=False)
    told = backup.restore(saved, index, url, replace=True)
    assert conversations_in(database) == {"c"}, "an open server sees it at once"
    database.close()
    aside = next(tmp_path.glob("records.sqlite.before-????????T??????"))
    assert str(aside) in told[1] and aside.read_bytes()[:16] == before[:16]
    kept = Database(f"sqlite:///{aside}")
    assert conversations_in(kept) == {"c", "other"}
    kept.close()


def test_a_backup_is_never_written_over_another_nor_of_a_damaged_build(
    saved: Path, small_index: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="is there already"):
        backup.save(saved, small_index, url_of(tmp_path))
    with pytest.raises(BadInput, match=r"neither .tar nor .tar.gz"):
        backup.save(tmp_path / "b.zip", small_index, url_of(tmp_path))
    shutil.copytree(small_index, tmp_path / "index")
    (generations.current(tmp_path / "index") / "catalogue.sqlite").write_bytes(b"broken")
    with pytest.raises(IndexFault, match="damaged"):
        backup.save(tmp_path / "b.tar", tmp_path / "index", url_of(tmp_path))
    assert not (tmp_path / "b.tar").exists()


def test_the_records_of_a_server_are_told_to_be_backed_up_by_its_own_tool(
    saved: Path, small_index: Path, tmp_path: Path
) -> None:
    url = "postgresql://user:password@127.0.0.1:9/name"
    assert "pg_dump" in backup.save(tmp_path / "b.tar", small_index, url)[1]
    with pytest.raises(BadInput, match="sqlite:///FILE"):
        backup.restore(saved, tmp_path / "index", url, replace=False)
    assert not (tmp_path / "index").exists()
