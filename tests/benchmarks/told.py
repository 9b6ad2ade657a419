"""The figures of a run of `bench.py` as a page of Markdown tables. Not a program."""

import json
import os
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paragraph_ranks import ranks
from ranking import differences, table
from rivals import PRODUCT, Rival
from timed import Ran

from proofs.proof import written

if TYPE_CHECKING:
    from bench import Bench

Value = Callable[[Ran], float]


def page(bench: "Bench") -> str:
    parts = [_about(bench), _ratios(bench), _everyone(bench), _again(bench), _ranking(bench), _reading(bench)]
    return "\n\n".join(part for part in parts if part)


def write(file: Path, text: str) -> None:
    file.write_text(written(file.read_text("utf-8"), "table", text), "utf-8")


def _about(bench: "Bench") -> str:
    facts, given = bench.facts, bench.given
    lines = [
        f"{facts['begun']}, {given.reps} rounds, {os.cpu_count()} cores, load before {facts['load']:.1f}, "
        f"{facts['minutes']:.0f} minutes. Texts: {bench.texts.what}.",
        *(f"{who}: {versions}." for who, versions in facts["versions"].items() if versions),
    ]
    if not bench.peers:
        lines.append("**No peers were there: the product is measured alone, and there are no ratios.**")
    return "  \n".join(lines)


def _ratios(bench: "Bench") -> str:
    """The bars: a row for each kind of work, against the best peer of the run."""
    f = bench.figures
    rows: list[Sequence[str]] = [
        ("work", "product", "best peer", "ratio, least to most", "bar"),
        ("---",) * 5,
    ]
    if ("cold", PRODUCT) in f:
        rows.append(_row(bench, "cold start to first hit", "cold", lambda r: r.first_s, "≥ 8", unit="s"))
        whole = "… to the end of a whole `ct-assistant ask`"
        rows.append(_row(bench, whole, "cold", lambda r: r.first_s, "≥ 8", "ask", "s"))
    if ("memory", PRODUCT) in f:
        rows.append(_memory(bench))
    if ("query", PRODUCT) in f:
        rows.append(_row(bench, "warm retrieval, p50", "query", lambda r: r.report["p50"], "≥ 3", unit="ms"))
    for part, most in (("answer", 60), ("answer, large", 100)):
        if (part, PRODUCT) in f:
            ran = f[(part, PRODUCT)]
            p50 = [r.report["p50"] for r in ran]
            what = f"full answer, {ran[0].report['passages']:,} passages, p50"
            cpu = statistics.median(r.report["cpu_ms"] for r in ran)
            cell = f"{statistics.median(p50):.0f} ms ({min(p50):.0f} to {max(p50):.0f}; cpu {cpu:.0f})"
            rows.append((what, cell, "none answers without a language model", "", f"≤ {most} ms"))
    if ("ingest", PRODUCT) in f:
        rows.append(_row(bench, "ingest, same texts", "ingest", lambda r: r.wall_s, "≥ 3", unit="s"))
        rows.append(_row(bench, "… processor time", "ingest", lambda r: r.cpu_s, "", unit="s"))
        for peer in bench.cut:
            what = f"… beside {peer.name}, which embeds the first quarter of each piece"
            rows.append(_row(bench, what, "ingest", lambda r: r.wall_s, "", unit="s", among=[peer]))
    for part, what, bar in (
        ("same", "ingest again, nothing changed", "≥ 50"),
        ("one", "ingest again, one paper changed", "≥ 20"),
    ):
        if (part, PRODUCT) in f:
            against = f"{what}, against a peer's whole ingest" if bench.peers else what
            rows.append(_row(bench, against, "ingest", lambda r: r.wall_s, bar, part, "s"))
            own = _of(f[("ingest", PRODUCT)], f[(part, PRODUCT)], lambda r: r.wall_s)
            rows.append(("… against the product's own whole ingest", "", "", own, bar))
    return _table(rows)


def _row(
    bench: "Bench",
    what: str,
    part: str,
    value: Value,
    bar: str,
    own: str = "",
    unit: str = "",
    among: Sequence[Rival] | None = None,
) -> Sequence[str]:
    """The product's figure beside the peer's with the best median, and the ratio of each round. `own` is
    the product's part where it is not the peers', `among` the peers that are looked at: if none are named
    all of them, and where ingesting is measured all that ingest the same texts."""
    mine = bench.figures[(own or part, PRODUCT)]
    cpu = statistics.median(r.cpu_s for r in mine)
    cell = f"{_middle(mine, value)} {unit}" + (f" (cpu {cpu:.2f} s)" if unit == "s" else "")
    if among is None:
        among = bench.whole if part == "ingest" else bench.peers
    if not among:
        return what, cell, "", "", bar
    best = min(among, key=lambda p: statistics.median(map(value, bench.figures[(part, p.name)])))
    theirs = bench.figures[(part, best.name)]
    cpu = statistics.median(r.cpu_s for r in theirs)
    other = f"{best.name} {_middle(theirs, value)} {unit}" + (f" (cpu {cpu:.2f} s)" if unit == "s" else "")
    return what, cell, other, _of(theirs, mine, value), bar


