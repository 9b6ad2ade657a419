"""What a build holds, as one sha256: equal papers give an equal digest, however they were built."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from index import generations
from index.catalogue import Catalogue
from index.chroma import StoreServer
from index.lexical import Lexical
from index.store import vectors_of

DECIMALS = 4


def digest_of(build: Path, server: StoreServer | None = None) -> str:
    """Digest of a build's content, read back from its own files.

    Covers: documents with all that is told of them, pages, passages with their places and shelves,
    vectors to DECIMALS places, the number of passages that can be found by words, short forms, and
    what became of each file. Does not cover: names and order of files, the build's id and time.
    Raises BadIndex where the build does not open.
    """
    digest = hashlib.sha256()
    for line in _lines(build, server):
        digest.update(json.dumps(line, ensure_ascii=False, sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def _lines(build: Path, server: StoreServer | None) -> Iterator[object]:
    record = generations.record_of(build)
    shelves = record["shelves"]
    yield record["model"], shelves, record["outcomes"], sorted(record["notes"])
    yield (build / "glossary.csv").read_text("utf-8")
    lexical = Lexical(build / "lexical", len(shelves))
    catalogue = Catalogue(build / "catalogue.sqlite")
    with closing(catalogue):
        for shelf, vectors in enumerate(vectors_of(build, record, server)):
            yield shelves[shelf], sorted(catalogue.acronyms([shelf])), lexical.count(shelf)
            for document in sorted(catalogue.documents([shelf]), key=lambda document: document.id):
                yield asdict(document), [asdict(page) for page in catalogue.pages(document.id, [shelf])]
                passages = catalogue.passages(catalogue.passage_ids([document.id], [shelf]), [shelf])
                for identifier in sorted(passages):
                    vector = vectors.pop(identifier).tolist() if identifier in vectors else []
                    # Adding nothing makes a zero of a negative zero.
                    yield asdict(passages[identifier]), [round(x, DECIMALS) + 0.0 for x in vector]
            yield sorted(vectors)
