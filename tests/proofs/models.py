"""A language model's server that misbehaves: answered all the same, in time, and let go by who leaves."""

import logging
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from conftest import PAPERS, ROOT, write_papers
from index.build import build
from index.embedding import DEFAULT_MODEL, Embedder, load_embedder
from leaving import LEAVES, let_go_s, place_of
from model_faults import FAULTS, Bench, Fault, hangs, hangs_after_sentences, hangs_in_the_middle
from model_faults import met as met_all
from proofs.proof import Proof, main

REAL = (10.0, 60.0)  # what the settings give by default
WITHIN_S = 2.0


def prove(short: bool) -> Proof:
    """Each fault once; the long form also with the true limits, and somebody leaving by every door."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        embedder = load_embedder(DEFAULT_MODEL, ROOT / "var" / "models")
        write_papers(folder / "corpus", PAPERS)
        build(folder / "corpus", folder / "index", embedder)
        before = _threads()
        met = met_all(folder / "index", embedder, workers=4)
        broken = [f"{name}: {wrong}" for name in FAULTS if (wrong := met[name].wrong(FAULTS[name]))]
        tried = len(FAULTS)
        told = (
            f"{tried} faults: {sum(not each.word for each in FAULTS.values())} of them harmless, where the "
            "model's answer stands; all others ended in an extracted answer that says so: "
            f"{_words(Counter(each.answer.trace.fallback for each in met.values()))}."
        )
        if not short:
            for more, sentence in (_true_limits(folder, embedder), _leaving(folder, embedder)):
                broken += more
                told += " " + sentence
            tried += 3 + 2 * len(LEAVES)
            time.sleep(2)
            told += f" Threads more than before, beside the one of all calls: {_threads() - before}."
        return Proof(tried - len(broken), tried, told, tuple(broken))


def _threads() -> int:
    """Threads of this process, but the one of all calls and those that look up the names of hosts."""
    return sum(not each.name.startswith(("model-calls", "asyncio")) for each in threading.enumerate())


def _words(counted: Counter[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in counted.most_common() if word)


def _true_limits(folder: Path, embedder: Embedder) -> tuple[list[str], str]:
    """The first word after ten seconds, the whole after sixty."""
    broken: list[str] = []
    took: list[float] = []
    for turn in (hangs, hangs_in_the_middle, hangs_after_sentences):
        fault = Fault(turn, "timeout", waits=True)
        with Bench(folder / "index", embedder, REAL) as bench:
            met = bench.meet(fault)
        most_s = REAL[0] if turn is hangs else REAL[1]
        took.append(met.seconds)
        if wrong := met.wrong(fault, most_s):
            broken.append(f"with the true limits, {turn.__name__}: {wrong}")
    seconds = ", ".join(f"{each:.1f}" for each in took)
    return broken, f"With the true limits of 10 s and 60 s an answer came after {seconds} s."


def _leaving(folder: Path, embedder: Embedder) -> tuple[list[str], str]:
    broken: list[str] = []
    took: list[float] = []
    with place_of(folder / "index", embedder, folder) as place:
        for turn in (hangs, hangs_after_sentences):
            for door, leave in LEAVES.items():
                took.append(let_go_s(place, leave, turn))
                if took[-1] > WITHIN_S:
                    broken.append(f"left by {door}, {turn.__name__}: let go after {took[-1]:.1f} s")
    doors = ", ".join(LEAVES)
    return broken, f"Left by {doors}: the model's server was let go after {max(took):.1f} s at the latest."


if __name__ == "__main__":
    main(prove)
