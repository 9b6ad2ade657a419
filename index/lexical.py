"""Words to passages by BM25: the only door to tantivy.

Each shelf (a distinct set of groups) is an index of its own. When several are searched
together, a word's rarity is taken over all of them, so that their scores can be merged; a
shelf that is not opened lends nothing, not even its counts.
"""

import math
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from index.concepts import QUESTION_WORDS, Concept
from index.copies import PrivateCopy
from index.room import writing
from index.types import document_of

ANALYSER = "english_folded"
LOCK = ".tantivy-meta.lock"
WRITER_BYTES = 50_000_000
IN_PART = 0.2  # weight of a form of several words of which some are missing


def _analyser(stopwords: bool) -> Any:
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    builder = (
        TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(60)).filter(Filter.lowercase())
    )
    builder = builder.filter(Filter.ascii_fold())  # users leave accents out
    if stopwords:
        builder = builder.filter(Filter.stopword("english")).filter(
            Filter.custom_stopword(list(QUESTION_WORDS))
        )
    return builder.filter(Filter.stemmer("english")).build()


def stemmer() -> Callable[[str], list[str]]:
    """What gives the distinct stemmed words of a text that carry meaning, in order."""
    analyser = _analyser(stopwords=True)
    return lambda text: list(dict.fromkeys(analyser.analyze(text)))


def write_lexical(folder: Path, entries: Iterable[tuple[str, str]]) -> None:
    """Write a new index of (passage id, text) pairs into `folder`. Raises NotWritten."""
    from tantivy import Document, Index, SchemaBuilder

    folder.mkdir(parents=True)
    schema = SchemaBuilder()
    schema.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    schema.add_text_field("document", tokenizer_name="raw", index_option="basic")
    schema.add_text_field("text", tokenizer_name=ANALYSER, index_option="freq")
    with writing(folder, ValueError, RuntimeError):  # in which tantivy gives its errors
        index = Index(schema.build(), str(folder))
        index.register_tokenizer(ANALYSER, _analyser(stopwords=False))
        writer = index.writer(WRITER_BYTES, 1)  # one thread, one segment: the same files each time
        for passage_id, text in entries:
            writer.add_document(Document(id=passage_id, document=document_of(passage_id), text=text))
        writer.commit()
        writer.wait_merging_threads()


@contextmanager
def _lockable(folder: Path) -> Iterator[Path]:
    """Where an index can be opened: the engine writes a lock beside its files even to read them. One that
    this user may not write is opened through links to its files, which are gone once it is open."""
    if os.access(folder / LOCK, os.W_OK):
        yield folder
        return
    with closing(PrivateCopy()) as links:
        for path in folder.iterdir():
            if path.name != LOCK:
                (links.folder / path.name).symlink_to(path.resolve())
        yield links.folder


