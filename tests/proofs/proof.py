"""What a proof is, and how its figure comes into docs/reliability.md.

A proof is a module of this folder with `prove(short: bool) -> Proof`: the long form stands behind
the figure that is written down, the short one runs with the tests.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it: `held` of `tried` tries kept the promise; `told` is Markdown with the figures;
    `broken` says what happened in the others, one line each."""

    held: int
    tried: int
    told: str
    broken: tuple[str, ...] = ()


def written(page: str, name: str, text: str) -> str:
    """The page with the section of one proof replaced. Raises ValueError where it has none."""
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.partition(opening)
    _, ended, after = rest.partition(closing)
    if not (found and ended):
        raise ValueError(f"{PAGE.name} has no place for {name}: give it {opening} and {closing}.")
    return f"{before}{opening}\n{text.strip()}\n{closing}{after}"


def main(prove: Callable[[bool], Proof]) -> None:
    """Run a proof as a program: its long form, written into the page, or with --short only told.

    Exits 1 where a try did not hold; the figure is written down all the same.
    """
    short = "--short" in sys.argv[1:]
    name = Path(sys.argv[0]).stem
    began = time.monotonic()
    proof = prove(short)
    seconds = time.monotonic() - began
    figure = f"**{proof.held} of {proof.tried}** ({date.today()}, {seconds:.0f} s). {proof.told}"
    print(figure, *proof.broken, sep="\n")
    if not short:
        PAGE.write_text(written(PAGE.read_text("utf-8"), name, figure), "utf-8")
    sys.exit(proof.held < proof.tried)
