"""Builds killed (SIGKILL) at named and at random moments: what is served does not change, the next
build does nothing twice, ends equal to a clean one, and nothing of the killed one stays."""

import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from pkgutil import resolve_name
from typing import Any
from unittest import mock

from canaries import MEMORY, HashEmbedder, by_file, canaries, canary, in_process
from conftest import write_papers
from index import build as builder
from index import engine, generations
from index.cache import Cache
from index.digest import digest_of
from index.embedding import DEFAULT_MODEL, Embedder, Vectors, load_embedder
from index.papers import code_digest
from index.search import Index
from proofs.proof import ROOT, Proof, main

SEED = 20261122
KILLS, SHORT_KILLS = 100, 6
PAPERS, PART = 12, 4  # papers in the folder; passages embedded before their vectors are put aside
PATIENCE_S = 120
# function of the builder, and the calls of it that are tried; each is killed before it and after it
POINTS = (
    ("index.build.find", 1),
    ("index.generations.sweep", 1),
    ("index.engine.read_limited", 2),
    ("index.papers.split", 2),
    ("index.cache.Cache.add_reading", 2),
    ("index.cache._checked", 2),  # within a transaction of the cache
    ("index.cache.Cache.add_vectors", 2),
    ("index.build.write_catalogue", 1),
    ("index.catalogue.definitions", 3),  # within the catalogue's transaction
    ("index.build.write_lexical", 2),
    ("index.build.shutil.copy", 1),
    ("index.build.write_vectors", 1),
    ("index.store._name", 2),  # between the shelves of the vector store
    ("index.generations.publish", 1),
    ("index.generations.sha256_of", 3),
    ("index.generations._sync", 3),
    ("index.generations._write", 2),
    ("index.generations.os.replace", 2),
    ("index.generations.prune", 1),
    ("index.cache.Cache.erase_unused", 1),
)
Paper = tuple[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Kill:
    """Where a build ends: before or after the nth call of a function, within it, or at some time."""

    where: str
    call: int = 1
    after: bool = False

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} call {self.call} of {self.where}"


def named() -> list[Kill]:
    points = [
        Kill(name, call, late)
        for name, calls in POINTS
        for call in range(1, calls + 1)
        for late in (False, True)
    ]
    return [*points, *WITHIN]


