"""A published build, open for questions: text in, Hits out, only from what may be read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from index import generations
from index.acronyms import Terms, both_ways, read_glossary
from index.catalogue import Catalogue
from index.chroma import StoreServer
from index.concepts import Concept, Language, concepts, coverage
from index.embedding import Embedder
from index.errors import BadIndex
from index.facets import Filters, matches
from index.health import owned, recorded
from index.lexical import Lexical
from index.store import open_store
from index.types import NOBODY, Document, FoundBy, Hit, Outcome, Page, Passage

# Shares of the fused score: cosine, BM25 over its maximum, coverage of the question's concepts.
DENSE_SHARE, LEXICAL_SHARE, COVERED_SHARE = 0.45, 0.3, 0.25
CANDIDATES = 60  # looked at from each side before fusing


class Index:
    """One build, read-only. Every call names the groups of who asks, and opens only the
    shelves (passages with one and the same set of groups) that these may read."""

    def __init__(self, folder: Path, embedder: Embedder, server: StoreServer | None = None) -> None:
        """Open a build folder, and what it has on the server. Raises BadIndex where it is damaged or of
        another model."""
        record = generations.record_of(folder)
        if record["model"] != embedder.model_id:
            raise BadIndex(
                f"{folder}: made with the embedding model {record['model']}, but {embedder.model_id} "
                "is configured. "
                "Run `ct-assistant build` again, or set ASSISTANT_EMBEDDING_MODEL back."
            )
        wrong = generations.verify(folder)
        if wrong:
            raise BadIndex(f"{wrong[0]} Run `ct-assistant build` again; your documents are not touched.")
        self.build_id: str = folder.name
        self.passage_count: int = record["passages"]
        self._shelves = [frozenset(groups) for groups in record["shelves"]]
        self._embedder = embedder
        self._glossary = list(read_glossary(folder / "glossary.csv"))
        self._forms: dict[tuple[int, ...], dict[Terms, list[Terms]]] = {}
        self._successors: dict[tuple[int, ...], dict[str, list[Document]]] = {}
        self._documents: dict[tuple[int, ...], list[Document]] = {}
        self._document: dict[str, Document] = {}  # by id: readers of different shelves share them
        try:
            self._catalogue = Catalogue(folder / "catalogue.sqlite")
            self._outcomes = owned(recorded(record), self._documents_on(range(len(self._shelves))))
            self._lexical = Lexical(folder / "lexical", len(self._shelves))
        except Exception as error:  # changed since, or deleted: each library has its own word for it
            raise BadIndex(
                f"{folder}: does not open ({type(error).__name__}). Run `ct-assistant build` again."
            ) from error
        self._store = open_store(folder, record, server)

    def search(self, text: str, k: int, groups: Collection[str], filters: Filters | None = None) -> list[Hit]:
        """The best `k` passages for `text`, best first, dense and lexical fused."""
        shelves = self._readable(groups)
        if not shelves or not text.strip():
            return []
        allowed = {d.id for d in self._documents_on(shelves) if matches(d, filters)} if filters else None
        most = max(CANDIDATES, 2 * k)
        vector = self._embedder.embed([text])[0]
        dense = _best(self._store.search(vector, most, shelves, allowed), most)
        asked = self._searched(text, groups)
        bm25 = self._lexical.search(asked, most, shelves, allowed)
        if allowed is not None:
            bm25 = _best(bm25, most)
        cosines = dense | self._store.similarities(vector, [i for i in bm25 if i not in dense], shelves)
        terms = self._catalogue.terms(list(cosines), shelves)
        cosines = {i: cosine for i, cosine in cosines.items() if i in terms}  # whatever a server says
        scores = _best(fuse(cosines, bm25, {i: coverage(asked, terms[i]) for i in cosines}), k)
        passages = self._catalogue.passages(list(scores), shelves)
        return [
            Hit(passages[i], score, cosines[i], _found_by(i in dense, i in bm25))
            for i, score in scores.items()
        ]

    def _searched(self, text: str, groups: Collection[str]) -> list[Concept]:
        """The concepts of a text; one of nothing but small words is searched by these."""
        small = self._lexical.all_terms(text)
        return self.concepts(text, groups) or [
            Concept(weight, ((word,),))
            for word, weight in self._lexical.rarity(small, self._readable(groups)).items()
        ]

    def concepts(self, text: str, groups: Collection[str]) -> list[Concept]:
        """What a question asks about, with the words that the readable papers use for it."""
        shelves = self._readable(groups)
        opened = tuple(shelves)
        if opened not in self._forms:
            known = [*self._glossary, *self._catalogue.acronyms(shelves)]
            self._forms[opened] = both_ways(known, self._lexical.terms)
        language = Language(
            analyse=self._lexical.terms,
            rarity=lambda terms: self._lexical.rarity(terms, shelves),
            forms=self._forms[opened],
            resembling=lambda term: self._lexical.resembling(term, shelves),
        )
        return concepts(text, language)

    def rarity(self, text: str, groups: Collection[str]) -> dict[str, float]:
        """The stemmed words of `text` that carry meaning, with their rarity in what may be read."""
        return self._lexical.rarity(self._lexical.terms(text), self._readable(groups))

    def known(self, terms: Sequence[str], groups: Collection[str]) -> set[str]:
        """Those stemmed words that stand in a paper that may be read."""
        return self._lexical.known(terms, self._readable(groups))

    def terms(self, text: str) -> list[str]:
        """The stemmed words of `text` that carry meaning, as the lexical index has them."""
        return self._lexical.terms(text)

    def documents(self, groups: Collection[str]) -> list[Document]:
        """The documents that these groups may read, in the order of the corpus."""
        return self._documents_on(self._readable(groups)).copy()

    def _documents_on(self, shelves: Sequence[int]) -> list[Document]:
        """The documents on some shelves, read once: of 26,000 that takes a third of a second."""
        opened = tuple(shelves)
        if opened not in self._documents:
            told = self._catalogue.documents(opened)
            self._documents[opened] = [self._document.setdefault(each.id, each) for each in told]
        return self._documents[opened]

    def document(self, document_id: str, groups: Collection[str]) -> Document | None:
        """One document, or None where it is absent or not for these groups."""
        return self._catalogue.document(document_id, self._readable(groups))

    def successors(self, document_id: str, groups: Collection[str]) -> list[Document]:
        """The documents that say they supersede this one, as far as these groups may read them."""
        shelves = tuple(self._readable(groups))
        if shelves not in self._successors:
            told: dict[str, list[Document]] = {}
            for document in self._documents_on(shelves):
                for older in document.supersedes:
                    told.setdefault(older, []).append(document)
            self._successors[shelves] = told
        return self._successors[shelves].get(document_id, [])

    def outcomes(self, groups: Collection[str]) -> list[Outcome]:
        """What became of the files that these groups may know of, also of those that were not indexed."""
        return [outcome for outcome in self._outcomes if set(outcome.groups) & _held(groups)]

    @property
    def unnamed(self) -> int:
        """How many files could not be read and are nobody's to know of: this build did not keep whose."""
        left_out = ("skipped", "missing", "duplicate")
        return sum(not outcome.groups and outcome.status not in left_out for outcome in self._outcomes)

    def pages(self, document_id: str, groups: Collection[str]) -> list[Page]:
        """All pages of a document in order; none where it is absent or not for these groups."""
        return self._catalogue.pages(document_id, self._readable(groups))

    def passage(self, passage_id: str, groups: Collection[str]) -> Passage | None:
        """One passage, or None where it is absent or not for these groups."""
        return self._catalogue.passages([passage_id], self._readable(groups)).get(passage_id)

    def close(self) -> None:
        """Release files, and the private copy of the vector store where there is one."""
        self._catalogue.close()
        self._store.close()

    def _readable(self, groups: Collection[str]) -> list[int]:
        held = _held(groups)
        return [number for number, shelf in enumerate(self._shelves) if shelf & held]


