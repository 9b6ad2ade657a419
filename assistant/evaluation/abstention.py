"""Answering only where it is sure enough: the risk-coverage curve, its area, and where a run stood.

Questions are ordered by confidence, and a threshold answers the upper part of them. Whether an
answer is right is known only where something was said. What was refused even without a threshold
comes last and counts as wrong. So does, in a run that did not ask what would have been said
without its threshold, everything below it: there the curve is the worst case, and a run with
`full_curve` gives the true one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation import statistics
from assistant.evaluation.types import Figure, Point, Result

MOST_POINTS = 200  # of a curve that is kept; the area is computed from all
NEVER = -1.0  # confidence of what is refused at every threshold


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question for the curve: `confidence` in [0, 1], or NEVER; `wrong` if it is answered."""

    confidence: float
    wrong: bool
    answerable: bool


def outcomes(results: Sequence[Result]) -> list[Outcome]:
    """The questions of which right and wrong are known, in their order; see `is_right`."""
    found = []
    for result in results:
        answered = result.status in ("answered", "partial")
        right = is_right(result, None if answered else result.right_ungated)
        if right is not None:
            sure = answered or result.right_ungated is not None
            found.append(Outcome(result.confidence if sure else NEVER, not right, result.answerable))
    return found


def is_right(result: Result, otherwise: float | None = None) -> bool | None:
    """Whether what was said (or `otherwise` would have been) is right. Saying anything to an
    unanswerable question is wrong; an answer where nothing must be said is right if it cites the
    evidence; None where neither is known."""
    if not result.answerable:
        return False
    scores = result.scores
    right = otherwise if otherwise is not None else scores.get("right")
    right = right if right is not None else scores.get("cited_rightly")
    return None if right is None else right == 1


def curve(results: Sequence[Result]) -> tuple[Point, ...]:
    """The risk-coverage curve (El-Yaniv & Wiener, JMLR 2010), one point a distinct confidence,
    from the surest question to all; thinned evenly to at most 200 points."""
    known = sorted(outcomes(results), key=lambda o: -o.confidence)
    last = len(known) - 1
    ends = [i for i in range(len(known)) if i == last or known[i + 1].confidence < known[i].confidence]
    if len(ends) > MOST_POINTS:
        ends = [ends[round(i * (len(ends) - 1) / (MOST_POINTS - 1))] for i in range(MOST_POINTS)]
    wrong = list(accumulate(o.wrong for o in known))
    opened = list(accumulate(o.answerable for o in known))
    thresholds = [max(0.0, known[end].confidence) for end in ends]
    return tuple(
        _point(threshold, (end + 1, wrong[end], opened[end]), (len(known), opened[-1]))
        for threshold, end in zip(thresholds, ends, strict=True)
    )


def operating_point(results: Sequence[Result], threshold: float) -> Point | None:
    """Where the run itself stood: what it answered and refused, not what its curve foretells."""
    known = [result for result in results if is_right(result) is not None]
    said = [result for result in known if result.status in ("answered", "partial")]
    counts = len(said), sum(not is_right(r) for r in said), sum(r.answerable for r in said)
    return _point(threshold, counts, (len(known), sum(r.answerable for r in known))) if known else None


def _point(threshold: float, counts: tuple[int, int, int], totals: tuple[int, int]) -> Point:
    """`counts`: answered, wrong and answerable among them; `totals`: all, answerable among them.
    A share of nothing is 0."""
    said, wrong, opened = counts
    everything, answerable = totals
    closed = everything - answerable
    return Point(
        threshold=threshold,
        coverage=said / everything,
        risk=wrong / said if said else 0.0,
        answered=opened / answerable if answerable else 0.0,
        refused=1 - (said - opened) / closed if closed else 0.0,
    )


def aurc(known: Sequence[Outcome]) -> float:
    """Area under the risk-coverage curve: the mean of the risks at coverage 1/n, 2/n … 1 (Geifman,
    Uziel & El-Yaniv, ICLR 2019). Questions of equal confidence share their errors evenly, so that
    the order of the file does not matter. Lower is better; raises ValueError for no questions."""
    if not known:
        raise ValueError("no questions: no curve")
    shares: dict[float, list[bool]] = {}
    for outcome in known:
        shares.setdefault(outcome.confidence, []).append(outcome.wrong)
    errors = [sum(wrong) / len(wrong) for _, wrong in sorted(shares.items(), reverse=True) for _ in wrong]
    return float(np.mean(np.cumsum(errors) / np.arange(1, len(errors) + 1)))


def aurc_figure(results: Sequence[Result]) -> Figure | None:
    """The area with its bootstrap interval, or None where no outcome is known."""
    known = outcomes(results)
    if not known:
        return None
    low, high = statistics.statistic_interval(len(known), _areas(known))
    value = aurc(known)
    return Figure("aurc", value, len(known), min(low, value), max(high, value))


def aurc_difference(first: Sequence[Outcome], second: Sequence[Outcome]) -> statistics.Difference:
    """The second area less the first, over the same questions in the same order."""
    found = statistics.statistic_difference(len(first), _areas(first), _areas(second))
    return statistics.Difference(aurc(second) - aurc(first), found.low, found.high, found.p)


def _areas(known: Sequence[Outcome]) -> statistics.Statistic:
    """The area for many resamples at once; ties in an order drawn once by the fixed seed."""
    confidences = np.array([outcome.confidence for outcome in known])
    errors = np.array([outcome.wrong for outcome in known], dtype=np.float64)
    shuffled = np.random.default_rng(statistics.SEED).permutation(len(known))
    place = np.empty(len(known), dtype=np.int64)
    place[np.lexsort((shuffled, -confidences))] = np.arange(len(known))
    ranked = np.empty(len(known))
    ranked[place] = errors
    counts = np.arange(1, len(known) + 1)

    def statistic(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        rows = ranked[np.sort(place[drawn], axis=1)]
        return np.asarray((np.cumsum(rows, axis=1) / counts).mean(axis=1))

    return statistic
