"""The texts of one build: documents, their pages and passages, in one SQLite file.

Written once, then opened read-only. Whoever reads names the shelves that may be opened.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from index.acronyms import definitions
from index.room import writing
from index.types import Document, Heading, Page, Passage

# The shelf comes first in a key: what lies on a shelf that is not asked is not found, in the same time as
# what is not there, instead of found and dropped.
_SCHEMA = """
CREATE TABLE documents (
    id TEXT, shelf INTEGER, position INTEGER, fields TEXT,
    PRIMARY KEY (shelf, id)
);
CREATE TABLE pages (
    document_id TEXT, number INTEGER, label TEXT, headings TEXT, text TEXT,
    PRIMARY KEY (document_id, number)
) WITHOUT ROWID;
CREATE TABLE passages (
    id TEXT, document_id TEXT, shelf INTEGER, first INTEGER, last INTEGER,
    start INTEGER, stop INTEGER, terms TEXT, heading_path TEXT, text TEXT,
    PRIMARY KEY (shelf, id)
);
CREATE TABLE acronyms (shelf INTEGER, short TEXT, long TEXT, PRIMARY KEY (shelf, short, long)) WITHOUT ROWID;
"""


def write_catalogue(
    path: Path,
    shelved: Iterable[tuple[int, Document, Sequence[Page], Sequence[Passage]]],
    analyse: Callable[[str], Iterable[str]],
) -> None:
    """Write a new catalogue of documents, each with its shelf, pages and passages, and with the stemmed
    words of these, which `analyse` gives. Raises NotWritten."""
    with writing(path, sqlite3.Error), closing(sqlite3.connect(path)) as db, db:
        db.executescript(_SCHEMA)
        for position, (shelf, document, pages, passages) in enumerate(shelved):
            db.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?)",
                (document.id, shelf, position, json.dumps(asdict(document), ensure_ascii=False)),
            )
            db.executemany("INSERT INTO pages VALUES (?, ?, ?, ?, ?)", map(_page_row, pages))
            for page in pages:
                db.executemany(
                    "INSERT OR IGNORE INTO acronyms VALUES (?, ?, ?)",
                    [(shelf, short, long) for short, long in definitions(page.text)],
                )
            db.executemany(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (_passage_row(shelf, passage, analyse) for passage in passages),
            )


def _passage_row(
    shelf: int, passage: Passage, analyse: Callable[[str], Iterable[str]]
) -> tuple[str | int, ...]:
    place = (passage.id, passage.document_id, shelf, *passage.pages, passage.start, passage.end)
    terms = " ".join(analyse(" ".join((*passage.heading_path, passage.text))))
    return (*place, terms, json.dumps(passage.heading_path), passage.text)


def _page_row(page: Page) -> tuple[Any, ...]:
    headings = json.dumps([asdict(heading) for heading in page.headings], ensure_ascii=False)
    return (page.document_id, page.number, page.label, headings, page.text)


class Catalogue:
    """A build's texts, open for reading; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        # `immutable` promises SQLite that nobody writes: no locks, no side files.
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._db.execute("SELECT terms FROM passages LIMIT 0")  # of an older form it does not open

    def documents(self, shelves: Sequence[int]) -> list[Document]:
        """The documents on these shelves, in the order of the corpus."""
        rows = self._rows("SELECT fields FROM documents WHERE shelf IN ({}) ORDER BY position", shelves)
        return [_document(fields) for (fields,) in rows]

    def document(self, document_id: str, shelves: Sequence[int]) -> Document | None:
        """One document, or None where these shelves do not hold it."""
        rows = self._rows("SELECT fields FROM documents WHERE shelf IN ({}) AND id = ?", shelves, document_id)
        return _document(rows[0][0]) if rows else None

    def pages(self, document_id: str, shelves: Sequence[int]) -> list[Page]:
        """All pages of a document in order; none where these shelves do not hold it."""
        rows = self._rows(
            "SELECT number, label, headings, text FROM pages WHERE document_id IN"
            " (SELECT id FROM documents WHERE shelf IN ({}) AND id = ?) ORDER BY number",
            shelves,
            document_id,
        )
        return [
            Page(document_id, number, label, tuple(Heading(**h) for h in json.loads(headings)), text)
            for number, label, headings, text in rows
        ]

    def passages(self, ids: Sequence[str], shelves: Sequence[int]) -> dict[str, Passage]:
        """The named passages that lie on these shelves, by id."""
        marks = ",".join("?" * len(ids))
        rows = self._rows(
            f"SELECT id, document_id, first, last, start, stop, heading_path, text FROM passages"
            f" WHERE shelf IN ({{}}) AND id IN ({marks})",
            shelves,
            *ids,
        )
        return {
            row[0]: Passage(
                row[0], row[1], (row[2], row[3]), row[4], row[5], tuple(json.loads(row[6])), row[7]
            )
            for row in rows
        }

    def terms(self, ids: Sequence[str], shelves: Sequence[int]) -> dict[str, set[str]]:
        """The stemmed words that carry meaning of the named passages that lie on these shelves and of the
        headings above them, by id."""
        marks = ",".join("?" * len(ids))
        query = f"SELECT id, terms FROM passages WHERE shelf IN ({{}}) AND id IN ({marks})"
        return {i: set(terms.split(" ")) for i, terms in self._rows(query, shelves, *ids)}

    def passage_ids(self, document_ids: Sequence[str], shelves: Sequence[int]) -> list[str]:
        """The ids of all passages of the named documents, as far as they lie on these shelves."""
        # A passage is called as its document, then a colon: found by its key, not by reading all texts.
        query = "SELECT id FROM passages WHERE shelf IN ({}) AND id >= ? AND id < ?"
        parts = (self._rows(query, shelves, f"{name}:", f"{name};") for name in document_ids)
        return [row[0] for part in parts for row in part]

    def acronyms(self, shelves: Sequence[int]) -> list[tuple[str, str]]:
        """Short forms with their long forms, as the papers on these shelves define them."""
        rows = self._rows("SELECT DISTINCT short, long FROM acronyms WHERE shelf IN ({})", shelves)
        return [(short, long) for short, long in rows]

    def _rows(self, query: str, shelves: Sequence[int], *values: str) -> list[tuple[Any, ...]]:
        marks = ",".join("?" * len(shelves))
        return self._db.execute(query.format(marks), (*shelves, *values)).fetchall()

    def close(self) -> None:
        self._db.close()


def _document(fields: str) -> Document:
    told = json.loads(fields)
    for name in ("programmes", "regions", "supersedes", "groups"):
        told[name] = tuple(told[name])
    return Document(**told)