class Lexical:
    """The lexical indexes of one build, one a shelf; safe to share between threads."""

    def __init__(self, folder: Path, shelf_count: int) -> None:
        from tantivy import Index

        self._with_stopwords = _analyser(stopwords=False)
        self._stemmed = stemmer()
        self._shelves: list[tuple[Any, Any]] = []
        for shelf in range(shelf_count):
            with _lockable(folder / str(shelf)) as place:
                index = Index.open(str(place))
                index.register_tokenizer(ANALYSER, self._with_stopwords)
                index.config_reader("manual")  # a build never changes: not to be loaded again behind its back
                self._shelves.append((index, index.searcher()))

    def terms(self, text: str) -> list[str]:
        """The distinct stemmed words of `text` that carry meaning, in order."""
        return self._stemmed(text)

    def all_terms(self, text: str) -> list[str]:
        """The distinct stemmed words of `text`, those without meaning included."""
        return list(dict.fromkeys(self._with_stopwords.analyze(text)))

    def count(self, shelf: int) -> int:
        """How many passages one shelf holds."""
        return int(self._shelves[shelf][1].num_docs)

    def rarity(self, terms: Sequence[str], shelves: Sequence[int]) -> dict[str, float]:
        """Inverse document frequency of each term over the given shelves, as BM25 has it:
        ln(1 + (N - n + 0.5) / (n + 0.5)), Robertson & Zaragoza 2009."""
        searchers = [self._shelves[shelf][1] for shelf in shelves]
        total = sum(s.num_docs for s in searchers)
        return {t: _idf(total, sum(s.doc_freq("text", t) for s in searchers)) for t in terms}

    def known(self, terms: Sequence[str], shelves: Sequence[int]) -> set[str]:
        """Those of the terms that a passage on the given shelves has."""
        searchers = [self._shelves[shelf][1] for shelf in shelves]
        return {term for term in terms if any(s.doc_freq("text", term) for s in searchers)}

    def resembling(self, term: str, shelves: Sequence[int]) -> list[str]:
        """The papers' words that a word they do not have may be a misspelling of, at most three.

        Two letters may differ in a long word, one in a short one; figures are never guessed.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import DamerauLevenshtein

        searchers = [self._shelves[shelf][1] for shelf in shelves]
        if len(term) < 4 or not term.isalpha() or any(s.doc_freq("text", term) for s in searchers):
            return []
        # In a fixed order: of equally near words the same ones are taken in every process.
        words = sorted({word for s in searchers for word, _ in s.terms_with_prefix("text", term[0])})
        near = process.extract(
            term, words, scorer=DamerauLevenshtein.distance, score_cutoff=1 if len(term) < 7 else 2, limit=3
        )
        return [word for word, _, _ in near]

    def search(
        self,
        asked: Sequence[Concept],
        k: int,
        shelves: Sequence[int],
        documents: Collection[str] | None = None,
    ) -> dict[str, float]:
        """Scores of the best `k` passages of each shelf that have a word of one of the concepts, of those
        of the given documents if there are any given. These change no score: rarity is counted over all
        that stands on the shelves.

        BM25, with a concept in the place of a word: its weight times the mean saturation of its words,
        weighted by their rarity; of its alternatives the best counts, and one that is there in part
        counts little, so that `Tehrik-e-Taliban Pakistan` is worth what `TTP` is. The query is built
        from analysed words, never parsed: no sign in it has a meaning.
        """
        from tantivy import Query

        forms = [form for concept in asked for form in concept.alternatives]
        rarity = self.rarity(list({term for form in forms for term in form}), shelves)
        scores: dict[str, float] = {}
        for shelf in shelves:
            searcher = self._shelves[shelf][1]
            parts = []
            for concept in asked:
                found = [
                    self._form(shelf, form, concept.weight / sum(rarity[term] for term in form), rarity)
                    for form in concept.alternatives
                ]
                if queries := [query for form in found for query in form]:
                    parts.append(queries[0] if len(queries) == 1 else Query.disjunction_max_query(queries))
            if parts:
                wanted = self._of(shelf, _any_of(parts), documents)
                for score, address in searcher.search(wanted, k, count=False).hits:
                    scores[searcher.doc(address)["id"][0]] = float(score)
        return scores

    def _of(self, shelf: int, query: Any, documents: Collection[str] | None) -> Any:
        """A query narrowed to some documents."""
        from tantivy import Occur, Query

        if documents is None:
            return query
        schema = self._shelves[shelf][0].schema
        those = Query.const_score_query(Query.term_set_query(schema, "document", list(documents)), 0.0)
        return Query.boolean_query([(Occur.Must, query), (Occur.Must, those)])

    def _form(self, shelf: int, form: Sequence[str], share: float, rarity: Mapping[str, float]) -> list[Any]:
        """Queries for one alternative of a concept on one shelf: all its words, and any of them for less."""
        from tantivy import Occur, Query

        index, searcher = self._shelves[shelf]
        words = []
        for term in form:
            here = searcher.doc_freq("text", term)
            if here:
                # The engine weighs by this shelf's own rarity; the quotient makes it everybody's.
                boost = share * rarity[term] / _idf(searcher.num_docs, here)
                words.append(Query.boost_query(Query.term_query(index.schema, "text", term, "freq"), boost))
        whole = len(words) == len(form)
        if whole and len(words) == 1:
            return words
        both = [Query.boolean_query([(Occur.Must, word) for word in words])] if whole else []
        return [*both, Query.boost_query(_any_of(words), IN_PART)] if words else []


def _any_of(queries: Sequence[Any]) -> Any:
    from tantivy import Occur, Query

    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _idf(total: int, containing: int) -> float:
    return math.log(1 + (total - containing + 0.5) / (containing + 0.5))
