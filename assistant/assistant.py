"""The path of a question, in order: receive, condense, search, gate, select, answer, cite, record."""

import re
import threading
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from assistant import sayings
from assistant.bounds import bound
from assistant.citations import Claim, compose
from assistant.comparison import asked_of_each, is_topic, side_by_side, sides_of
from assistant.config import Settings
from assistant.context import select
from assistant.emphasis import emphasised
from assistant.errors import BadQuestion
from assistant.extract import Part, extract
from assistant.finding import asked, found, sought
from assistant.language import Language, number, speaking
from assistant.llm import LanguageModel
from assistant.missing import Missing, missing_words
from assistant.notes import Shown, noted
from assistant.prompting import load_prompt
from assistant.support import Support
from assistant.types import Answer, Question, Side, Status, Trace
from assistant.voices import voices
from assistant.writing import Task, Writer, Written, similarity
from index import generations
from index.embedding import Embedder, load_embedder
from index.errors import BadIndex
from index.remembering import Remembering
from index.reranking import Reranker
from index.search import Index

TOPIC_CONFIDENCE = 0.45  # for a topic that is compared; on the sample papers topics that are there begin here

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")


class Assistant:
    """Answers questions from the published build; holds no conversation. Safe between threads."""

    def __init__(self, settings: Settings, embedder: Embedder) -> None:
        """Open the published build. Raises BadIndex, BadModel, or BadSetting for the model's name."""
        self._settings = settings
        self._embedder = Remembering(embedder)
        self._lock = threading.Lock()
        self._index = Index(generations.current(settings.index), self._embedder)
        self._refused_build = ""
        self._refusal: BadIndex | None = None
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
        the one before may go on reading it.

        A damaged build does not take the sound one away from its readers, unless it was to close a
        paper to some of them: then this raises BadIndex.
        """
        with self._lock:
            try:
                folder = generations.current(self._settings.index)
                if folder.name not in (self._index.build_id, self._refused_build):
                    self._index = Index(folder, self._embedder)
                if folder.name == self._index.build_id:
                    self._refused_build, self._refusal = "", None
            except BadIndex as fault:
                self._refused_build = _name_in(self._settings.index)
                refused = self._settings.index / self._refused_build
                self._refusal = fault if _withdraws(refused, self._index.build_id) else None
            if self._refusal:
                raise BadIndex(str(self._refusal))
            return self._index

    def ask(self, question: Question) -> Answer:
        """The answer as a whole."""
        return _last(self.stream(question))

    def extracted(self, question: Question) -> Answer:
        """The extractive answer, also where a language model is at hand: what the papers hold for sure."""
        return _last(self._answered(question, Writer(None)))

    def stream(self, question: Question) -> Iterator[str | Answer]:
        """Pieces of the answer's text as they come, then exactly one Answer, whose text counts.

        A language model that fails is no error: the answer is extracted, and `trace.fallback` says
        why. Raises BadQuestion for what cannot be searched for.
        """
        spoken = Language(question.language)
        with speaking(spoken):
            text = received(question.text, self._settings.question_chars)
        text, sides = (text, question.sides) if question.sides else sides_of(text)
        if not sides:
            yield from self._answered(question, Writer(self._model))
            return
        answers: list[tuple[Side, Answer]] = []
        for side in sides:
            filters = {**question.filters, **side.filters}
            answers.append((side, self._side(replace(question, text=text, sides=(), filters=filters))))
        with speaking(spoken):
            both = side_by_side(answers)
        yield from _lines(both.text)
        yield both

    def _side(self, question: Question) -> Answer:
        """The answer of one side of a comparison. A topic is answered on weaker evidence than a
        question, where no word of it is missing: the reader compares what is there."""
        question = replace(question, text=asked_of_each(question.text))
        answer = _last(self._answered(question, Writer(self._model)))
        weak = answer.status == "not_in_documents" and answer.trace.confidence >= TOPIC_CONFIDENCE
        if not weak or answer.missing or not is_topic(question.text):
            return answer
        return _last(self._answered(question, Writer(self._model), TOPIC_CONFIDENCE))

    def _answered(
        self, question: Question, writer: Writer, least: float | None = None
    ) -> Iterator[str | Answer]:
        """The path of a question over one set of papers; `least` is the confidence that counts as
        sure, the settings' own where None."""
        watch = _Watch()
        index, groups = self.index, question.principal.groups
        spoken = Language(question.language)  # never over a `yield`: it would leak to whoever takes the step
        with watch.step("receive"), speaking(spoken):
            most = self._settings.question_chars
            text = received(question.text, most)
            corrected = received(question.search_text, most) if question.search_text.strip() else ""
            question = replace(question, filters=bound(question.filters, question.principal))
        with watch.step("condense"):
            what = sought(text, corrected, question.history, writer.condensed)
        with watch.step("search"):
            hits = found(index, what, question, self._reranker)
        with watch.step("select"):
            evidence = select(index, hits, groups)
        with watch.step("gate"):
            parts = asked(index, what, groups)
            picked = extract(parts, evidence, self._embedder, index.terms)
            least = self._settings.min_confidence if least is None else least
            sure = [part for part in picked if part.confidence >= least]
        written = None
        if sure and self._model is not None:
            with watch.step("answer"):
                support = Support(lambda words: index.rarity(words, groups), similarity(self._embedder))
                task = Task(what.text if corrected else what.search_text, evidence, support)
                written = yield from writer.write(task)
        status, claims, missing = _concluded(picked, sure, written)
        with watch.step("compare"), speaking(spoken):
            shown = Shown(
                [(of, part.ranked) for of, part in zip(parts, picked, strict=True) if part in sure],
                evidence,
                index.terms,
                lambda identifier: index.successors(identifier, groups),
            )
            claims, notes = noted(claims, shown, streamed=written is not None)
        with watch.step("cite"), speaking(spoken):
            answer_text, citations = compose(claims, evidence)
            emphasis = emphasised(answer_text, [part.text for part in sure], index.terms)
            lacking = Missing()
            if status in ("partial", "not_in_documents"):
                unsaid = " ".join(part.text for part in picked if part not in sure) or what.text
                lacking = missing_words(index, corrected or unsaid, hits, groups)
            if status == "partial":
                said = sayings.NOT_COVERED.format(missing=missing.strip() or sayings.SOME_PART)
                answer_text += f"\n\n{said}"
            notes += voices(citations, evidence)
        if written is not None or not writer.shown:
            yield from _lines(answer_text[len(writer.shown) :])
        trace = Trace(
            search_text=what.search_text,
            index_build=index.build_id,
            confidence=round(max((part.confidence for part in picked), default=0.0), 4),
            selected=tuple(passage.id for passage in evidence.passages),
            seconds=watch.seconds,
            fallback=writer.fallback,
            tokens=writer.tokens,
            reranker=self._reranker.model_id if self._reranker else "",
        )
        yield Answer(
            answer_text,
            status,
            citations,
            hits,
            self._written_by(trace, written),
            notes=notes,
            emphasis=emphasis,
            missing=lacking.phrases,
            missing_from=lacking.place,
        )

    def _written_by(self, trace: Trace, written: Written | None) -> Trace:
        """The trace with what the language model did, where it wrote the answer."""
        if written is None:
            return trace
        return replace(
            trace,
            model=self._settings.llm,
            prompt_hash=load_prompt("answer").sha256,
            markers_removed=written.markers_removed,
            sentences_removed=written.sentences_removed,
        )