def _of(slow: Sequence[Ran], fast: Sequence[Ran], value: Value) -> str:
    """How many times faster, round by round: the median, least and most."""
    ratios = sorted(value(a) / value(b) for a, b in zip(slow, fast, strict=False))
    return f"**{statistics.median(ratios):.1f}** [{ratios[0]:.1f}, {ratios[-1]:.1f}]"


def _middle(ran: Sequence[Ran], value: Value) -> str:
    middle = statistics.median(map(value, ran))
    return f"{middle:.2f}" if middle < 10 else f"{middle:.0f}"


def _memory(bench: "Bench") -> Sequence[str]:
    mine = bench.figures[("memory", PRODUCT)][0]
    what = f"memory of a serving process, {mine.report['count']:,} passages, with its web page"
    cell = f"{mine.rss_mb:.0f} MB ({mine.report['private_mb']:.0f} private, peak {mine.peak_mb:.0f})"
    if not bench.peers:
        return what, cell, "", "", "≥ 2"
    least = bench.facts["leanest"]
    theirs = bench.figures[("memory", least)][0]
    over = "the same texts" if theirs.report["full"] else "only the articles, which is less"
    other = f"{least} {theirs.rss_mb:.0f} MB over {over}, no page"
    return what, cell, other, f"**{theirs.rss_mb / mine.rss_mb:.2f}**", "≥ 2"


def _everyone(bench: "Bench") -> str:
    """Every one that was measured, medians over the rounds."""
    f = bench.figures
    if ("query", PRODUCT) not in f:
        return ""
    head = ("", "pieces", "ingest, s", "cpu, s", "first hit, s", "memory at it, MB", "query p50, p95, ms")
    rows: list[Sequence[str]] = [head, ("---",) * 7]
    for who in bench.everyone:
        ingested, colds = f[("ingest", who.name)], f.get(("cold", who.name), [])
        both = [f"{_middle(f[('query', who.name)], lambda r, k=k: r.report[k])}" for k in ("p50", "p95")]  # type: ignore[misc]
        rows.append((
            who.name, str(ingested[0].report["count"]), _middle(ingested, lambda r: r.wall_s),
            _middle(ingested, lambda r: r.cpu_s), _middle(colds, lambda r: r.first_s) if colds else "",
            _middle(colds, lambda r: r.peak_mb) if colds else "", ", ".join(both),
        ))  # fmt: skip
    return _table(rows)


def _again(bench: "Bench") -> str:
    f = bench.figures
    if ("same", PRODUCT) not in f:
        return ""
    head = ("ingested again", "nothing changed, s", "one changed, s", "pieces before, after, after the other")
    rows: list[Sequence[str]] = [head, ("---",) * 4]
    for who in bench.everyone:
        if ("same", who.name) in f:
            same, one = f[("same", who.name)], f[("one", who.name)]
            first = f.get(("first", who.name), f[("ingest", who.name)])
            counts = ", ".join(str(r[0].report["count"]) for r in (first, same, one))
            seconds = [_middle(each, lambda r: r.wall_s) for each in (same, one)]
            rows.append((who.name, *seconds, counts))
    return _table(rows)


def _ranking(bench: "Bench") -> str:
    """By paragraph, whatever the size of a piece; only where the questions tell their answers."""
    questions = json.loads(bench.texts.questions.read_text("utf-8"))
    if "answers" not in questions[0] or ("query", PRODUCT) not in bench.figures:
        return ""
    found = {
        who.name: ranks(
            bench.texts.docs,
            questions,
            json.loads((bench.given.work / f"ranked-{who.name}.json").read_text("utf-8")),
        )
        for who in bench.everyone
    }
    rule = f"{len(questions)} questions; a piece counts as the paragraphs it holds text of; 95 % intervals:"
    return "\n\n".join((rule, table(found), differences(found, PRODUCT) if bench.peers else "")).strip()


def _reading(bench: "Bench") -> str:
    f = bench.figures
    if ("steps", PRODUCT) not in f:
        return ""
    cores = os.cpu_count() or 1
    rates = {
        n: [r.report["pages"] / r.report["seconds"] for r in f[(f"reading by {n}", PRODUCT)]]
        for n in {1, cores}
    }
    more = sorted(b / a for a, b in zip(rates[1], rates[cores], strict=True))
    steps: dict[str, Any] = f[("steps", PRODUCT)][0].report
    whole = steps["whole"][0]
    rows: list[Sequence[str]] = [("step of a build", "s", "share", "cpu without readers, s"), ("---",) * 4]
    for name, (wall, cpu) in sorted(steps["steps"].items(), key=lambda step: -step[1][0]):
        rows.append((name, f"{wall:.2f}", f"{100 * wall / whole:.0f} %", f"{cpu:.2f}"))
    first = f[("reading by 1", PRODUCT)][0].report
    one, all_of_them = (statistics.median(rates[n]) for n in (1, cores))
    told = (
        f"{first['pages']} pages of {first['documents']} PDF files: {one:.0f} pages/s with one reader, "
        f"{all_of_them:.0f} with one on each of {cores} cores, {statistics.median(more):.2f} times as many "
        f"[{more[0]:.2f}, {more[-1]:.2f}]. A build of them, {steps['passages']:,} passages in {whole:.1f} s:"
    )
    return f"{told}\n\n{_table(rows)}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
