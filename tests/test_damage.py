"""A damaged build: found before it is opened, told, and the build before serves."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import PAPERS
from index import generations, served
from index.build import build
from index.embedding import Embedder
from index.errors import BadIndex
from index.search import Index
from index.served import Served
from proofs.damage import prove

Make = Callable[..., Path]


def test_a_damaged_build_is_found_told_and_the_build_before_serves() -> None:
    proof = prove(short=True)
    assert proof.held == proof.tried, "\n".join(proof.broken)


@pytest.fixture
def two_builds(paper_folder: Make, tmp_path: Path, embedder: Embedder) -> Path:
    folder, index = paper_folder(), tmp_path / "index"
    build(folder, index, embedder)
    (folder / "new.txt").write_text("A new paper on ferries. " * 20, "utf-8")
    build(folder, index, embedder)
    return index


def test_a_server_does_not_start_with_a_paper_that_the_damaged_build_was_to_close(
    paper_folder: Make, two_builds: Path, embedder: Embedder
) -> None:
    open_ = generations.current(two_builds)
    kept = two_builds.parent / "kept"
    shutil.copytree(open_, kept)
    text, row = PAPERS["harbour.md"]
    closing = paper_folder({**PAPERS, "harbour.md": (text, row | {"groups": "leads"})})
    build(closing, two_builds, embedder)
    shutil.copytree(kept, open_)  # as if the builder had been killed before it deleted it
    (generations.current(two_builds) / "catalogue.sqlite").write_bytes(b"broken")
    with pytest.raises(BadIndex, match="damaged"):
        Served(two_builds, embedder)


def test_what_could_not_be_opened_is_tried_again(
    two_builds: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = generations.current(two_builds)
    whole = (newest / "catalogue.sqlite").read_bytes()
    (newest / "catalogue.sqlite").write_bytes(whole[:-1])
    server = Served(two_builds, embedder)
    before = server.index
    assert before.build_id != newest.name and "damaged" in server.fault
    (newest / "catalogue.sqlite").write_bytes(whole)
    assert server.index is before, "not at once: looking costs the reading of all files"
    monkeypatch.setattr(served, "AGAIN_S", 0)
    server._again_at = 0
    assert server.index.build_id == newest.name and server.fault == ""
    server.close()
    before.close()


def test_a_build_of_before_the_seal_still_opens(two_builds: Path, embedder: Embedder) -> None:
    path = generations.current(two_builds) / generations.RECORD
    told = json.loads(path.read_text("utf-8"))
    del told["seal"]
    path.write_text(json.dumps(told), "utf-8")
    Index(path.parent, embedder).close()


def test_a_full_temporary_folder_is_told_as_such(
    two_builds: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("index.store.EXACT", 0)
    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(BadIndex, match=r"No space left on device.*TMPDIR"):
        Index(generations.current(two_builds), embedder)
