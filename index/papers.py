"""The first half of a document's path: read, cleaned and split into passages, nothing twice."""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from index.cache import Cache
from index.corpus import Corpus
from index.embedding import Embedder
from index.errors import UnreadableDocument
from index.reading import Reading
from index.reading.exchange import reading_from_json, reading_to_json
from index.reading.limits import Limits, read_limited
from index.reading.ocr import check
from index.speakers import speaker_of
from index.splitting import split
from index.types import Document, Outcome, Page, Passage
from index.weights import sha256_of

LEAST_CHARS = 300  # a paper with less text is told: a stub, a cover page, a failed conversion

Progress = Callable[[str, int, int, str], None]
"""Told of each piece of work done: the step, how many are done, of how many, and which."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A document on its way into the index."""

    document: Document
    pages: tuple[Page, ...]
    passages: tuple[Passage, ...]


def papers_of(
    corpus: Corpus, embedder: Embedder, cache: Cache, tell: Progress, ocr: str = ""
) -> tuple[list[Paper], tuple[Outcome, ...]]:
    """The papers in the order of the corpus, and what became of each file, by path. `ocr` names the
    languages in which scanned pages are read; raises BadOcr where that cannot be done."""
    if ocr:
        check(ocr)
    papers: list[Paper] = []
    outcomes = {outcome.path: outcome for outcome in corpus.outcomes}
    code = code_digest()
    total = len(corpus.documents)
    for done, (document, reading) in enumerate(_readings(corpus, cache, code, ocr), 1):
        tell("read", done, total, document.path)
        if isinstance(reading, UnreadableDocument):
            outcomes[document.path] = Outcome(
                document.path, reading.status, reading.reason, reading.action, groups=document.groups
            )
            continue
        document = replace(
            document,
            title=document.title or reading.title or Path(document.path).stem.replace("_", " "),
            date=document.date or reading.date,
        )
        speaker = speaker_of(reading.pages, document.title)
        document = replace(document, speaker=speaker.title, office=speaker.office)
        passages = split(
            document.id, document.path, reading.pages, embedder.max_tokens, embedder.count_tokens
        )
        warnings = [*reading.warnings, *_doubts(reading)]
        outcomes[document.path] = Outcome(
            document.path,
            "flagged" if warnings else "indexed",
            " ".join(warnings),
            "Look whether something is missing." if warnings else "",
            len(reading.pages),
            len(passages),
            document.groups,
            hidden=reading.hidden,
        )
        papers.append(Paper(document, reading.pages, tuple(passages)))
    return papers, tuple(outcomes[path] for path in sorted(outcomes))


def _sha256_now(path: Path) -> str:
    """A file's digest as it lies there; "" where it does so no longer."""
    try:
        return sha256_of(path)
    except OSError:
        return ""


def _doubts(reading: Reading) -> list[str]:
    """What makes a reading look incomplete although nothing went wrong."""
    chars = sum(len(page.text) for page in reading.pages)
    if chars < LEAST_CHARS:
        return [f"only {chars} characters of text: is this the whole paper?"]
    return []


def _readings(
    corpus: Corpus, cache: Cache, code: str, ocr: str
) -> Iterator[tuple[Document, Reading | UnreadableDocument]]:
    """The documents in order with what reading them gave; as many at a time as there are cores."""

    def key(document: Document) -> bytes:
        told = "\n".join((document.sha256, Path(document.path).suffix.lower(), code, ocr))
        return hashlib.sha256(told.encode()).digest()

    def read(document: Document) -> Reading | UnreadableDocument:
        path = corpus.folder / document.path
        try:
            reading = read_limited(path, document.id, Limits.with_ocr(ocr))
            if _sha256_now(path) != document.sha256:
                raise UnreadableDocument("damaged", "it was changed while it was read.", "Build again.")
            return reading
        except UnreadableDocument as error:
            return error

    known = {document.id: cache.reading(key(document)) for document in corpus.documents}
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        waiting = {d.id: pool.submit(read, d) for d in corpus.documents if known[d.id] is None}
        for document in corpus.documents:
            stored = known.pop(document.id)
            if stored is not None:
                yield document, reading_from_json(stored, document.id)
                continue
            reading = waiting.pop(document.id).result()
            if isinstance(reading, Reading):
                cache.add_reading(key(document), reading_to_json(reading).encode())
            yield document, reading


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of this package's own code: another splitter or reader makes another index."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
