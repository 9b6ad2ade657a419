"""Papers that resemble real ones, as many as are wanted: for measuring at scale.

A neighbour is a real paper of which some words are other words of the same length, so that every offset
stays true; some of these are of no paper before, as many as Heaps' law asks for. Its vectors are the
real ones turned by a random angle, and how far is drawn from how far real passages are from the one
nearest to them. Neighbours are made one after the other from a fixed seed.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from index import generations
from index.catalogue import Catalogue
from index.embedding import Embedder, Vectors
from index.exact import ExactShelf
from index.papers import Paper
from index.splitting import context, document_text
from index.types import EVERYBODY

SEED = 20261122
SWAPPED = 0.15  # of the words of a paper
SHELVES = ((EVERYBODY,), ("staff",), ("board", "staff"))
SHARES = (0.6, 0.3, 0.1)  # of the papers on each
READS_ALL = frozenset({EVERYBODY, "staff"})
LETTERS = np.array(list("aaabcdeeefghiiijklmnooopqrrsssttuuvwxyz"))
_WORD = re.compile(r"([A-Za-z]{4,})")


@dataclass(frozen=True, slots=True)
class Source:
    """A real paper: its text in pieces, each second one a word; for each passage what stands above its
    text where it is embedded, and its vector."""

    paper: Paper
    pieces: list[str]
    above: list[str]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Sources:
    """All real papers; real words by their length, as often as they stand there; cosines of real
    passages with the one nearest to them; new words for each word, by Heaps' law."""

    papers: list[Source]
    words: dict[int, list[str]]
    nearest: Vectors
    heaps: tuple[float, float]


def sources(index: Path, embedder: Embedder) -> Sources:
    """Read the papers of a published build that has one shelf."""
    build = generations.current(index)
    vectors = ExactShelf(build / "exact", 0).vectors()
    papers = []
    with closing(Catalogue(build / "catalogue.sqlite")) as catalogue:
        for document in catalogue.documents([0]):
            pages = tuple(catalogue.pages(document.id, [0]))
            found = catalogue.passages(catalogue.passage_ids([document.id], [0]), [0]).values()
            passages = tuple(sorted(found, key=lambda passage: passage.start))
            text = document_text(pages)
            if not passages or any(text[p.start : p.end] != p.text for p in passages):
                continue
            paper = Paper(document, pages, passages)
            count = embedder.count_tokens
            above = [context(document.title, p.heading_path, p.text, count) for p in passages]
            papers.append(
                Source(paper, _WORD.split(text), above, np.stack([vectors[p.id] for p in passages]))
            )
    words: dict[int, list[str]] = defaultdict(list)
    for source in papers:
        for word in source.pieces[1::2]:
            words[len(word)].append(word)
    vectors_of_all = np.concatenate([source.vectors for source in papers])
    return Sources(papers, words, nearest_cosines(vectors_of_all), _heaps(papers))


def nearest_cosines(vectors: Vectors, of: Vectors | None = None) -> Vectors:
    """The cosine of each vector (or of each of `of`, which are some of them) with the nearest other."""
    cosines = (vectors if of is None else of) @ vectors.T
    return cast(Vectors, np.partition(cosines, -2, axis=1)[:, -2])


def _heaps(papers: list[Source]) -> tuple[float, float]:
    """K and beta of V = K n^beta: different words among the first n, fitted at the half and the whole."""
    seen: set[str] = set()
    points, words = [], 0
    for source in papers:
        own = [word.lower() for word in source.pieces[1::2]]
        seen.update(own)
        words += len(own)
        points.append((words, len(seen)))
    (n1, v1), (n2, v2) = points[len(points) // 2], points[-1]
    beta = float(np.log(v2 / v1) / np.log(n2 / n1))
    return v2 / n2**beta, beta


@dataclass(frozen=True, slots=True)
class Made:
    """One paper on its way into a build: with what stands above its passages, and their vectors."""

    paper: Paper
    above: list[str]
    vectors: Vectors


def neighbours(given: Sources, count: int) -> Iterator[Made]:
    """The real papers first, then their neighbours, until there are `count` passages."""
    rng = np.random.default_rng(SEED)
    order = [given.papers[i] for i in rng.permutation(len(given.papers))]
    left, number, words = count, 0, 0
    while left:
        source = order[number % len(order)]
        words += len(source.pieces) // 2
        made = _made(source, given, number // len(order), words, rng)
        part = slice(0, left)
        shelf = SHELVES[int(rng.choice(len(SHELVES), p=SHARES))]
        document = replace(made.paper.document, groups=shelf)
        paper = replace(made.paper, document=document, passages=made.paper.passages[part])
        yield Made(paper, made.above[part], made.vectors[part])
        left -= len(paper.passages)
        number += 1


def _made(source: Source, given: Sources, turn: int, words: int, rng: np.random.Generator) -> Made:
    old = source.paper
    pieces = source.pieces if not turn else _swapped(source.pieces, given, words, rng)
    text = "".join(pieces)
    name = old.document.id if not turn else f"{old.document.id}-{turn}"
    pages, at = [], 0
    for page in old.pages:
        pages.append(replace(page, document_id=name, text=text[at : at + len(page.text)]))
        at += len(page.text) + 1
    passages = [
        replace(p, id=f"{name}:{p.id.rpartition(':')[2]}", document_id=name, text=text[p.start : p.end])
        for p in old.passages
    ]
    nearest = rng.choice(given.nearest, len(passages))
    vectors = source.vectors if not turn else turned(source.vectors, nearest, rng)
    title = old.document.title if not turn else f"{old.document.title} ({turn})"
    document = replace(old.document, id=name, title=title, path=f"{turn}/{old.document.path}", supersedes=())
    return Made(Paper(document, tuple(pages), tuple(passages)), source.above, vectors)


def _swapped(pieces: list[str], given: Sources, words: int, rng: np.random.Generator) -> list[str]:
    """The pieces with other words in some places."""
    swapped = pieces.copy()
    count = len(pieces) // 2
    chosen = 2 * rng.choice(count, int(SWAPPED * count), replace=False) + 1
    constant, beta = given.heaps
    new = rng.poisson(constant * beta * words ** (beta - 1) * count)
    drawn = rng.random(len(chosen))
    for nth, (place, share) in enumerate(zip(chosen.tolist(), drawn.tolist(), strict=True)):
        length = len(pieces[place])
        if nth < new:
            swapped[place] = "".join(LETTERS[rng.integers(len(LETTERS), size=length)])
        else:
            alike = given.words[length]
            swapped[place] = alike[int(share * len(alike))]
    return swapped


def turned(vectors: Vectors, cosines: Vectors, rng: np.random.Generator) -> Vectors:
    """Unit vectors that have these cosines with the given ones, in random directions."""
    noise = rng.normal(size=vectors.shape).astype(np.float32)
    noise -= np.sum(noise * vectors, axis=1, keepdims=True) * vectors
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    cosine = np.clip(cosines, 0.0, 1.0)[:, np.newaxis]
    found = cosine * vectors + np.sqrt(1 - cosine**2) * noise
    return cast(Vectors, (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32))
