"""Intervals and tests: against values worked by hand and against scipy on random inputs."""

from math import comb

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from assistant.evaluation.statistics import (
    Difference,
    mcnemar,
    mean_interval,
    paired_difference,
    percentiles,
    statistic_difference,
    statistic_interval,
)

zeros_and_ones = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=60)
shares = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def test_a_share_that_is_all_one_has_the_exact_interval_and_not_certainty() -> None:
    # Clopper-Pearson for n of n: low = 0.025 ** (1 / n), high = 1. For 1 of 1 that is 0.025.
    assert mean_interval([1.0]) == pytest.approx((0.025, 1.0))
    # 0.025 ** (1 / 20) = 0.8316; for 0 of 20 it is mirrored.
    assert mean_interval([1.0] * 20) == pytest.approx((0.8316, 1.0), abs=1e-4)
    assert mean_interval([0.0] * 20) == pytest.approx((0.0, 0.1684), abs=1e-4)


def test_any_other_constant_has_no_width() -> None:
    assert mean_interval([0.4, 0.4, 0.4]) == pytest.approx((0.4, 0.4))


def test_a_mean_of_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError, match="no values"):
        mean_interval([])


def test_half_of_a_hundred_lies_between_four_and_six_tenths() -> None:
    # The standard error is sqrt(.5 * .5 / 100) = .05; 1.96 of them are .098.
    low, high = mean_interval([0.0, 1.0] * 50)
    assert (low, high) == pytest.approx((0.402, 0.598), abs=0.015)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1, width=16), min_size=8, max_size=60).filter(lambda told: len(set(told)) > 3))
@example([0.375, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.5])  # a mean of 0 comes up in 2.3 % of all draws
def test_the_interval_agrees_with_the_percentile_bootstrap_of_scipy(values: list[float]) -> None:
    theirs = stats.bootstrap(
        (np.array(values),), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(1)
    ).bootstrap_distribution
    # Few values give few means, some of them often: two samples may end on different ones. So the
    # ends are compared by how many of scipy's means lie beyond them. Five standard errors of the
    # difference of two samples of 4,000 are .0175; under a normal curve, .3 standard errors.
    for end, share in zip(mean_interval(values), (0.025, 0.975), strict=True):
        assert np.mean(theirs < end - 1e-9) <= share + 0.0175
        assert np.mean(theirs <= end + 1e-9) >= share - 0.0175


@settings(max_examples=50, deadline=None)
@given(shares)
def test_the_interval_holds_the_mean_and_does_not_depend_on_the_order(values: list[float]) -> None:
    low, high = mean_interval(values)
    assert low - 1e-9 <= np.mean(values) <= high + 1e-9 or len(set(values)) > 1
    assert 0 <= low <= high <= 1 + 1e-9
    assert mean_interval(values[::-1]) == (low, high)


def test_drawing_counts_is_drawing_indices() -> None:
    values = np.array([0.0, 0.2, 0.2, 0.7, 1.0, 1.0, 1.0, 0.4, 0.9, 0.1])
    by_index = statistic_interval(len(values), lambda drawn: values[drawn].mean(axis=1))
    assert mean_interval(values) == pytest.approx(by_index, abs=0.02)


@settings(max_examples=100, deadline=None)
@given(zeros_and_ones)
def test_mcnemar_is_the_sum_of_the_binomial_tails(first: list[float]) -> None:
    second = [1 - value if (index * 7 + len(first)) % 3 == 0 else value for index, value in enumerate(first)]
    up = sum(a < b for a, b in zip(first, second, strict=True))
    down = sum(a > b for a, b in zip(first, second, strict=True))
    n = up + down
    tail = sum(comb(n, k) for k in range(min(up, down) + 1)) / 2**n
    assert mcnemar(first, second) == pytest.approx(min(1.0, 2 * tail))


def test_five_flips_one_way_and_none_back_have_a_p_of_a_sixteenth() -> None:
    # 2 * (1/2)**5 = 0.0625
    assert mcnemar([0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1]) == pytest.approx(0.0625)


def test_the_same_values_do_not_differ() -> None:
    assert paired_difference([0.2, 0.4], [0.2, 0.4]) == Difference(0.0, 0.0, 0.0, 1.0)
    assert mcnemar([0, 1], [0, 1]) == 1.0


def test_one_pair_proves_nothing_and_eight_that_agree_prove_something() -> None:
    assert paired_difference([0.0], [1.0]).p == 1.0
    # Eight pairs with the same sign: no sign-flipping test goes below 2 ** -7.
    assert paired_difference([0.1] * 8, [0.3] * 8).p == pytest.approx(2**-7)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-0.3, 0.3))
def test_a_paired_p_is_near_that_of_the_t_test(seed: int, shift: float) -> None:
    random = np.random.default_rng(seed)
    first = random.uniform(0, 1, 200)
    second = first + shift * 0.2 + random.normal(0, 0.2, 200)
    told = paired_difference(first, second)
    assert told.value == pytest.approx(float(np.mean(second - first)))
    assert told.low <= told.value <= told.high
    assert told.p == pytest.approx(stats.ttest_rel(first, second).pvalue, abs=0.05)


def test_a_paired_statistic_draws_the_same_questions_for_both() -> None:
    values = np.arange(10.0)
    told = statistic_difference(10, lambda i: values[i].mean(axis=1), lambda i: values[i].mean(axis=1) + 2)
    assert (told.value, told.low, told.high) == pytest.approx((2.0, 2.0, 2.0))
    assert told.p < 0.05


def test_unequal_numbers_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="2 and 1 values"):
        paired_difference([1, 0], [1])


def test_percentiles_lie_between_the_values() -> None:
    # Of 1..5 the median is 3 and p95 lies 0.95 * 4 = 3.8 steps above 1.
    assert percentiles([1, 2, 3, 4, 5]) == pytest.approx((3.0, 4.8))
    assert percentiles([]) == (0.0, 0.0)
