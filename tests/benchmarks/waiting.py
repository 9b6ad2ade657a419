"""Measure what a reader waits for: `python tests/benchmarks/waiting.py [RUNS]`.

Serves the scripted assistant on loopback and opens its chat in Chromium, each time with an empty
cache. Prints the median and the worst of the first contentful paint and of the time from the Enter
key to a first sign of life and to the sentence that tells the progress, in milliseconds. Needs the
`test` extra and a chromium.
"""

import statistics
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from browsing import ARGUMENTS, CHROMIUM, free_port, serving  # noqa: E402
from timing import SENTENCE, SIGN_OF_LIFE, first_paint_ms, progress_ms  # noqa: E402


def main(runs: int) -> int:
    """Measure and print."""
    port = free_port()
    with serving([sys.executable, str(TESTS / "scripted.py"), str(port)], port) as address:
        measured = measure(address, runs)
    for name, waits in measured.items():
        middle, worst = statistics.median(waits), max(waits)
        print(f"{name}: median {middle:.0f} ms, worst {worst:.0f} ms (n={len(waits)})")
    return 0


def measure(address: str, runs: int) -> dict[str, list[float]]:
    """Open and ask anew, `runs` times."""
    measured: dict[str, list[float]] = {
        "first paint": [],
        "sign of life after Enter": [],
        "sentence after Enter": [],
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for sign, name in [(SIGN_OF_LIFE, "sign of life"), (SENTENCE, "sentence")] * runs:
            context = browser.new_context(viewport={"width": 1366, "height": 768})
            page = context.new_page()
            measured["first paint"].append(first_paint_ms(page, address))
            page.locator("#sources .panel").wait_for()
            waited = progress_ms(page, "How long are records kept?", sign)
            measured[f"{name} after Enter"].append(waited)
            context.close()
        browser.close()
    return measured


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
