"""A question set through the assistant: answers to disk line by line, then scores.

Every question goes the way of the chat: `Assistant.ask`. A question that crashes is written down
as crashed and scores zero; none is dropped. A killed run continues where its answers end.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.access import local_principal
from assistant.answer_json import answer_as_json
from assistant.config import Settings
from assistant.errors import AssistantFault, BadInput
from assistant.evaluation import abstention, scoring
from assistant.evaluation.attribution import Papers
from assistant.evaluation.fingerprint import changes, fingerprint
from assistant.evaluation.questions import load_questions
from assistant.evaluation.runs import (
    ANSWERS,
    MARK,
    SCORES,
    TIMING,
    answered,
    load_run,
    locked,
    read_mark,
    run_id,
    save_run,
    write_mark,
)
from assistant.evaluation.types import EvalQuestion, EvalRun
from assistant.types import Question

if TYPE_CHECKING:  # loaded by the run that needs it
    from assistant.assistant import Assistant

AHEAD = 4  # questions in hand for each worker, so that a slow one holds few others up

Open = Callable[[Settings], "Assistant"]
Progress = Callable[[str, int, int], None]  # step (`ask`, `score`), done, of how many
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a set is run. `limit` takes its first questions; `resume` continues what stands in the
    folder, `overwrite` deletes it.

    `full_curve` asks each refused question a second time without a threshold, only to learn what
    would have been said: the answers and scores stay those of the threshold that is set, and the
    risk-coverage curve becomes the true one below it. With a language model this costs calls.
    """

    groups: tuple[str, ...] = ()
    limit: int | None = None
    resume: bool = False
    overwrite: bool = False
    workers: int = 2
    full_curve: bool = False
    progress: Progress | None = None


def run(
    question_file: Path,
    settings: Settings,
    out_dir: Path,
    plan: Plan | None = None,
    open_assistant: Open | None = None,
) -> EvalRun:
    """Ask all questions of a file and score the answers, into `out_dir`. Raises BadInput for a
    malformed file, a folder that holds another run, and a corpus rebuilt in between."""
    plan = plan or Plan()
    questions = load_questions(question_file, settings.question_chars)[: plan.limit]
    with locked(out_dir):
        _refuse_to_overwrite(out_dir, plan)
        asker = _Asker(settings, plan, open_assistant or _open)
        mark = fingerprint(
            asker.index.build_id,
            settings,
            question_file,
            questions=len(questions),
            groups=sorted(asker.principal.groups),
            full_curve=plan.full_curve,
        )
        done = _begin(out_dir, question_file.name, mark, [question.id for question in questions])
        _ask_all(questions, done, asker, out_dir / ANSWERS, plan)
        papers = Papers(asker.index, asker.principal.groups)
        scored = _scored(questions, question_file.name, mark, out_dir / ANSWERS, papers, plan.progress)
        save_run(out_dir, scored)
    return load_run(out_dir)


def _open(settings: Settings) -> "Assistant":
    from assistant.assistant import Assistant

    return Assistant.open(settings)


def _refuse_to_overwrite(out_dir: Path, plan: Plan) -> None:
    written = [out_dir / name for name in (SCORES, TIMING, ANSWERS, MARK) if (out_dir / name).exists()]
    if written and plan.overwrite:
        for path in written:
            path.unlink()
    elif written and not plan.resume:
        finished = "a finished run" if (out_dir / SCORES).exists() else "an unfinished run"
        raise BadInput(f"{out_dir}: holds {finished}. Continue it with --resume, or name another --out.")


def _begin(out_dir: Path, name: str, mark: dict[str, Any], ids: Sequence[str]) -> int:
    """How many answers stand there already; for a new run, after its mark is written."""
    if (out_dir / MARK).exists():
        before = read_mark(out_dir)
        if before != mark:
            what = changes(before, mark) or ("index_build: another, made of the same corpus",)
            raise BadInput(
                f"{out_dir}: the run cannot be continued, for something changed since it began. "
                "Start anew with another --out.\n  " + "\n  ".join(what)
            )
        return answered(out_dir / ANSWERS, ids)
    if (out_dir / ANSWERS).exists():
        raise BadInput(f"{out_dir}: holds {ANSWERS} but no {MARK}. Name another --out.")
    write_mark(out_dir, name, mark)
    return 0


