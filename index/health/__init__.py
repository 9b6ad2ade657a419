"""The corpus report: what became of each file of a build, in lines for people, and who may know."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from index.types import Document, Hidden, Outcome, Report

_FINE = ("indexed",)


def describe(report: Report) -> Iterator[str]:
    """Lines of text: the files that need a look, then the counts, then what was done."""
    for note in report.notes:
        yield f"note: {note}"
    for outcome in report.outcomes:
        if outcome.status not in _FINE:
            yield f"{outcome.status}: {outcome.path}: {outcome.reason} {outcome.action}".rstrip()
    counts = Counter(outcome.status for outcome in report.outcomes)
    passages = sum(outcome.passages for outcome in report.outcomes)
    files = ", ".join(f"{n} {status}" for status, n in counts.most_common())
    yield f"{len(report.outcomes)} files ({files}); {passages} passages."
    if report.published:
        yield (
            f"Build {report.build_id} published in {report.seconds:.1f} s: "
            f"{report.embedded} passages embedded, {report.reused} taken from earlier builds."
        )
    else:
        yield f"Nothing has changed since build {report.build_id}; nothing was embedded."


def recorded(record: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """The outcomes that a build's record holds, also one that was written before all of it was kept."""
    return tuple(
        Outcome(
            **{
                **told,
                "groups": tuple(told.get("groups", ())),
                "hidden": tuple(Hidden(**each) for each in told.get("hidden", ())),
            }
        )
        for told in record.get("outcomes", ())
    )


def owned(outcomes: Sequence[Outcome], documents: Sequence[Document]) -> tuple[Outcome, ...]:
    """Give the outcomes of an older record the groups of their documents. A file that was not
    indexed has no document, so it stays without groups, and nobody is told its name."""
    groups = {document.path: document.groups for document in documents}
    return tuple(
        outcome if outcome.groups else replace(outcome, groups=groups.get(outcome.path, ()))
        for outcome in outcomes
    )
