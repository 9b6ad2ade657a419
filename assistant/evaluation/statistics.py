"""How sure a figure is: bootstrap intervals, paired differences, exact McNemar, percentiles.

The seed is fixed, and a bootstrap of means depends on the values alone, not on their order: the
same values always give the same interval.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

SEED = 2026
RESAMPLES = 4000
CELLS = 400_000  # drawn at a time; more would only cost memory
LEVEL = 0.95

Floats = NDArray[np.float64]
Statistic = Callable[[NDArray[np.int64]], Floats]  # rows of drawn indices to one value a row


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference (second less first), its 95 % interval and a two-sided p."""

    value: float
    low: float
    high: float
    p: float


def mean_interval(values: ArrayLike) -> tuple[float, float]:
    """95 % percentile bootstrap interval of a mean (Efron & Tibshirani 1993, chapter 13).

    Shares that are all 0 or all 1 cannot vary in a bootstrap, which would then promise certainty
    from three questions: the exact interval of Clopper & Pearson (1934) takes its place. Any other
    constant has an interval without width. Raises ValueError for no values.
    """
    told = _array(values)
    if told[0] in (0.0, 1.0) and (told == told[0]).all():
        edge = float(((1 - LEVEL) / 2) ** (1 / len(told)))
        return (0.0, 1 - edge) if told[0] == 0 else (edge, 1.0)
    return _edges(_bootstrap_means(told))


def paired_difference(first: ArrayLike, second: ArrayLike) -> Difference:
    """Paired bootstrap of the mean difference: interval by percentiles, p by shifting the
    bootstrap distribution to no difference (Efron & Tibshirani 1993, chapter 16).

    p is never below what flipping the signs of the differing pairs can reach, 2^(1-m) for m of
    them: three pairs that agree prove little. Raises ValueError for no pairs or unequal numbers.
    """
    a, b = _array(first), _array(second)
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} values cannot be paired")
    differences = b - a
    value = float(differences.mean())
    means = _bootstrap_means(differences)
    low, high = _edges(means)
    return Difference(value, low, high, _p_of(means, value, int(np.count_nonzero(differences))))


def statistic_interval(n: int, statistic: Statistic) -> tuple[float, float]:
    """95 % percentile bootstrap interval of any statistic of `n` questions."""
    return _edges(np.concatenate([statistic(drawn) for drawn in _draws(n)]))


def statistic_difference(n: int, first: Statistic, second: Statistic) -> Difference:
    """Paired bootstrap of the difference of any statistic: each resample draws the same questions
    for both. p as in `paired_difference`."""
    whole = np.arange(n)[np.newaxis, :]
    value = float(second(whole)[0] - first(whole)[0])
    differences = np.concatenate([second(drawn) - first(drawn) for drawn in _draws(n)])
    return Difference(value, *_edges(differences), _p_of(differences, value, n))


def mcnemar(first: ArrayLike, second: ArrayLike) -> float:
    """Two-sided exact p that pairs of 0 and 1 flip as often one way as the other (McNemar 1947,
    exact by the binomial test). 1 where none flips."""
    from scipy.stats import binomtest

    a, b = _array(first), _array(second)
    up, down = int(((a == 0) & (b == 1)).sum()), int(((a == 1) & (b == 0)).sum())
    return float(binomtest(up, up + down, 0.5).pvalue) if up + down else 1.0


def percentiles(values: ArrayLike, shares: Sequence[float] = (50, 95)) -> tuple[float, ...]:
    """Percentiles by linear interpolation; zeros for no values."""
    told = np.asarray(values, dtype=np.float64)
    return tuple(float(p) for p in np.percentile(told, shares)) if told.size else (0.0,) * len(shares)


def _array(values: ArrayLike) -> Floats:
    told = np.asarray(values, dtype=np.float64)
    if told.ndim != 1 or not told.size:
        raise ValueError("no values: a mean of nothing has no interval")
    return told


def _bootstrap_means(values: Floats) -> Floats:
    """Means of resamples. How often each distinct value is drawn is multinomial, so the draws
    are of those counts: the same distribution as drawing indices, and far fewer draws for shares."""
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) == 1:
        return np.full(RESAMPLES, distinct[0])
    generator = np.random.default_rng(SEED)
    shares = counts / counts.sum()
    return np.concatenate(
        [generator.multinomial(len(values), shares, size=rows) @ distinct for rows in _rows(len(distinct))]
    ) / len(values)


def _draws(n: int) -> Iterator[NDArray[np.int64]]:
    """Chunks of resamples as rows of sorted indices."""
    generator = np.random.default_rng(SEED)
    for rows in _rows(n):
        yield np.sort(generator.integers(0, n, size=(rows, n)), axis=1)


def _rows(width: int) -> Iterator[int]:
    most = max(1, CELLS // max(1, width))
    yield from (min(most, RESAMPLES - done) for done in range(0, RESAMPLES, most))


def _edges(means: Floats) -> tuple[float, float]:
    low, high = np.percentile(means, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return float(low), float(high)


def _p_of(resampled: Floats, value: float, differing: int) -> float:
    if not differing or abs(value) < 1e-12:
        return 1.0
    extreme = int((np.abs(resampled - value) >= abs(value) - 1e-12).sum())
    return max((1 + extreme) / (1 + len(resampled)), 2.0 ** max(1 - differing, -1000))
