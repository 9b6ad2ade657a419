"""The path of a question, in order: receive, condense, search, gate, select, answer, cite, record."""

import re
import threading
import time
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from assistant.citations import Claim, compose
from assistant.condense import readings, reworded
from assistant.config import Settings
from assistant.context import select
from assistant.emphasis import emphasised
from assistant.errors import BadQuestion
from assistant.extract import extract
from assistant.features import Asked
from assistant.llm import LanguageModel
from assistant.missing import Missing, missing_words
from assistant.notes import Shown, noted
from assistant.parts import question_parts
from assistant.prompting import load_prompt
from assistant.support import Support
from assistant.types import Answer, Question, Status, Trace
from assistant.voices import voices
from assistant.writing import Task, Writer, similarity
from index import generations
from index.embedding import Embedder, load_embedder
from index.errors import BadIndex
from index.reranking import RERANKED, Reranker
from index.search import Index, pool
from index.types import Hit

HITS = 10
EARLIER_SHARE = 0.4  # of a word's weight, where only the conversation before the question has it
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")


class Assistant:
    """Answers questions from the published build; holds no conversation. Safe between threads."""

    def __init__(self, settings: Settings, embedder: Embedder) -> None:
        """Open the published build. Raises BadIndex, BadModel, or BadSetting for the model's name."""
        self._settings = settings
        self._embedder = embedder
        self._lock = threading.Lock()
        self._index = Index(generations.current(settings.index), embedder)
        self._refused_build = ""
        self._model = LanguageModel(settings) if settings.llm else None
        self._reranker = Reranker(settings.reranker) if settings.reranker else None

    @classmethod
    def open(cls, settings: Settings) -> "Assistant":
        """An assistant over the index and models that the settings name."""
        generations.current(settings.index)  # a missing index is told before a model is loaded
        return cls(settings, load_embedder(settings.embedding_model, settings.models))

    @property
    def index(self) -> Index:
        """The published build; a new one is opened as soon as CURRENT names it. Whoever holds
        the one before may go on reading it."""
        with self._lock:
            try:
                folder = generations.current(self._settings.index)
                if folder.name not in (self._index.build_id, self._refused_build):
                    self._index = Index(folder, self._embedder)
            except BadIndex:
                # A damaged build must not take the sound one away from its readers.
                self._refused_build = _name_in(self._settings.index)
            return self._index

    def ask(self, question: Question) -> Answer:
        """The answer as a whole."""
        *_, answer = self.stream(question)
        assert isinstance(answer, Answer)
        return answer

    def stream(self, question: Question) -> Iterator[str | Answer]:
        """Pieces of the answer's text as they come, then exactly one Answer, whose text counts.

        A language model that fails is no error: the answer is extracted, and `trace.fallback` says
        why. Raises BadQuestion for what cannot be searched for.
        """
        watch = _Watch()
        writer = Writer(self._model)
        with watch.step("receive"):
            text = received(question.text, self._settings.question_chars)
            index = self.index
            groups = question.principal.groups
        with watch.step("condense"):
            corrected = ""
            if question.search_text.strip():
                corrected = received(question.search_text, self._settings.question_chars)
                text = reworded(text, corrected)
            search_text = corrected or writer.condensed(text, question.history)
        with watch.step("search"):
            parts = question_parts(text)
            hits = self._found(index, search_text, parts, question)
        with watch.step("select"):
            evidence = select(index, hits, groups)
        with watch.step("gate"):
            leans = len(parts) == 1 and search_text != text
            asked = [
                self._asked(index, part, search_text if leans else part, search_text, groups)
                for part in parts
            ]
            if corrected and len(parts) == 1:
                asked = [Asked(text, corrected, index.concepts(corrected, groups))]
            picked = extract(asked, evidence, self._embedder, index.terms)
            sure = [part for part in picked if part.confidence >= self._settings.min_confidence]
        status: Status = "not_in_documents"
        claims: tuple[Claim, ...] = ()
        written = None
        if sure and self._model is not None:
            with watch.step("answer"):
                support = Support(lambda words: index.rarity(words, groups), similarity(self._embedder))
                written = yield from writer.write(Task(text if corrected else search_text, evidence, support))
        if written is not None:
            status, claims, missing = written.status, written.claims, written.missing
        elif sure:
            claims = tuple(dict.fromkeys(claim for part in sure for claim in part.claims))
            missing = " ".join(part.text for part in picked if part not in sure)
            status = "partial" if missing else "answered"
        with watch.step("compare"):
            shown = Shown(
                [(of, part.ranked) for of, part in zip(asked, picked, strict=True) if part in sure],
                evidence,
                index.terms,
                lambda identifier: index.successors(identifier, groups),
            )
            claims, notes = noted(claims, shown, streamed=written is not None)
        with watch.step("cite"):
            answer_text, citations = compose(claims, evidence)
            notes += voices(citations, evidence)
            emphasis = emphasised(answer_text, [part.text for part in sure], index.terms)
        lacking = Missing()
        if status in ("partial", "not_in_documents"):
            unsaid = " ".join(part.text for part in picked if part not in sure) or text
            lacking = missing_words(index, corrected or unsaid, hits, groups)
        if status == "partial":
            answer_text += f"\n\nNot covered by the documents: {missing.strip()}"
        if written is not None or not writer.shown:
            yield from re.findall(r".+?(?:\n+|$)", answer_text[len(writer.shown) :], re.DOTALL)
        trace = Trace(
            search_text=search_text,
            index_build=index.build_id,
            confidence=round(max((part.confidence for part in picked), default=0.0), 4),
            selected=tuple(passage.id for passage in evidence.passages),
            seconds=watch.seconds,
            fallback=writer.fallback,
            reranker=self._reranker.model_id if self._reranker else "",
            tokens=writer.tokens,
        )
        if written is not None:
            trace = replace(
                trace,
                model=self._settings.llm,
                prompt_hash=load_prompt("answer").sha256,
                markers_removed=written.markers_removed,
                sentences_removed=written.sentences_removed,
            )
        yield Answer(
            answer_text,
            status,
            citations,
            hits,
            trace,
            notes=notes,
            emphasis=emphasis,
            missing=lacking.phrases,
            missing_from=lacking.place,
        )

    def _ranked(self, index: Index, texts: Sequence[str], question: Question) -> list[Hit]:
        """The best passages for the readings of one question, read again by the re-ranking model,
        if there is one, for the first of them."""
        groups, filters = question.principal.groups, question.filters
        depth = RERANKED if self._reranker or len(texts) > 1 else HITS
        hits = pool([index.search(text, depth, groups, filters) for text in texts])
        return (self._reranker.reorder(texts[0], hits[:RERANKED]) if self._reranker else hits)[:HITS]

    def _found(
        self, index: Index, search_text: str, parts: Sequence[str], question: Question
    ) -> tuple[Hit, ...]:
        """The best passages; where a question has parts, those of each part take their turn."""
        history = () if question.search_text else question.history
        lists = [self._ranked(index, readings(question.text, search_text, history), question)]
        if len(parts) > 1:
            lists += [self._ranked(index, [part], question) for part in parts]
        found: dict[str, Hit] = {}
        for turn in zip_longest(*lists):
            for hit in filter(None, turn):
                found.setdefault(hit.passage.id, hit)
        return tuple(found.values())[:HITS]

    @staticmethod
    def _asked(index: Index, text: str, meant: str, search_text: str, groups: Collection[str]) -> Asked:
        """A part of the question for the extractive answerer. What else was asked, and what was
        asked before, tells where to look; the part tells what for: the other words weigh less."""
        now = index.concepts(text, groups)
        own = {concept.alternatives[0] for concept in now}
        earlier = [c for c in index.concepts(search_text, groups) if c.alternatives[0] not in own]
        weighed = [*now, *(replace(c, weight=EARLIER_SHARE * c.weight) for c in earlier)]
        return Asked(text, meant, weighed)


def received(text: str, most_chars: int) -> str:
    """The question without tags, outer blanks and invisible signs. Raises BadQuestion."""
    kept = "".join(sign if unicodedata.category(sign) not in ("Cc", "Cf") else " " for sign in text)
    clean = " ".join(_TAG.sub(" ", kept).split())
    if not clean:
        raise BadQuestion("The question is empty. Please type what you would like to know.")
    if len(clean) > most_chars:
        raise BadQuestion(
            f"The question has {len(clean):,} characters; at most {most_chars:,} can be read. "
            "Please shorten it."
        )
    if not any(sign.isalnum() for sign in clean):
        raise BadQuestion("The question holds no words. Please say in words what you would like to know.")
    return clean


def _name_in(index_folder: Path) -> str:
    try:
        return (index_folder / generations.CURRENT).read_text("utf-8").strip()
    except OSError:
        return ""


class _Watch:
    """Wall time of each step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begun, 6)
