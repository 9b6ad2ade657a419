"""What each command of the command line does; the exit status is what each gives back."""

import argparse
import gc
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.access import local_principal
from assistant.answer_json import answer_as_json
from assistant.config import Settings
from assistant.errors import BadInput
from assistant.types import Question, Turn

if TYPE_CHECKING:
    from index.ray_engine import RayEngine


def build(given: argparse.Namespace, settings: Settings) -> int:
    from index import build as builder
    from index.embedding import load_embedder
    from index.health import describe
    from index.health.page import write_report

    if not settings.corpus.is_dir():
        raise BadInput(f"{settings.corpus}: no such folder. Name the folder of your documents with --corpus.")
    embedder = load_embedder(settings.embedding_model, settings.models)
    with _progress() as show, _engine(given.engine, settings, embedder.model_id) as engine:
        readers = settings.default_readers
        report = builder.build(
            settings.corpus,
            settings.index,
            embedder,
            show,
            readers,
            ocr=settings.ocr,
            server=settings.store,
            engine=engine,
        )
    for line in describe(report):
        print(line)
    if given.report:
        print(f"Health report: {write_report(settings.index, given.report)}")
    return 0


def _engine(name: str, settings: Settings, model_id: str) -> AbstractContextManager["RayEngine | None"]:
    """None for the threads of this machine."""
    if name == "local":
        return nullcontext()
    from index.embedding import load_embedder
    from index.ray_engine import Model, RayEngine

    model = Path(settings.embedding_model)  # a folder is named in full: a worker stands in another one
    named = str(model.absolute()) if model.is_dir() else settings.embedding_model
    load = partial(load_embedder, named, settings.models.absolute())
    return closing(RayEngine(Model(load, model_id), settings.ray_address))


@contextmanager
def _progress() -> Iterator[Callable[..., None]]:
    """A progress bar with the time left, where a person is looking; told (step, done, total, what)."""
    from tqdm import tqdm

    form = "{desc} {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"
    with tqdm(file=sys.stderr, leave=False, dynamic_ncols=True, disable=None, bar_format=form) as bar:
        bar.reset(1)

        def show(step: str, done: int, total: int, what: str = "") -> None:
            if bar.total != total or not bar.desc.startswith(step):
                bar.reset(total)
            what = what or f"{done} of {total}"
            bar.set_description_str(f"{step:5} {what[-48:]}", refresh=False)
            bar.update(done - bar.n)

        yield show


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage: where a process answers one question and ends, that is a twentieth of its time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@_uncollected()
def ask(given: argparse.Namespace, settings: Settings) -> int:
    from assistant import memo
    from assistant.assistant import Assistant
    from assistant.comparison import sides_named
    from assistant.printing import Manner, answer_lines

    if given.memo:
        memo.kind_of(given.memo)  # a wrong name is told before the work, not after it
    history = _history(given.history) if given.history else ()
    principal = local_principal(given.as_groups.split(","))
    sides = sides_named(*given.compare) if given.compare else ()
    question = Question(given.question, principal, history, search_text=given.search_text, sides=sides)
    assistant = Assistant.open(settings)
    answer = assistant.ask(question)
    if answer.trace.fallback == "unreachable":
        from assistant.model_faults import unavailable

        raise unavailable(settings, "unreachable")  # the operator's to mend, not to be worked around
    if answer.trace.fallback:
        told = f"the language model failed ({answer.trace.fallback}); the answer is taken from the documents"
        print(f"ct-assistant: {told} sentence by sentence.", file=sys.stderr)
    documents = assistant.index.documents(principal.groups)
    if given.json:
        print(json.dumps(answer_as_json(given.question, answer, documents), ensure_ascii=False))
    else:
        manner = Manner(given.question, len(documents), bold=sys.stdout.isatty())
        print("\n".join(answer_lines(answer, manner)))
    if given.memo:
        print(memo.save(given.memo, given.question, answer, date.today()), file=sys.stderr)
    return 0