def _held(groups: Collection[str]) -> set[str]:
    """The groups that somebody can be in."""
    return set(groups) - {NOBODY}


def _best(scores: Mapping[str, float], k: int) -> dict[str, float]:
    """The `k` highest scores, best first; equal ones by id, so that every process has one order."""
    order = sorted(scores, key=lambda i: (-scores[i], i))
    return {i: scores[i] for i in order[:k]}


def fuse(
    cosines: Mapping[str, float], bm25: Mapping[str, float], covered: Mapping[str, float]
) -> dict[str, float]:
    """One score for each passage, in [-0.45, 1]: its cosine, its BM25 over the best BM25, and the
    share of the question's concepts that it covers, each with its weight.

    Unlike a fusion of ranks this keeps how much better one passage is than the next. BM25 lets one
    rare word, said often, outweigh all others; coverage asks how many are there. The scores order
    one result list; they are not comparable between questions.
    """
    most = max(bm25.values(), default=0.0) or 1.0
    return {
        i: DENSE_SHARE * cosine
        + LEXICAL_SHARE * bm25.get(i, 0.0) / most
        + COVERED_SHARE * covered.get(i, 0.0)
        for i, cosine in cosines.items()
    }


def pool(lists: Sequence[Sequence[Hit]]) -> list[Hit]:
    """Several searches for one thing as one list: a passage's score is the mean of its scores, with
    nothing from a list that lacks it (CombSUM, Fox & Shaw, TREC-2 1994)."""
    best: dict[str, Hit] = {}
    scores: dict[str, float] = {}
    for hit in chain.from_iterable(lists):
        best.setdefault(hit.passage.id, hit)
        scores[hit.passage.id] = scores.get(hit.passage.id, 0.0) + hit.score / len(lists)
    order = sorted(scores, key=lambda i: (-scores[i], i))
    return [replace(best[i], score=scores[i]) for i in order]


def _found_by(dense: bool, lexical: bool) -> FoundBy:
    return "both" if dense and lexical else "dense" if dense else "lexical"
