"""Pieces of any size judged by the paragraphs that they hold text of. Not a program."""

import bisect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ranking import first_rank
from squad_peers import paragraphs_of, plain

Hits = Sequence[Sequence[str]]  # of one question, best first: [file name, text]
LOOKED_FOR = 60  # characters of a piece's beginning, and of its end


def ranks(docs: Path, questions: Sequence[dict[str, Any]], ranked: Sequence[Hits]) -> list[int]:
    """Of each question the rank of the first paragraph of the right article that holds an answer. A piece
    counts as the paragraphs it lies in, that of which it holds most first, and each takes a rank."""
    articles = {path.name: _Article(path) for path in sorted(docs.glob("*.txt"))}
    found = []
    for question, hits in zip(questions, ranked, strict=True):
        answers = [plain(answer) for answer in question["answers"]]
        right = articles[question["doc"]].holding(answers)
        found.append(first_rank((name for doc, text in hits for name in articles[doc].of(text)), right))
    return found


class _Article:
    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._paragraphs = [plain(text) for text in paragraphs_of(path)]
        self._starts = [0]
        for text in self._paragraphs:
            self._starts.append(self._starts[-1] + len(text) + 1)
        self._whole = " ".join(self._paragraphs)

    def holding(self, answers: Sequence[str]) -> set[str]:
        return {
            f"{self._name}#{number}"
            for number, text in enumerate(self._paragraphs)
            if any(answer in text for answer in answers)
        }

    def of(self, piece: str) -> list[str]:
        """The paragraphs that a piece holds text of, by how much. Pieces may lose or change single signs,
        so their ends are looked for; one that is not found is of no paragraph."""
        text = re.sub(r"\s+", " ", plain(piece)).strip()
        start = self._whole.find(text[:LOOKED_FOR])
        end = self._whole.find(text[-LOOKED_FOR:], max(start, 0))
        if start < 0 and end < 0:
            return []
        end = end + len(text[-LOOKED_FOR:]) if end >= 0 else start + len(text)
        start = start if start >= 0 else max(0, end - len(text))
        shares = {}
        for number in range(bisect.bisect_right(self._starts, start) - 1, len(self._paragraphs)):
            if self._starts[number] >= end:
                break
            shared = min(end, self._starts[number + 1] - 1) - max(start, self._starts[number])
            if shared > 0:
                shares[number] = shared
        return [f"{self._name}#{number}" for number in sorted(shares, key=lambda n: (-shares[n], n))]