def _concluded(
    picked: Sequence[Part], sure: Sequence[Part], written: Written | None
) -> tuple[Status, tuple[Claim, ...], str]:
    """Status, claims and what is not covered: as the model wrote, or as it was extracted."""
    if written is not None:
        return written.status, written.claims, written.missing if written.status == "partial" else ""
    if not sure:
        return "not_in_documents", (), ""
    missing = " ".join(part.text for part in picked if part not in sure)
    claims = tuple(dict.fromkeys(claim for part in sure for claim in part.claims))
    return "partial" if missing else "answered", claims, missing


def _last(streamed: Iterator[str | Answer]) -> Answer:
    *_, answer = streamed
    assert isinstance(answer, Answer)
    return answer


def _lines(text: str) -> list[str]:
    """A text cut behind its line breaks."""
    return re.findall(r".+?(?:\n+|$)", text, re.DOTALL)


def received(text: str, most_chars: int) -> str:
    """The question without tags, outer blanks and invisible signs. Raises BadQuestion, in the
    language of the moment."""
    kept = "".join(sign if unicodedata.category(sign) not in ("Cc", "Cf") else " " for sign in text)
    clean = " ".join(_TAG.sub(" ", kept).split())
    if not clean:
        raise BadQuestion(sayings.QUESTION_EMPTY)
    if len(clean) > most_chars:
        count, most = number(len(clean)), number(most_chars)
        raise BadQuestion(sayings.QUESTION_TOO_LONG.format(count=count, most=most))
    if not any(sign.isalnum() for sign in clean):
        raise BadQuestion(sayings.QUESTION_WITHOUT_WORDS)
    return clean


def _name_in(index_folder: Path) -> str:
    try:
        return (index_folder / generations.CURRENT).read_text("utf-8").strip()
    except OSError:
        return ""


def _withdraws(build: Path, before: str) -> bool:
    """Whether a build that cannot be opened holds less, or for fewer, than the one `before` it: then
    it does not keep that one for a rollback. One whose record is damaged may."""
    try:
        return bool(generations.record_of(build).get("previous") != before)
    except BadIndex:
        return (build / generations.RECORD).exists()


class _Watch:
    """Wall time of each step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begun, 6)
