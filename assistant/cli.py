"""The command line: names, options and help; what each command does is in `commands`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from assistant import commands
from assistant.config import Settings
from assistant.errors import AssistantFault
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
    parsers = parser.add_subparsers(required=True, metavar="command")

    build = parsers.add_parser("build", help="index a folder of documents")
    build.add_argument("--corpus", type=Path, help="folder of the documents (docs_corpus)")
    build.add_argument("--report", type=Path, metavar="FILE", help="write the health of the papers to a page")
    build.add_argument("--engine", choices=["local", "ray"], default="local", help="who reads and embeds")
    build.set_defaults(run=commands.build)

    ask = parsers.add_parser("ask", help="ask one question")
    ask.add_argument("question")
    ask.add_argument("--json", action="store_true", help="print one JSON object")
    ask.add_argument("--history", type=Path, metavar="FILE", help="JSON list of {role, text}, oldest first")
    ask.add_argument("--search-text", default="", metavar="TEXT", help="search for this instead")
    named = ("FIELD", "ONE", "OTHER")
    ask.add_argument("--compare", nargs=3, metavar=named, help="ask the papers of two values apart")
    ask.add_argument("--memo", type=Path, metavar="FILE", help="write the answer to a .docx, .pdf or .md too")
    ask.set_defaults(run=commands.ask)

    serve = parsers.add_parser("serve", help="serve the chat")
    serve.add_argument("--host", help="address (127.0.0.1)")
    serve.add_argument("--port", type=int, help="port (7860)")
    serve.set_defaults(run=commands.serve)

    tools = parsers.add_parser("mcp", help="offer search and answers to another program, over stdio")
    tools.set_defaults(run=commands.mcp)

    backup = parsers.add_parser("backup", help="write the served build and the records into one file")
    backup.add_argument("file", type=Path, metavar="FILE", help="file to write: .tar or .tar.gz")
    backup.set_defaults(run=commands.backup)
    restore = parsers.add_parser("restore", help="put a backup in place")
    restore.add_argument("file", type=Path, metavar="FILE", help="a file that backup wrote")
    restore.add_argument("--replace", action="store_true", help="in the place of what is there")
    restore.set_defaults(run=commands.restore)
    rollback = parsers.add_parser("rollback", help="serve the build before again")
    rollback.set_defaults(run=commands.rollback)
    prune = parsers.add_parser("prune", help="delete what no build and no process needs any more")
    prune.set_defaults(run=commands.prune)

    check = parsers.add_parser("check", help="is everything here sound?")
    check.add_argument("--corpus", type=Path, help="folder of the documents (docs_corpus)")
    check.add_argument("--json", action="store_true", help="print one JSON list of {sound, text}")
    check.set_defaults(run=commands.check)
    evaluate = parsers.add_parser("eval", help="run a question set and report on it")
    _add_eval_options(evaluate)
    compare = parsers.add_parser("compare", help="compare two runs, question by question")
    compare.add_argument("runs", nargs=2, type=Path, metavar="RUN", help="folders that eval wrote")
    compare.add_argument("--html", type=Path, metavar="FILE", help="write the comparison as a page too")
    compare.add_argument(
        "--fail-if-worse",
        action="append",
        default=[],
        metavar="MEASURE[:MARGIN]",
        help="exit 1 where the second run is worse by more than the margin (may be given again)",
    )
    compare.set_defaults(run=commands.compare)
    feedback = parsers.add_parser("feedback", help="readers' marks as draft questions")
    feedback.add_argument("action", choices=["export", "import"])
    feedback.add_argument(
        "--from", type=Path, dest="source", metavar="FILE", help="import: marks that an earlier version kept"
    )
    feedback.add_argument(
        "--out", type=Path, default=Path("drafts.jsonl"), help="export: file to write (drafts.jsonl)"
    )
    feedback.set_defaults(run=commands.feedback)
    keys = parsers.add_parser("keys", help="keys for programs that ask in the place of people")
    keys.add_argument("action", choices=["create", "list", "revoke"])
    keys.add_argument("name", nargs="?", default="", help="create, revoke: the name of the key")
    keys.add_argument("--groups", default="", metavar="A,B", help="create: reads as a member of these groups")
    keys.add_argument(
        "--vouch-for", default="", metavar="ORIGIN", dest="origin",
        help="create: may only bring in the readers of pages of this origin, in at most these groups",
    )  # fmt: skip
    keys.set_defaults(run=commands.keys)
    for command in (ask, tools, evaluate):
        command.add_argument("--as-groups", default="", metavar="A,B", help="ask as a member of these groups")
    for command in (build, ask, serve, tools, check, evaluate, backup, restore, rollback, prune):
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
    parser.set_defaults(run=commands.evaluate)
