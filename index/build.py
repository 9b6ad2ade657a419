"""The path of a document, in order: find, read, clean, split, embed, store, publish."""

import hashlib
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from importlib.metadata import version
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
from index.engine import Engine, Threads
from index.errors import BadIndex, StoreFault
from index.health import recorded
from index.lexical import write_lexical
from index.papers import Paper, Progress, code_digest, papers_of
from index.reading import SUPPORTED_SUFFIXES
from index.references import background
from index.room import why
from index.splitting import context, document_text
from index.store import write_vectors
from index.types import EVERYBODY, Document, Passage, Report
from index.weights import sha256_of


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
            papers, outcomes = papers_of(corpus, embedder, cache, tell, engine, ocr)
            texts = [
                [_embedded_text(p.document, passage, embedder) for passage in p.passages] for p in papers
            ]
            flat = [text for own in texts for text in own]
            vectors, embedded = _embed(flat, embedder.model_id, engine, cache, tell)
            keep = served["build_id"] if served and _holds_nothing_withdrawn(served, papers) else None
            with generations.new_build(index_folder) as target, _explained(index_folder, len(vectors)):
                shelves, own = _store(target, papers, _searched(papers, texts), vectors, tell)
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


def _embedded_text(document: Document, passage: Passage, embedder: Embedder) -> str:
    above = context(document.title, passage.heading_path, passage.text, embedder.count_tokens)
    return f"{above}\n{passage.text}"


def _searched(papers: list[Paper], texts: list[list[str]]) -> list[list[str]]:
    """What the words of a question are looked for in: each passage as it is embedded, and what it
    leaves to the rest of its paper."""
    return [
        [
            f"{text}\n{told}"
            for text, told in zip(
                own, background(paper.document, document_text(paper.pages), paper.passages), strict=True
            )
        ]
        for paper, own in zip(papers, texts, strict=True)
    ]


def _embed(
    texts: list[str], model_id: str, engine: Engine, cache: Cache, tell: Progress
) -> tuple[np.ndarray[Any, np.dtype[np.float32]], int]:
    """A vector for each text, and how many had to be computed."""
    keys = [hashlib.sha256(f"{model_id}\n{text}".encode()).digest() for text in texts]
    known = cache.vectors(list(dict.fromkeys(keys)))
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    missing, wanted = list(new), list(new.values())
    done, chars, total = 0, 0, sum(map(len, wanted))
    for places, vectors in engine.vectors(wanted):
        made = {missing[place]: vector for place, vector in zip(places, vectors, strict=True)}
        cache.add_vectors(made.items())
        known.update(made)
        done, chars = done + len(places), chars + sum(len(wanted[place]) for place in places)
        tell("embed", chars, total, f"{done} of {len(wanted)} new passages")
    return np.stack([known[key] for key in keys]) if keys else np.zeros((0, 1), np.float32), len(new)


def _store(
    target: Path, papers: list[Paper], texts: list[list[str]], vectors: Any, tell: Progress
) -> tuple[list[list[str]], dict[int, tuple[list[str], Any]]]:
    """Write catalogue and lexical indexes; the groups of each shelf and its vectors, by its number."""
    shelves = sorted({paper.document.groups for paper in papers})
    number = {groups: i for i, groups in enumerate(shelves)}
    write_catalogue(
        target / "catalogue.sqlite",
        ((number[p.document.groups], p.document, p.pages, p.passages) for p in papers),
    )
    flat = [
        (number[paper.document.groups], passage.id, text)
        for paper, own in zip(papers, texts, strict=True)
        for passage, text in zip(paper.passages, own, strict=True)
    ]
    by_shelf: dict[int, tuple[list[str], Any]] = {}
    for shelf in range(len(shelves)):
        rows = [i for i, entry in enumerate(flat) if entry[0] == shelf]
        write_lexical(target / "lexical" / str(shelf), [flat[i][1:] for i in rows])
        by_shelf[shelf] = ([flat[i][1] for i in rows], vectors[rows])
    shutil.copy(GLOSSARY, target / "glossary.csv")
    tell("store", 1, 1, f"{len(flat)} passages in {len(shelves)} shelves")
    return [list(groups) for groups in shelves], by_shelf
