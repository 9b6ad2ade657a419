"""The command line: build, ask, serve, mcp, check, eval, compare, feedback, keys. Only here is printed."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from assistant.access import local_principal
from assistant.answer_json import answer_as_json
from assistant.config import Settings
from assistant.errors import AssistantFault, BadInput
from assistant.types import Question, Turn
from index.errors import IndexFault


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 where `check` finds something, 2 for an error."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        settings = Settings.from_env(
            corpus=getattr(given, "corpus", None),
            index=getattr(given, "index", None),
            host=getattr(given, "host", None),
            port=getattr(given, "port", None),
        )
        return int(given.run(given, settings))
    except (AssistantFault, IndexFault) as error:
        print(f"ct-assistant: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    names = "\n".join(
        f"  ASSISTANT_{name.upper():<18} {field.description}" for name, field in Settings.model_fields.items()
    )
    parser = argparse.ArgumentParser(
        prog="ct-assistant",
        description="Answers from your own papers, every sentence cited to its page.",
        epilog=f"settings, from the environment:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    build = commands.add_parser("build", help="index a folder of documents")
    build.add_argument("--corpus", type=Path, help="folder of the documents (docs_corpus)")
    build.set_defaults(run=_build)

    ask = commands.add_parser("ask", help="ask one question")
    ask.add_argument("question")
    ask.add_argument("--json", action="store_true", help="print one JSON object")
    ask.add_argument("--history", type=Path, metavar="FILE", help="JSON list of {role, text}, oldest first")
    ask.add_argument("--search-text", default="", metavar="TEXT", help="search for this instead")
    named = ("FIELD", "ONE", "OTHER")
    ask.add_argument("--compare", nargs=3, metavar=named, help="ask the papers of two values apart")
    ask.add_argument("--memo", type=Path, metavar="FILE", help="write the answer to a .docx, .pdf or .md too")
    ask.set_defaults(run=_ask)

    serve = commands.add_parser("serve", help="serve the chat")
    serve.add_argument("--host", help="address (127.0.0.1)")
    serve.add_argument("--port", type=int, help="port (7860)")
    serve.set_defaults(run=_serve)

    tools = commands.add_parser("mcp", help="offer search and answers to another program, over stdio")
    tools.set_defaults(run=_mcp)

    check = commands.add_parser("check", help="is everything here sound?")
    check.add_argument("--corpus", type=Path, help="folder of the documents (docs_corpus)")
    check.set_defaults(run=_check)
    evaluate = commands.add_parser("eval", help="run a question set and report on it")
    _add_eval_options(evaluate)
    compare = commands.add_parser("compare", help="compare two runs, question by question")
    compare.add_argument("runs", nargs=2, type=Path, metavar="RUN", help="folders that eval wrote")
    compare.add_argument("--html", type=Path, metavar="FILE", help="write the comparison as a page too")
    compare.add_argument(
        "--fail-if-worse",
        action="append",
        default=[],
        metavar="MEASURE[:MARGIN]",
        help="exit 1 where the second run is worse by more than the margin (may be given again)",
    )
    compare.set_defaults(run=_compare)
    feedback = commands.add_parser("feedback", help="readers' marks as draft questions")
    feedback.add_argument("action", choices=["export", "import"])
    feedback.add_argument(
        "--from", type=Path, dest="source", metavar="FILE", help="import: marks that an earlier version kept"
    )
    feedback.add_argument(
        "--out", type=Path, default=Path("drafts.jsonl"), help="export: file to write (drafts.jsonl)"
    )
    feedback.set_defaults(run=_feedback)
    keys = commands.add_parser("keys", help="keys for programs that ask in the place of people")
    keys.add_argument("action", choices=["create", "list", "revoke"])
    keys.add_argument("name", nargs="?", default="", help="create, revoke: the name of the key")
    keys.add_argument("--groups", default="", metavar="A,B", help="create: reads as a member of these groups")
    keys.add_argument(
        "--vouch-for", default="", metavar="ORIGIN", dest="origin",
        help="create: may only bring in the readers of pages of this origin, in at most these groups",
    )  # fmt: skip
    keys.set_defaults(run=_keys)
    for command in (ask, tools, evaluate):
        command.add_argument("--as-groups", default="", metavar="A,B", help="ask as a member of these groups")
    for command in (build, ask, serve, tools, check, evaluate):
        command.add_argument("--index", type=Path, help="folder of the index (var/index)")
    return parser


def _add_eval_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="question set: JSONL or CSV")
    parser.add_argument("--out", type=Path, help="folder to write (var/runs/<name of the set>)")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N questions")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="questions asked at once (2)")
    parser.add_argument("--resume", action="store_true", help="continue a run that was interrupted")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in the folder")
    parser.add_argument(
        "--full-curve", action="store_true", help="also learn what the refused would have got"
    )
    parser.add_argument("--judge", action="store_true", help="add the language model's opinion, labelled so")
    parser.set_defaults(run=_eval)


def _build(given: argparse.Namespace, settings: Settings) -> int:
    from index.build import build
    from index.embedding import load_embedder
    from index.health import describe

    if not settings.corpus.is_dir():
        raise BadInput(f"{settings.corpus}: no such folder. Name the folder of your documents with --corpus.")
    embedder = load_embedder(settings.embedding_model, settings.models)
    with _progress() as show:
        report = build(settings.corpus, settings.index, embedder, show, settings.default_readers)
    for line in describe(report):
        print(line)
    return 0


@contextmanager
def _progress() -> Iterator[Callable[..., None]]:
    """A progress bar with the time left, where a person is looking; told (step, done, total, what)."""
    from tqdm import tqdm

    with tqdm(total=1, file=sys.stderr, leave=False, dynamic_ncols=True, disable=None) as bar:

        def show(step: str, done: int, total: int, what: str = "") -> None:
            if bar.total != total or not bar.desc.startswith(step):
                bar.reset(total)
            bar.set_description_str(f"{step:5} {what[-48:]}".rstrip(), refresh=False)
            bar.update(done - bar.n)

        yield show


def _ask(given: argparse.Namespace, settings: Settings) -> int:
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
        from assistant.llm import unavailable

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


def _serve(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.web.server import serve

    serve(settings, lambda address: print(f"Serving on {address} (stop with Ctrl+C)", flush=True))
    return 0


def _mcp(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.web.protocol import serve_stdio

    serve_stdio(settings, local_principal(given.as_groups.split(",")))
    return 0


def _check(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.checks import check

    wrong = 0
    for finding in check(settings):
        wrong += not finding.sound
        print(f"{'ok   ' if finding.sound else 'WRONG'} {finding.text}")
    return 1 if wrong else 0


def _eval(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.evaluation.commands import evaluate
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
        told = list(evaluate(given.file, settings, out, plan, judge=given.judge))
    print("\n".join(told))
    return 0


def _compare(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.evaluation.compare import compare, lines, page, worse

    comparison = compare(*given.runs)
    failed = [rule for rule in given.fail_if_worse if worse(comparison, rule)]
    print("\n".join(lines(comparison)))
    if given.html:
        given.html.write_text(page(comparison), "utf-8")
    for rule in failed:
        print(f"WORSE {rule}")
    return 1 if failed else 0


def _feedback(given: argparse.Namespace, settings: Settings) -> int:
    from assistant.records import Database, FeedbackBook, export

    book = FeedbackBook(Database(settings.records_url.get_secret_value()))
    if given.action == "import":
        if given.source is None:
            raise BadInput("feedback import: name the file of marks with --from FILE.")
        print(f"{book.take_over(given.source)} marks taken over from {given.source}.")
    else:
        print(f"{export(book, given.out)} draft questions written to {given.out}.")
    return 0


def _keys(given: argparse.Namespace, settings: Settings) -> int:
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
