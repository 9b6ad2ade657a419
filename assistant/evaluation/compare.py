"""Two runs side by side, question by question: what differs, how surely, and which questions flipped."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import BadInput
from assistant.evaluation import abstention, scoring, statistics
from assistant.evaluation.fingerprint import changes
from assistant.evaluation.measures import AURC, BY_NAME, MEASURES
from assistant.evaluation.runs import ANSWERS, load_run
from assistant.evaluation.types import EvalRun, Result

SURE = 0.05
HEADLINE = (
    *("right", "cited_rightly", "right_page_cited", "quote_hit@5", "verbatim_share"),
    *("refused_rightly", "refused_wrongly", "aurc"),
)
ALIKE = "These runs do not differ."
SHOWN_CHARS = 300  # of an answer that flipped


@dataclass(frozen=True, slots=True)
class Compared:
    """A measure over the questions that have it in both runs. `difference` is B less A, with a 95 %
    interval; `p` is two-sided by the test named."""

    measure: str
    n: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    test: str

    @property
    def differs(self) -> bool:
        """Whether p is below 0.05."""
        return self.p < SURE


@dataclass(frozen=True, slots=True)
class Flip:
    """A question that was right in one run and wrong in the other. `a` and `b` are the failures, ""
    for right; the texts are the answers, "" where they are not at hand."""

    id: str
    question: str
    a: str
    b: str
    text_a: str = ""
    text_b: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run B against run A over their `common` questions. `only_a` and `only_b` count the others;
    `reworded` those of one id with another question, which are not compared either."""

    a: str
    b: str
    common: int
    only_a: int
    only_b: int
    reworded: int
    measures: tuple[Compared, ...]
    gained: tuple[Flip, ...]
    lost: tuple[Flip, ...]
    changes: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Whether a headline measure differs at p < 0.05, and which."""
        told = [c for c in self.measures if c.measure in HEADLINE and c.differs]
        if not told:
            return ALIKE
        return "These runs differ in " + ", ".join(f"{c.measure} ({c.difference:+.3f})" for c in told) + "."

    @property
    def warning(self) -> str:
        """What changed besides the answers, or "" where nothing did."""
        if not self.changes:
            return ""
        return "The runs depend on different things:\n" + "\n".join(f"  {change}" for change in self.changes)


def compare(run_dir_a: Path, run_dir_b: Path) -> Comparison:
    """Compare the runs of two folders. Raises BadInput where one is missing or unfinished, or where
    they have no question in common."""
    run_a, run_b = load_run(run_dir_a), load_run(run_dir_b)
    of_b = {result.id: result for result in run_b.results}
    both = [(result, of_b[result.id]) for result in run_a.results if result.id in of_b]
    pairs = [(a, b) for a, b in both if (a.question, a.answerable) == (b.question, b.answerable)]
    if not pairs:
        raise BadInput(f"{run_dir_a} and {run_dir_b} have no question in common. Compare runs of one set.")
    gained = [(a, b) for a, b in pairs if a.failure and not b.failure]
    lost = [(a, b) for a, b in pairs if b.failure and not a.failure]
    texts = _texts(run_dir_a, gained + lost), _texts(run_dir_b, gained + lost)
    return Comparison(
        a=_name(run_dir_a, run_a),
        b=_name(run_dir_b, run_b),
        common=len(pairs),
        only_a=len(run_a.results) - len(both),
        only_b=len(run_b.results) - len(both),
        reworded=len(both) - len(pairs),
        measures=tuple(_compared(pairs)),
        gained=tuple(_flip(a, b, texts) for a, b in gained),
        lost=tuple(_flip(a, b, texts) for a, b in lost),
        changes=changes(run_a.fingerprint, run_b.fingerprint),
    )


def worse(comparison: Comparison, rule: str) -> bool:
    """Whether run B is worse than run A by a rule `MEASURE` or `MEASURE:MARGIN`: by more than the
    margin (0 if none is named), in the measure's own direction. Raises BadInput for a measure that
    is unknown or that these runs do not have, and for a margin that is no share."""
    name, _, told = rule.partition(":")
    known = {compared.measure: compared for compared in comparison.measures}
    if name not in known:
        why = "these runs do not have it" if name in BY_NAME else "no such measure"
        raise BadInput(f"{rule!r}: {why}. The measures are {', '.join(known)}.")
    try:
        margin = float(told or 0)
    except ValueError:
        margin = -1.0
    if not 0 <= margin <= 1:
        raise BadInput(f"{rule!r}: the margin is a share from 0 to 1, such as {name}:0.02.")
    loss = known[name].difference * (1 if BY_NAME[name].lower_is_better else -1)
    return loss > margin + 1e-9


def lines(comparison: Comparison) -> list[str]:
    """A comparison as text for a terminal."""
    c = comparison
    told = [f"A  {c.a}", f"B  {c.b}", "", f"{c.common:,} questions in both{_left_out(c)}.", c.verdict]
    if c.warning:
        told += ["", *c.warning.splitlines()]
    told += ["", f"{'measure':<20}{'n':>6}{'A':>8}{'B':>8}{'B-A':>9}  {'95 % interval':<18}p"]
    for m in c.measures:
        span = f"[{m.low:+.3f}, {m.high:+.3f}]"
        means = f"{m.a:>8.3f}{m.b:>8.3f}{m.difference:>+9.3f}"
        told.append(f"{m.measure:<20}{m.n:>6}{means}  {span:<18}{_p(m)}")
    told += ["", _note(c)]
    for title, flips in (("Wrong in A, right in B", c.gained), ("Right in A, wrong in B", c.lost)):
        told += ["", f"{title}: {len(flips)}"]
        for flip in flips:
            told.append(f"  {flip.id}  {flip.question}")
            told.append(f"    A {flip.a or 'right':<22} {_cut(flip.text_a, 90)}")
            told.append(f"    B {flip.b or 'right':<22} {_cut(flip.text_b, 90)}")
    return told


def page(comparison: Comparison) -> str:
    """A comparison as one HTML page that needs nothing else."""
    c = comparison
    rows = [
        (m.measure, m.n, f"{m.a:.3f}", f"{m.b:.3f}", f"{m.difference:+.3f}")
        + (f"{m.low:+.3f} to {m.high:+.3f}", _p(m), m.test)
        for m in c.measures
    ]
    parts = [
        f"<h1>{html.escape(c.verdict)}</h1><p>A: {html.escape(c.a)}<br>B: {html.escape(c.b)}</p>",
        f"<p>{c.common:,} questions in both{html.escape(_left_out(c))}.</p>",
        f"<pre>{html.escape(c.warning)}</pre>" if c.warning else "",
        _table(("measure", "n", "A", "B", "B−A", "95 % interval", "p", "test"), rows),
        f"<p>{html.escape(_note(c))}</p>",
    ]
    for title, flips in (("Wrong in A, right in B", c.gained), ("Right in A, wrong in B", c.lost)):
        told = [
            (flip.id, flip.question)
            + (f"{flip.a or 'right'}: {_cut(flip.text_a)}", f"{flip.b or 'right'}: {_cut(flip.text_b)}")
            for flip in flips
        ]
        parts.append(f"<h2>{title}: {len(flips)}</h2>" + _table(("id", "question", "A", "B"), told))
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.3rem .5rem;"
        "text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    )
    head = f'<meta charset="utf-8"><title>Two runs compared</title><style>{style}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _compared(pairs: Sequence[tuple[Result, Result]]) -> list[Compared]:
    found = []
    for measure in MEASURES:
        values = [(a.scores.get(measure.name), b.scores.get(measure.name)) for a, b in pairs]
        both = [(a, b) for a, b in values if a is not None and b is not None]
        if both:
            found.append(_paired(measure.name, [a for a, _ in both], [b for _, b in both]))
    areas = [abstention.outcomes([a]) + abstention.outcomes([b]) for a, b in pairs]
    known = [pair for pair in areas if len(pair) == 2]
    if known:
        first, second = [pair[0] for pair in known], [pair[1] for pair in known]
        d = abstention.aurc_difference(first, second)
        values_of = abstention.aurc(first), abstention.aurc(second)
        found.append(Compared(AURC.name, len(known), *values_of, d.value, d.low, d.high, d.p, "bootstrap"))
    return found


def _paired(name: str, a: list[float], b: list[float]) -> Compared:
    d = statistics.paired_difference(a, b)
    exact = {*a, *b} <= {0.0, 1.0}
    p, test = (statistics.mcnemar(a, b), "exact McNemar") if exact else (d.p, "paired bootstrap")
    return Compared(name, len(a), sum(a) / len(a), sum(b) / len(b), d.value, d.low, d.high, p, test)


def _flip(a: Result, b: Result, texts: tuple[Mapping[str, str], Mapping[str, str]]) -> Flip:
    return Flip(a.id, a.question, a.failure, b.failure, texts[0].get(a.id, ""), texts[1].get(a.id, ""))


def _texts(folder: Path, flipped: Sequence[tuple[Result, Result]]) -> dict[str, str]:
    """The answers to some questions; none where a baseline was kept without its answers."""
    ids, path = {a.id for a, _ in flipped}, folder / ANSWERS
    kept = scoring.records(path) if ids and path.is_file() else ()
    return {record["id"]: record["text"] for record in kept if record["id"] in ids}


def _name(folder: Path, run: EvalRun) -> str:
    return f"{folder.name} ({run.question_set}, {len(run.results):,} questions, {run.id})"


def _left_out(c: Comparison) -> str:
    told = [(c.only_a, "only in A"), (c.only_b, "only in B"), (c.reworded, "reworded and left out")]
    return "".join(f"; {count:,} {what}" for count, what in told if count)


def _note(c: Comparison) -> str:
    return (
        f"* p < {SURE:.2f}, by exact McNemar where every value is 0 or 1, else by paired bootstrap. "
        f"{len(c.measures)} measures were compared: about one in twenty would differ by chance alone."
    )


def _p(m: Compared) -> str:
    return ("<0.001" if m.p < 0.001 else f"{m.p:.3f}") + (" *" if m.differs else "")


def _cut(text: str, most_chars: int = SHOWN_CHARS) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most_chars else plain[:most_chars] + "…"


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in header)
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(str(v))}</td>' for v in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
