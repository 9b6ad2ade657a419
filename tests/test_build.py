"""Builds on real files: nothing done twice, nothing lost, nothing left behind."""

import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import PAPERS
from index import engine, generations, papers
from index.build import build, is_stale
from index.chroma import StoreServer
from index.embedding import Embedder
from index.errors import BadIndex
from index.reading import Reading
from index.reading.limits import Limits, read_limited
from index.search import Index
from index.splitting import split
from index.types import Passage

Make = Callable[..., Path]
both_stores = pytest.mark.usefixtures("store")  # vectors in the build's folder, and on a Chroma server
EVERYBODY = {"all"}


def found(index_folder: Path, embedder: Embedder, text: str, groups: set[str] = EVERYBODY) -> str:
    index = Index(generations.current(index_folder), embedder)
    hits = index.search(text, 3, groups)
    index.close()
    return "\n".join(hit.passage.text for hit in hits)


@both_stores
def test_an_unchanged_folder_embeds_nothing_and_keeps_the_build(
    paper_folder: Make, tmp_path: Path, embedder: Embedder
) -> None:
    folder, target = paper_folder(), tmp_path / "index"
    first = build(folder, target, embedder)
    second = build(folder, target, embedder)
    assert first.embedded > 0 and first.published
    assert (second.embedded, second.published, second.build_id) == (0, False, first.build_id)
    assert second.outcomes == first.outcomes
    assert not is_stale(folder, target, embedder)


