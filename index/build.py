"""The path of a document, in order: find, read, clean, split, embed, store, publish."""

import hashlib
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from importlib.metadata import version
from itertools import chain, starmap
from pathlib import Path
from typing import Any

import numpy as np

from index import generations, remote
from index.acronyms import GLOSSARY
from index.cache import Cache
from index.catalogue import write_catalogue
from index.chroma import StoreServer
from index.corpus import Corpus, find
from index.embedding import Embedder
from index.engine import Engine, Threads, parts
from index.errors import BadIndex, StoreFault
from index.health import recorded
from index.lexical import stemmer, write_lexical
from index.papers import Paper, Progress, code_digest, papers_of
from index.reading import SUPPORTED_SUFFIXES
from index.references import background
from index.room import why
from index.splitting import context, document_text
from index.store import load_ahead, write_vectors
from index.types import EVERYBODY, Document, Passage, Report
from index.weights import sha256_of

TAKEN_AT_ONCE = 10_000  # vectors from the cache


def build(
    corpus_folder: Path,
    index_folder: Path,
    embedder: Embedder,
    progress: Progress | None = None,
    default_groups: Sequence[str] = (EVERYBODY,),
    *,
    ocr: str = "",
    server: StoreServer | None = None,
    engine: Engine | None = None,
) -> Report:
    """Index a folder of documents and publish the result, or find that nothing has changed.

    `default_groups` may read what the manifest names no groups for; (NOBODY,) leaves it out.
    `ocr` names the languages in which scanned pages are read; "": they are not. The vectors go to
    the `server`, if there is one. `engine` reads and embeds, by default the threads of this machine;
    what is built does not depend on it. One bad file never stops the others: what became of each is
    in the report. The build that is being served is not touched. Raises IndexFault where folder,
    manifest, index or server cannot be used.
    """
    begun = time.monotonic()
    tell = progress or (lambda step, done, total, what: None)
    corpus = find(corpus_folder, sorted(SUPPORTED_SUFFIXES), default_groups)
    source = _source_digest(corpus, embedder, ocr, server)
    engine = engine or Threads(embedder)
    with generations.only_builder(index_folder), _explained(index_folder):
        generations.sweep(index_folder, server)
        served = _served(index_folder)
        with closing(Cache(index_folder / "cache.sqlite")) as cache:
            # What an interrupted build put into the cache is erased by one that comes to its end.
            if served and served["source"] == source and cache.is_of(source):
                folder = index_folder / served["build_id"]
                if not generations.verify(folder) and not remote.unfit(folder, served, server):
                    return _unchanged(served, time.monotonic() - begun)
            if server is None:
                load_ahead()
            papers, outcomes = papers_of(corpus, embedder, cache, tell, engine, ocr)
            above = [[_above(p.document, passage, embedder) for passage in p.passages] for p in papers]
            vectors, embedded = _embed(papers, above, embedder.model_id, engine, cache, tell)
            keep = served["build_id"] if served and _holds_nothing_withdrawn(served, papers) else None
            with generations.new_build(index_folder) as target, _explained(index_folder, len(vectors)):
                shelves, own = _store(target, papers, above, vectors, tell)
                on_server = remote.upload(target, server, own) if server else None
                if server is None:
                    write_vectors(target, own)
                record = {
                    "source": source,
                    "model": embedder.model_id,
                    "versions": {
                        name: version(name) for name in ("ct-assistant", "chromadb", "tantivy", "pypdf")
                    },
                    "documents": {p.document.id: [p.document.sha256, *p.document.groups] for p in papers},
                    "passages": len(vectors),
                    "shelves": shelves,
                    "outcomes": [asdict(outcome) for outcome in outcomes],
                    "notes": corpus.notes,
                    "previous": keep,
                    remote.RECORDED: on_server,
                }
                generations.publish(target, record)
            generations.prune(index_folder, {target.name, keep or target.name}, server)
            cache.erase_unused(source)
    seconds = time.monotonic() - begun
    return Report(target.name, True, outcomes, corpus.notes, embedded, len(vectors) - embedded, seconds)


@contextmanager
def _explained(index_folder: Path, passages: int = 0) -> Iterator[None]:
    """Tell in one sentence why the index could not be written. Raises BadIndex."""
    try:
        yield
    except (OSError, StoreFault) as error:
        served = _served(index_folder)
        told = f"Build {served['build_id']} is served; what" if served else "What"
        if isinstance(error, OSError):
            reason = why(index_folder, error, passages)
        else:
            reason = str(error).removesuffix(" Run `ct-assistant build` again.").rstrip(".")
        raise BadIndex(
            f"{index_folder}: the build stopped: {reason}, and run `ct-assistant "
            f"build` again. {told} was read and embedded so far is kept."
        ) from error


def _unchanged(served: dict[str, Any], seconds: float) -> Report:
    notes, passages = tuple(served["notes"]), served["passages"]
    return Report(served["build_id"], False, recorded(served), notes, 0, passages, seconds)


