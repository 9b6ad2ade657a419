"""Answering only where it is sure: what refusing costs and gains in one run, from its own answers.

    ct-assistant eval DIR/questions.jsonl --index DIR/index --out RUN --full-curve
    python tests/benchmarks/selective.py RUN [--plot FILE.svg]

For each share of answerable questions still answered: the threshold on the confidence that gives it,
the share of unanswerable questions it refuses with its 95 % interval (the threshold is drawn anew in
each resample), and the risk, the share of answers that are wrong (an unanswerable question that is
answered counts as wrong). The area under the curve of refusals (AUC) is the chance that an answerable
question is surer than an unanswerable one: .5 is guessing. Prints tables in Markdown.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.abstention import aurc_figure, curve
from assistant.evaluation.plots import risk_coverage_plot
from assistant.evaluation.runs import load_run
from assistant.evaluation.statistics import Statistic, statistic_interval
from assistant.evaluation.types import Point, Result

SHARES = (0.95, 0.92, 0.9, 0.8, 0.7, 0.6, 0.5)
Floats = NDArray[np.float64]


def refused_at(share: float, sure: Floats, answerable: NDArray[np.bool_]) -> Statistic:
    """The share of unanswerable questions that the threshold refuses which answers `share` of the
    answerable ones, for each row of drawn questions."""

    def statistic(drawn: NDArray[np.int64]) -> Floats:
        rows = []
        for row in drawn:
            spoken, silent = sure[row][answerable[row]], sure[row][~answerable[row]]
            cut = np.quantile(spoken, 1 - share, method="lower")
            rows.append(float(np.mean(silent < cut)))
        return np.asarray(rows)

    return statistic


def auc(sure: Floats, answerable: NDArray[np.bool_]) -> Statistic:
    def statistic(drawn: NDArray[np.int64]) -> Floats:
        rows = []
        for row in drawn:
            spoken, silent = np.sort(sure[row][answerable[row]]), sure[row][~answerable[row]]
            below = np.searchsorted(spoken, silent, "left") + np.searchsorted(spoken, silent, "right")
            rows.append(float(1 - below.mean() / (2 * len(spoken))))
        return np.asarray(rows)

    return statistic


def report(results: Sequence[Result]) -> list[str]:
    sure = np.asarray([result.confidence for result in results])
    answerable = np.asarray([result.answerable for result in results])
    everything = np.arange(len(results))[np.newaxis, :]
    points = curve(results)
    lines = [
        "| answerable still answered | threshold | unanswerable refused | risk |",
        "|---:|---:|---:|---:|",
    ]
    for share in SHARES:
        statistic = refused_at(share, sure, answerable)
        low, high = statistic_interval(len(results), statistic)
        cut = float(np.quantile(sure[answerable], 1 - share, method="lower"))
        value = statistic(everything)[0]
        lines.append(
            f"| {share:.2f} | {cut:.3f} | {value:.3f} [{low:.3f}, {high:.3f}] | {risk(points, share)} |"
        )
    low, high = statistic_interval(len(results), auc(sure, answerable))
    lines += ["", f"AUC {auc(sure, answerable)(everything)[0]:.3f} [{low:.3f}, {high:.3f}]"]
    area = aurc_figure(results)
    if area:
        lines.append(f"Area under the risk-coverage curve {area.value:.3f} [{area.low:.3f}, {area.high:.3f}]")
    return lines


def risk(points: Sequence[Point], share: float) -> str:
    """The risk where the curve first answers `share` of the answerable questions."""
    return next((f"{point.risk:.3f}" for point in points if point.answered >= share), "")


def main() -> None:
    parser = argparse.ArgumentParser(description="Selective answering of a run that `eval` wrote.")
    parser.add_argument("run", type=Path, help="folder that eval wrote")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the risk-coverage curve as SVG")
    given = parser.parse_args()
    run = load_run(given.run)
    spoken = sum(result.answerable for result in run.results)
    print(f"{run.question_set}: {spoken} answerable, {len(run.results) - spoken} unanswerable questions\n")
    print("\n".join(report(run.results)))
    if given.plot:
        given.plot.write_text(str(risk_coverage_plot(curve(run.results), run.operating)), "utf-8")


if __name__ == "__main__":
    main()
