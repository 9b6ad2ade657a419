"""Builds damaged in every way that could be thought of: what a server does that starts on one, and
what one does that was serving the build before."""

import json
import logging
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conftest import PAPERS, write_papers
from index import generations, search
from index.build import build
from index.embedding import DEFAULT_MODEL, Embedder, load_embedder
from index.errors import BadIndex
from index.served import Served
from proofs.proof import ROOT, Proof, main

SEED = 6
SHORT = 8
OLDER, DAMAGED, NOTHING = "the build before", "the damaged build's name", "nothing"


@dataclass(frozen=True, slots=True)
class Case:
    """A way to damage the newest of two builds; `start` is what must be served by who begins with it."""

    name: str
    damage: Callable[[Path], None]
    start: str = OLDER
    running: str = OLDER


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def one_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[random.Random(SEED).randrange(len(data))] ^= 1
    path.write_bytes(data)


def one_block(path: Path) -> None:
    data = bytearray(path.read_bytes())
    at = len(data) // 3
    data[at : at + 512] = bytes(255 - each for each in data[at : at + 512])
    path.write_bytes(data)


def gone(path: Path) -> None:
    path.unlink()


def linked_elsewhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/null")


FILES = (
    "catalogue.sqlite", "glossary.csv", "lexical/0/meta.json", "lexical/0/*.idx", "lexical/1/*.store",
    "exact/0.ids.npy", "exact/1.vectors.npy", "vectors/chroma.sqlite3", "vectors/*/data_level0.bin",
    "vectors/*/header.bin", "vectors/*/length.bin",
)  # fmt: skip


def of_file(pattern: str, how: Callable[[Path], None]) -> Callable[[Path], None]:
    return lambda folder: how(sorted(p for p in folder.glob(pattern) if p.stat().st_size or how is gone)[0])


def swapped(pattern: str) -> Callable[[Path], None]:
    def swap(folder: Path) -> None:
        one, other = sorted(folder.glob(pattern))[:2]
        data = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(data)

    return swap


def extra(name: str) -> Callable[[Path], None]:
    def add(folder: Path) -> None:
        (folder / name).write_bytes(b"not of this build")

    return add


def nested(path: Path) -> None:
    path.write_text("[" * 200_000)


def record(change: Callable[[dict[str, Any]], object], seal: bool = False) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / generations.RECORD
        told = json.loads(path.read_text("utf-8"))
        change(told)
        if seal:
            told["seal"] = generations._seal(told)
        path.write_text(json.dumps(told), "utf-8")

    return edit


def of_another_model(told: dict[str, Any]) -> None:
    told.update(model="another@model", source="made with it")


def record_of_the_other(folder: Path) -> None:
    other = next(p for p in folder.parent.glob("2*/build.json") if p.parent != folder)
    shutil.copy(other, folder / generations.RECORD)


def pointer(data: bytes | None) -> Callable[[Path], None]:
    def point(folder: Path) -> None:
        path = folder.parent / generations.CURRENT
        path.unlink()
        if data is not None:
            path.write_bytes(data)

    return point


def cases() -> Iterator[Case]:
    """All ways. Where the record is damaged nobody knows whether a paper was closed: nothing is served."""
    for file in FILES:
        for how in (cut, empty, one_bit, one_block, gone, linked_elsewhere):
            yield Case(f"{file} {how.__name__}", of_file(file, how))
    for file in ("lexical/*/meta.json", "lexical/*/.managed.json"):
        yield Case(f"{file} swapped between shelves", swapped(file))
    for name in ("lexical/0/more", "vectors/chroma.sqlite3-wal", "catalogue.sqlite-journal", "more.csv"):
        yield Case(f"{name} added", extra(name))
    yield Case("wrong model", record(of_another_model, seal=True))
    for how in (cut, empty, one_bit, one_block, gone, nested):
        yield Case(f"build.json {how.__name__}", of_file("build.json", how), NOTHING, NOTHING)
    edits: dict[str, Callable[[dict[str, Any]], object]] = {
        "groups opened": lambda told: told.update(shelves=[["all"], ["all"]]),
        "previous made up": lambda told: told.update(previous="20200101T000000-abcdef"),
        "a file out of it": lambda told: told["files"].update({"../../x": "0"}),
        "passages absurd": lambda told: told.update(passages=-(10**30)),
        "files a list": lambda told: told.update(files=[]),
        "emptied": lambda told: told.clear(),
    }
    for name, change in edits.items():
        yield Case(f"build.json edited: {name}", record(change), NOTHING, NOTHING)
    yield Case("build.json of the other build", record_of_the_other, NOTHING, NOTHING)
    yield Case("the folder gone", shutil.rmtree, NOTHING, NOTHING)
    yield Case("CURRENT names nothing", pointer(b"20200101T000000-abcdef\n"), NOTHING, NOTHING)
    pointers = {"empty": b"", "garbage": bytes(range(256)), "out of it": b"../index\n", "gone": None}
    for name, data in pointers.items():
        yield Case(f"CURRENT {name}", pointer(data), DAMAGED)