def _history(path: Path) -> tuple[Turn, ...]:
    try:
        told = json.loads(path.read_text("utf-8"))
        turns = tuple(Turn(turn["role"], str(turn["text"])) for turn in told)
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be read ({error.strerror}). Name a JSON file with --history."
        ) from None
    except (ValueError, TypeError, KeyError):
        raise BadInput(f'{path}: not a JSON list of {{"role": …, "text": …}}. Mend the file.') from None
    wrong = [turn.role for turn in turns if turn.role not in ("user", "assistant")]
    if wrong:
        raise BadInput(f"{path}: the role {wrong[0]!r} is neither user nor assistant. Mend the file.")
    return turns


def serve(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.web.server import serve

    serve(settings, lambda address: print(f"Serving on {address} (stop with Ctrl+C)", flush=True))
    return 0


def mcp(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.web.protocol import serve_stdio

    serve_stdio(settings, local_principal(given.as_groups.split(",")))
    return 0


def check(given: argparse.Namespace, settings: Settings) -> int:
    from assistant import checks

    wrong, told = 0, []
    for finding in checks.check(settings):
        wrong += not finding.sound
        told.append({"sound": finding.sound, "text": finding.text})
        if not given.json:
            print(f"{'ok   ' if finding.sound else 'WRONG'} {finding.text}", flush=True)
    if given.json:
        print(json.dumps(told, ensure_ascii=False))
    return 1 if wrong else 0


def backup(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.backup import save

    print("\n".join(save(given.file, settings.index, settings.records_url.get_secret_value())))
    return 0


def restore(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.backup import restore

    url = settings.records_url.get_secret_value()
    print("\n".join(restore(given.file, settings.index, url, given.replace, settings.store)))
    return 0


def rollback(given: argparse.Namespace, settings: Settings) -> int:
    from index.generations import roll_back

    served = roll_back(settings.index, settings.store)
    print(f"{served} is served now; the next `ct-assistant build` makes the newer one again.")
    return 0


def prune(given: argparse.Namespace, settings: Settings) -> int:
    from index.generations import prune_all

    print(f"{prune_all(settings.index, settings.store) / 1e6:,.1f} MB freed.")
    return 0


def evaluate(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.evaluation import commands
    from assistant.evaluation.runner import Plan

    out = given.out or Path("var/runs") / given.file.stem
    with _progress() as show:
        plan = Plan(
            groups=tuple(given.as_groups.split(",")),
            limit=given.limit,
            resume=given.resume,
            overwrite=given.overwrite,
            workers=given.workers,
            full_curve=given.full_curve,
            progress=show,
        )
        told = list(commands.evaluate(given.file, settings, out, plan, judge=given.judge))
    print("\n".join(told))
    return 0


def compare(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.evaluation.compare import compare as compared
    from assistant.evaluation.compare import lines, page, worse

    comparison = compared(*given.runs)
    failed = [rule for rule in given.fail_if_worse if worse(comparison, rule)]
    print("\n".join(lines(comparison)))
    if given.html:
        given.html.write_text(page(comparison), "utf-8")
    for rule in failed:
        print(f"WORSE {rule}")
    return 1 if failed else 0


def feedback(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.records import Database, FeedbackBook, export

    book = FeedbackBook(Database(settings.records_url.get_secret_value()))
    if given.action == "import":
        if given.source is None:
            raise BadInput("feedback import: name the file of marks with --from FILE.")
        print(f"{book.take_over(given.source)} marks taken over from {given.source}.")
    else:
        print(f"{export(book, given.out)} draft questions written to {given.out}.")
    return 0


def keys(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.records import Database
    from assistant.records.keys import Keys

    keys = Keys(Database(settings.records_url.get_secret_value()))
    if given.action == "list":
        for key in keys.all():
            state = f"revoked {key.revoked}" if key.revoked else f"made {key.made}"
            vouches = f", vouches for readers of {key.origin}" if key.origin else ""
            print(f"{key.name}: groups {', '.join(key.groups) or 'none'}{vouches} ({state})")
        return 0
    if not given.name:
        raise BadInput(f"keys {given.action}: name the key, as in `keys {given.action} intranet`.")
    if given.action == "revoke":
        keys.revoke(given.name)
        print(f"{given.name}: revoked; it opens nothing any more.")
    else:
        secret = keys.create(given.name, given.groups.split(","), given.origin)
        print(f"{given.name}: the key is shown this once; only its hash is kept.", file=sys.stderr)
        print(secret)
    return 0
