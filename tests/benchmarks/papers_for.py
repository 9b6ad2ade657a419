"""The texts that `bench.py` measures over, and what is made of them. Not a program."""

import json
import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from rivals import ROOT

SEED = 5
SENTENCES = (3, 4, 5, 6)  # of one text among many
TEXTS_IN_A_FILE = 100
ADDED = "In the second printing of this paper the following was put here by its editors. "


@dataclass(frozen=True, slots=True)
class Texts:
    """Folders of the papers and of the same with one of them changed, and the file of the questions: a
    JSON list of objects with `question` and, where they are scored, `doc` and `answers`."""

    docs: Path
    changed: Path
    questions: Path
    what: str

    @property
    def first_question(self) -> str:
        return str(json.loads(self.questions.read_text("utf-8"))[0]["question"])


def texts(peers: Path | None, work: Path, articles: int = 0) -> Texts:
    """The peers' texts, or the sample papers where there are no peers; of so many articles, 0 for all."""
    what, source = "the sample papers and their questions", ROOT / "docs_corpus"
    if peers:
        what, source = "articles of SQuAD 2.0 and questions about them", peers / "data" / "squad" / "docs"
        told = json.loads((source.parent / "questions.json").read_text("utf-8"))
    else:
        lines = (ROOT / "tests" / "questions" / "sample.jsonl").read_text("utf-8").splitlines()
        told = [json.loads(line) for line in lines]
    put(source, docs := work / "docs")
    if articles:
        for path in sorted(docs.iterdir())[articles:]:
            path.unlink()
        told = [question for question in told if (docs / question["doc"]).exists()]
    put(docs, changed := work / "changed-docs")
    questions = work / "questions.json"
    questions.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
    what = f"{what}, {len(list(docs.iterdir()))} files, {len(told)} questions"
    papers = sorted([*changed.glob("*.txt"), *changed.glob("*.md")])
    paper = papers[len(papers) // 2]
    paragraphs = paper.read_text("utf-8").split("\n\n")
    paragraphs[len(paragraphs) // 2] = ADDED + paragraphs[len(paragraphs) // 2]
    paper.write_text("\n\n".join(paragraphs), "utf-8")
    return Texts(docs, changed, questions, what)


def put(source: Path, target: Path) -> None:
    """The files of a folder in another one, and nothing else there; writable, whatever the source is."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    target.chmod(0o755)


def pdfs(papers: Path, target: Path) -> Path:
    """All PDF files below a folder, side by side in one of their own."""
    found = sorted((papers if papers.is_dir() else ROOT / "docs_corpus").rglob("*.pdf"))
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for number, path in enumerate(found):
        shutil.copyfile(path, target / f"{number:03}-{path.name}")
    return target


def windows(docs: Path, target: Path, count: int) -> Path:
    """Many distinct texts out of few: some neighbouring sentences, from each sentence on, drawn with a
    fixed seed; each a paragraph. The same folder is left as it is where it is there."""
    if target.is_dir():
        return target
    made: set[str] = set()
    for path in sorted([*docs.glob("*.txt"), *docs.glob("*.md")]):
        sentences = re.split(r"(?<=[.!?])\s+", re.sub(r"\s+", " ", path.read_text("utf-8")))
        for many in SENTENCES:
            made |= {" ".join(sentences[i : i + many]) for i in range(len(sentences) - many + 1)}
    drawn = random.Random(SEED).sample(sorted(made), min(count, len(made)))
    target.mkdir(parents=True)
    for number, first in enumerate(range(0, len(drawn), TEXTS_IN_A_FILE)):
        part = drawn[first : first + TEXTS_IN_A_FILE]
        (target / f"texts-{number:04}.txt").write_text("\n\n".join(part) + "\n", "utf-8")
    return target
