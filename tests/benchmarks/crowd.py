"""Fifty people, forty turns each, at once, over real papers and a real server: how many foreign words?

python tests/benchmarks/crowd.py [PEOPLE [TURNS]]
"""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from crowding import crowd, crowd_server  # noqa: E402
from index.embedding import DEFAULT_MODEL, load_embedder  # noqa: E402

if __name__ == "__main__":
    given = [int(told) for told in sys.argv[1:3]]
    people, turns = given + [50, 40][len(given) :]
    embedder = load_embedder(DEFAULT_MODEL, ROOT / "var" / "models")
    with (
        tempfile.TemporaryDirectory() as folder,
        crowd_server(Path(folder), people, embedder) as address,
    ):
        outcome = crowd(address, people, turns)
    words = sum(map(len, outcome.foreign.values()))
    print(f"{outcome.turns} turns of {people} people in {outcome.seconds:.0f} s: {words} foreign words")
    print(f"{people - len(outcome.unheard)} of {people} were told of their own paper")
    sys.exit(bool(words or outcome.unheard))
