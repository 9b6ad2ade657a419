"""Where a build's time goes: reading alone, and each step of a whole build.

    python tests/benchmarks/steps.py read --docs DIR --workers N
    python tests/benchmarks/steps.py build --docs DIR --index DIR

`read` reads every document of the folder as a build does, N at a time, and nothing else. `build` is a
build with a clock around each step. Both end with a line REPORT and a JSON object: pages and seconds,
or of each step [wall seconds, processor seconds of this process].
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

# Steps of `index.build`, by the names they have there; the rest is told as "else".
STEPS = {
    "find": "find and hash the files",
    "papers_of": "read, clean and split",
    "_above": "headings for the embedding",
    "_embed": "embed",
    "_searched": "words for the lexical index",
    "write_catalogue": "write the catalogue",
    "write_lexical": "write the lexical index",
    "write_vectors": "write the vectors",
}


def read(docs: Path, workers: int) -> dict[str, float]:
    from index.corpus import find
    from index.errors import UnreadableDocument
    from index.reading import SUPPORTED_SUFFIXES
    from index.reading.limits import Limits, read_limited

    found = [docs / document.path for document in find(docs, sorted(SUPPORTED_SUFFIXES)).documents]

    def pages(path: Path) -> int:
        with suppress(UnreadableDocument):
            return len(read_limited(path, "x", Limits()).pages)
        return 0

    pages(found[0])  # the server that readers are forked from is up now
    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        count = sum(pool.map(pages, found))
    return {"pages": count, "seconds": time.perf_counter() - began, "documents": len(found)}


def profile(docs: Path, index: Path) -> dict[str, Any]:
    from assistant.config import Settings
    from index import build, generations
    from index.embedding import load_embedder

    settings = Settings.from_env()
    embedder = load_embedder(settings.embedding_model, settings.models)
    took: dict[str, list[float]] = {}
    for name, told in STEPS.items():
        setattr(build, name, _clocked(getattr(build, name), took.setdefault(told, [0.0, 0.0])))
    sealed = took.setdefault("seal and publish", [0.0, 0.0])
    generations.publish = _clocked(generations.publish, sealed)
    began, processor = time.perf_counter(), time.process_time()
    report = build.build(docs, index, embedder)
    whole = [time.perf_counter() - began, time.process_time() - processor]
    took["else"] = [whole[i] - sum(each[i] for each in took.values()) for i in (0, 1)]
    pages = sum(outcome.pages for outcome in report.outcomes)
    return {"steps": took, "whole": whole, "pages": pages, "passages": report.embedded}


def _clocked(work: Callable[..., Any], into: list[float]) -> Callable[..., Any]:
    def run(*given: Any, **named: Any) -> Any:
        began, processor = time.perf_counter(), time.process_time()
        try:
            return work(*given, **named)
        finally:
            into[0] += time.perf_counter() - began
            into[1] += time.process_time() - processor

    return run


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["read", "build"])
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    told = read(given.docs, given.workers) if given.what == "read" else profile(given.docs, given.index)
    print("REPORT", json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