def is_stale(
    corpus_folder: Path,
    index_folder: Path,
    embedder: Embedder,
    default_groups: Sequence[str] = (EVERYBODY,),
    *,
    ocr: str = "",
    server: StoreServer | None = None,
) -> bool:
    """Whether `build` would have anything to do."""
    corpus = find(corpus_folder, sorted(SUPPORTED_SUFFIXES), default_groups)
    served = _served(index_folder)
    return served is None or served["source"] != _source_digest(corpus, embedder, ocr, server)


def _served(index_folder: Path) -> dict[str, Any] | None:
    try:
        return generations.record_of(generations.current(index_folder))
    except BadIndex:
        return None


def _holds_nothing_withdrawn(served: dict[str, Any], papers: list[Paper]) -> bool:
    """Whether the build served so far may be kept for a rollback: a document that is gone, or
    that others may read now, must not come back with it, nor stay on the disk."""
    groups = {paper.document.id: list(paper.document.groups) for paper in papers}
    return all(groups.get(identifier) == told[1:] for identifier, told in served["documents"].items())


def _source_digest(corpus: Corpus, embedder: Embedder, ocr: str, server: StoreServer | None) -> str:
    """Digest of everything a build depends on: documents, what is told of them, model, glossary, code."""
    told = [
        repr(corpus.documents),
        repr(corpus.outcomes),
        repr(corpus.notes),
        embedder.model_id,
        sha256_of(GLOSSARY),
        code_digest(),
        ocr,
        *(["on a server"] if server else []),
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _above(document: Document, passage: Passage, embedder: Embedder) -> str:
    """What stands above a passage where it is embedded."""
    return context(document.title, passage.heading_path, passage.text, embedder.count_tokens)


def _searched(paper: Paper, above: list[str]) -> Iterator[tuple[str, str]]:
    """What the words of a question are looked for in, by the passage's id: each as it is embedded, and
    what it leaves to the rest of its paper."""
    untold = background(paper.document, document_text(paper.pages), paper.passages)
    for passage, over, told in zip(paper.passages, above, untold, strict=True):
        yield passage.id, f"{over}\n{passage.text}\n{told}"


def _embed(
    papers: list[Paper], above: list[list[str]], model_id: str, engine: Engine, cache: Cache, tell: Progress
) -> tuple[np.ndarray[Any, np.dtype[np.float32]], int]:
    """A vector for each passage, and how many had to be computed."""
    texts = [
        (over, passage.text)  # joined where they are needed: a text held twice is a third of all memory
        for paper, own in zip(papers, above, strict=True)
        for passage, over in zip(paper.passages, own, strict=True)
    ]
    keys = [hashlib.sha256("\n".join((model_id, *text)).encode()).digest() for text in texts]
    rows = {key: row for row, key in enumerate(dict.fromkeys(keys))}
    table = np.zeros((0, 1), np.float32)  # one array for all: a million of small ones take twice the memory
    new = dict(zip(keys, texts, strict=True))
    listed = list(rows)
    for part in parts(len(listed), TAKEN_AT_ONCE):
        for key, vector in cache.vectors([listed[place] for place in part]).items():
            table = table if len(table) else np.empty((len(rows), len(vector)), np.float32)
            table[rows[key]] = vector
            del new[key]
    missing, wanted = list(new), ["\n".join(text) for text in new.values()]
    done, chars, total = 0, 0, sum(map(len, wanted))
    for places, vectors in engine.vectors(wanted):
        own_keys = [missing[place] for place in places]
        cache.add_vectors(zip(own_keys, vectors, strict=True))
        table = table if len(table) else np.empty((len(rows), vectors.shape[1]), np.float32)
        table[[rows[key] for key in own_keys]] = vectors
        done, chars = done + len(places), chars + sum(len(wanted[place]) for place in places)
        tell("embed", chars, total, f"{done} of {len(wanted)} new passages")
    return table if len(rows) == len(keys) else table[[rows[key] for key in keys]], len(new)


def _store(
    target: Path, papers: list[Paper], above: list[list[str]], vectors: Any, tell: Progress
) -> tuple[list[list[str]], dict[int, tuple[list[str], Any]]]:
    """Write catalogue and lexical indexes; the groups of each shelf and its vectors, by its number."""
    shelves = sorted({paper.document.groups for paper in papers})
    number = {groups: i for i, groups in enumerate(shelves)}
    write_catalogue(
        target / "catalogue.sqlite",
        ((number[p.document.groups], p.document, p.pages, p.passages) for p in papers),
        stemmer(),
    )
    flat = [(number[paper.document.groups], passage.id) for paper in papers for passage in paper.passages]
    by_shelf: dict[int, tuple[list[str], Any]] = {}
    for shelf, groups in enumerate(shelves):
        own = [pair for pair in zip(papers, above, strict=True) if pair[0].document.groups == groups]
        write_lexical(target / "lexical" / str(shelf), chain.from_iterable(starmap(_searched, own)))
        rows = [i for i, entry in enumerate(flat) if entry[0] == shelf]
        by_shelf[shelf] = ([flat[i][1] for i in rows], vectors[rows])
    shutil.copy(GLOSSARY, target / "glossary.csv")
    tell("store", 1, 1, f"{len(flat)} passages in {len(shelves)} shelves")
    return [list(groups) for groups in shelves], by_shelf
