"""Retrieval on a public slice: what fusing two searches gains, and what rewriting follow-ups gains.

    python tests/benchmarks/public_retrieval.py squad2|mtrag_un DIR

DIR is what `convert_public.py` wrote; an index over `DIR/corpus` is built in `DIR/index` where it is
missing or stale. `squad2`: the fused search against each of its halves. `mtrag_un`: questions with a
history only, searched for in two readings as the product does, by the rewritten text, by the last
question alone, and by the whole history before it. Rules for
rewriting may be chosen on one half (`--half choose`, by a digest of the question's id) and are reported
on the other (`--half report`, the default). The unit is the file: one
paragraph or passage each. Prints tables in Markdown.
"""

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path

from ranking import DEPTH, differences, first_rank, one_sided, table

from assistant.access import local_principal
from assistant.condense import condense, readings
from assistant.config import Settings
from assistant.evaluation.questions import load_questions
from assistant.evaluation.types import EvalQuestion
from index import generations
from index.build import build
from index.embedding import load_embedder
from index.search import Index, pool

WIDE = 4 * DEPTH  # passages asked for, so that ten distinct files are among them
GROUPS = local_principal().groups

Texts = Callable[[EvalQuestion], list[str]]
REWRITINGS: dict[str, Texts] = {
    "two readings": lambda q: readings(q.question, condense(q.question, q.history), q.history),
    "rewritten only": lambda q: [condense(q.question, q.history)],
    "last question alone": lambda q: [q.question],
    "whole history before it": lambda q: [" ".join([*(turn.text for turn in q.history), q.question])],
    "earlier questions before it": lambda q: [
        " ".join([*(turn.text for turn in q.history if turn.role == "user"), q.question])
    ],
}


def opened(folder: Path) -> Index:
    settings = Settings.from_env()
    embedder = load_embedder(settings.embedding_model, settings.models)
    build(folder / "corpus", folder / "index", embedder)
    return Index(generations.current(folder / "index"), embedder)


def asked(folder: Path) -> list[EvalQuestion]:
    """The questions whose evidence is known."""
    questions = load_questions(folder / "questions.jsonl")
    return [question for question in questions if question.answerable and question.expected]


def by_halves(index: Index, questions: list[EvalQuestion]) -> dict[str, list[int]]:
    """The ranks of the fused search and of its two halves."""
    ranks: dict[str, list[int]] = {"hybrid": [], "dense alone": [], "BM25 alone": []}
    for question in questions:
        ranks["hybrid"].append(rank_of(index, question, [question.question]))
        for name, ids in one_sided(index, question.question, GROUPS).items():
            ranks[name].append(first_rank((i.rpartition(":")[0] for i in ids), evidence(index, question)))
    return ranks


def by_rewriting(index: Index, questions: list[EvalQuestion]) -> dict[str, list[int]]:
    """The ranks for each way of making a search text of a conversation."""
    return {
        name: [rank_of(index, question, texts(question)) for question in questions]
        for name, texts in REWRITINGS.items()
    }


def rank_of(index: Index, question: EvalQuestion, texts: list[str]) -> int:
    hits = pool([index.search(text, WIDE, GROUPS) for text in texts])
    return first_rank((hit.passage.document_id for hit in hits), evidence(index, question))


def evidence(index: Index, question: EvalQuestion) -> set[str]:
    """The ids of the expected files: `convert_public.py` names a file by its id."""
    return {row.path.removesuffix(".txt") for row in question.expected}


def half(question: EvalQuestion) -> str:
    return "choose" if hashlib.sha256(question.id.encode()).digest()[0] % 2 == 0 else "report"


def main() -> None:
    parser = argparse.ArgumentParser(description="Retrieval on a public slice, paired intervals.")
    parser.add_argument("name", choices=("squad2", "mtrag_un"))
    parser.add_argument("folder", type=Path, help="what convert_public.py wrote")
    parser.add_argument("--half", choices=("choose", "report"), default="report", help="of mtrag_un (report)")
    given = parser.parse_args()
    if not (given.folder / "questions.jsonl").is_file():
        raise SystemExit(f"{given.folder}: no questions.jsonl. Run convert_public.py first.")
    index, questions = opened(given.folder), asked(given.folder)
    if given.name == "squad2":
        ranks, best = by_halves(index, questions), "hybrid"
    else:
        questions = [q for q in questions if q.history and half(q) == given.half]
        ranks, best = by_rewriting(index, questions), "two readings"
    print(f"{given.name}: {len(questions)} questions\n")
    print(table(ranks), differences(ranks, best), sep="\n\n")
    index.close()


if __name__ == "__main__":
    main()