WITHIN = [Kill(where) for where in ("embedding", "deleting a build", "erasing", "reading")]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Halfway:
    """An embedder that is killed when half of what it was given is done."""

    def __init__(self, inner: Embedder) -> None:
        self.inner, self.model_id, self.max_tokens = inner, inner.model_id, inner.max_tokens
        self.count_tokens = inner.count_tokens

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.inner.embed(texts[: len(texts) // 2])
        die()
        return self.inner.embed(texts)


def arm(kill: Kill | float | None, embedder: Embedder) -> Embedder:
    """Make this process end where it was told; a number is seconds from now."""
    if isinstance(kill, float):
        threading.Timer(kill, die).start()
    elif kill and kill.where == "embedding":
        return Halfway(embedder)
    elif kill and kill.where == "erasing":
        opened = Cache._open

        def traced(path: Path) -> sqlite3.Connection:
            db = opened(path)
            db.set_trace_callback(lambda told: die() if told.startswith("SELECT key FROM readings") else None)
            return db

        mock.patch.object(Cache, "_open", staticmethod(traced)).start()
    elif kill and kill.where == "deleting a build":

        def halved(folder: Path, **given: Any) -> None:
            next(path for path in sorted(folder.rglob("*")) if path.is_file()).unlink()
            die()

        mock.patch("index.generations.shutil.rmtree", halved).start()
    elif kill and kill.where == "reading":
        wrap("index.engine.read_limited", lambda call: threading.Timer(0.01, die).start())
    elif kill:
        wrap(kill.where, lambda call: die() if call == kill.call else None, kill.after)
    return embedder


def wrap(name: str, do: Callable[[int], Any], after: bool = False) -> None:
    """Do something at each call of a function, told which call it is."""
    owner = resolve_name(name.rpartition(".")[0])
    original = getattr(owner, name.rpartition(".")[2])
    calls = 0

    def wrapped(*given: Any, **told: Any) -> Any:
        nonlocal calls
        calls += 1
        call = calls
        if not after:
            do(call)
        result = original(*given, **told)
        if after:
            do(call)
        return result

    mock.patch.object(owner, name.rpartition(".")[2], wrapped).start()


def build_once(folder: Path, kill: Kill | float | None, light: bool) -> None:
    """What the child does: build, writing down what it has put aside, and end as it is told."""
    log = open(folder / "log", "a", encoding="utf-8")  # ends with the process

    def tell(**told: Any) -> None:
        log.write(json.dumps(told) + "\n")
        log.flush()

    from index.reading import limits

    engine.KEPT_AT_ONCE = PART
    embedder: Embedder = HashEmbedder() if light else load_embedder(DEFAULT_MODEL, ROOT / "var" / "models")
    if light:  # to start a reader's own process takes a second
        mock.patch("index.engine.read_limited", in_process).start()
    wrap("index.engine.read_limited", lambda call: tell(read=1))

    def tell_server(call: int) -> None:
        if limits._SERVER._process:
            tell(server=limits._SERVER._process.pid)

    wrap("index.engine.read_limited", tell_server, after=True)
    added = Cache._add

    def add(self: Cache, table: str, rows: list[tuple[bytes, bytes]]) -> None:
        added(self, table, rows)
        tell(**{table: [key.hex() for key, _ in rows]})

    mock.patch.object(Cache, "_add", add).start()
    began = time.monotonic()
    report = builder.build(folder / "corpus", folder / "index", arm(kill, embedder))
    tell(embedded=report.embedded, published=report.published, seconds=time.monotonic() - began)
    log.close()
    limits._SERVER.close()
    os._exit(0)


class Clean:
    """Builds nobody interrupts, each in an empty folder; a vector is made once for all of them."""

    def __init__(self, light: bool) -> None:
        inner: Embedder = HashEmbedder() if light else load_embedder(DEFAULT_MODEL, ROOT / "var" / "models")
        self.inner, self.model_id, self.max_tokens = inner, inner.model_id, inner.max_tokens
        self.count_tokens = inner.count_tokens
        self.light = light
        self.vectors: dict[str, Vectors] = {}
        self.texts: set[str] = set()

    def embed(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        self.texts.update(texts)
        for text in texts:
            if text not in self.vectors:
                self.vectors[text] = self.inner.embed([text])[0]
        return np.stack([self.vectors[text] for text in texts])

    def reading(self) -> AbstractContextManager[Any]:
        return mock.patch("index.engine.read_limited", in_process) if self.light else nullcontext()

    def build(self, corpus: Path, index: Path) -> tuple[str, set[str], int]:
        """(digest, texts embedded, bytes on the disk) of a clean build."""
        shutil.rmtree(index, ignore_errors=True)
        self.texts = set()
        with self.reading():
            builder.build(corpus, index, self)
        texts = self.texts
        return digest_of(generations.current(index)), texts, size_of(index)


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class Tries:
    """One folder of papers and its index, killed again and again."""

    def __init__(self, folder: Path, light: bool) -> None:
        self.folder, self.light = folder, light
        self.random = random.Random(SEED)
        self.context = get_context("forkserver")
        self.context.set_forkserver_preload(
            ["index.build", "chromadb", "tantivy", "onnxruntime", "tokenizers"]
        )
        self.clean = Clean(light)
        self.count = 0
        self.papers = {f"paper{n:02d}.md": self.paper(["all", "leads"][n % 2]) for n in range(PAPERS)}
        self.seconds = 1.0

    def paper(self, groups: str) -> Paper:
        self.count += 1
        word = canary(self.count)
        about = f"The harbour programme of the plan {word} trains officers in port {self.count}. "
        sections = (f"## Part {n} of {word}\n\n" + about * (3 + n) for n in range(3))
        return "\n\n".join((f"# Plan {self.count}", *sections)), {
            "groups": groups,
            "title": f"Plan {self.count}",
        }

    def edit(self) -> None:
        """One to three changes: a paper more, another text, other readers, a paper less."""
        for _ in range(self.random.randint(1, 3)):
            name = self.random.choice(sorted(self.papers))
            text, row = self.papers[name]
            match self.random.randrange(4):
                case 0:
                    self.papers[f"paper{self.count + 1:02d}.md"] = self.paper("all")
                case 1:
                    self.papers[name] = self.paper(row["groups"])
                case 2:
                    self.papers[name] = (text, row | {"groups": "all" if row["groups"] != "all" else "leads"})
                case _ if len(self.papers) > PAPERS - 4:
                    del self.papers[name]
        self.write()

    def write(self) -> None:
        shutil.rmtree(self.folder / "corpus", ignore_errors=True)
        write_papers(self.folder / "corpus", self.papers)

    def run(self, kill: Kill | float | None) -> tuple[int, dict[str, Any]]:
        """Build in a child of its own: how it ended, and what it wrote down."""
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        child = self.context.Process(target=build_once, args=(self.folder, kill, self.light))
        child.start()
        child.join(PATIENCE_S)
        if child.exitcode is None:
            child.kill()
            child.join()
            raise AssertionError("the build hangs")
        told: dict[str, Any] = {"vectors": [], "readings": [], "read": 0}
        for line in log.read_text("utf-8").splitlines() if log.exists() else ():
            for name, value in json.loads(line).items():
                told[name] = told[name] + value if name in ("vectors", "readings", "read") else value
        code = child.exitcode
        child.close()
        return code, told

    def try_one(self, kill: Kill | float) -> None:
        """Raises AssertionError where a promise is not kept."""
        papers = dict(self.papers)
        before = generations.current(self.folder / "index")
        digest, texts, _ = self.clean.build(self.folder / "corpus", self.folder / "clean")
        hits = self.answer()
        assert digest_of(before) == digest
        self.edit()
        digest_new, texts_new, _ = self.clean.build(self.folder / "corpus", self.folder / "clean")
        code, told = self.run(kill)
        assert code in (0, -signal.SIGKILL), f"the build ended with {code}"
        now = generations.current(self.folder / "index")
        assert digest_of(now) == (digest if now == before else digest_new), "another build is served"
        assert now != before or self.answer() == hits, "the answers changed"
        self.gone(told)
        known, texts = (self.contents(papers), texts) if now == before else (self.contents(), texts_new)
        if (chance := self.random.random()) < 0.3:  # a paper that the killed build had read is withdrawn
            del self.papers[self.random.choice(sorted(self.papers))]
        elif chance < 0.5:  # all that was new to the killed build is taken back
            self.papers = papers
        self.write()
        digest_last, texts_last, size = self.clean.build(self.folder / "corpus", self.folder / "clean")
        vectors, readings = set(told["vectors"]), set(told["readings"])
        code, told = self.run(None)
        assert code == 0, f"the next build ended with {code}"
        assert told["embedded"] <= len(self.vector_keys(texts_last - texts) - vectors), "embedded twice"
        assert told["read"] <= len(self.contents() - known - readings), "read twice"
        assert digest_of(generations.current(self.folder / "index")) == digest_last, "not as a clean build"
        self.tidy(size)
        self.gone(told)

    def contents(self, papers: dict[str, Paper] | None = None) -> set[str]:
        """The keys of the readings of these papers, by default of those there are now."""
        told = [hashlib.sha256(text.encode()).hexdigest() for text, _ in (papers or self.papers).values()]
        return {hashlib.sha256(f"{each}\n.md\n{code_digest()}".encode()).hexdigest() for each in told}

    def vector_keys(self, texts: set[str]) -> set[str]:
        return {hashlib.sha256(f"{self.clean.model_id}\n{text}".encode()).hexdigest() for text in texts}

    def answer(self) -> list[tuple[str, float]]:
        with closing(Index(generations.current(self.folder / "index"), self.clean)) as index:
            hits = index.search("Which officers does the harbour programme train?", 5, {"all"})
            return [(hit.passage.id, hit.score) for hit in hits]

    def gone(self, told: dict[str, Any]) -> None:
        """The process that reads for a build ends with it, and so do its children."""
        until = time.monotonic() + 10
        while "server" in told and of_session(told["server"]):
            assert time.monotonic() < until, "the process that reads documents is still there"
            time.sleep(0.02)

    def tidy(self, size: int) -> None:
        """Nothing of the killed build is left, nor of a paper that is gone; no lock, no more room used."""
        index = self.folder / "index"
        served = generations.current(index)
        kept = generations.record_of(served)["previous"]
        builds = {served.name, *([kept] if kept else [])}
        assert {path.name for path in index.iterdir()} == {"BUILDING", "CURRENT", "cache.sqlite", *builds}
        with generations.only_builder(index):
            pass
        older = size_of(index / kept) if kept else 0
        assert abs(size_of(index) - older - size) < 0.1 * size, "another use of the disk than a clean build's"
        known = set().union(*(canaries(text) for text, _ in self.papers.values()))
        for path, found in by_file(index).items():
            if not kept or path.relative_to(index).parts[0] != kept:
                assert found <= known, f"{path} still holds {found - known}"


def of_session(leader: int) -> list[int]:
    """The processes of a session, those that have ended and wait for their parent left out."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(session) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found


def killed(points: Sequence[Kill | float], light: bool) -> list[str]:
    """What was not kept when builds were ended at these points; numbers are shares of a build's time."""
    broken: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ct-assistant-kills-", dir=MEMORY) as folder:
        tries = Tries(Path(folder), light)
        tries.write()
        code, told = tries.run(None)
        assert code == 0, "the first build failed"
        for point in points:
            kill = point * told["seconds"] if isinstance(point, float) else point
            try:
                tries.try_one(kill)
            except Exception as error:  # told, and the next is tried
                broken.append(f"{point}: {type(error).__name__}: {error}")
                tries.run(None)
    return broken


def prove(short: bool) -> Proof:
    chosen = random.Random(SEED)
    points: list[Kill | float] = [*named()]
    if short:
        points = chosen.sample(points, SHORT_KILLS)
        broken = killed(points, light=True)
    else:
        points += [chosen.random() for _ in range(KILLS - len(points))]
        whole = [point for point in points[::4] if point not in WITHIN] + WITHIN
        broken = killed(whole, light=False)
        broken += killed([point for point in points if point not in whole], light=True)
    names = sum(isinstance(point, Kill) for point in points)
    told = (
        f"SIGKILL at {names} named points (before and after each step, within transactions, between the "
        f"renames) and at {len(points) - names} random moments of builds over {PAPERS} papers for two "
        "sets of readers, which change before each build. After three kills in ten a paper is withdrawn, "
        "after two all that had changed is taken back."
    )
    if not short:
        told += f" {len(whole)} with the real model and readers, the others with a model of hashes."
    return Proof(len(points) - len(broken), len(points), told, tuple(broken))


if __name__ == "__main__":
    main(prove)
