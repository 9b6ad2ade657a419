"""Builds on another engine: the same index, nothing lost when it fails, and a cluster that leaves nothing."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from assistant.cli import main
from conftest import PAPERS, ROOT, write_papers
from index import generations, papers, ray_engine
from index.build import build
from index.digest import digest_of
from index.embedding import DEFAULT_MODEL, Embedder, load_embedder
from index.engine import Engine, Results, Threads, Unread
from index.errors import BadEngine, UnreadableDocument
from index.ray_engine import Model, RayEngine
from index.reading import Reading

Read = tuple[str, Reading | UnreadableDocument]
LOAD = partial(load_embedder, DEFAULT_MODEL, ROOT / "var" / "models")
# Builds with Ray in a process of its own and, once the first vectors are there, kills a worker.
SCRIPT = """
import json, os, signal, sys
from functools import partial
from pathlib import Path
from index import generations
from index.build import build
from index.digest import digest_of
from index.embedding import load_embedder
from index.ray_engine import Model, RayEngine

def processes():
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            pass
    ours = [os.getpid()]
    for one in ours:
        ours += [number for number, parent in parents.items() if parent == one]
    return ours[1:]

def heard():
    files = set()
    for number in [os.getpid(), *told["processes"]]:
        try:
            files |= {os.readlink(link) for link in Path(f"/proc/{number}/fd").iterdir()}
        except OSError:
            pass
    rows = [line.split() for name in ("tcp", "tcp6") for line in open(f"/proc/net/{name}").readlines()[1:]]
    return sorted({row[1][:-5] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in files})

def tell(step, done, total, what):
    if step == "embed" and not told:
        told["processes"] = processes()
        told["heard"] = heard()
        names = {number: Path(f"/proc/{number}/cmdline").read_bytes() for number in told["processes"]}
        told["killed"] = [n for n, name in names.items() if name.startswith(b"ray::MapWorker")][:1]
        for number in told["killed"]:
            os.kill(number, signal.SIGKILL)

told = {}
corpus, index, name, models = sys.argv[1:]
load = partial(load_embedder, name, Path(models))
embedder = load()
engine = RayEngine(Model(load, embedder.model_id), workers=2)
report = build(Path(corpus), Path(index), embedder, tell, engine=engine)
engine.close()
told["digest"] = digest_of(generations.current(Path(index)))
print(json.dumps(told))
"""


@dataclass(frozen=True, slots=True)
class Local:
    """A folder of papers, what the threads of this machine built of it, and what they told meanwhile."""

    corpus: Path
    digest: str
    told: list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Local:
    """Papers of two sets of readers, enough of them for two workers, and one that is damaged."""
    folder = tmp_path_factory.mktemp("local")
    corpus, told = folder / "corpus", list[tuple[str, int, int]]()
    about = "\n\n".join(f"Port {n} has {n + 3} officers who watch quay {n} by day. " * 9 for n in range(150))
    write_papers(corpus, PAPERS | {"ports.txt": (about, {"groups": "leads"})})
    (corpus / "liar.pdf").write_bytes(b"PK\x03\x04 no pdf")
    build(
        corpus, folder / "index", embedder, lambda step, done, total, what: told.append((step, done, total))
    )
    return Local(corpus, digest_of(generations.current(folder / "index")), told)


def built(folder: Path, index: Path, embedder: Embedder, engine: Engine) -> str:
    build(folder, index, embedder, engine=engine)
    return digest_of(generations.current(index))


class Here(RayEngine):
    """Ray's workers without Ray: what they are given and give back goes no further than this process."""

    def _rows(self, work: list[dict[str, Any]], actor: type, told: Any) -> Iterator[dict[str, Any]]:
        worker = actor(told, papers.code_digest())
        return (worker._answer(row) for row in reversed(work))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_engine, "find_spec", lambda name: True)


@pytest.mark.timeout(300)  # some 20 s where the machine has nothing else to do
def test_ray_builds_the_same_although_a_worker_is_killed_and_nobody_else_hears_it(
    local: Local, tmp_path: Path, embedder: Embedder
) -> None:
    if not (find_spec("ray") and find_spec("pyarrow")):
        pytest.skip("ray is not installed: pip install 'ct-assistant[ray]'")
    given = [str(local.corpus), str(tmp_path / "ray"), DEFAULT_MODEL, str(ROOT / "var" / "models")]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *given],
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["killed"], "no worker was found"
    assert told["digest"] == local.digest
    loopback = {"0100007F", "0000000000000000FFFF00000100007F"}
    assert told["heard"] and set(told["heard"]) <= loopback, "other machines could speak to the cluster"
    for number in told["processes"]:
        stat = Path(f"/proc/{number}/stat")
        assert not stat.exists() or ") Z " in stat.read_text(), f"process {number} is still there"