def test_an_edited_glossary_makes_the_index_stale(
    paper_folder: Make, tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, target = paper_folder(), tmp_path / "index"
    build(folder, target, embedder)
    (tmp_path / "glossary.csv").write_text("short,long\nHP,Harbour Programme\n", "utf-8")
    monkeypatch.setattr("index.build.GLOSSARY", tmp_path / "glossary.csv")
    assert is_stale(folder, target, embedder)
    report = build(folder, target, embedder)
    assert report.published and report.embedded == 0
    assert "nine ports" in found(target, embedder, "HP")


def test_one_changed_document_is_embedded_alone(
    paper_folder: Make, tmp_path: Path, embedder: Embedder
) -> None:
    folder, target = paper_folder(), tmp_path / "index"
    first = build(folder, target, embedder)
    (folder / "aviation.txt").write_text("Aviation workshop moved to Ohrid, with 23 airlines.", "utf-8")
    assert is_stale(folder, target, embedder)
    second = build(folder, target, embedder)
    assert (second.embedded, second.published) == (1, True)
    assert second.reused == first.embedded - 2 or second.reused == first.embedded - 1
    assert "Ohrid" in found(target, embedder, "Where was the aviation workshop?")


def test_only_a_changed_document_is_split_again_and_the_passages_are_those_of_a_clean_build(
    paper_folder: Make, tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, target = paper_folder(), tmp_path / "index"
    build(folder, target, embedder)
    (folder / "aviation.txt").write_text("Aviation workshop moved to Ohrid, with 23 airlines.", "utf-8")
    asked: list[str] = []

    def told(document_id: str, path: str, *given: Any) -> list[Passage]:
        asked.append(path)
        return split(document_id, path, *given)

    monkeypatch.setattr(papers, "split", told)
    build(folder, target, embedder)
    assert asked == ["aviation.txt"]
    build(folder, tmp_path / "clean", embedder)
    both = [Index(generations.current(place), embedder) for place in (target, tmp_path / "clean")]
    kept, clean = (index.search("workshop programme", 100, EVERYBODY) for index in both)
    assert [hit.passage for hit in kept] == [hit.passage for hit in clean] and len(kept) > 1
    for index in both:
        index.close()


@both_stores
def test_a_removed_document_is_gone_from_answers_and_from_disk(
    paper_folder: Make, tmp_path: Path, embedder: Embedder
) -> None:
    folder, target = paper_folder(), tmp_path / "index"
    build(folder, target, embedder)
    assert "Skopje" in found(target, embedder, "Skopje workshop")
    (folder / "aviation.txt").unlink()
    build(folder, target, embedder)
    assert "Skopje" not in found(target, embedder, "Skopje workshop")
    for path in target.rglob("*"):
        if path.is_file():
            assert b"Skopje" not in path.read_bytes(), f"{path} still holds the removed paper"


@both_stores
def test_a_document_taken_away_from_everybody_leaves_no_older_build(
    paper_folder: Make, tmp_path: Path, embedder: Embedder
) -> None:
    folder, target = paper_folder(), tmp_path / "index"
    first = build(folder, target, embedder)
    text, row = PAPERS["aviation.txt"]
    paper_folder(PAPERS | {"aviation.txt": (text, row | {"groups": "leads"})})
    second = build(folder, target, embedder)
    assert second.embedded == 0, "only who may read it changed"
    assert not (target / first.build_id).exists()
    assert "Skopje" not in found(target, embedder, "Skopje workshop")
    assert "Skopje" in found(target, embedder, "Skopje workshop", {"all", "leads"})


def test_what_nobody_may_read_any_more_is_gone_from_answers_and_from_disk(
    paper_folder: Make, tmp_path: Path, embedder: Embedder
) -> None:
    folder, target = paper_folder(), tmp_path / "index"
    build(folder, target, embedder)
    text, row = PAPERS["aviation.txt"]
    paper_folder(PAPERS | {"aviation.txt": (text, row | {"groups": "deny"})})
    report = build(folder, target, embedder)
    assert report.embedded == 0
    assert "nobody may read it" in next(o.reason for o in report.outcomes if o.path == "aviation.txt")
    assert "Skopje" not in found(target, embedder, "Skopje workshop", {"all", "leads", "deny"})
    for path in target.rglob("*"):
        if path.is_file():
            for word in (b"Skopje", b"skopj", b"Kola", b"passenger name"):
                assert word not in path.read_bytes(), f"{path} still holds {word!r} of the denied paper"


def test_a_file_that_nobody_may_know_of_is_not_counted_among_those_that_were_not_read(
    paper_folder: Make, tmp_path: Path, embedder: Embedder
) -> None:
    papers = {"odd.xyz": ("x", {"groups": "deny"}), "gone.txt": ("", {"groups": "deny"})}
    folder = paper_folder(PAPERS | papers)
    build(folder, tmp_path / "index", embedder)
    opened = Index(generations.current(tmp_path / "index"), embedder)
    everything = {"all", "leads", "deny"}
    assert opened.unnamed == 0
    assert not {o.path for o in opened.outcomes(everything)} & papers.keys()
    opened.close()


def test_another_default_changes_who_may_read_and_embeds_nothing(
    paper_folder: Make, tmp_path: Path, embedder: Embedder
) -> None:
    folder = paper_folder(PAPERS | {"plain.txt": ("The ferry plan has nine harbours.", {"groups": ""})})
    target = tmp_path / "index"
    first = build(folder, target, embedder)
    assert "ferry" in found(target, embedder, "ferry plan")
    assert is_stale(folder, target, embedder, ("staff",))
    second = build(folder, target, embedder, None, ("staff",))
    assert second.published and second.embedded == 0 and first.embedded > 0
    assert "ferry" not in found(target, embedder, "ferry plan")
    assert "ferry" in found(target, embedder, "ferry plan", {"all", "staff"})
    assert not (target / first.build_id).exists(), "a rollback must not open it again"
    build(folder, target, embedder, None, ("deny",))
    assert "ferry" not in found(target, embedder, "ferry plan", {"all", "staff", "deny"})
    assert "nine ports" in found(target, embedder, "Harbour Programme"), "named readers keep their papers"


@both_stores
def test_the_build_before_is_kept_for_a_rollback(
    paper_folder: Make, tmp_path: Path, embedder: Embedder
) -> None:
    folder, target = paper_folder(), tmp_path / "index"
    names = []
    for number in range(3):
        (folder / "new.txt").write_text(f"The {number} edition of the plan.", "utf-8")
        names.append(build(folder, target, embedder).build_id)
    kept = sorted(path.name for path in target.iterdir() if (path / "build.json").is_file())
    assert kept == sorted(names[1:]) and generations.current(target).name == names[2]


def test_every_odd_file_has_a_named_outcome_and_stops_no_other(
    paper_folder: Make, tmp_path: Path, embedder: Embedder
) -> None:
    folder = paper_folder()
    (folder / "zero.txt").write_bytes(b"")
    (folder / "liar.pdf").write_bytes(b"PK\x03\x04 no pdf")
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 20)
    (folder / "latin.txt").write_bytes(("Le résumé de la réunion générale de l'été. " * 8).encode("latin-1"))
    (folder / "twin.txt").write_bytes((folder / "aviation.txt").read_bytes())
    (folder / "stub.txt").write_text("Not found.", "utf-8")
    (folder / "whole.txt").write_text("The ferry plan is whole and has many words. " * 20, "utf-8")
    report = build(folder, tmp_path / "index", embedder)
    status = {outcome.path: outcome.status for outcome in report.outcomes}
    assert status["zero.txt"] == "empty"
    assert status["liar.pdf"] in ("wrong_type", "damaged")
    assert status["binary.txt"] == "wrong_type"
    assert status["latin.txt"] == "flagged"
    assert status["stub.txt"] == "flagged"
    assert status["twin.txt"] == "duplicate"
    assert status["whole.txt"] == "indexed"
    assert all(o.reason for o in report.outcomes if o.status != "indexed")


@both_stores
def test_an_empty_folder_gives_an_empty_index(tmp_path: Path, embedder: Embedder) -> None:
    (tmp_path / "corpus").mkdir()
    report = build(tmp_path / "corpus", tmp_path / "index", embedder)
    assert report.published and found(tmp_path / "index", embedder, "anything") == ""


def test_two_builders_at_once_are_refused(paper_folder: Make, tmp_path: Path, embedder: Embedder) -> None:
    target = tmp_path / "index"
    target.mkdir()
    with (target / "BUILDING").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BadIndex, match="another build is running"):
            build(paper_folder(), target, embedder)


