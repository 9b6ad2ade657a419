"""Many people at a real server over real papers: how long do they wait, and what goes wrong?

python tests/benchmarks/load.py [INDEX [SECONDS]]

Twenty people with five seconds to think between two questions, through the chat and through
/api/ask; then a hundred who ask at once, through each. INDEX is by default the one of 248 papers that
`make fit` builds. Who asks runs on the same machine: its share of the processors is told.
"""

import os
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from rounds import HEAD, INDEX, measure  # noqa: E402

if __name__ == "__main__":
    given = sys.argv[1:]
    busy = os.getloadavg()[0]
    figures = measure(Path(given[0]) if given else INDEX, float(given[1]) if len(given) > 1 else 120.0)
    print(HEAD, *(each.told(name) for name, each in figures.items()), sep="\n")
    for name, each in figures.items():
        print(name, Counter(each.wrong).most_common(5))
        print("  places told:", [h.places for h in each.heard if h.places][:5])
    print(f"other load on this machine before: {busy:.1f}")