@contextmanager
def watched() -> Iterator[set[str]]:
    """The names of the builds of which a library opens a file meanwhile."""
    opened: set[str] = set()
    doors = {name: getattr(search, name) for name in ("Catalogue", "Lexical", "open_store")}

    def watching(door: Any) -> Callable[..., Any]:
        def through(path: Path, *more: Any) -> Any:
            opened.add(path.parent.name)
            return door(path, *more)

        return through

    try:
        for name, door in doors.items():
            setattr(search, name, watching(door))
        yield opened
    finally:
        for name, door in doors.items():
            setattr(search, name, door)


def served_by(open_: Callable[[], Served], names: dict[str, str]) -> tuple[str, str]:
    """What is served (as a case names it), and the sentence that tells why."""
    with watched() as opened:
        try:
            server = open_()
            index = server.index
            hits = index.search("Who pays for the Harbour Programme?", 1, {"all"})
            what = names.get(index.build_id, index.build_id) if hits else "no hits"
            told = server.fault
            server.close()
        except BadIndex as error:
            what, told = NOTHING, str(error)
    if what != DAMAGED and DAMAGED in {names.get(each) for each in opened}:
        return "a damaged build, opened", told
    return what, told


def tried(case: Case, base: Path, work: Path, embedder: Embedder) -> list[str]:
    """What a case broke; nothing where all was as promised."""
    index = work / "index"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(base, work)
    newest = generations.current(index)
    before = generations.previous(newest)
    assert before is not None
    names = {newest.name: DAMAGED, before.name: OLDER}
    (index / generations.CURRENT).write_text(before.name, "utf-8")
    running = Served(index, embedder)
    (index / generations.CURRENT).write_text(newest.name, "utf-8")
    case.damage(newest)
    wrong = []
    for name, open_, right in (
        ("starting", lambda: Served(index, embedder), case.start),
        ("running", lambda: running, case.running),
    ):
        what, told = served_by(open_, names)
        if what != right:
            wrong.append(f"{case.name}, {name}: {what} was served, not {right} ({told})")
        if "ct-assistant build" not in told and "ASSISTANT_" not in told:
            wrong.append(f"{case.name}, {name}: not told what to do ({told!r})")
    running.close()
    return wrong


def prove(short: bool) -> Proof:
    embedder = load_embedder(DEFAULT_MODEL, ROOT / "var" / "models")
    ways = list(cases())
    if short:
        ways = random.Random(SEED).sample(ways, SHORT)
    broken: list[str] = []
    held = 0
    with tempfile.TemporaryDirectory() as folder:
        base, work = Path(folder) / "base", Path(folder) / "work"
        base.mkdir()
        write_papers(base / "corpus", PAPERS)
        build(base / "corpus", base / "index", embedder)
        write_papers(base / "corpus", {**PAPERS, "new.txt": ("A new paper on ferries. " * 20, {})})
        build(base / "corpus", base / "index", embedder)
        logging.getLogger("index.served").setLevel(logging.CRITICAL)  # each case would tell its fault here
        for case in ways:
            wrong = tried(case, base, work, embedder)
            if not short and not wrong:
                build(work / "corpus", work / "index", embedder)
                wrong = [f"after building again: {each}" for each in _unsound(work / "index", embedder)]
            held += not wrong
            broken += wrong
    refused = sum(case.start == NOTHING for case in ways)
    told = (
        f"Each way (seed {SEED}) is tried on a server that starts and on one that\n"
        "runs, and no library may open a file of the damaged build. "
        f"In {len(ways) - refused} the sound build serves; in {refused} the\n"
        "record that tells whether a paper was closed is itself damaged or gone: nothing is served,\n"
        "and that is told, until `ct-assistant build`, which mended all of them."
    )
    return Proof(held, len(ways), told, tuple(broken))


def _unsound(index: Path, embedder: Embedder) -> list[str]:
    server = Served(index, embedder)
    fault = [server.fault] if server.fault else []
    server.close()
    return fault


if __name__ == "__main__":
    main(prove)
