"""Fuzz a reader or a parser: `python tests/benchmarks/fuzz.py TARGET SECONDS [FOLDER]`.

A TARGET is a reader (pdf docx pptx xlsx html markdown text eml), or `exchange` (a reading from its JSON),
`questions` (JSONL), `table` (questions as CSV) or `manifest`. Inputs are made from the sample papers by
atheris, guided by what they cover; FOLDER (var/fuzz/TARGET) takes the inputs and the findings, one file
each, and a later run goes on from there. Prints how many inputs were tried and what was found: an exception
that is not the documented one, a broken promise of the result, more than SLOW_S of computing, or an end
of the process.

Needs atheris (Apache-2.0), which is no dependency of this project: `pip install --target DIR atheris` and
DIR on PYTHONPATH.
"""

import os
import random
import re
import subprocess
import sys
import time
import traceback
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

SEED = 20261122
SLOW_S = 5.0
MEMORY_BYTES = 3 * 1024**3
ZIPPED = ("docx", "pptx", "xlsx")
LARGEST_BYTES = {"pdf": 60_000, **dict.fromkeys(ZIPPED, 200_000)}  # of others 8,000: small ones go fast
SUFFIXES = {
    "pdf": ".pdf", "docx": ".docx", "pptx": ".pptx", "xlsx": ".xlsx", "html": ".html", "markdown": ".md",
    "text": ".txt", "eml": ".eml", "exchange": ".json", "questions": ".jsonl", "table": ".csv",
    "manifest": ".csv",
}  # fmt: skip
VENDORS = {
    "pdf": "pypdf", "docx": "docx", "pptx": "pptx docx", "xlsx": "openpyxl", "html": "bs4",
    "markdown": "markdown_it bs4", "eml": "email bs4",
}  # fmt: skip
OWN = [
    "index.reading",
    "index.cleaning",
    "index.paragraphs",
    "index.splitting",
    "index.references",
    "index.speakers",
    "index.sentences",
    "index.words",
    "index.corpus",
    "assistant.evaluation.questions",
]
CHILD = "--child"


def main(target: str, seconds: float, folder: Path) -> int:
    """Fuzz in child processes, a new one whenever one ends early, until the time is over."""
    inputs, findings = folder / "inputs", folder / "findings"
    for made in (inputs, findings):
        made.mkdir(parents=True, exist_ok=True)
    write_seeds(target, inputs)
    begun, tried = time.monotonic(), 0
    while (left := int(seconds - (time.monotonic() - begun))) > 0:
        told = run_child(target, folder, left)
        tried += told
        if not told and left > seconds / 2:
            break
    print(f"{target}: {tried:,} inputs in {time.monotonic() - begun:.0f} s")
    found = sorted(findings.glob("*.txt")) + sorted(folder.glob("crash-*")) + sorted(folder.glob("timeout-*"))
    for path in found:
        print(f"  {path}: {path.read_text('utf-8')[:200]!r}" if path.suffix == ".txt" else f"  {path}")
    return 1 if found else 0


def run_child(target: str, folder: Path, seconds: int) -> int:
    """Inputs that one process tried; it ends when the time is over or an input ends it."""
    command = [sys.executable, __file__, target, str(seconds), str(folder), CHILD]
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={folder}/", "-timeout=60", f"-seed={SEED}"]
    options += [
        "-print_final_stats=1",
        f"-max_len={LARGEST_BYTES.get(target, 8_000)}",
        "-rss_limit_mb=2500",
        "-len_control=0",
    ]
    with (folder / "log.txt").open("ab") as log:
        subprocess.run([*command, *options, str(folder / "inputs")], stdout=log, stderr=log, check=False)
    counts = re.findall(rb"number_of_executed_units: (\d+)", (folder / "log.txt").read_bytes()[-20_000:])
    return int(counts[-1]) if counts else 0


