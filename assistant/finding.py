"""What a question is searched for, what is found, and what each of its parts asks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from assistant.condense import readings, reworded
from assistant.features import Asked
from assistant.parts import question_parts
from assistant.types import Question, Turn
from index.reranking import RERANKED, Reranker
from index.search import Index, pool
from index.types import Hit

HITS = 10
EARLIER_SHARE = 0.4  # of a word's weight, where only the conversation before the question has it


@dataclass(frozen=True, slots=True)
class Sought:
    """A question as it is looked for: its text, what is searched for instead of it or "", each
    reading of it that is searched, best first, and its parts. `corrected`: the asker gave the
    search text."""

    text: str
    search_text: str
    readings: tuple[str, ...]
    parts: tuple[str, ...]
    corrected: bool = False


def sought(text: str, corrected: str, history: Sequence[Turn], condensed: str) -> Sought:
    """What to look for: what the asker corrected it to, or else what history and question give;
    `condensed` is the search text that these two were made into."""
    if corrected:
        text = reworded(text, corrected)
        return Sought(text, corrected, (corrected,), tuple(question_parts(text)), True)
    return Sought(text, condensed, tuple(readings(text, condensed, history)), tuple(question_parts(text)))


def found(index: Index, what: Sought, question: Question, reranker: Reranker | None) -> tuple[Hit, ...]:
    """The best passages; where a question has parts, those of each part take their turn."""
    lists = [_ranked(index, what.readings, question, reranker)]
    if len(what.parts) > 1:
        lists += [_ranked(index, [part], question, reranker) for part in what.parts]
    hits: dict[str, Hit] = {}
    for turn in zip_longest(*lists):
        for hit in filter(None, turn):
            hits.setdefault(hit.passage.id, hit)
    return tuple(hits.values())[:HITS]


def _ranked(
    index: Index, texts: Sequence[str], question: Question, reranker: Reranker | None
) -> Sequence[Hit]:
    """The best passages for the readings of one question, read again by the re-ranking model, if
    there is one, for the first of them."""
    depth = RERANKED if reranker or len(texts) > 1 else HITS
    hits = pool([index.search(text, depth, question.principal.groups, question.filters) for text in texts])
    return (reranker.reorder(texts[0], hits[:RERANKED]) if reranker else hits)[:HITS]


def asked(index: Index, what: Sought, groups: Collection[str]) -> list[Asked]:
    """The parts of the question for the extractive answerer."""
    if what.corrected and len(what.parts) == 1:
        return [Asked(what.text, index.concepts(what.search_text, groups))]
    return [_part(index, part, what.search_text, groups) for part in what.parts]


def _part(index: Index, text: str, search_text: str, groups: Collection[str]) -> Asked:
    """One part. What else was asked, and what was asked before, tells where to look; the part
    tells what for: the other words weigh less."""
    now = index.concepts(text, groups)
    own = {concept.alternatives[0] for concept in now}
    earlier = [c for c in index.concepts(search_text, groups) if c.alternatives[0] not in own]
    weighed = [*now, *(replace(c, weight=EARLIER_SHARE * c.weight) for c in earlier)]
    return Asked(text, weighed)
