"""The product as one of the peers: the modes that the adapters beside it answer, by its own command line.

    python tests/benchmarks/peer.py ingest|inc --docs DIR --index DIR
    python tests/benchmarks/peer.py cold|count --index DIR
    python tests/benchmarks/peer.py query|answer --index DIR --questions FILE [--out FILE] [--timed N]

`ingest` and `inc` are `ct-assistant build`, which embeds only what is new. `cold` ends with a line that
begins with RESULT, the others with one that begins with REPORT and holds a JSON object. `query` writes
the best ten passages of each question to --out, each as [file name, text]; `answer` times whole
answers. Everything is asked as somebody of no group, with the filter of who may read what.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
WARM = 10


def main() -> None:
    given = _arguments()
    if given.mode in ("ingest", "inc"):
        from assistant.cli import main as command_line

        status = command_line(["build", "--corpus", given.docs, "--index", given.index])
        passages = _count(given.index)
        _report(chunks=passages, count=passages)
        sys.exit(status)
    if given.mode == "count":
        _report(count=_count(given.index))
        return
    from assistant.access import local_principal
    from assistant.assistant import Assistant
    from assistant.config import Settings
    from assistant.types import Question

    assistant = Assistant.open(Settings.from_env(index=given.index))
    who = local_principal()

    def search(text: str, k: int) -> list[tuple[str, str]]:
        index = assistant.index
        paths = {document.id: document.path for document in index.documents(who.groups)}
        hits = index.search(text, k, who.groups)
        return [(paths[hit.passage.document_id], hit.passage.text) for hit in hits]

    if given.mode == "cold":
        print("RESULT", json.dumps(search(given.question, 5)[:1])[:200], flush=True)
        return
    questions = [each["question"] for each in json.loads(Path(given.questions).read_text("utf-8"))]
    if given.mode == "answer":
        statuses = _timed(lambda text: assistant.ask(Question(text, who)).status, questions, given.timed)
        _report(**statuses, passages=assistant.index.passage_count)
        return
    told = _timed(lambda text: search(text, 5), questions, given.timed)
    if given.out:
        ranked = [search(text, 10) for text in questions]
        Path(given.out).write_text(json.dumps(ranked, ensure_ascii=False), "utf-8")
    _report(**told)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("mode", choices=["ingest", "inc", "cold", "query", "count", "answer"])
    parser.add_argument("--index", required=True)
    parser.add_argument("--docs")
    parser.add_argument("--questions")
    parser.add_argument("--out")
    parser.add_argument("--question", default="Who was the Norse leader?")
    parser.add_argument("--timed", type=int, default=200)
    parser.add_argument("--variant", help="of other adapters; there is one of this")
    parser.add_argument("--quality", type=int, default=1, help="0: --out is not written")
    given = parser.parse_args()
    given.out = given.out if given.quality else None
    return given


def _count(index: str) -> int:
    """The passages of the published build, each once: what its catalogue holds. Raises AssertionError
    where that is not what its record says."""
    from contextlib import closing

    from index import generations
    from index.catalogue import Catalogue

    build = generations.current(Path(index))
    record = generations.record_of(build)
    shelves = range(len(record["shelves"]))
    with closing(Catalogue(build / "catalogue.sqlite")) as catalogue:
        documents = [document.id for document in catalogue.documents(shelves)]
        passages = catalogue.passage_ids(documents, shelves)
    assert len(set(passages)) == len(passages) == record["passages"]
    return len(passages)


def _timed(work: Callable[[str], Any], questions: list[str], most: int) -> dict[str, float]:
    """Milliseconds of wall time for one of `most` questions, and of processor time on average."""
    for text in questions[-WARM:]:
        work(text)
    took = []
    processor = time.process_time()
    for text in questions[:most]:
        began = time.perf_counter()
        work(text)
        took.append((time.perf_counter() - began) * 1000)
    cpu_ms = (time.process_time() - processor) * 1000 / len(took)
    took.sort()
    return {"p50": took[len(took) // 2], "p95": took[int(len(took) * 0.95)], "min": took[0], "cpu_ms": cpu_ms}


def _report(**told: float) -> None:
    print("REPORT", json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
