"""What a build and its questions cost by the size of the corpus: 1,000 to 1,000,000 passages.

python tests/benchmarks/scale.py [SIZE …] [--keep FOLDER] [--page]

Passages are those of the index that `make fit` builds of 248 papers, and neighbours of them
(`neighbours.py`), on three shelves, written by what the product's builder writes with. Each size is built
by one process and asked by another. Lines go to `var/bench/scale.jsonl`, a later one of a size in the
place of an earlier one; `--page` only writes the section of docs/performance.md and the plots anew.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

INDEX = ROOT / "var" / "fit" / "papers"
MODELS = ROOT / "var" / "models"
LINES = ROOT / "var" / "bench" / "scale.jsonl"
SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUESTIONS, WARM, K = 200, 50, 10
MIB = 2**20


def make(count: int, folder: Path, source: Path) -> dict[str, Any]:
    """Build so many passages into `folder`, those of an index and neighbours of them: seconds of each step,
    memory, bytes on the disk."""
    import numpy as np
    from neighbours import nearest_cosines, neighbours, sources

    from index import build, generations
    from index.embedding import DEFAULT_MODEL, load_embedder
    from index.store import write_vectors

    embedder = load_embedder(DEFAULT_MODEL, MODELS)
    given = sources(source, embedder)
    began = time.monotonic()
    papers, above = [], []
    vectors = np.empty((count, 384), np.float32)
    at = 0
    for made in neighbours(given, count):
        papers.append(made.paper)
        above.append(made.above)
        vectors[at : at + len(made.vectors)] = made.vectors
        at += len(made.vectors)
    took: dict[str, float] = {"neighbours": time.monotonic() - began}
    given_mib = _memory("VmRSS")
    some = vectors[:: max(1, count // 500)]
    quantiles = [float(q) for q in np.quantile(nearest_cosines(vectors, some), (0.05, 0.25, 0.5, 0.75, 0.95))]
    real = [float(q) for q in np.quantile(given.nearest, (0.05, 0.25, 0.5, 0.75, 0.95))]
    with ExitStack() as patches, generations.new_build(folder) as target:
        for name in ("write_catalogue", "write_lexical"):
            patches.enter_context(mock.patch.object(build, name, _timed(getattr(build, name), name, took)))
        shelves, own = build._store(target, papers, above, vectors, lambda *told: None)
        _timed(write_vectors, "write_vectors", took)(target, own)
        began = time.monotonic()
        generations.publish(target, {
            "source": "", "model": embedder.model_id, "versions": {"chromadb": version("chromadb")},
            "documents": {p.document.id: [p.document.sha256, *p.document.groups] for p in papers},
            "passages": count, "shelves": shelves, "outcomes": [], "notes": [], "previous": None,
        })  # fmt: skip
        took["publish"] = time.monotonic() - began
    files = [path for path in target.rglob("*") if path.is_file()]
    disk: dict[str, float] = {}
    for path in files:
        part = path.relative_to(target).parts[0]
        disk[part] = disk.get(part, 0.0) + path.stat().st_size / MIB
    return {
        "passages": count, "papers": len(papers), "build_s": took, "disk_mib": disk,
        "given_mib": given_mib, "builder_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "nearest": quantiles, "nearest_real": real,
    }  # fmt: skip


def _timed(call: Callable[..., Any], name: str, took: dict[str, float]) -> Callable[..., Any]:
    def timed(*given: Any) -> Any:
        began = time.monotonic()
        try:
            return call(*given)
        finally:
            took[name] = took.get(name, 0.0) + time.monotonic() - began

    return timed


def ask(folder: Path) -> dict[str, Any]:
    """Open the build and ask it: seconds to open, memory, milliseconds of a question, recall."""
    from neighbours import READS_ALL

    from assistant.access import local_principal
    from assistant.assistant import Assistant
    from assistant.config import Settings
    from assistant.types import Question
    from index.embedding import DEFAULT_MODEL, load_embedder

    asked = _questions()
    embedder = load_embedder(DEFAULT_MODEL, MODELS)
    embedder.embed(["warm"])
    before = _memory("VmRSS")
    began = time.monotonic()
    assistant = Assistant(Settings.from_env(index=folder, models=MODELS), embedder)
    opened_s = time.monotonic() - began
    principal = local_principal(READS_ALL)
    first = _milliseconds(lambda text: assistant.ask(Question(text, principal)), asked[:1])
    answered = _milliseconds(lambda text: assistant.ask(Question(text, principal)), asked[1 : WARM + 1])
    memory = {name: _memory(name) for name in ("VmRSS", "RssAnon", "RssFile")}
    cpu = time.process_time()
    answered = _milliseconds(lambda text: assistant.ask(Question(text, principal)), asked)
    cpu_ms = 1000 * (time.process_time() - cpu) / len(asked)
    index = assistant.index
    return {
        "open_s": opened_s, "loaded_mib": before, "memory_mib": memory, "first_ms": first[0],
        "search_ms": _milliseconds(lambda text: index.search(text, K, READS_ALL), asked),
        "some_ms": _milliseconds(lambda text: index.search(text, K, {"all"}), asked),
        "filtered_ms": _milliseconds(
            lambda text: index.search(text, K, READS_ALL, {"year": ["2025"]}), asked
        ),
        "answer_ms": answered, "answer_cpu_ms": cpu_ms, "asked": len(asked),
        **_recall(index, embedder.embed(asked)),
    }  # fmt: skip


def _recall(index: Any, vectors: Any) -> dict[str, Any]:
    """Recall@10 of the dense search against comparing everything in 64 bits, and how long it takes."""
    import numpy as np
    from neighbours import READS_ALL

    shelves = index._readable(READS_ALL)
    found: list[dict[str, float]] = []
    took = _milliseconds(lambda v: found.append(index._store.search(v, K, shelves)), vectors)
    best: list[list[tuple[float, str]]] = [[] for _ in vectors]
    for shelf in shelves:
        own = index._store._shelves[shelf]
        for first in range(0, len(own), 50_000):
            part = slice(first, first + 50_000)
            cosines = vectors.astype(np.float64) @ np.asarray(own._vectors[part], dtype=np.float64).T
            top = np.argpartition(-cosines, min(K, cosines.shape[1] - 1), axis=1)[:, :K]
            for row, columns in enumerate(top):
                names = own._names(first + columns)
                best[row] = sorted([*best[row], *zip(cosines[row, columns], names, strict=True)])[-K:]
    shares = []
    for near, right in zip(found, best, strict=True):
        nearest = sorted(near, key=lambda i: near[i], reverse=True)[:K]
        least = right[0][0] - 1e-6  # one as near as the last is no error
        shares.append(sum(near[i] >= least for i in nearest) / len(right))
    return {"dense_ms": took, "recall": shares}


def _questions() -> list[str]:
    from rounds import questions

    return questions()[:QUESTIONS]


def _milliseconds(call: Callable[[Any], Any], given: Sequence[Any]) -> list[float]:
    took = []
    for each in given:
        began = time.perf_counter()
        call(each)
        took.append(1000 * (time.perf_counter() - began))
    return took


def _memory(name: str) -> float:
    """MiB of this process as /proc tells them."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise KeyError(name)


