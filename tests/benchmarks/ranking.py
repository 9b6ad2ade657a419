"""Rankings side by side: hit@1, hit@5 and MRR@10 with their intervals, and paired differences.

A rank is the place of the first evidence in one question's list, 1 for the best; 0 where it is not
among the first ten. Not a program: the scripts beside it print its tables.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from assistant.evaluation.statistics import mean_interval, paired_difference
from index.search import CANDIDATES, Index

DEPTH = 10
Ranks = Sequence[int]
MEASURES: Mapping[str, Callable[[int], float]] = {
    "hit@1": lambda rank: float(rank == 1),
    "hit@5": lambda rank: float(1 <= rank <= 5),
    "MRR@10": lambda rank: 1 / rank if rank else 0.0,
}


def first_rank(units: Iterable[str], evidence: Collection[str]) -> int:
    """The rank of the first evidence among the distinct units of a list."""
    ranked = list(dict.fromkeys(units))[:DEPTH]
    return next((number for number, unit in enumerate(ranked, 1) if unit in evidence), 0)


def table(rankings: Mapping[str, Ranks]) -> str:
    """A row a ranking: each measure with its 95 % interval."""
    rows = [_row("ranking", MEASURES), _row("---", ["---:"] * len(MEASURES))]
    for name, ranks in rankings.items():
        cells = []
        for value in MEASURES.values():
            values = [value(rank) for rank in ranks]
            low, high = mean_interval(values)
            cells.append(f"{sum(values) / len(values):.3f} [{low:.3f}, {high:.3f}]")
        rows.append(_row(name, cells))
    return "\n".join(rows)


def differences(rankings: Mapping[str, Ranks], best: str) -> str:
    """A row for each other ranking: how much `best` has more, with the paired 95 % interval."""
    rows = [_row(f"{best}, less …", MEASURES), _row("---", ["---:"] * len(MEASURES))]
    for name, ranks in rankings.items():
        if name != best:
            cells = []
            for value in MEASURES.values():
                found = paired_difference([value(r) for r in ranks], [value(r) for r in rankings[best]])
                cells.append(f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]")
            rows.append(_row(name, cells))
    return "\n".join(rows)


def _row(name: str, cells: Iterable[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def one_sided(index: Index, text: str, groups: Collection[str]) -> dict[str, list[str]]:
    """The passages of each half of the search alone, best first: by cosine, and by BM25 with the
    same concepts and weights as in the fusion."""
    shelves = index._readable(groups)
    vector = index._embedder.embed([text])[0]
    scores = {
        "dense alone": index._store.search(vector, CANDIDATES, shelves),
        "BM25 alone": index._lexical.search(index._searched(text, groups), CANDIDATES, shelves),
    }
    return {name: sorted(found, key=lambda i: (-found[i], i)) for name, found in scores.items()}
