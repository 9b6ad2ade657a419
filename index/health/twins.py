"""Papers that say nearly the same: found by the runs of words they share. Pure functions.

Covers: drafts and final versions, revisions, reprints, and a paper that holds another one whole.
Does not cover: the same in other words, or in another language.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

RUN = 6  # words
LEAST = 0.5  # share of all runs of both that both have: below, papers only cite each other
LEAST_HELD = 0.9  # share of the shorter one's runs that the longer one has: it holds it whole
_LEAST_RUNS = 30
_ONE_IN = 8  # runs that are kept to find pairs by; the shares are then taken from these, too
_KEPT_WHOLE = 400  # runs: of a short paper all are kept
_COMMON = 20  # a run in more papers than this is a formula
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Twins:
    """Two papers, by id. `share` of the runs of words of both are in both; `held` is the share of the
    shorter one's runs that the longer one has."""

    first: str
    second: str
    share: float
    held: float


def twins(texts: Mapping[str, str]) -> Iterator[Twins]:
    """The pairs that are nearly the same, by id, in the order of the texts."""
    runs = {name: _runs(text) for name, text in texts.items()}
    runs = {name: own for name, own in runs.items() if len(own) >= _LEAST_RUNS}
    sampled = {name: {run for run in own if run % _ONE_IN == 0} for name, own in runs.items()}
    papers: dict[int, list[str]] = defaultdict(list)
    for name, own in runs.items():
        for run in own if len(own) < _KEPT_WHOLE else sampled[name]:
            papers[run].append(name)
    shared: Counter[tuple[str, str]] = Counter()
    for names in papers.values():
        if len(names) <= _COMMON:
            shared.update(combinations(names, 2))
    for (first, second), count in shared.items():
        shorter = min((first, second), key=lambda name: len(runs[name]))
        if count * 3 < len(sampled[shorter]):
            continue
        both = len(runs[first] & runs[second])
        share, held = both / len(runs[first] | runs[second]), both / len(runs[shorter])
        if share >= LEAST or held >= LEAST_HELD:
            yield Twins(first, second, share, held)


def _runs(text: str) -> set[int]:
    words = _WORD.findall(text.casefold())
    return {
        int.from_bytes(hashlib.blake2b(" ".join(words[i : i + RUN]).encode(), digest_size=8).digest(), "big")
        for i in range(len(words) - RUN + 1)
    }