def write_seeds(target: str, inputs: Path) -> None:
    """The sample papers of a kind, and the small ones of what is hostile."""
    sample = ROOT / "docs_corpus"
    if target == "exchange":
        from index.reading import read
        from index.reading.exchange import reading_to_json

        seeds = [reading_to_json(read(path, "d")).encode() for path in sorted(sample.glob("*.*m*"))]
    elif target == "questions":
        text = (ROOT / "tests" / "questions" / "sample.jsonl").read_bytes().split(b"\n")
        seeds = [b"\n".join(text[first : first + 3]) for first in range(0, 30, 3)]
    elif target == "table":
        seeds = [
            b"id,question,must_say,answerable,expected,history,tags\n"
            b'q1,Who pays?,Norway|Spain,yes,a.pdf#2: "He said",user: Hi|assistant: Ho,a|b\n',
            b'id;question;history\nq1;Who?;[{"role": "user", "text": "x"}]\n',
        ]
    elif target == "manifest":
        lines = (sample / "manifest.csv").read_bytes().split(b"\n")
        seeds = [b"\n".join(lines[:4]), b"path;groups;skip\na.txt;a|b;yes\n"]
    else:
        from hostile_files import hostile_files

        most = LARGEST_BYTES.get(target, 8_000)
        seeds = [path.read_bytes() for path in sorted(sample.glob(f"*{SUFFIXES[target]}"))]
        seeds += [
            file.write() for file in hostile_files() if file.is_small and file.name.endswith(SUFFIXES[target])
        ]
        if target not in (*ZIPPED, "pdf"):
            seeds = [
                seed[first : first + 2_000]
                for seed in seeds
                for first in range(0, min(len(seed), most), 2_000)
            ]
        seeds = [seed for seed in seeds if len(seed) <= most]
    for number, seed in enumerate(seeds):
        (inputs / f"seed-{number:03d}").write_bytes(seed)


def fuzz(target: str, folder: Path, options: list[str]) -> None:
    """The child: instrument, limit, and try inputs until libFuzzer says stop."""
    import resource

    import atheris  # type: ignore[import-untyped]

    with atheris.instrument_imports(include=[*OWN, *VENDORS.get(target, "json").split()]):
        import index.reading.exchange  # noqa: F401
        import reading_promises  # noqa: F401  # now, so that what it loads is instrumented

        check = check_of(target, Path(f"{folder}/input-{os.getpid()}{SUFFIXES[target]}"))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    seen = {path.stem for path in (folder / "findings").glob("*.txt")}

    def one(data: bytes) -> None:
        begun = time.process_time()
        try:
            check(data)
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            name, told = (
                f"{type(error).__name__}-{Path(last.filename).stem}-{last.lineno}",
                traceback.format_exc(),
            )
        else:
            if time.process_time() - begun < SLOW_S:
                return
            name, told = f"slow-{int(time.process_time() - begun)}", f"{time.process_time() - begun:.1f} s"
        if name not in seen:
            seen.add(name)
            (folder / "findings" / f"{name}{SUFFIXES[target]}.bin").write_bytes(data)
            (folder / "findings" / f"{name}.txt").write_text(told[-3000:], "utf-8", errors="replace")

    arguments = [sys.argv[0], *options]
    if target in ZIPPED:
        # atheris puts another Mutate in place when it begins.
        late = mutate_part(lambda data, most: atheris.Mutate(data, most))
        atheris.Setup(arguments, one, custom_mutator=late)
    else:
        atheris.Setup(arguments, one)
    atheris.Fuzz()


def mutate_part(mutate: Callable[[bytes, int], bytes]) -> Callable[[bytes, int, int], bytes]:
    """A mutator that changes one part of a zip archive, so that its checksums stay right."""

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        choice = random.Random(seed)
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                parts = {name: archive.read(name) for name in archive.namelist()}
        except Exception:
            return mutate(data, most)
        if not parts or choice.random() < 0.02:
            return mutate(data, most)
        telling = [name for name in parts if re.search(r"document|slide\d|sheet\d|Strings|rels|book", name)]
        name = choice.choice(telling if telling and choice.random() < 0.8 else list(parts))
        if choice.random() < 0.05:
            del parts[name]
        else:
            parts[name] = bytes(mutate(parts[name], len(parts[name]) + 1_000))
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for part, content in parts.items():
                archive.writestr(zipfile.ZipInfo(part), content, zipfile.ZIP_DEFLATED)
        return packed.getvalue() if len(packed.getvalue()) <= most else data

    return mutated


