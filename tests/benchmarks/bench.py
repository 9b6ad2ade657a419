"""The product beside what a user would pick instead, on the same work, in one run: ratios with their spread.

    make bench PEERS=FOLDER LAB=FOLDER [BENCH="--reps 1 …"]
    python tests/benchmarks/bench.py [--peers FOLDER --lab FOLDER] [options]

FOLDER of the peers holds their adapters and `data/squad`, LAB an environment for each (`v-NAME`).
Without them the product is measured alone, over the sample papers, and the table says so. Everything
takes turns in an order drawn with a fixed seed, each time as a process of its own; a ratio is of two
times of one round. After the first round only the two peers that were fastest at ingesting go on
ingesting. Each figure goes to `var/bench/results.jsonl`, the table into docs/performance.md.
"""

import argparse
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import papers_for  # noqa: E402
import told  # noqa: E402
from memory import leanest_memory, our_memory  # noqa: E402
from rivals import CUT, NAMES, PRODUCT, Rival, asked, environment, peers, product  # noqa: E402
from timed import Ran, run  # noqa: E402

PARTS = ("ingest", "query", "cold", "answer", "again", "memory", "reading")
SEED = 11
CONTENDERS = 2  # peers that ingest in every round


@dataclass
class Bench:
    """One run: what is measured, where, and every figure so far as (part, who) -> one for each round."""

    given: argparse.Namespace
    peers: list[Rival]
    texts: papers_for.Texts
    figures: dict[tuple[str, str], list[Ran]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def everyone(self) -> list[Rival]:
        return [product(), *self.peers]

    @property
    def whole(self) -> list[Rival]:
        """The peers that ingest the same texts."""
        return [peer for peer in self.peers if peer.name not in CUT]

    @property
    def cut(self) -> list[Rival]:
        """Those that leave some of each text out."""
        return [peer for peer in self.peers if peer.name in CUT]

    def index(self, who: Rival) -> Path:
        return Path(self.given.work) / f"index-{who.name}"

    def note(self, part: str, who: str, ran: Ran) -> Ran:
        """Keep one figure, here and in the file of results."""
        self.figures.setdefault((part, who), []).append(ran)
        row = {"run": self.facts["begun"], "part": part, "who": who, **ran.as_row()}
        with (self.given.work / "results.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        at = f"{ran.wall_s:8.2f} s {ran.cpu_s:8.2f} s cpu {ran.first_s:6.2f} s first {ran.peak_mb:6.0f} MB"
        print(f"{time.strftime('%H:%M:%S')} {part:12} {who:14} {at} {ran.report or ''}", flush=True)
        return ran

    def fastest(self) -> list[Rival]:
        """The peers that ingest the same texts by their time for the first time, the fastest first."""
        return sorted(self.whole, key=lambda each: self.figures[("ingest", each.name)][0].wall_s)


def turns(bench: Bench, part: str, number: int) -> Iterator[Rival]:
    """Everybody once, in the order of this part and round."""
    order = bench.everyone
    random.Random(f"{SEED} {part} {number}").shuffle(order)
    return iter(order)


def ingest(bench: Bench, number: int) -> None:
    again = bench.everyone if number == 0 else [product(), *bench.cut, *bench.fastest()[:CONTENDERS]]
    for who in turns(bench, "ingest", number):
        if who in again:
            shutil.rmtree(bench.index(who), ignore_errors=True)
            bench.note("ingest", who.name, who.call("ingest", bench.index(who), "--docs", bench.texts.docs))


def query(bench: Bench, number: int) -> None:
    for who in turns(bench, "query", number):
        out = bench.given.work / f"ranked-{who.name}.json"
        more: list[str | Path] = [
            "--questions",
            bench.texts.questions,
            "--out",
            out,
            "--quality",
            str(int(number == 0)),
        ]
        bench.note("query", who.name, who.call("query", bench.index(who), *more))


def cold(bench: Bench, number: int) -> None:
    for who in turns(bench, "cold", number):
        if number == 0:
            who.call("cold", bench.index(who))  # its files are in the kernel's cache now, as at any later one
        bench.note("cold", who.name, who.call("cold", bench.index(who)))
    whole = asked(bench.texts.first_question, bench.index(product()))
    bench.note("ask", PRODUCT, replace(whole, first_s=whole.wall_s))


def answer(bench: Bench, number: int) -> None:
    places = {"answer": bench.index(product())}
    if bench.given.large:
        places["answer, large"] = bench.given.large
    for part, index in places.items():
        more: list[str | Path] = ["--questions", bench.texts.questions, "--timed", "100"]
        bench.note(part, PRODUCT, product().call("answer", index, *more))


def again(bench: Bench, number: int) -> None:
    """Ingest once more with nothing changed, and with one document changed, by the way meant for that."""
    which = [product()] if number else [product(), *bench.fastest()[: bench.given.again]]
    random.Random(f"{SEED} again {number}").shuffle(which)
    for who in which:
        index = bench.given.work / f"again-{who.name}"
        shutil.rmtree(index, ignore_errors=True)
        for part, docs in (
            ("first", bench.texts.docs),
            ("same", bench.texts.docs),
            ("one", bench.texts.changed),
        ):
            papers_for.put(docs, folder := bench.given.work / "again-docs")
            if part == "first" and who.name == PRODUCT:
                shutil.copytree(bench.index(who), index)  # as the ingest of this round left it
            else:
                bench.note(part, who.name, who.call("inc", index, "--docs", folder))
        shutil.rmtree(index)


def memory(bench: Bench) -> None:
    served = papers_for.windows(bench.texts.docs, bench.given.work / "served-docs", bench.given.passages)
    bench.note("memory", PRODUCT, our_memory(bench.given.work / "served", served, bench.texts.first_question))
    if bench.peers:
        bench.facts["leanest"] = leanest_memory(bench, served)


def reading(bench: Bench) -> None:
    """Reading PDF with one reader and with one a core, and a build of these papers step by step."""
    folder = papers_for.pdfs(bench.given.papers, bench.given.work / "pdf-docs")
    steps, python = HERE / "steps.py", product().python
    for number in range(bench.given.reps):
        for workers in random.Random(f"{SEED} reading {number}").sample([1, os.cpu_count() or 1], 2):
            command: list[str | Path] = [python, steps, "read", "--docs", folder, "--workers", str(workers)]
            bench.note(f"reading by {workers}", PRODUCT, run(command, environment()))
    index = bench.given.work / "pdf-index"
    shutil.rmtree(index, ignore_errors=True)
    command = [python, steps, "build", "--docs", folder, "--index", index]
    bench.note("steps", PRODUCT, run(command, environment()))


def main() -> None:
    given = _arguments()
    given.work.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    texts = papers_for.texts(given.peers, given.work, given.articles)
    bench = Bench(given, peers(given.peers, given.lab, given.names), texts)
    bench.facts |= {"begun": time.strftime("%Y-%m-%d %H:%M"), "load": os.getloadavg()[0]}
    bench.facts["versions"] = {who.name: who.versions() for who in bench.everyone}
    if not bench.peers:
        print("No peers are given (--peers and --lab): the product is measured alone.")
    for number in range(given.reps):
        for part in (ingest, query, cold, answer, again):
            if part.__name__ in given.parts:
                part(bench, number)
    for whole in (memory, reading):
        if whole.__name__ in given.parts:
            whole(bench)
    bench.facts["minutes"] = (time.monotonic() - began) / 60
    page = told.page(bench)
    print(f"\n{page}")
    if set(given.parts) == set(PARTS) and not given.articles:
        told.write(ROOT / "docs" / "performance.md", page)
    else:
        print("\nSomething was left out: docs/performance.md stays as it is.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", type=Path, help="folder of the peers' adapters and texts")
    parser.add_argument("--lab", type=Path, help="folder of the peers' environments")
    parser.add_argument("--names", type=lambda s: s.split(","), default=list(NAMES), help="which peers")
    parser.add_argument("--reps", type=int, default=3, help="rounds (3)")
    parser.add_argument("--parts", type=lambda s: s.split(","), default=list(PARTS), help=",".join(PARTS))
    parser.add_argument(
        "--articles", type=int, default=0, help="only so many of the peers' articles, to try it"
    )
    parser.add_argument("--again", type=int, default=2, help="peers, the fastest, that ingest again too (2)")
    parser.add_argument("--large", type=Path, help="index of 100,000 passages, to be asked for answers")
    parser.add_argument("--papers", type=Path, default=ROOT.parent / "shared" / "corpus", help="PDF papers")
    parser.add_argument("--passages", type=int, default=20_000, help="texts that are served for the memory")
    parser.add_argument("--fill", action="store_true", help="ingest these with the leanest peer too, once")
    parser.add_argument("--work", type=Path, default=ROOT / "var" / "bench", help="folder to work in")
    given = parser.parse_args()
    given.work = given.work.absolute()
    needs = {"ingest"} if set(given.parts) & {"query", "cold", "answer", "again", "memory"} else set()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if needs - set(given.parts):
        parser.error("all parts but reading need the part ingest")
    return given


if __name__ == "__main__":
    main()
