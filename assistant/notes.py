"""The assistant's own sentences about an answer: papers that differ by date or are superseded,
and what the papers say where the question says otherwise. One rule for written and extracted
answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.citations import Claim
from assistant.context import Evidence
from assistant.disagreement import difference_note, disagreement, is_quoted, supersession_note, with_both
from assistant.features import Asked, Ranked
from assistant.premises import corrections
from assistant.slots import Terms
from index.types import Document


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer was made from: for each answered part of the question the ranked evidence;
    `successors` gives the readable papers that supersede one."""

    parts: Sequence[tuple[Asked, Sequence[Ranked]]]
    evidence: Evidence
    terms: Terms
    successors: Callable[[str], Sequence[Document]]


def noted(
    claims: tuple[Claim, ...], shown: Shown, *, streamed: bool
) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
    """The claims, with both sides where papers disagree, and the notes, each once.

    Where the claims were `streamed` already, what lacks is added at their end.
    """
    notes: list[str] = []
    for asked, ranked in shown.parts:
        quoted = [one for one in ranked if is_quoted(one.piece, claims)]
        notes += corrections(asked, ranked, quoted, shown.evidence, shown.terms)
    for asked, ranked in shown.parts:
        told = disagreement(asked, ranked, shown.evidence, shown.terms)
        if told and any(is_quoted(telling.one.piece, claims) for telling in told):
            claims = with_both(claims, told, in_order=not streamed)
            notes.append(difference_note(told))
    for identifier in dict.fromkeys(document_id for claim in claims for document_id, _, _ in claim.spans):
        older = shown.evidence.sources[identifier].document
        notes += [supersession_note(older, newer) for newer in shown.successors(identifier)]
    return claims, tuple(dict.fromkeys(notes))
