"""Bad documents: every file of a hostile folder ends with a status and a reason, and the good ones are found.

The builder runs as a process of its own, so that its death, its memory and what it writes can be seen.
The damaged and odd files of others are read where they are laid (`FAULTS`), and told where they are not.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hostile_files import CANARY, SECRET, hostile_entries, hostile_files, lay
from index.embedding import DEFAULT_MODEL, load_embedder
from index.generations import current
from index.search import Index
from index.types import EVERYBODY, Outcome
from proofs.proof import ROOT, Proof, main

FAULTS = ROOT.parent / "shared" / "faults" / "third_party"
SAMPLE = ROOT / "docs_corpus"
# A question to each of some good papers, and the paper that must be among the first three.
QUESTIONS = {
    "Who attends the meeting of programme leads?": "meeting-note-programme-leads.md",
    "focal points email nomination deadline": "focal-points-email.eml",
    "meaning of the term in the glossary of abbreviations": "glossary.html",
    "What was on the agenda of the coordinators in 2019?": "coordinators-agenda-2019.txt",
}
BUILD_WITHIN_S = 3600


def prove(short: bool) -> Proof:
    """A try is a file, a question, or one of the things that a build must not do."""
    with tempfile.TemporaryDirectory(prefix="documents-") as made:
        folder = Path(made)
        expected = _laid(folder / "corpus", short)
        before = _state(folder / "corpus")
        for name in ("home", "here"):
            (folder / name).mkdir()
        with _visitors() as visits:
            told = _build(folder)
        broken = [f"{number} visits to the address that hostile files name" for number in visits]
        broken += [f"written outside of the index: {path}" for path in _strays(folder)]
        if _state(folder / "corpus") != before:
            broken.append("the folder of papers was changed")
        if "outcomes" not in told:
            return Proof(0, len(expected), "", (f"the builder died: {told}", *broken))
        outcomes = [Outcome(**outcome) for outcome in told["outcomes"]]
        broken += _unaccounted(expected, outcomes)
        broken += _not_found(folder / "index", outcomes)
    tried = len(expected) + len(QUESTIONS) + 3
    return Proof(tried - len(broken), tried, _figures(told, outcomes, short), tuple(broken))


def _figures(told: dict[str, Any], outcomes: list[Outcome], short: bool) -> str:
    own = sum(outcome.path.startswith(("own/", "odd/")) for outcome in outcomes)
    counts = Counter(outcome.status for outcome in outcomes).most_common()
    others = "" if FAULTS.is_dir() or short else f" The files of others were not there ({FAULTS})."
    return (
        f"{len(outcomes)} files in one folder, {own} of them written to do harm: "
        f"{', '.join(f'{count} {status}' for status, count in counts)}. None without an outcome, none that "
        f"ended the builder; the good papers are found, nothing was written beside the index, no address "
        f"that a file names was visited, and no page holds a line of another file of the machine. "
        f"The build took "
        f"{told['seconds']:.0f} s and at most {told['memory_mb']:.0f} MB; a reader's child at most "
        f"{told['child_mb']:.0f} MB.{others}"
    )


def _laid(corpus: Path, short: bool) -> dict[str, frozenset[str]]:
    """Write the folder; the statuses that each path may end with, none where any will do."""
    files = [file for file in hostile_files() if file.is_small or not short]
    lay(corpus / "own", files)
    expected = {f"own/{file.name}": file.expected for file in files}
    expected |= {f"odd/{path}": frozenset({status}) for path, status in hostile_entries(corpus / "odd")}
    good = frozenset({"indexed", "flagged"})
    for path in sorted(SAMPLE.iterdir()):
        if path.name != "manifest.csv" and (not short or path.name in QUESTIONS.values()):
            shutil.copy(path, corpus / path.name)
            expected[path.name] = good
    if FAULTS.is_dir() and not short:
        shutil.copytree(FAULTS, corpus / "others")
        paths = (path for path in (corpus / "others").rglob("*") if path.is_file())
        expected |= {path.relative_to(corpus).as_posix(): frozenset() for path in paths}
    return expected


def _build(folder: Path) -> dict[str, Any]:
    """What the builder's own process told, or how it ended."""
    command = [sys.executable, "-m", "proofs.documents", "--build", str(folder)]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {
        **os.environ,
        "PYTHONPATH": paths,
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "home"),
    }
    done = subprocess.run(
        command,
        cwd=folder / "here",
        env=environment,
        capture_output=True,
        timeout=BUILD_WITHIN_S,
        check=False,
    )
    if done.returncode:
        return {"ended": done.returncode, "said": done.stderr.decode(errors="replace")[-2000:]}
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def build_here(folder: Path) -> None:
    """The builder: index the folder and print what came of it, as JSON."""
    import resource

    from index.build import build
    from index.reading import limits

    embedder = load_embedder(DEFAULT_MODEL, ROOT / "var" / "models")
    report = build(folder / "corpus", folder / "index", embedder)
    limits._SERVER.close()  # what its children used is known once it has ended
    own, children = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    outcomes = [asdict(outcome) for outcome in report.outcomes]
    told = {"outcomes": outcomes, "seconds": report.seconds, "memory_mb": own, "child_mb": children}
    print(json.dumps(told))