def check_of(target: str, path: Path) -> Callable[[bytes], None]:
    """What one input must pass, as a function that raises where it does not."""
    if target == "exchange":
        return check_exchange
    if target in ("questions", "table"):
        return check_questions(path)
    if target == "manifest":
        return check_manifest(path)
    return check_reader(path)


def check_reader(path: Path) -> Callable[[bytes], None]:
    from index.errors import UnreadableDocument
    from index.reading import child, read
    from reading_promises import check_reading

    # The readers load their vendors when they first read.
    child._VENDORS = "pypdfium2 lxml.etree charset_normalizer"
    child._preload()

    def check(data: bytes) -> None:
        path.write_bytes(data)
        try:
            reading = read(path, "d", max_pages=500, max_chars=1_000_000)
        except UnreadableDocument as error:
            cause = error.__cause__
            if isinstance(cause, AssertionError | NameError | AttributeError) and is_ours(cause):
                raise cause from None  # a fault of this project's own, told as a damaged file
            return
        check_reading(reading, path.name)

    return check


def is_ours(error: BaseException) -> bool:
    """Whether an exception was raised by a line of this project, not in a library."""
    return f"{ROOT}/index" in traceback.extract_tb(error.__traceback__)[-1].filename


def check_exchange(data: bytes) -> None:
    from index.reading.exchange import reading_from_json, reading_to_json
    from reading_promises import check_kept, check_passages

    try:
        reading = reading_from_json(data, "d")
    except ValueError:
        return
    for page in reading.pages:
        check_kept(page.text)
        for text in (page.label, *(heading.text for heading in page.headings)):
            check_kept(text)
            assert "\n" not in text
    assert reading_from_json(reading_to_json(reading), "d") == reading
    check_passages(reading, "d.txt")


def check_questions(path: Path) -> Callable[[bytes], None]:
    from assistant.errors import BadInput
    from assistant.evaluation.questions import load_questions

    def check(data: bytes) -> None:
        path.write_bytes(data)
        try:
            questions = load_questions(path)
        except BadInput as error:
            str(error).encode()
            return
        assert questions and len({question.id for question in questions}) == len(questions)
        repr(questions).encode()
        for question in questions:
            assert question.id.strip() and any(sign.isalnum() for sign in question.question)
            "".join((question.id, question.question, *question.must_say)).encode()

    return check


def check_manifest(path: Path) -> Callable[[bytes], None]:
    from index.corpus import find
    from index.errors import BadCorpus

    folder = path.parent / f"corpus-{os.getpid()}"
    folder.mkdir()
    for name in ("a.txt", "glossary.html", "x y.md"):
        (folder / name).write_text(name)

    def check(data: bytes) -> None:
        (folder / "manifest.csv").write_bytes(data)
        try:
            corpus = find(folder, [".txt", ".html", ".md"])
        except BadCorpus as error:
            str(error).encode()
            return
        told = {document.path for document in corpus.documents} | {o.path for o in corpus.outcomes}
        assert told >= {"a.txt", "glossary.html", "x y.md"}
        assert len({document.id for document in corpus.documents}) == len(corpus.documents)
        repr(corpus).encode()

    return check


if __name__ == "__main__":
    place = Path(sys.argv[3]) if len(sys.argv) > 3 else ROOT / "var" / "fuzz" / sys.argv[1]
    if CHILD in sys.argv:
        fuzz(sys.argv[1], place, sys.argv[sys.argv.index(CHILD) + 1 :])
    else:
        sys.exit(main(sys.argv[1], float(sys.argv[2]), place))
