"""The plots of a report, as SVG that stands in the page.

`inert` is the one door through which text enters the report, here and in its template:
questions, documents and model output are all hostile.

Covers: markup, control characters, signs that turn the direction of the text around them.
Does not cover: addresses; nothing of a run becomes a link.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from assistant.evaluation.types import Point, StepTime

_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WIDTH, _HEIGHT = 440, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 14, 14, 40
_ROW = 26
_TEXT = '<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>'


def inert(value: Any) -> Markup:
    """Make a value text of a page or of a quoted attribute; markup of our own passes unchanged."""
    if isinstance(value, Markup):
        return value
    if value is None:
        return Markup()
    seen = _INVISIBLE.sub("", str(value).replace("\r\n", "\n"))
    return escape(_SURROGATE.sub("\ufffd", seen))


def write(form: str, *values: Any) -> Markup:
    """Fill `{}` places of markup with inert values; numbers get two decimals at most."""
    return Markup(form.format(*(inert(round(v, 2) if isinstance(v, float) else v) for v in values)))


def join(parts: Iterable[Markup]) -> Markup:
    """Put pieces of markup one after the other."""
    return Markup("").join(parts)


def risk_coverage_plot(points: Sequence[Point], operating: Point | None) -> Markup:
    """Share of answers that are wrong (up), by the share of questions answered (right). Beyond the
    operating point the line is broken: there the run itself gave no answer."""
    if not points or operating is None:
        return _empty("Of no question it is known whether it is answered rightly, so there is no curve.")
    ceiling = _ceiling(max(p.risk for p in (*points, operating)))
    within = [p for p in points if p.coverage <= operating.coverage]
    beyond = [*within[-1:], *(p for p in points if p.coverage > operating.coverage)]
    x, y = _x(operating.coverage), _y(operating.risk / ceiling)
    told = f"{operating.risk:.1%} wrong at {operating.coverage:.1%} answered"
    side, anchor = (-9.0, "end") if operating.coverage > 0.5 else (9.0, "start")
    # The label stands clear of the curve, which comes to its spot from the left and mostly from below.
    lift = -12.0 if y > _TOP + 30 else 24.0
    return _svg(
        "Risk and coverage",
        f"At the threshold of this run, {operating.threshold:.3g}: {told}.",
        _HEIGHT,
        _frame("questions answered", "answers wrong", [0, 0.25, 0.5, 0.75, 1], ceiling),
        _line([(_x(p.coverage), _y(p.risk / ceiling)) for p in within], "one"),
        _line([(_x(p.coverage), _y(p.risk / ceiling)) for p in beyond], "one beyond"),
        write('<circle class="spot" cx="{}" cy="{}" r="4.5"/>', x, y),
        write(_TEXT, "told", x + side, y + lift, anchor, told),
    )


def depth_plot(series: Mapping[str, Sequence[float]]) -> Markup:
    """Share of questions whose evidence is within the first k hits, k from 1; a line a name."""
    series = {name: shares for name, shares in series.items() if shares}
    if not series:
        return _empty("No question of this run has expected evidence.")
    kinds = ("one", "two", "three")
    lines, legend = [], []
    for place, (kind, (name, shares)) in enumerate(zip(kinds, series.items(), strict=False)):
        spots = [(_x((k - 1) / 9), _y(share)) for k, share in enumerate(shares, 1)]
        lines.append(_line(spots, kind))
        lines += [write('<circle class="dot {}" cx="{}" cy="{}" r="2.6"/>', kind, x, y) for x, y in spots]
        at = _y(0.06 + 0.09 * (len(series) - 1 - place))
        legend.append(write('<path class="line {}" d="M250 {}h22"/>', kind, at - 4))
        legend.append(write('<text x="280" y="{}">{}</text>', at, f"{name}, {shares[-1]:.1%} in ten"))
    told = "; ".join(f"{name} {s[0]:.1%} in the first, {s[-1]:.1%} in ten" for name, s in series.items())
    ticks = [(k - 1) / 9 for k in range(1, 11)]
    frame = _frame("first k hits", "questions", ticks, 1.0, [str(k) for k in range(1, 11)])
    said = f"Evidence within the first hits: {told}."
    return _svg("Depth of retrieval", said, _HEIGHT, frame, *lines, *legend)


def time_plot(times: Sequence[StepTime]) -> Markup:
    """Seconds of each step, from p50 to p95, on a scale where every line is ten times the one before."""
    if not times:
        return _empty("This run has no times.")
    floor = 1e-4
    low = math.floor(math.log10(max(floor, min(s.p50_s for s in times))))
    high = max(low + 1, math.ceil(math.log10(max(floor, *(s.p95_s for s in times)))))
    left, right, bottom = 84, 300, _TOP + _ROW * len(times)

    def across(seconds: float) -> float:
        return left + (math.log10(max(seconds, 10.0**low)) - low) / (high - low) * (right - left)

    parts = [
        write(
            '<path class="grid" d="M{0} {1}V{2}"/><text x="{0}" y="{3}" text-anchor="middle">{4}</text>',
            across(10.0**power), _TOP, bottom, bottom + 16, f"{10.0**power:g} s",
        )
        for power in range(low, high + 1)
    ]  # fmt: skip
    for row, time in enumerate(times):
        y = _TOP + _ROW * row + 15
        begin, end = across(time.p50_s), across(time.p95_s)
        parts.append(write(_TEXT, "", left - 8, y + 1, "end", time.step[:14]))
        parts.append(write('<path class="range" d="M{} {}H{}"/>', begin, y - 3, max(end, begin + 0.5)))
        parts.append(write('<circle class="spot" cx="{}" cy="{}" r="4"/>', begin, y - 3))
        told = f"{_seconds(time.p50_s)} · {_seconds(time.p95_s)}"
        parts.append(write(_TEXT, "told", _WIDTH - 6, y + 1, "end", told))
    said = "; ".join(f"{s.step} {_seconds(s.p50_s)} and {_seconds(s.p95_s)}" for s in times)
    return _svg("Time of each step", f"Half and 95 of 100 questions: {said}.", bottom + 24, *parts)


def failure_plot(counts: Sequence[tuple[str, int]]) -> Markup:
    """How many questions went wrong in each room."""
    if not counts:
        return _empty("No question went wrong.")
    most = max(count for _, count in counts)
    left, right = 190, 390
    parts = []
    for row, (room, count) in enumerate(counts):
        y = _TOP + _ROW * row + 15
        end = left + count / most * (right - left)
        parts.append(write(_TEXT, "", left - 8, y, "end", room[:32]))
        parts.append(write('<path class="bar" d="M{} {}H{}"/>', left, y - 4, end))
        parts.append(write(_TEXT, "told", end + 7, y, "start", f"{count:,}"))
    said = "; ".join(f"{room}: {count}" for room, count in counts)
    return _svg("Where wrong answers went wrong", f"{said}.", _TOP + _ROW * len(counts) + 8, *parts)


def _svg(title: str, description: str, height: float, *parts: Markup) -> Markup:
    head = '<svg class="plot" viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>'
    return write(head, _WIDTH, height, title, description) + join(parts) + Markup("</svg>")


def _empty(sentence: str) -> Markup:
    return write('<p class="none">{}</p>', sentence)


def _frame(
    across: str, up: str, ticks: Sequence[float], ceiling: float, names: Sequence[str] | None = None
) -> Markup:
    """Grid, numbers and names of the two axes; the upright one runs from 0 to `ceiling`."""
    parts = []
    for step in range(5):
        y = _y(step / 4)
        parts.append(write('<path class="grid" d="M{} {}H{}"/>', _LEFT, y, _WIDTH - _RIGHT))
        label = f"{ceiling * step / 4:.3g}" if ceiling < 0.04 else f"{ceiling * step / 4:.0%}"
        parts.append(write(_TEXT, "", _LEFT - 6, y + 4, "end", label))
    for tick, name in zip(ticks, names or [f"{tick:.0%}" for tick in ticks], strict=True):
        parts.append(write(_TEXT, "", _x(tick), _HEIGHT - _BOTTOM + 16, "middle", name))
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(write(_TEXT, "axis", middle, _HEIGHT - 6, "middle", across))
    form = '<text class="axis" transform="translate(11 {}) rotate(-90)" text-anchor="middle">{}</text>'
    return join([*parts, write(form, (_TOP + _HEIGHT - _BOTTOM) / 2, up)])


def _line(spots: Sequence[tuple[float, float]], kind: str) -> Markup:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    return write('<polyline class="line {}" points="{}"/>', kind, points)


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _ceiling(highest: float) -> float:
    return next(top for top in (0.04, 0.08, 0.2, 0.4, 0.6, 0.8, 1.0) if highest <= top or top == 1.0)


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
