"""How large, how slow and how heavy the report of 10,000 questions is, and how fast it opens.

    python tests/benchmarks/report_10000.py [FOLDER] [QUESTIONS]

Makes a run up, writes report.html, report.xlsx and run.trec into FOLDER (a temporary one by
default), and opens the report in Chromium: with script, and without. Prints one JSON object.
"""

import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant.evaluation.report import write_report
from assistant.evaluation.tables import write_trec, write_workbook
from assistant.evaluation.types import EvalQuestion, EvalRun, Expected, Figure, Point, Result, StepTime

WORDS = (
    "the of and to in a for on with by records passenger data border training states programme office "
    "security partners region cooperation customs maritime workshop framework assistance capacity law"
).split()
ROOMS = ["parse", "split", "retrieve", "select", "refuse", "say", "cite"]
TAGS = ["fact", "figure", "date", "list", "paraphrase", "follow-up", "tune", "report"]
STEPS = {"receive": 0.0002, "condense": 0.001, "search": 0.012, "select": 0.002, "gate": 0.02, "cite": 0.003}
MEASURES = (
    ["right", "must_say_share", "all_said", "cited_rightly", "citation_precision", "citation_recall"]
    + ["resolved_share", "verbatim_share", "right_page_share", "token_f1"]
    + [f"{level}_{what}" for level in ("document", "page", "quote") for what in ("hit@1", "hit@5", "mrr@10")]
)
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


def words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(WORDS, k=count))


def made_up_answer(chance: random.Random, number: int) -> dict[str, Any]:
    """An answer of the usual size: three sentences, three citations, ten hits of 150 words."""
    path = f"reports/programme-{number % 300}.pdf"
    return {
        "id": f"made-{number:05}",
        "question": words(chance, 12),
        "text": " ".join(f"{words(chance, 22)} [{n}]." for n in (1, 2, 3)),
        "status": "answered",
        "citations": [
            {
                "number": n, "document_id": "programme", "path": path, "title": words(chance, 6),
                "date": "2023-05-01", "page": n, "page_label": str(n), "quote": words(chance, 25),
                "start": 10, "end": 200, "url": "",
            }
            for n in (1, 2, 3)
        ],
        "hits": [
            {
                "passage_id": f"programme-{chance.randrange(300)}:p{n}.{rank}", "document_id": "programme",
                "path": path,
                "pages": [n, n], "similarity": 0.7, "score": 1 / (60 + rank), "found_by": "both",
                "text": words(chance, 150),
            }
            for rank, n in enumerate(chance.choices(range(1, 40), k=10), 1)
        ],
        "trace": {
            "search_text": words(chance, 12), "index_build": "made-up", "confidence": 0.7,
            "selected": ["a", "b"], "model": "",
            "prompt_hash": "", "markers_removed": 0, "sentences_removed": 0,
        },
    }  # fmt: skip


def made_up_result(chance: random.Random, number: int) -> Result:
    right = float(chance.random() < 0.8)
    return Result(
        id=f"made-{number:05}",
        question=words(chance, 12),
        answerable=number % 4 != 0,
        tags=tuple(chance.sample(TAGS, 2)),
        status="answered",
        confidence=round(min(1.0, chance.random() * 0.5 + 0.4 * right), 4),
        seconds={step: mean * chance.lognormvariate(0, 0.6) for step, mean in STEPS.items()},
        scores={name: right if name in MEASURES[:4] else 1 / chance.randint(1, 12) for name in MEASURES},
        failure="" if right else chance.choice(ROOMS),
    )


def made_up_run(folder: Path, count: int) -> tuple[EvalRun, list[EvalQuestion]]:
    """A run of `count` questions; its answers are written into the folder as they are made."""
    chance = random.Random(7)
    with (folder / "answers.jsonl").open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps(made_up_answer(chance, number)) + "\n")
    results = tuple(made_up_result(chance, number) for number in range(count))
    figures = tuple(Figure(name, 0.8, count, 0.79, 0.81) for name in MEASURES)
    asked = [
        EvalQuestion(r.id, r.question, ("passenger data",), (Expected("a.pdf", 3, words(chance, 20)),))
        for r in results
    ]
    fingerprint = {"index_build": "made up"}
    run = EvalRun(
        *("made-up", "made-up.jsonl", fingerprint, figures, {"fact": figures}, results),
        curve=tuple(Point(1 - n / 200, n / 200, 0.2 * n / 200, n / 200, 0.5) for n in range(1, 201)),
        operating=Point(0.3, 0.7, 0.15, 0.75, 0.5),
        timing=tuple(StepTime(step, count, mean, mean * 3) for step, mean in STEPS.items()),
    )
    return run, asked


def opened(report: Path, script: bool) -> dict[str, float]:
    """Seconds until the page is loaded, until a question stands open after a click, and to filter."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or "chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        context = browser.new_context(java_script_enabled=script, viewport={"width": 1366, "height": 768})
        page = context.new_page()
        page.goto("about:blank")  # the browser's own start is not the report's
        begun = time.perf_counter()
        page.goto(report.as_uri(), wait_until="load", timeout=120_000)
        seconds = {"load_s": time.perf_counter() - begun}
        # By place and key, as a person does: the driver's own search of so large a page takes a second.
        x, y = page.evaluate(
            "() => { const s = document.querySelector('summary'); s.scrollIntoView({block: 'center'});"
            " const r = s.getBoundingClientRect(); return [r.x + 30, r.y + 8]; }"
        )
        page.mouse.click(x, y)
        while not page.evaluate("document.querySelector('details[open] dl')?.offsetHeight > 0"):
            time.sleep(0.01)
        seconds["load_and_first_click_s"] = time.perf_counter() - begun
        if script:
            page.evaluate("document.getElementById('by-text').focus()")
            typed = time.perf_counter()
            page.keyboard.type("made-00042")
            while not page.evaluate("document.getElementById('shown').textContent.startsWith('1 of ')"):
                time.sleep(0.01)
            seconds["first_filter_s"] = time.perf_counter() - typed
        browser.close()
    return {name: round(value, 2) for name, value in seconds.items()}


def measured(write: Callable[[], Path]) -> dict[str, float]:
    """Write one file; the peak is that of the process so far."""
    begun = time.perf_counter()
    path = write()
    taken = time.perf_counter() - begun
    size, peak = path.stat().st_size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"write_s": round(taken, 2), "mb": round(size / 1e6, 1), "peak_rss_mib": peak // 1024}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    run, questions = made_up_run(folder, int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
    told: dict[str, Any] = {"questions": len(run.results)}
    told["html"] = measured(lambda: write_report(run, folder, questions))
    told["xlsx"] = measured(lambda: write_workbook(run, folder))
    told["trec"] = measured(lambda: write_trec(folder))
    told["chromium"] = opened(folder / "report.html", script=True)
    told["chromium_without_script"] = opened(folder / "report.html", script=False)
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