def test_the_order_in_which_an_engine_answers_changes_nothing(
    local: Local, tmp_path: Path, embedder: Embedder, installed: None
) -> None:
    engine = Here(Model(LOAD, embedder.model_id))
    assert built(local.corpus, tmp_path / "index", embedder, engine) == local.digest


def test_what_an_engine_gave_before_it_failed_is_not_asked_of_it_again(
    local: Local, tmp_path: Path, embedder: Embedder
) -> None:
    class Fails(Threads):
        limit = 0

        def readings(self, documents: Sequence[Unread], ocr: str) -> Results[Read]:
            asked.append(len(documents))
            for done, result in enumerate(super().readings(documents, ocr)):
                if done == self.limit:
                    raise BadEngine("The cluster is gone.")
                yield result

    asked: list[int] = []
    engine = Fails(embedder)
    for engine.limit in (2, 1):
        with pytest.raises(BadEngine, match="gone"):
            build(local.corpus, tmp_path / "index", embedder, engine=engine)
    assert built(local.corpus, tmp_path / "index", embedder, Threads(embedder)) == local.digest
    assert asked[0] - asked[1] in (1, 2), "of the two that came, one may be the damaged paper"


def test_a_worker_with_another_model_ends_the_build_and_not_the_papers(
    local: Local, tmp_path: Path, embedder: Embedder, installed: None
) -> None:
    with pytest.raises(BadEngine, match="its model is .* the builder's other@1.* build` again"):
        build(local.corpus, tmp_path / "index", embedder, engine=Here(Model(LOAD, "other@1")))
    assert not (tmp_path / "index" / "CURRENT").exists()


def test_a_worker_that_does_not_see_the_papers_ends_the_build_with_the_folder_named(
    local: Local, tmp_path: Path, embedder: Embedder, installed: None
) -> None:
    class Blind(Here):
        def _rows(self, work: list[dict[str, Any]], actor: type, told: Any) -> Iterator[dict[str, Any]]:
            for row in super()._rows(
                [{**one, "path": "/nowhere" + one["path"]} for one in work], actor, told
            ):
                yield row | {"path": row["path"].removeprefix("/nowhere")}

    with pytest.raises(BadEngine, match="does not see it. Let every machine of the cluster have the papers"):
        build(local.corpus, tmp_path / "index", embedder, engine=Blind(Model(LOAD, embedder.model_id)))


@pytest.mark.parametrize("answer", [b"", b"\x00\x00\xc0\x7f" * 384 * 2, b"\x00" * 4 * 385])
def test_vectors_that_make_no_sense_are_not_believed(answer: bytes, installed: None) -> None:
    class Lies(Here):
        def _rows(self, work: list[dict[str, Any]], actor: type, told: Any) -> Iterator[dict[str, Any]]:
            yield {"fault": "", "host": "here", "part": 0, "vectors": answer}

    with pytest.raises(BadEngine, match="make no sense"):
        list(Lies(Model(LOAD, "m")).vectors(["one", "two"]))


def test_without_ray_or_its_cluster_a_build_says_what_to_do(
    local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_MODELS", str(ROOT / "var" / "models"))
    command = ["build", "--engine", "ray", "--corpus", str(local.corpus), "--index", str(tmp_path / "index")]
    monkeypatch.setattr(ray_engine, "find_spec", lambda name: None)
    assert main(command) == 2
    assert "pip install 'ct-assistant[ray]'" in capsys.readouterr().err
    monkeypatch.setattr(ray_engine, "find_spec", lambda name: True)
    with socket.socket() as taken:  # nobody listens, and nobody else can begin to
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("ASSISTANT_RAY_ADDRESS", address)
        assert main(command) == 2
    told = capsys.readouterr().err
    assert f"Ray at {address} cannot be joined" in told and told.count("\n") == 1


def test_progress_counts_bytes_and_characters_so_that_the_time_left_is_right(local: Local) -> None:
    read = [entry[1:] for entry in local.told if entry[0] == "read"]
    embedded = [entry[1:] for entry in local.told if entry[0] == "embed"]
    papers = [path for path in local.corpus.iterdir() if path.name != "manifest.csv"]
    assert read[-1] == (sum(path.stat().st_size for path in papers),) * 2 and len(read) == len(papers)
    assert embedded[-1][0] == embedded[-1][1] > 10_000
    assert embedded == sorted(embedded) and len(embedded) > 1


def test_a_document_that_left_while_it_was_read_is_told_and_no_fault_of_the_cluster(
    tmp_path: Path, installed: None
) -> None:
    gone = Unread("gone", tmp_path / "gone.txt", "0" * 64)
    [(identifier, answer)] = Here(Model(LOAD, "m")).readings([gone], "")
    assert identifier == "gone" and isinstance(answer, UnreadableDocument)