def measured(count: int, kept: Path | None) -> dict[str, Any]:
    """One size, built and asked by processes of their own."""
    with tempfile.TemporaryDirectory(prefix="scale-", dir=os.environ.get("TMPDIR")) as own:
        folder = kept / str(count) if kept else Path(own) / "index"
        told: dict[str, Any] = {}
        for part in ("make", "ask"):
            if part == "make" and (folder / "CURRENT").exists():
                told |= json.loads((folder / "made.json").read_text())
                continue
            command = [sys.executable, __file__, "--part", part, str(count), "--keep", str(folder)]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
            told |= json.loads(done.stdout.splitlines()[-1])
            if part == "make":
                (folder / "made.json").write_text(json.dumps(told))
        return told


def quantile(values: Sequence[float], share: float) -> float:
    """As numpy's, linear between two values."""
    return statistics.quantiles(values, n=100, method="inclusive")[round(100 * share) - 1]


def lines() -> Iterator[dict[str, Any]]:
    """What was measured, the smallest size first."""
    kept = [json.loads(line) for line in LINES.read_text("utf-8").splitlines()] if LINES.exists() else []
    yield from sorted(kept, key=lambda line: line["passages"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, default=None)
    parser.add_argument("--keep", type=Path, help="keep the builds here, and take them from here if there")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--part", choices=("make", "ask"), help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, default=INDEX, help="index whose passages they are made from")
    given = parser.parse_args()
    if given.part:
        told = make(given.sizes[0], given.keep, given.source) if given.part == "make" else ask(given.keep)
        print(json.dumps(told))
        return
    for count in () if given.page else given.sizes or SIZES:
        began, load = time.monotonic(), os.getloadavg()[0]
        told = measured(count, given.keep) | {"load_before": load}
        told["whole_s"] = time.monotonic() - began
        others = [line for line in lines() if line["passages"] != count]
        LINES.parent.mkdir(parents=True, exist_ok=True)
        LINES.write_text("".join(json.dumps(line) + "\n" for line in (*others, told)), "utf-8")
    from scale_page import write_page

    write_page(list(lines()))


if __name__ == "__main__":
    main()
