"""Twenty people who ask, read and ask again, and a hundred who ask at once: what they wait for.

The measuring is in `tests/rounds.py`; `tests/benchmarks/load.py` does it over any index. The times hold
on two quiet cores; the short form looks only at what went wrong.
"""

import os
from pathlib import Path

from proofs.proof import Proof, main
from rounds import HEAD, INDEX, Figures, measure, p95

SECONDS = 180.0
STEADY_P95_S, CROWD_P95_S = 2.0, 10.0


def prove(short: bool, index: Path = INDEX) -> Proof:
    """Four rounds: twenty people and a hundred, through the chat and through /api/ask."""
    busy = os.getloadavg()[0]
    figures = measure(index, 2.0, 3, 12) if short else measure(index, SECONDS)
    broken = [line for name, each in figures.items() for line in _broken(name, each, short)]
    rows = "\n".join([HEAD, *(each.told(name) for name, each in figures.items())])
    bad = len({line.split(":")[0] for line in broken})
    told = f"Promised: p95 {STEADY_P95_S:.0f} s for twenty people, {CROWD_P95_S:.0f} s for those of a "
    told += f"hundred who are served. Other load on the machine before: {busy:.1f}.\n\n{rows}"
    return Proof(len(figures) - bad, len(figures), told, tuple(broken))


def _broken(name: str, figures: Figures, short: bool) -> list[str]:
    steady = "at once" not in name
    found = [f"{name}: {what}" for what in sorted(set(figures.wrong))]
    if steady and figures.outcomes["turned away"]:
        found.append(f"{name}: {figures.outcomes['turned away']} were turned away")
    most = STEADY_P95_S if steady else CROWD_P95_S
    if not short and p95(figures.answered_s) > most:
        found.append(f"{name}: p95 {p95(figures.answered_s):.2f} s")
    return found


if __name__ == "__main__":
    main(prove)
