"""The first half of a document's path: read, cleaned and split into passages, nothing twice."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from index.cache import Cache
from index.corpus import Corpus
from index.embedding import Embedder
from index.engine import Engine, Unread
from index.errors import UnreadableDocument
from index.reading import Reading
from index.reading.exchange import reading_from_json, reading_to_json
from index.reading.ocr import check
from index.speakers import speaker_of
from index.splitting import document_text, split
from index.types import Document, Outcome, Page, Passage

LEAST_CHARS = 300  # a paper with less text is told: a stub, a cover page, a failed conversion

Progress = Callable[[str, int, int, str], None]
"""Told of each piece of work done: the step, how much is done, of how much (bytes read, characters
embedded), and what."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A document on its way into the index."""

    document: Document
    pages: tuple[Page, ...]
    passages: tuple[Passage, ...]


def papers_of(
    corpus: Corpus, embedder: Embedder, cache: Cache, tell: Progress, engine: Engine, ocr: str = ""
) -> tuple[list[Paper], tuple[Outcome, ...]]:
    """The papers in the order of the corpus, and what became of each file, by path. `ocr` names the
    languages in which scanned pages are read; raises BadOcr where that cannot be done."""
    if ocr:
        check(ocr)
    papers: list[Paper] = []
    outcomes = {outcome.path: outcome for outcome in corpus.outcomes}
    sizes = {document.path: _size(corpus.folder / document.path) for document in corpus.documents}
    done, total = 0, sum(sizes.values())
    splits = _Splits(cache, embedder)
    for document, reading in _readings(corpus, cache, engine, ocr):
        done += sizes[document.path]
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
        passages = splits.passages(document, reading.pages)
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
    splits.keep()
    return papers, tuple(outcomes[path] for path in sorted(outcomes))


class _Splits:
    """Pages to passages; where a paper was split before, as it was then: counting tokens takes long."""

    def __init__(self, cache: Cache, embedder: Embedder) -> None:
        self._cache, self._embedder = cache, embedder
        self._new: list[tuple[bytes, bytes]] = []

    def passages(self, document: Document, pages: Sequence[Page]) -> list[Passage]:
        """The passages of one document."""
        embedder = self._embedder
        told = code_digest(), embedder.model_id, embedder.max_tokens, document.id, document.path, pages
        key = hashlib.sha256(repr(told).encode()).digest()
        stored = self._cache.split(key)
        if stored is not None:
            text = document_text(pages)
            return [
                Passage(i, document.id, (first, last), start, end, tuple(above), text[start:end])
                for i, first, last, start, end, above in json.loads(stored)
            ]
        made = split(document.id, document.path, pages, embedder.max_tokens, embedder.count_tokens)
        rows = [(p.id, *p.pages, p.start, p.end, p.heading_path) for p in made]
        self._new.append((key, json.dumps(rows).encode()))
        return made

    def keep(self) -> None:
        """Put what was split now into the cache."""
        if self._new:
            self._cache.add_splits(self._new)


def _size(path: Path) -> int:
    """Bytes of a file, by which the time left is reckoned; 0 where it is gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _doubts(reading: Reading) -> list[str]:
    """What makes a reading look incomplete although nothing went wrong."""
    chars = sum(len(page.text) for page in reading.pages)
    if chars < LEAST_CHARS:
        return [f"only {chars} characters of text: is this the whole paper?"]
    return []


def _readings(
    corpus: Corpus, cache: Cache, engine: Engine, ocr: str
) -> Iterator[tuple[Document, Reading | UnreadableDocument]]:
    """The documents in order with what reading them gave; the engine reads what the cache has not.

    A reading is put aside when it arrives, not when its turn comes.
    """
    code = code_digest()

    def key(document: Document) -> bytes:
        told = "\n".join((document.sha256, Path(document.path).suffix.lower(), code, ocr))
        return hashlib.sha256(told.encode()).digest()

    known = {document.id: cache.reading(key(document)) for document in corpus.documents}
    keys = {document.id: key(document) for document in corpus.documents if known[document.id] is None}
    unread = [Unread(d.id, corpus.folder / d.path, d.sha256) for d in corpus.documents if d.id in keys]
    arrived: dict[str, Reading | UnreadableDocument] = {}
    with closing(engine.readings(unread, ocr)) as results:
        for document in corpus.documents:
            stored = known.pop(document.id)
            if stored is not None:
                yield document, reading_from_json(stored, document.id)
                continue
            while document.id not in arrived:
                identifier, reading = next(results)
                if isinstance(reading, Reading):
                    cache.add_reading(keys[identifier], reading_to_json(reading).encode())
                arrived[identifier] = reading
            yield document, arrived.pop(document.id)


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of this package's own code: another splitter or reader makes another index."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
