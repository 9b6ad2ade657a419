"""Fitted weights: which sentence answers, and how sure the evidence makes us.

Two logistic regressions over the numbers of `features.py`. Their coefficients are a file that is
read and reviewed, `coefficients.json`; `make fit` writes it anew from the `tune` halves of the
question sets, and nothing is ever fitted on the `report` halves.
"""

import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from assistant.features import ANSWER_FEATURES, SENTENCE_FEATURES

COEFFICIENTS = Path(__file__).with_name("coefficients.json")
MIN_CONFIDENCE = 0.66


def sentence_score(features: Sequence[float]) -> float:
    """Log odds that a sentence with these SENTENCE_FEATURES answers the question."""
    return _log_odds("sentence", SENTENCE_FEATURES, features)


def answer_confidence(features: Sequence[float]) -> float:
    """Estimated probability, in [0, 1], that evidence with these ANSWER_FEATURES answers."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, _log_odds("answer", ANSWER_FEATURES, features)))))


def _log_odds(model: str, names: Sequence[str], features: Sequence[float]) -> float:
    weights = _weights()[model]
    return weights["intercept"] + sum(weights[n] * value for n, value in zip(names, features, strict=True))


@cache
def _weights() -> dict[str, dict[str, float]]:
    told: dict[str, dict[str, float]] = json.loads(COEFFICIENTS.read_text("utf-8"))
    return told
