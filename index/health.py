"""The corpus report: what became of each file of a build, in lines for people."""

from collections import Counter
from collections.abc import Iterator

from index.build import Report

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
