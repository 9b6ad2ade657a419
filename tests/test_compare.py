"""Two runs compared: what differs, how surely, what flipped, and what a gate would say."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import BadInput
from assistant.evaluation import scoring
from assistant.evaluation.compare import ALIKE, Compared, Comparison, compare, lines, page, worse
from assistant.evaluation.measures import MEASURES
from assistant.evaluation.runs import save_run
from assistant.evaluation.types import EvalRun, Result

PLAIN = {
    "index_build": "b1",
    "corpus": "c" * 64,
    "code": "0.1",
    "embedding_model": "m",
    "settings": {"llm": ""},
}


def result(number: int, right: bool, confidence: float = 0.5) -> Result:
    scores: dict[str, float | None] = dict.fromkeys((measure.name for measure in MEASURES), None)
    scores |= {"right": float(right), "refused_wrongly": float(not right), "mrr": 0.0, "document_mrr@10": 0.5}
    status = "answered" if right else "not_in_documents"
    room = ("", "") if right else ("refuse", "It was refused.")
    return Result(
        f"q{number}", f"Question <{number}>?", True, ("fact",), status, confidence, {}, scores, *room
    )


@pytest.fixture
def keep(tmp_path: Path) -> Callable[..., Path]:
    """Writes a run whose questions are right or wrong as told, and gives its folder."""

    def make(
        name: str, right: list[bool], fingerprint: dict[str, object] | None = None, start: int = 0
    ) -> Path:
        results = tuple(result(number, good) for number, good in enumerate(right, start))
        run = EvalRun("id", "set.jsonl", fingerprint or PLAIN, scoring.figures(results), {}, results)
        (tmp_path / name).mkdir()
        save_run(tmp_path / name, run)
        return tmp_path / name

    return make


def of(comparison: Comparison, name: str) -> Compared:
    return next(compared for compared in comparison.measures if compared.measure == name)


def test_a_run_does_not_differ_from_itself(keep: Callable[..., Path]) -> None:
    folder = keep("a", [True, False] * 10)
    told = compare(folder, folder)
    assert told.verdict == ALIKE == "These runs do not differ." and told.warning == ""
    assert (told.gained, told.lost) == ((), ())
    assert all((m.difference, m.p, m.low, m.high) == (0, 1, 0, 0) for m in told.measures)
    assert not worse(told, "right") and not worse(told, "refused_wrongly:0") and not worse(told, "aurc")


def test_six_questions_that_flip_one_way_differ_and_five_do_not(keep: Callable[..., Path]) -> None:
    # Exact McNemar: 2 / 2**6 = .031 and 2 / 2**5 = .0625.
    before = keep("a", [True] * 20)
    six = compare(before, keep("six", [False] * 6 + [True] * 14))
    five = compare(before, keep("five", [False] * 5 + [True] * 15))
    assert of(six, "right").p == pytest.approx(2 / 2**6) and of(six, "right").test == "exact McNemar"
    assert of(six, "right").difference == pytest.approx(-0.3)
    assert six.verdict.startswith("These runs differ in right (-0.300), refused_wrongly (+0.300)")
    assert five.verdict == ALIKE or "aurc" in five.verdict
    assert not of(five, "right").differs


def test_flipped_questions_are_told_both_ways_with_their_answers(keep: Callable[..., Path]) -> None:
    a, b = keep("a", [True, False, True]), keep("b", [False, True, True])
    (a / "answers.jsonl").write_text(
        '{"id": "q0", "text": "It was\\n<b>so</b>."}\n{"id": "q1", "text": ""}\n'
    )
    told = compare(a, b)
    assert [(flip.id, flip.a, flip.b) for flip in told.gained] == [("q1", "refuse", "")]
    assert [(flip.id, flip.a, flip.b, flip.text_a) for flip in told.lost] == [
        ("q0", "", "refuse", "It was\n<b>so</b>.")
    ]
    text = "\n".join(lines(told))
    assert "Wrong in A, right in B: 1" in text and "A right                  It was <b>so</b>." in text
    shown = page(told)
    assert "&lt;b&gt;so&lt;/b&gt;" in shown and "<b>" not in shown and "http" not in shown


def test_only_common_questions_are_compared_and_the_others_counted(keep: Callable[..., Path]) -> None:
    told = compare(keep("a", [True] * 6), keep("b", [True] * 9, start=2))
    assert (told.common, told.only_a, told.only_b) == (4, 2, 5)
    assert "4 questions in both; 2 only in A; 5 only in B." in "\n".join(lines(told))
    with pytest.raises(BadInput, match="no question in common"):
        compare(keep("c", [True]), keep("d", [True], start=100))


def test_a_question_that_was_reworded_is_not_compared(keep: Callable[..., Path]) -> None:
    a, b = keep("a", [True, True]), keep("b", [True, True])
    scores = b / "scores.json"
    scores.write_text(scores.read_text("utf-8").replace("Question <1>?", "Another?"), "utf-8")
    told = compare(a, b)
    assert (told.common, told.reworded) == (1, 1)


def test_a_warning_names_what_changed_between_the_runs(keep: Callable[..., Path]) -> None:
    other = {**PLAIN, "index_build": "b2", "settings": {"llm": "openai:x"}, "code": "0.2", "corpus": "d" * 64}
    told = compare(keep("a", [True]), keep("b", [True], other))
    assert told.warning.splitlines()[1:] == [
        "  code: 0.1 → 0.2",
        f"  corpus: {'c' * 12} → {'d' * 12}",
        "  index_build: b1 → b2",
        "  settings.llm: none → openai:x",
    ]


def test_a_second_build_of_the_same_corpus_is_no_change(keep: Callable[..., Path]) -> None:
    assert compare(keep("a", [True]), keep("b", [True], {**PLAIN, "index_build": "b2"})).warning == ""


def test_worse_means_by_more_than_the_margin_in_the_direction_of_the_measure(
    keep: Callable[..., Path],
) -> None:
    good, bad = keep("good", [True] * 10), keep("bad", [True] * 8 + [False] * 2)
    down, up = compare(good, bad), compare(bad, good)
    assert worse(down, "right") and worse(down, "right:0.19") and not worse(down, "right:0.2")
    assert worse(down, "refused_wrongly:0.1") and worse(down, "aurc:0.01")
    assert not any(worse(up, rule) for rule in ("right", "refused_wrongly", "aurc"))


def test_a_rule_that_cannot_be_used_is_told_with_the_names_that_can(keep: Callable[..., Path]) -> None:
    folder = keep("a", [True])
    told = compare(folder, folder)
    with pytest.raises(BadInput, match="no such measure. The measures are document_mrr@10, right"):
        worse(told, "rihgt:0.02")
    with pytest.raises(BadInput, match="these runs do not have it"):
        worse(told, "token_f1")
    for margin in ("many", "-0.1", "2", "nan"):
        with pytest.raises(BadInput, match="the margin is a share"):
            worse(told, f"right:{margin}")


def test_a_folder_without_a_finished_run_is_told(keep: Callable[..., Path], tmp_path: Path) -> None:
    folder = keep("a", [True])
    with pytest.raises(BadInput, match="not there"):
        compare(folder, tmp_path / "absent")
    for text, told in [("{", "cannot be read"), ("[]", "not a JSON object"), ('{"format": 0}', "format 0")]:
        (folder / "scores.json").write_text(text)
        with pytest.raises(BadInput, match=told):
            compare(folder, folder)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=25))
def test_turning_a_comparison_round_turns_the_difference(pairs: list[tuple[bool, bool]]) -> None:
    from assistant.evaluation.compare import _compared

    told = [(result(n, a), replace(result(n, b), confidence=0.3)) for n, (a, b) in enumerate(pairs)]
    there, back = _compared(told), _compared([(b, a) for a, b in told])
    for one, other in zip(there, back, strict=True):
        assert one.difference == pytest.approx(-other.difference)
        assert one.p == pytest.approx(other.p, abs=0.02)
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=0.05 + 1.01 / len(pairs))
