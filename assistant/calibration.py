"""How sure the evidence makes us that the question is answered in it."""

import math

# Fitted on the `tune` half of tests/questions/seeds.jsonl.
BIAS, COVERAGE, SIMILARITY = -3.4, 3.6, 3.4
MIN_CONFIDENCE = 0.3


def confidence(similarity: float, coverage: float) -> float:
    """Estimated probability, in [0, 1], that the best sentence answers the question.

    `similarity` is its cosine with the question, `coverage` the share of the question's words,
    weighted by rarity, that stand in it or above it.
    """
    return 1 / (1 + math.exp(-(BIAS + COVERAGE * coverage + SIMILARITY * similarity)))
