"""Public benchmark slices to a folder of documents and a question set in the product's own form.

`python tests/benchmarks/convert_public.py squad2|mtrag_un --shared ../shared --out DIR` writes
`DIR/corpus/*.txt` (one file a paragraph or passage), `DIR/corpus/manifest.csv` and `DIR/questions.jsonl`.
The README beside this file says what each choice means for the figures.
"""

import argparse
import csv
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from assistant.evaluation.matching import says
from index.sentences import sentence_spans

Line = dict[str, Any]

SEED = 2026
REFUSED = {"UNANSWERABLE", "UNDERSPECIFIED"}  # kinds of question whose right reply gives no answer


def convert(name: str, shared: Path, out: Path, most: int | None = None, replies: bool = False) -> int:
    """Write the corpus and the question set of one benchmark; the number of questions.

    MTRAG-UN's reference replies are long. As `answers` they allow token F1, and make every answer
    that is not the reply word for word a wrong one: they are given only where `replies` asks for it.
    """
    source = shared / "public" / name
    passages = distinct(lines_of(source / "corpus.jsonl"))
    texts = {line["id"]: line["text"].strip() for line in passages}
    first = {line["text"]: line["id"] for line in passages}
    files = {line["id"]: f"{first[line['text']]}.txt" for line in lines_of(source / "corpus.jsonl")}
    told = lines_of(source / "questions.jsonl")
    form = squad_question if name == "squad2" else mtrag_question
    questions = [form(line, files, texts) for line in (balanced(told, most) if most else told)]
    if name == "mtrag_un" and not replies:
        questions = [question | {"answers": []} for question in questions]
    write_corpus(out / "corpus", passages, texts)
    with (out / "questions.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(question, ensure_ascii=False) + "\n" for question in questions)
    return len(questions)


def distinct(passages: Iterable[Line]) -> list[Line]:
    """The first passage of each text: the index keeps one of two files with the same bytes."""
    return list({line["text"]: line for line in reversed(list(passages))}.values())[::-1]


def balanced(questions: Sequence[Line], most: int) -> list[Line]:
    """At most `most` questions in their order, half of them unanswerable where there are enough."""
    chance = random.Random(SEED)
    silent = [line["id"] for line in questions if line["unanswerable"]]
    spoken = [line["id"] for line in questions if not line["unanswerable"]]
    few = min(len(silent), max(most // 2, most - len(spoken)))
    kept = {*chance.sample(silent, few), *chance.sample(spoken, min(len(spoken), most - few))}
    return [line for line in questions if line["id"] in kept]


def squad_question(line: Line, files: dict[str, str], texts: dict[str, str]) -> Line:
    """A SQuAD 2.0 question: evidence is the paragraph, narrowed to a sentence where only one fits."""
    shortest = min(line["answers"], key=len, default="")
    expected = [
        {"path": files[name], "page": None, "quote": sentence_with(texts[stem(files[name])], shortest)}
        for name in line["evidence_ids"]
    ]
    return question_line(line, expected, [shortest] if shortest else [], [])


def mtrag_question(line: Line, files: dict[str, str], texts: dict[str, str]) -> Line:
    """An MTRAG-UN question: evidence are whole passages, `answers` the long reference reply."""
    names = dict.fromkeys(files[name] for name in line["evidence_ids"])
    expected = [{"path": name, "page": None, "quote": texts[stem(name)]} for name in names]
    kind = line["answerability"]
    tags = [line["collection"]] if kind == "ANSWERABLE" else [kind.lower(), line["collection"]]
    tags += ["followup"] if line["history"] else []
    return question_line(line | {"unanswerable": kind in REFUSED}, expected, [], tags)


def question_line(line: Line, expected: list[Line], must_say: list[str], tags: list[str]) -> Line:
    """The product's form of a question. One that must be refused expects nothing."""
    silent = bool(line["unanswerable"])
    if silent and not tags:
        tags = ["unanswerable"]
    return {
        "id": line["id"],
        "question": line["question"],
        "must_say": [] if silent else must_say,
        "answers": [] if silent else list(dict.fromkeys(line["answers"])),
        "answerable": not silent,
        "expected": [] if silent else expected,
        "history": [{"role": turn["role"], "text": turn["content"]} for turn in line.get("history", [])],
        "tags": tags,
    }


def sentence_with(text: str, answer: str) -> str:
    """The one sentence that holds the answer; the whole text where none or several do."""
    sentences = [text[start:end] for start, end in sentence_spans(text)]
    holding = [sentence for sentence in sentences if says(sentence, answer)]
    return holding[0] if len(holding) == 1 else text


def write_corpus(folder: Path, passages: Sequence[Line], texts: dict[str, str]) -> None:
    """A text file for each passage and the manifest that gives it its title."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "id", "title", "kind", "groups"])
        for line in passages:
            path = f"{line['id']}.txt"
            (folder / path).write_text(texts[line["id"]] + "\n", "utf-8")
            table.writerow([path, line["id"], line["title"], line.get("collection", ""), "all"])


def stem(path: str) -> str:
    return path.removesuffix(".txt")


def lines_of(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description="Convert a public benchmark slice for `ct-assistant eval`.")
    parser.add_argument("name", choices=("squad2", "mtrag_un"))
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder that holds public/")
    parser.add_argument("--out", type=Path, required=True, help="folder for corpus/ and questions.jsonl")
    parser.add_argument("--n", type=int, help="at most this many questions, by a fixed seed (all)")
    parser.add_argument("--replies", action="store_true", help="mtrag_un: reference replies as `answers`")
    given = parser.parse_args()
    if not (given.shared / "public" / given.name).is_dir():
        raise SystemExit(f"{given.shared / 'public' / given.name}: no such folder. Name it with --shared.")
    count = convert(given.name, given.shared, given.out, given.n, given.replies)
    print(f"{given.out}: {count} questions. See the README beside this file for what to run next.")


if __name__ == "__main__":
    main()