class _Asker:
    """The assistant of a run, and, for a full curve, the same one without a threshold."""

    def __init__(self, settings: Settings, plan: Plan, open_assistant: Open) -> None:
        self.assistant = open_assistant(settings)
        self.index = self.assistant.index  # held: scores come from the build that answered
        self.principal = local_principal(plan.groups)
        without = settings.model_copy(update={"min_confidence": 0.0})
        self._ungated = open_assistant(without) if plan.full_curve else None

    def record(self, asked: EvalQuestion) -> Record:
        """The line of one question. Whatever goes wrong in the assistant becomes part of it."""
        record = {"id": asked.id, **self._answer(self.assistant, asked)}
        if self._ungated and record["status"] == "not_in_documents":
            said = self._answer(self._ungated, asked)
            record["ungated"] = {name: said[name] for name in ("text", "status", "citations")}
        return record

    def _answer(self, assistant: "Assistant", asked: EvalQuestion) -> Record:
        question = Question(asked.question, self.principal, asked.history)
        try:
            answer = assistant.ask(question)
            record = answer_as_json(asked.question, answer, self.index.documents(self.principal.groups))
        except Exception as error:
            return _crashed(asked.question, error)
        if answer.trace.index_build != self.index.build_id:
            raise BadInput(
                f"The index was rebuilt during the run, to {answer.trace.index_build}. "
                "Start anew with another --out: one run answers from one build."
            )
        return record


def _crashed(question: str, error: Exception) -> Record:
    # The message of a fault is written for people; any other may hold paths or secrets.
    told = f": {error.for_staff}" if isinstance(error, AssistantFault) else ""
    record: Record = {"question": question, "text": "", "status": "crashed", "citations": [], "hits": []}
    return {**record, "trace": {}, "error": type(error).__name__ + told}


def _ask_all(questions: Sequence[EvalQuestion], done: int, asker: _Asker, path: Path, plan: Plan) -> None:
    """Append the missing answers in the order of the questions, each line out of the process at once."""
    with path.open("a", encoding="utf-8") as file:
        for number, record in enumerate(_in_order(asker.record, questions[done:], plan.workers), done + 1):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            file.flush()
            if plan.progress:
                plan.progress("ask", number, len(questions))


def _in_order(
    ask: Callable[[EvalQuestion], Record], questions: Iterable[EvalQuestion], workers: int
) -> Iterator[Record]:
    """The records in the order of the questions, several asked at a time, few held."""
    waiting: deque[Future[Record]] = deque()
    pool = ThreadPoolExecutor(max(1, workers), "eval")
    try:
        for question in questions:
            waiting.append(pool.submit(ask, question))
            if len(waiting) >= AHEAD * max(1, workers):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _scored(
    questions: Sequence[EvalQuestion],
    name: str,
    mark: dict[str, Any],
    answers: Path,
    papers: Papers,
    progress: Progress | None,
) -> EvalRun:
    results = []
    for number, (question, record) in enumerate(zip(questions, scoring.records(answers), strict=True), 1):
        results.append(scoring.result_of(question, record, papers))
        if progress:
            progress("score", number, len(questions))
    return EvalRun(
        id=run_id(name, mark),
        question_set=name,
        fingerprint=mark,
        figures=scoring.figures(results),
        by_tag=scoring.figures_by_tag(results),
        results=tuple(results),
        curve=abstention.curve(results),
        operating=abstention.operating_point(results, mark["settings"]["min_confidence"]),
        timing=scoring.step_times(results),
        tokens=scoring.tokens(record.get("trace", {}) for record in scoring.records(answers)),
    )
