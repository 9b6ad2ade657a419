"""Fit assistant/coefficients.json: `python tests/benchmarks/fit.py SET:INDEX … [--dry]`.

SET is a question set, INDEX the folder of an index over its papers. Only lines tagged `tune` are
read. Prints how well the fit orders sentences and tells answerable from unanswerable questions,
each question judged by a fit that has not seen it (ten folds).
"""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.calibration import COEFFICIENTS
from assistant.condense import condense
from assistant.config import Settings
from assistant.context import select
from assistant.evaluation.matching import letters, says
from assistant.evaluation.questions import load_questions
from assistant.evaluation.types import EvalQuestion
from assistant.extract import prepare, rank
from assistant.features import ANSWER_FEATURES, SENTENCE_FEATURES, Asked, Ranked, answer_features
from assistant.finding import asked, found, sought
from assistant.types import Question

HALF = "tune"
FloatArray = NDArray[np.float64]
STRENGTH = 0.03  # of scikit-learn's L2 penalty: C
ORDER_STRENGTH = 0.03  # of the L2 penalty on the weights that order sentences


@dataclass
class Case:
    """A question with its ranked pieces and which of them hold the evidence."""

    question: EvalQuestion
    ranked: list[Ranked]
    right: list[bool]
    asked: Asked


def cases(question_set: Path, index: Path) -> list[Case]:
    """The tune half of a set, ranked as the assistant does it."""
    assistant = Assistant.open(Settings.from_env(index=index))
    groups = local_principal().groups
    opened = assistant.index
    paths = {document.id: document.path for document in opened.documents(groups)}
    judged: list[Case] = []
    for question in load_questions(question_set):
        if HALF not in question.tags:
            continue
        put = Question(question.question, local_principal(), question.history)
        what = sought(put.text, "", put.history, condense(put.text, put.history))
        evidence = select(opened, found(opened, what, put, None), groups)
        part = asked(opened, replace(what, parts=(what.text,)), groups)[0]
        ranked = rank(part, prepare(evidence, opened.terms))
        right = [_holds(question, paths[r.piece.document_id], r.piece.text) for r in ranked]
        judged.append(Case(question, ranked, right, part))
    return judged


def _holds(question: EvalQuestion, path: str, text: str) -> bool:
    """Whether a piece stands where the evidence stands and says at least half of what must be said."""
    plain = letters(text)
    there = any(
        row.path == path
        and (letters(row.quote) in plain or (len(plain) > 20 and plain in letters(row.quote)))
        for row in question.expected
    )
    said = [says(text, fact) for fact in question.must_say]
    enough = any(said) if "comparison" in question.tags else sum(said) * 2 >= len(said)
    return there and enough


def fitted(
    rows: list[list[float]], labels: list[bool], weights: list[float] | None = None
) -> LogisticRegression:
    """A logistic regression on standardised columns, its coefficients turned back to plain units."""
    x = np.asarray(rows)
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=STRENGTH, max_iter=2000).fit((x - mean) / scale, labels, weights)
    model.coef_ = model.coef_ / scale
    model.intercept_ = model.intercept_ - model.coef_ @ mean
    return model


def score(model: LogisticRegression, rows: list[list[float]]) -> FloatArray:
    return np.asarray(np.asarray(rows) @ model.coef_[0] + model.intercept_[0])


def rescored(case: Case, model: LogisticRegression) -> list[tuple[Ranked, bool]]:
    values = score(model, [r.features for r in case.ranked])
    pairs = [
        (Ranked(r.piece, r.words, r.features, float(v)), ok)
        for r, v, ok in zip(case.ranked, values, case.right, strict=True)
    ]
    return sorted(pairs, key=lambda pair: -pair[0].score)


def main() -> None:
    """Fit, print the figures, write the file."""
    every = [
        case for a in sys.argv[1:] if ":" in a for case in cases(*map(Path, a.rsplit(":", 1))) if case.ranked
    ]
    answerable = [c for c in every if c.question.answerable and any(c.right)]
    folds = GroupKFold(10)
    held_out: dict[int, list[tuple[Ranked, bool]]] = {}
    numbers = np.arange(len(every))
    for train, test in folds.split(numbers, groups=numbers):
        model = fit_sentences([every[i] for i in train])
        held_out.update({i: rescored(every[i], model) for i in test})
    best = [held_out[i][0][1] for i, c in enumerate(every) if c in answerable]
    three = [any(ok for _, ok in held_out[i][:3]) for i, c in enumerate(every) if c in answerable]
    print(f"evidence among the pieces: {len(answerable)} of {sum(c.question.answerable for c in every)}")
    print(
        f"best piece is evidence: {np.mean(best):.3f}, one of three: {np.mean(three):.3f} (n = {len(best)})"
    )
    # The answer model learns from scores of sentence fits that had not seen the question.
    rows = [answer_features(c.asked, [r for r, _ in held_out[i]]) for i, c in enumerate(every)]
    labels = [c.question.answerable for c in every]
    odds = np.zeros(len(every))
    for train, test in folds.split(numbers, groups=numbers):
        model = fitted([rows[i] for i in train], [labels[i] for i in train])
        odds[test] = score(model, [rows[i] for i in test])
    print_gate(odds, [c.question.answerable for c in every])
    sentence, answer = fit_sentences(every), fitted(rows, labels)
    told = {"sentence": named(sentence, SENTENCE_FEATURES), "answer": named(answer, ANSWER_FEATURES)}
    print(json.dumps(told, indent=1))
    if "--dry" not in sys.argv:
        COEFFICIENTS.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def fit_sentences(some: list[Case]) -> LogisticRegression:
    """Weights under which the evidence takes the largest share of its question's odds: what
    counts is the order within a question (a conditional logit; Cao et al., ListNet, ICML 2007)."""
    told = [case for case in some if any(case.right)]
    every = np.vstack([[r.features for r in case.ranked] for case in told])
    mean, scale = every.mean(axis=0), every.std(axis=0)
    scale[scale == 0] = 1.0
    rows = [(np.asarray([r.features for r in case.ranked]) - mean) / scale for case in told]
    right = [np.asarray(case.right) for case in told]

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        total, slope = ORDER_STRENGTH * weights @ weights, 2 * ORDER_STRENGTH * weights
        for x, ok in zip(rows, right, strict=True):
            odds = np.exp(x @ weights - (x @ weights).max())
            share, wanted = odds / odds.sum(), np.where(ok, odds, 0) / odds[ok].sum()
            total -= np.log(share[ok].sum()) / len(rows)
            slope = slope + x.T @ (share - wanted) / len(rows)
        return float(total), slope

    best = minimize(loss, np.zeros(every.shape[1]), jac=True, method="L-BFGS-B").x / scale
    model = LogisticRegression()
    model.coef_, model.intercept_ = best[None, :], np.asarray([-best @ mean])
    return model


def print_gate(odds: FloatArray, answerable: list[bool]) -> None:
    yes = np.asarray(answerable)
    for wrongly in (0.02, 0.05, 0.08, 0.1, 0.15, 0.2):
        cut = np.quantile(odds[yes], wrongly)
        print(
            f"refused wrongly {wrongly:.2f}: refused rightly {np.mean(odds[~yes] < cut):.2f}"
            f" at confidence {1 / (1 + np.exp(-cut)):.2f}"
        )


def named(model: LogisticRegression, names: tuple[str, ...]) -> dict[str, float]:
    values = dict(zip(names, model.coef_[0].tolist(), strict=True))
    return {"intercept": round(float(model.intercept_[0]), 4)} | {n: round(v, 4) for n, v in values.items()}


if __name__ == "__main__":
    main()
