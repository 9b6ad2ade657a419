"""A published build, open for questions: text in, Hits out, only from what may be read."""

from collections.abc import Collection, Mapping
from pathlib import Path

from index import generations
from index.acronyms import Terms, both_ways, read_glossary
from index.catalogue import Catalogue
from index.concepts import Concept, Language, concepts, weighted_terms
from index.embedding import Embedder
from index.errors import BadIndex
from index.facets import Filters, matches
from index.lexical import Lexical
from index.store import Store
from index.types import Document, FoundBy, Hit, Page, Passage

DENSE_SHARE = 0.4  # of the fused score; the rest is BM25 over its maximum
CANDIDATES = 60  # looked at from each side before fusing


class Index:
    """One build, read-only. Every call names the groups of who asks, and opens only the
    shelves (passages with one and the same set of groups) that these may read."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        """Open a build folder. Raises BadIndex where it is damaged or of another model."""
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
        self._catalogue = Catalogue(folder / "catalogue.sqlite")
        self._glossary = list(read_glossary(folder / "glossary.csv"))
        self._forms: dict[tuple[int, ...], dict[Terms, list[Terms]]] = {}
        self._lexical = Lexical(folder / "lexical", len(self._shelves))
        self._store = Store(folder / "vectors")

    def search(self, text: str, k: int, groups: Collection[str], filters: Filters | None = None) -> list[Hit]:
        """The best `k` passages for `text`, best first, dense and lexical fused."""
        shelves = self._readable(groups)
        if not shelves or not text.strip():
            return []
        # Filters narrow afterwards, so look further where there are any.
        wide = max(CANDIDATES, 2 * k) * (10 if filters else 1)
        vector = self._embedder.embed([text])[0]
        dense = self._store.search(vector, wide, shelves)
        # A question of nothing but small words is searched by them.
        words = weighted_terms(self.concepts(text, groups)) or dict.fromkeys(
            self._lexical.all_terms(text), 1.0
        )
        bm25 = self._lexical.search(words, wide, shelves)
        cosines = dense | self._store.similarities(vector, [i for i in bm25 if i not in dense], shelves)
        scores = fuse(cosines, bm25)
        order = sorted(scores, key=lambda i: (-scores[i], i))
        passages = self._catalogue.passages(order if filters else order[:k], shelves)
        if filters:
            allowed = {d.id for d in self.documents(groups) if matches(d, filters)}
            order = [i for i in order if passages[i].document_id in allowed]
        return [Hit(passages[i], scores[i], cosines[i], _found_by(i in dense, i in bm25)) for i in order[:k]]

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

    def terms(self, text: str) -> list[str]:
        """The stemmed words of `text` that carry meaning, as the lexical index has them."""
        return self._lexical.terms(text)

    def documents(self, groups: Collection[str]) -> list[Document]:
        """The documents that these groups may read, in the order of the corpus."""
        return self._catalogue.documents(self._readable(groups))

    def document(self, document_id: str, groups: Collection[str]) -> Document | None:
        """One document, or None where it is absent or not for these groups."""
        return self._catalogue.document(document_id, self._readable(groups))

    def pages(self, document_id: str, groups: Collection[str]) -> list[Page]:
        """All pages of a document in order; none where it is absent or not for these groups."""
        return self._catalogue.pages(document_id, self._readable(groups))

    def passage(self, passage_id: str, groups: Collection[str]) -> Passage | None:
        """One passage, or None where it is absent or not for these groups."""
        return self._catalogue.passages([passage_id], self._readable(groups)).get(passage_id)

    def close(self) -> None:
        """Release files and the private copy of the vector store."""
        self._catalogue.close()
        self._store.close()

    def _readable(self, groups: Collection[str]) -> list[int]:
        return [number for number, shelf in enumerate(self._shelves) if shelf & set(groups)]


def fuse(cosines: Mapping[str, float], bm25: Mapping[str, float]) -> dict[str, float]:
    """One score for each passage: 0.4 of its cosine and 0.6 of its BM25 over the best BM25.

    Unlike a fusion of ranks this keeps how much better one passage is than the next. The
    scores order one result list; they are not comparable between questions.
    """
    most = max(bm25.values(), default=0.0) or 1.0
    return {
        i: DENSE_SHARE * cosine + (1 - DENSE_SHARE) * bm25.get(i, 0.0) / most for i, cosine in cosines.items()
    }


def _found_by(dense: bool, lexical: bool) -> FoundBy:
    return "both" if dense and lexical else "dense" if dense else "lexical"
