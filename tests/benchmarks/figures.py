"""The figures README shows: `python tests/benchmarks/figures.py RUN …`, one run a question set.

Keeps of each run's `report` half, on which nothing is tuned, the shares that README tells, with n
and their 95 % intervals, in tests/questions/figures.json. `docs/readme.py` makes the table of them.
"""

import json
import sys
from pathlib import Path

KEPT = Path(__file__).parents[1] / "questions" / "figures.json"
HALF = "report"
MEASURES = (
    "right",
    "cited_rightly",
    "quote_hit@5",
    "right_page_cited",
    "refused_rightly",
    "refused_wrongly",
    "verbatim_share",
)


def figures(run: Path) -> dict[str, dict[str, float]]:
    """The figures of one run, by measure: value, low, high, n."""
    told = json.loads((run / "scores.json").read_text("utf-8"))["by_tag"][HALF]
    found = {row["measure"]: row for row in told}
    return {name: {key: found[name][key] for key in ("value", "low", "high", "n")} for name in MEASURES}


def main() -> int:
    """Renew figures.json from the runs named on the command line."""
    runs = [Path(name) for name in sys.argv[1:]]
    kept = {run.name: figures(run) for run in runs}
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
