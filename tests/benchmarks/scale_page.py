"""The section of docs/performance.md that tells `scale.py`'s figures, and its plots."""

import math
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]

from proofs.proof import written  # noqa: E402

PAGE = ROOT / "docs" / "performance.md"
HEAD = "# How fast, and how large\n\n## By the size of the corpus\n\n<!-- scale -->\n<!-- /scale -->\n"
COLOURS = ("#1a4f8b", "#b4531a", "#3a7d44")
INTRO = """`python tests/benchmarks/scale.py`, {today}, two cores; load before at most {load:.1f}. {asked}
questions of tests/questions after 50 others, one at a time, files in the kernel's cache; asked by somebody
who reads all three shelves (six, three and one in ten papers). Passages are 9,447 of 247 real papers, and
neighbours of them: words swapped for others of the same length, new ones among them by Heaps' law, vectors
turned at random. Cosine of a passage with the nearest other, at 5, 25, 50, 75 and 95 %: real {real};
of the largest {near}. Reading and embedding are not in it: vectors are made, not computed.
Of files in a process's memory all processes share one copy.
"""
PLOTS = """
![Milliseconds of a question](scale-questions.svg)
![Seconds of a build](scale-build.svg)
![Disk and memory](scale-room.svg)"""
Line = Mapping[str, Any]
_ACTS = (
    ("write_catalogue", "texts"),
    ("write_lexical", "words"),
    ("write_vectors", "vectors"),
    ("publish", "seal"),
)


def write_page(lines: Sequence[Line]) -> None:
    """Write the table and the plots of these lines, the smallest size first."""
    page = PAGE.read_text("utf-8") if PAGE.exists() else HEAD
    PAGE.write_text(written(page, "scale", _told(lines)), "utf-8")
    sizes = [line["passages"] for line in lines]
    for name, title, rows in (
        ("questions", "Milliseconds by passages", {
            "answer, p95": [_q(line["answer_ms"], 95) for line in lines],
            "answer, p50": [_q(line["answer_ms"], 50) for line in lines],
            "search, p50": [_q(line["search_ms"], 50) for line in lines],
        }),
        ("build", "Seconds by passages, without reading and embedding", {
            "build": [_built_s(line) for line in lines],
            "open and verify": [line["open_s"] for line in lines],
        }),
        ("room", "MiB by passages", {
            "disk": [sum(line["disk_mib"].values()) for line in lines],
            "builder's memory": [line["builder_mib"] for line in lines],
            "a serving process's own memory": [line["memory_mib"]["RssAnon"] for line in lines],
        }),
    ):  # fmt: skip
        (ROOT / "docs" / f"scale-{name}.svg").write_text(plot(title, sizes, rows), "utf-8")


def _told(lines: Sequence[Line]) -> str:
    rows: dict[str, Callable[[Line], str]] = {
        "papers": lambda line: f"{line['papers']:,}",
        "written in, s": lambda line: f"{_built_s(line):.1f}",
        "of that: " + ", ".join(name for _, name in _ACTS): lambda line: ", ".join(
            f"{line['build_s'][act]:.1f}" for act, _ in _ACTS
        ),
        "builder's memory, most, MiB": lambda line: f"{line['builder_mib']:,.0f}",
        "disk, MiB": lambda line: f"{sum(line['disk_mib'].values()):,.0f}",
        "of that: texts, words, vectors, Chroma": lambda line: ", ".join(
            f"{line['disk_mib'][part]:,.0f}" for part in ("catalogue.sqlite", "lexical", "exact", "vectors")
        ),
        "opened and verified in, s": lambda line: f"{line['open_s']:.2f}",
        "memory after 50 questions, MiB: own, of files": lambda line: (
            f"{line['memory_mib']['RssAnon']:,.0f}, {line['memory_mib']['RssFile']:,.0f}"
        ),
        "first answer, ms": lambda line: f"{line['first_ms']:.0f}",
        "dense search, ms, p50 and p95": _of("dense_ms"),
        "hybrid search, ms": _of("search_ms"),
        "… in six papers of ten": _of("some_ms"),
        "… narrowed to a year": _of("filtered_ms"),
        "whole answer, ms": _of("answer_ms"),
        "processor a whole answer, ms": lambda line: f"{line['answer_cpu_ms']:.0f}",
        "recall@10 of the dense search": lambda line: f"{statistics.mean(line['recall']):.3f}",
        "all of it took, s": lambda line: f"{line['whole_s']:,.0f}",
    }
    heads = "".join(f" {line['passages']:,} |" for line in lines)
    table = [f"| passages |{heads}", "|---|" + "---:|" * len(lines)]
    table += [f"| {name} | " + " | ".join(tell(line) for line in lines) + " |" for name, tell in rows.items()]
    load = max(line["load_before"] for line in lines)
    asked = lines[-1]["asked"]
    near = ", ".join(f"{q:.2f}" for q in lines[-1]["nearest"])
    real = ", ".join(f"{q:.2f}" for q in lines[-1]["nearest_real"])
    told = INTRO.format(today=date.today(), load=load, asked=asked, real=real, near=near)
    return "\n".join([told, *table, PLOTS])


def _of(name: str) -> Callable[[Line], str]:
    return lambda line: f"{_q(line[name], 50):.1f}, {_q(line[name], 95):.1f}"


def _q(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _built_s(line: Line) -> float:
    return float(sum(line["build_s"][act] for act, _ in _ACTS))


def plot(title: str, sizes: Sequence[int], rows: Mapping[str, Sequence[float]]) -> str:
    """Lines over sizes, both axes by powers of ten, as SVG."""
    values = [value for row in rows.values() for value in row if value > 0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(min(sizes)), math.log10(max(sizes))

    def x(size: float) -> float:
        return 60 + 400 * (math.log10(size) - first) / ((last - first) or 1)

    def y(value: float) -> float:
        return 250 - 210 * (math.log10(max(value, 10**low)) - low) / ((high - low) or 1)

    drawn = [
        f'<path d="M60 {y(10.0**n):.0f}H460" stroke="#ddd"/>'
        f'<text x="54" y="{y(10.0**n) + 4:.0f}" text-anchor="end">{10.0**n:,g}</text>'
        for n in range(low, high + 1)
    ]
    drawn += [f'<text x="{x(size):.0f}" y="268" text-anchor="middle">{size:,}</text>' for size in sizes]
    taken: list[float] = []
    for colour, (name, row) in zip(COLOURS, sorted(rows.items(), key=lambda each: each[1][-1]), strict=False):
        spots = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in zip(sizes, row, strict=True))
        beside = min([y(row[-1]) + 4, *(place - 15 for place in taken)])
        taken.append(beside)
        drawn.append(
            f'<polyline points="{spots}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
            f'<text x="468" y="{beside:.0f}" fill="{colour}">{name}: {row[-1]:,.3g}</text>'
        )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 280" font-family="sans-serif" '
        f'font-size="12" role="img"><title>{title}</title><rect width="720" height="280" fill="#fff"/>'
        f'<text x="60" y="22">{title}</text>' + "".join(drawn) + "</svg>\n"
    )