def _unaccounted(expected: dict[str, frozenset[str]], outcomes: list[Outcome]) -> Iterator[str]:
    """Files without an outcome, with a wrong one, or quarantined without a word why."""
    found = {outcome.path: outcome for outcome in outcomes}
    for path in sorted(expected.keys() | found.keys()):
        outcome = found.get(path)
        if outcome is None or path not in expected:
            yield f"{path!r}: {'no outcome' if outcome is None else 'unknown'}"
        elif outcome.status not in (expected[path] or {outcome.status}):
            yield f"{path!r}: {outcome.status} ({outcome.reason}), not {' or '.join(sorted(expected[path]))}"
        elif outcome.status != "indexed" and not outcome.reason:
            yield f"{path!r}: {outcome.status} without a reason"


def _not_found(index_folder: Path, outcomes: list[Outcome]) -> Iterator[str]:
    """Indexed files that cannot be found, questions without their paper, pages that hold a secret."""
    embedder = load_embedder(DEFAULT_MODEL, ROOT / "var" / "models")
    with closing(Index(current(index_folder), embedder)) as index:
        documents = {document.path: document for document in index.documents([EVERYBODY])}
        for outcome in outcomes:
            is_there = outcome.path in documents
            if (outcome.status in ("indexed", "flagged")) != is_there:
                yield f"{outcome.path!r}: {outcome.status}, but {'' if is_there else 'not '}in the index"
        for path, document in documents.items():
            pages = index.pages(document.id, [EVERYBODY])
            if any(SECRET in page.text for page in pages):
                yield f"{path!r}: holds a line of /etc/passwd"
            first = index.passage(f"{document.id}:p{next(p.number for p in pages if p.text)}.1", [EVERYBODY])
            if first is None:
                yield f"{path!r}: has no passage on its first page with text"
        for question, path in QUESTIONS.items():
            hits = index.search(question, 3, [EVERYBODY])
            if documents[path].id not in [hit.passage.document_id for hit in hits]:
                yield f"{path} is not among the first three for {question!r}"


def _state(folder: Path) -> list[tuple[str, int, int]]:
    """Every entry below a folder with its size and when it was changed."""
    entries = ((path, path.lstat()) for path in folder.rglob("*"))
    return sorted((os.fsdecode(path), told.st_size, told.st_mtime_ns) for path, told in entries)


def _strays(folder: Path) -> Iterator[str]:
    """What lies where a build has nothing to write."""
    for place in ("home", "here"):
        yield from map(str, (folder / place).rglob("*"))
    yield from (
        str(path) for path in folder.iterdir() if path.name not in ("corpus", "index", "home", "here")
    )
    yield from (path for path in ("/tmp/slipped.txt",) if os.path.exists(path))


@contextmanager
def _visitors() -> Iterator[list[int]]:
    """Listen where hostile files point to; the list gets a number for each visit."""
    visits: list[int] = []
    with socket.create_server(CANARY, reuse_port=True) as server:

        def listen() -> None:
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return
                visits.append(len(visits) + 1)

        thread = threading.Thread(target=listen)
        thread.start()
        yield visits
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


if __name__ == "__main__":
    if "--build" in sys.argv:
        build_here(Path(sys.argv[-1]))
    else:
        main(prove)