@pytest.mark.parametrize("name", ["catalogue.sqlite", "vectors/chroma.sqlite3"])
def test_a_damaged_build_is_told_before_it_is_opened_and_built_anew(
    paper_folder: Make, tmp_path: Path, embedder: Embedder, name: str, store: StoreServer | None
) -> None:
    if store and name.startswith("vectors"):
        pytest.skip("there is no such file where the vectors are on a server")
    folder, target = paper_folder(), tmp_path / "index"
    first = build(folder, target, embedder)
    path = target / first.build_id / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(BadIndex, match="damaged"):
        Index(generations.current(target), embedder)
    assert build(folder, target, embedder).published
    assert "Skopje" in found(target, embedder, "Skopje workshop")


def test_an_index_of_another_model_is_refused(small_index: Path, embedder: Embedder) -> None:
    class Other:
        model_id = "another@model"
        max_tokens = 256
        count_tokens = embedder.count_tokens
        embed = embedder.embed

    with pytest.raises(BadIndex, match="made with the embedding model"):
        Index(generations.current(small_index), Other())


def test_a_damaged_cache_is_made_again(paper_folder: Make, tmp_path: Path, embedder: Embedder) -> None:
    folder, target = paper_folder(), tmp_path / "index"
    build(folder, target, embedder)
    (target / "cache.sqlite").write_bytes(b"no database at all, but longer than a header of SQLite is" * 20)
    (folder / "new.txt").write_text("A new paper on ferries.", "utf-8")
    assert build(folder, target, embedder).published


def test_a_file_that_changes_while_it_is_read_is_told_and_read_by_the_next_build(
    paper_folder: Make, tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, target = paper_folder(), tmp_path / "index"

    def changed(path: Path, document_id: str, limits: Limits) -> Reading:
        if path.name == "aviation.txt":
            path.write_text("The workshop has moved to Tirana.", "utf-8")
        return read_limited(path, document_id, limits)

    monkeypatch.setattr(engine, "read_limited", changed)
    report = build(folder, target, embedder)
    told = {outcome.path: outcome for outcome in report.outcomes}["aviation.txt"]
    assert told.status == "damaged" and "changed while it was read" in told.reason
    monkeypatch.undo()
    assert build(folder, target, embedder).published
    assert "Tirana" in found(target, embedder, "Where is the workshop?")
