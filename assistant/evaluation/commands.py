"""What the command line does with a question set: run it, write its reports, tell the figures."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from assistant.config import Settings
from assistant.errors import BadInput
from assistant.evaluation.judge import MEASURE, Judge
from assistant.evaluation.questions import load_questions
from assistant.evaluation.report import write_report
from assistant.evaluation.runner import Plan, run
from assistant.evaluation.runs import ANSWERS
from assistant.evaluation.statistics import mean_interval
from assistant.evaluation.tables import each_answer, write_trec, write_workbook
from assistant.evaluation.types import EvalQuestion, EvalRun
from assistant.prompting import load_prompt


def evaluate(file: Path, settings: Settings, out: Path, plan: Plan, judge: bool = False) -> Iterator[str]:
    """Run a question set into `out` and yield what to tell: headline figures, failures, files."""
    done = run(file, settings, out, plan)
    questions = load_questions(file, settings.question_chars)[: plan.limit]
    write_report(done, out, questions)
    write_workbook(done, out)
    write_trec(out)
    yield f"{done.question_set}: {len(done.results)} questions"
    yield from figure_lines(done)
    fallen = sum(bool(answer.get("trace", {}).get("fallback")) for _, answer in each_answer(out / ANSWERS))
    if fallen:
        yield f"  WITHOUT THE MODEL: {fallen} answers are extracted, because the language model failed"
    if judge:
        yield from opinions(questions, settings, out)
    yield f"Report: {out / 'report.html'}"


def opinions(questions: Sequence[EvalQuestion], settings: Settings, out: Path) -> Iterator[str]:
    """Ask the configured language model what it thinks of each answer; into `judge.jsonl`.

    A file of its own: no figure of the run rests on a model's opinion. Raises BadInput where no
    model is configured.
    """
    if not settings.llm:
        raise BadInput("--judge: no language model is configured. Set ASSISTANT_LLM, or leave --judge out.")
    from assistant.llm import LanguageModel

    prompt = load_prompt("judge")
    judge = Judge(LanguageModel(settings), prompt)
    values: list[float] = []
    with (out / "judge.jsonl").open("w", encoding="utf-8") as file:
        for question, (_, answer) in zip(questions, each_answer(out / ANSWERS), strict=True):
            opinion = judge.score(question, answer)
            told = {"id": question.id, **asdict(opinion), "model": settings.llm, "prompt_hash": prompt.sha256}
            file.write(json.dumps(told, ensure_ascii=False) + "\n")
            if opinion.value is not None:
                values.append(opinion.value)
    if values:
        low, high = mean_interval(values)
        share = sum(values) / len(values)
        yield f"  {MEASURE}: {share:.3f}  [{low:.3f}, {high:.3f}]  n = {len(values)} of {len(questions)}"
    else:
        yield f"  {MEASURE}: no verdict on {len(questions)} answers"


def figure_lines(run: EvalRun) -> Iterator[str]:
    """Each figure with its n and 95 % interval, then how many failed in which room."""
    for figure in run.figures:
        interval = f"[{figure.low:.3f}, {figure.high:.3f}]"
        yield f"  {figure.measure:<22}{figure.value:>7.3f}  {interval}  n = {figure.n}"
    crashed = [result for result in run.results if result.failure == "crash"]
    if crashed:
        yield f"  CRASHED: {len(crashed)} of {len(run.results)} questions; the first: {crashed[0].reason}"
    rooms: dict[str, int] = {}
    for result in run.results:
        if result.failure:
            rooms[result.failure] = rooms.get(result.failure, 0) + 1
    told = ", ".join(f"{n} {room}" for room, n in sorted(rooms.items(), key=lambda item: -item[1]))
    yield f"  wrong, by room: {told or 'none'}"
