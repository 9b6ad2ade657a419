"""Builds published while people ask: what each reader gets, and what a rollback leaves."""

import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.comparison import sides_named
from assistant.config import Settings
from assistant.types import Answer, Question
from conftest import PAPERS, write_papers
from index import copies, generations, served
from index.build import build
from index.chroma import StoreServer
from index.embedding import Embedder
from index.errors import BadIndex
from index.search import Index
from index.served import Served
from proofs.publishing import prove

both_stores = pytest.mark.usefixtures("store")  # vectors in the build's folder, and on a Chroma server
TEXT, ROW = PAPERS["harbour.md"]


@pytest.mark.filterwarnings("ignore:.*no_silent_downcasting")
def test_no_answer_fails_or_mixes_builds_while_builds_are_published() -> None:
    proof = prove(short=True)
    assert proof.held == proof.tried, "\n".join(proof.broken)


@dataclass
class Shelf:
    """An index that changes while somebody serves it."""

    folder: Path
    embedder: Embedder

    @property
    def index(self) -> Path:
        return self.folder / "index"

    def publish(self, payer: str = "Norway", **row: str) -> str:
        write_papers(
            self.folder / "corpus", {**PAPERS, "harbour.md": (TEXT.replace("Norway", payer), ROW | row)}
        )
        return build(self.folder / "corpus", self.index, self.embedder).build_id


@pytest.fixture
def shelf(tmp_path: Path, embedder: Embedder) -> Shelf:
    return Shelf(tmp_path, embedder)


@pytest.mark.parametrize("groups, waits", [("all", False), ("leads", True)])
def test_others_read_on_while_a_new_build_is_opened_but_not_what_it_closes(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, groups: str, waits: bool
) -> None:
    first = shelf.publish()
    server = Served(shelf.index, shelf.embedder)
    second = shelf.publish("Iceland", groups=groups)
    begun, go_on = threading.Event(), threading.Event()

    def slow(folder: Path, embedder: Embedder, server: StoreServer | None) -> Index:
        begun.set()
        assert go_on.wait(30)
        return Index(folder, embedder, server=server)

    monkeypatch.setattr(served, "Index", slow)
    opener = threading.Thread(target=lambda: server.index)
    opener.start()
    assert begun.wait(30)
    got: list[str] = []
    other = threading.Thread(target=lambda: got.append(server.index.build_id))
    other.start()
    other.join(0.3)
    assert got == ([] if waits else [first])
    go_on.set()
    opener.join(30)
    other.join(30)
    assert server.index.build_id == second and got == [second if waits else first]
    server.close()


def test_a_build_that_was_replaced_while_it_was_opened_is_no_fault(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.publish()
    server = Served(shelf.index, shelf.embedder)
    shelf.publish("Iceland")
    last: list[str] = []

    def overtaken(folder: Path, embedder: Embedder, server: StoreServer | None) -> Index:
        if not last:
            last.append(shelf.publish("Finland", groups="leads"))
            assert not folder.exists()
        return Index(folder, embedder, server=server)

    monkeypatch.setattr(served, "Index", overtaken)
    assert server.index.build_id == last[0] and server.fault == "" and not caplog.records
    server.close()


def test_both_sides_of_a_comparison_are_of_one_build(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.publish()
    assistant = Assistant(Settings(index=shelf.index), shelf.embedder)
    answered = Assistant._side

    def published_between(self: Assistant, *asked: Any) -> Generator[str, None, Answer]:
        answer = yield from answered(self, *asked)
        shelf.publish("Iceland")
        return answer

    monkeypatch.setattr(Assistant, "_side", published_between)
    sides = sides_named("year", "2019", "2021")
    compared = assistant.ask(Question("Who pays for the Harbour Programme?", local_principal(), sides=sides))
    assert "Norway" in repr(compared) and "Iceland" not in repr(compared)
    assert "Iceland" in repr(assistant.index.search("Who pays?", 3, {"all"}))
    assistant.index.close()


@both_stores
def test_a_rollback_is_followed_and_the_next_build_makes_the_newer_state_again(shelf: Shelf) -> None:
    first, second = shelf.publish(), shelf.publish("Iceland")
    server = Served(shelf.index, shelf.embedder)
    assert server.index.build_id == second
    assert generations.roll_back(shelf.index) == first
    assert server.index.build_id == first and "Norway" in repr(server.index.pages("harbour", {"all"}))
    assert not (shelf.index / second).exists()
    with pytest.raises(BadIndex, match="no build to go back to"):
        generations.roll_back(shelf.index)
    third = shelf.publish("Iceland")
    assert server.index.build_id == third and "Iceland" in repr(server.index.pages("harbour", {"all"}))
    assert generations.roll_back(shelf.index) == first, "the build gone back to is the one before again"
    server.close()


@both_stores
def test_there_is_no_going_back_to_a_paper_that_was_closed_nor_to_a_damaged_build(shelf: Shelf) -> None:
    shelf.publish()
    second = shelf.publish(groups="leads")
    with pytest.raises(BadIndex, match="no build to go back to"):
        generations.roll_back(shelf.index)
    third = shelf.publish("Iceland", groups="leads")
    (shelf.index / second / "glossary.csv").write_text("short,long\n", "utf-8")
    with pytest.raises(BadIndex, match=f"glossary.csv: damaged.*{third} is served as before"):
        generations.roll_back(shelf.index)
    assert generations.current(shelf.index).name == third


@both_stores
def test_pruning_leaves_the_served_build_and_the_one_before(shelf: Shelf) -> None:
    first, second = shelf.publish(), shelf.publish("Iceland")
    half = shelf.index / "20200101T000000-abcdef"
    half.mkdir()
    (half / "catalogue.sqlite").write_bytes(b"x" * 1000)
    assert generations.prune_all(shelf.index) >= 1000
    assert {path.name for path in shelf.index.iterdir() if path.is_dir()} == {first, second}


def test_copies_of_killed_processes_are_removed_and_those_in_use_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = tmp_path / f"{copies.PREFIX}left"
    left.mkdir()
    (left / "chroma.sqlite3").write_bytes(b"x" * 1000)
    (tmp_path / f"{copies.PREFIX}link").symlink_to(tmp_path)
    mine = copies.PrivateCopy()
    assert not left.exists() and mine.folder.is_dir()
    copies.sweep()
    assert mine.folder.is_dir(), "its owner lives"
    mine.close()
    assert not mine.folder.exists() and tmp_path.is_dir()


def test_copies_made_and_swept_at_once_do_not_take_each_other_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    failed: list[OSError] = []

    def make() -> None:
        for _ in range(60):
            try:
                copy = copies.PrivateCopy()
                assert copy.folder.is_dir()
                copy.close()
            except OSError as error:
                failed.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == [] and list(tmp_path.iterdir()) == []
