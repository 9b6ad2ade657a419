"""Make the sample corpus: docs_corpus/ and its manifest.csv, from the sources beside this script.

    python docs/sample_corpus/make.py           write what differs
    python docs/sample_corpus/make.py --check   write nothing; name what differs, exit 1 if anything does

One file in sources/ makes one document. To change a fact, change it there and run this again. The same
sources always give the same bytes, as long as the writing libraries keep their versions.

A source opens with `key: value` lines between two lines of `---`. The keys are the manifest's columns
(all but `groups`, `supersedes` and lists are wanted) and these, which a format may use:

    header: running header    columns: 2 (PDF)    cover: 1 (PDF, pages numbered i, ii before page 1)
    hyphens: co-op-er-ate ... (PDF, words that may break there)    from, to, cc, sent (EML)

Then the body, a line a block, an empty line between:

    ===                a new page, slide or sheet
    # ## ###           headings; the first of a slide or sheet is its title
    ^ line             masthead
    - item   1. item   lists
    | a | b |          table; its first row is the header
    [^1]: text         footnote, drawn at the foot of its page; `[^1]` in the text points to it
    Note: text         speaker note of the slide
    anything else      a paragraph; **bold** inside

.md and .txt bodies are copied as they stand.
"""

import argparse
import csv
import io
import re
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

import formats
import pdf_format

HERE = Path(__file__).resolve().parent
CORPUS = HERE.parents[1] / "docs_corpus"
COLUMNS = ["path", "id", "title", "date", "publisher", "kind", "language", "url"]
COLUMNS += ["programmes", "regions", "supersedes", "groups", "source"]
OPTIONAL = {"url", "programmes", "regions", "supersedes", "groups"}
MARKS = {"h3": "### ", "h2": "## ", "h1": "# ", "masthead": "^ ", "bullet": "- ", "note": "Note: "}


class Source(NamedTuple):
    """One source file: what its front matter says, its body, and where it lies."""

    path: Path
    front: dict[str, str]
    body: str


def read_source(path: Path) -> Source:
    """Front matter and body; a missing column is an error that names file and key."""
    opening, front_text, body = path.read_text("utf-8").split("---\n", 2)
    if opening:
        raise SystemExit(f"{path.name}: must open with a line of ---")
    front: dict[str, str] = {}
    for line in front_text.splitlines():
        key, colon, value = line.partition(":")
        if not colon:
            raise SystemExit(f"{path.name}: `{line}` is no `key: value`")
        front[key.strip()] = value.strip()
    for column in COLUMNS:
        if not front.get(column) and column not in OPTIONAL:
            raise SystemExit(f"{path.name}: front matter lacks `{column}`")
    return Source(path, front, body.strip("\n") + "\n")


def parse_block(line: str) -> formats.Block:
    """One line of a body; table lines are joined later."""
    for kind, mark in MARKS.items():
        if line.startswith(mark):
            return formats.Block(kind, line[len(mark) :].strip())
    if found := re.match(r"\[\^(\d+)\]: (.*)", line):
        return formats.Block("footnote", f"{found[1]} {found[2]}")
    if found := re.match(r"(\d+)\. (.*)", line):
        return formats.Block("number", found[2])
    if line.startswith("|"):
        return formats.Block("table", rows=[[cell.strip() for cell in line.strip("|").split("|")]])
    return formats.Block("paragraph", line)


def parse_sections(body: str) -> list[list[formats.Block]]:
    """Blocks of each page, slide or sheet."""
    sections: list[list[formats.Block]] = [[]]
    for line in body.splitlines():
        if line.strip() == "===":
            sections.append([])
        elif line.strip():
            block = parse_block(line.strip())
            blocks = sections[-1]
            if block.kind == "table" and blocks and blocks[-1].kind == "table":
                blocks[-1].rows.extend(block.rows)
            else:
                blocks.append(block)
    return sections


def email_bytes(source: Source) -> bytes:
    """An e-mail as a mail program saves it, quoted-printable where the text is not ASCII."""
    message = EmailMessage()
    for header, key in (("From", "from"), ("To", "to"), ("Cc", "cc"), ("Date", "sent"), ("Subject", "title")):
        if source.front.get(key):
            message[header] = source.front[key]
    message["Message-ID"] = f"<{source.front['id']}@sample.example>"
    message.set_content(source.body, cte="quoted-printable")
    return message.as_bytes()


def manifest_bytes(sources: Iterable[Source]) -> bytes:
    """manifest.csv, a row a document, in the order of their paths."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\n", restval="")
    writer.writeheader()
    for source in sorted(sources, key=lambda each: each.front["path"]):
        writer.writerow({"groups": "all"} | source.front)
    return out.getvalue().encode("utf-8")


def document_bytes(source: Source) -> bytes:
    """The document that one source makes, in the format its `path` ends with."""
    ending = source.front["path"].rpartition(".")[2]
    if ending in ("md", "txt"):
        return source.body.encode("utf-8")
    if ending == "eml":
        return email_bytes(source)
    writers: dict[str, Callable[[dict[str, str], list[list[formats.Block]]], bytes]] = {
        "pdf": pdf_format.pdf_bytes,
        "docx": formats.docx_bytes,
        "pptx": formats.pptx_bytes,
        "xlsx": formats.xlsx_bytes,
        "html": formats.html_bytes,
    }
    if ending not in writers:
        raise SystemExit(f"{source.path.name}: no writer for .{ending}")
    return writers[ending](source.front, parse_sections(source.body))


def make_corpus() -> dict[str, bytes]:
    """Every file of docs_corpus/ by its name."""
    sources = [read_source(path) for path in sorted((HERE / "sources").iterdir()) if path.suffix == ".md"]
    for source in sources:
        whole = source.front["date"] + "-01-01"[len(source.front["date"]) - 4 :]
        source.front["day"] = datetime.fromisoformat(whole).replace(tzinfo=UTC).isoformat()
    files = {source.front["path"]: document_bytes(source) for source in sources}
    return files | {"manifest.csv": manifest_bytes(sources)}


def main(arguments: list[str]) -> int:
    """Write or check the corpus; the exit code says whether it was in order."""
    parser = argparse.ArgumentParser(description="Make the sample corpus from its sources.")
    parser.add_argument("--check", action="store_true", help="only name what differs; exit 1 if any")
    check = parser.parse_args(arguments).check
    files = make_corpus()
    there = {path.name: path for path in CORPUS.iterdir() if path.is_file()} if CORPUS.is_dir() else {}
    changed = [name for name, data in files.items() if name not in there or there[name].read_bytes() != data]
    strangers = sorted(there.keys() - files.keys())
    for name in strangers:
        print(f"{name}: no source makes it; remove it or write its source")
    for name in sorted(changed):
        print(f"{name}: {'differs from' if check else 'written from'} its source")
        if not check:
            CORPUS.mkdir(exist_ok=True)
            (CORPUS / name).write_bytes(files[name])
    return 1 if strangers or (check and changed) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
