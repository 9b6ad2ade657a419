"""The path of a question, in order: receive, condense, search, gate, select, answer, cite, record."""

import re
import time
import unicodedata
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

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
from assistant.watching import Watch
from assistant.writing import Task, Writer, Written, similarity
from index import generations
from index.embedding import Embedder, load_embedder
from index.reranking import Reranker
from index.search import Index
from index.served import Served

TOPIC_CONFIDENCE = 0.45  # for a topic that is compared; on the sample papers topics that are there begin here

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")


class Assistant:
    """Answers questions from the published build; holds no conversation. Safe between threads."""

    def __init__(self, settings: Settings, embedder: Embedder) -> None:
        """Open the published build. Raises BadIndex, BadModel, or BadSetting for the model's name."""
        self._settings = settings
        self._embedder = embedder
        self._served = Served(settings.index, embedder, settings.store)
        self._model = LanguageModel(settings) if settings.llm else None
        self._reranker = Reranker(settings.reranker) if settings.reranker else None

    @classmethod
    def open(cls, settings: Settings) -> "Assistant":
        """An assistant over the index and models that the settings name."""
        if not generations.named(settings.index):
            generations.head(settings.index)  # a missing index is told before a model is loaded
        return cls(settings, load_embedder(settings.embedding_model, settings.models))

    @property
    def index(self) -> Index:
        """The build to read now. Raises BadIndex where the published one is damaged and closes a paper."""
        return self._served.index

    @property
    def index_fault(self) -> str:
        """Why the published build is not the one that is served; empty where it is."""
        return self._served.fault

    def ask(self, question: Question) -> Answer:
        """The answer as a whole."""
        return _last(self.stream(question))

    def extracted(self, question: Question) -> Answer:
        """The extractive answer, also where a language model is at hand: what the papers hold for sure."""
        return _last(self._answered(question, Writer(None), self.index))

    def stream(self, question: Question) -> Iterator[str | Answer]:
        """Pieces of the answer's text as they come, then exactly one Answer, whose text counts.

        While a language model is waited for, empty pieces come: whoever has left can close the walk
        then, which ends the model's call. A language model that fails is no error: the answer is
        extracted, and `trace.fallback` says why. However often a question needs the model, it takes
        no longer than the settings allow. Raises BadQuestion for what cannot be searched for.
        """
        spoken = Language(question.language)
        with speaking(spoken):
            text = received(question.text, self._settings.question_chars)
        text, sides = (text, question.sides) if question.sides else sides_of(text)
        index = self.index  # one build for all of the answer
        last_s = time.monotonic() + self._settings.llm_timeout_s
        if not sides:
            yield from self._answered(question, Writer(self._model, last_s), index)
            return
        answers: list[tuple[Side, Answer]] = []
        for side in sides:
            filters = {**question.filters, **side.filters}
            one = replace(question, text=text, sides=(), filters=filters)
            answers.append((side, (yield from self._side(one, index, last_s))))
        with speaking(spoken):
            both = side_by_side(answers)
        yield from _lines(both.text)
        yield both

    def _side(self, question: Question, index: Index, last_s: float) -> Generator[str, None, Answer]:
        """Return the answer of one side of a comparison, yielding empty pieces meanwhile. A topic is
        answered on weaker evidence than a question, where no word of it is missing: the reader
        compares what is there."""
        question = replace(question, text=asked_of_each(question.text))
        answer = yield from _quietly(self._answered(question, Writer(self._model, last_s), index))
        weak = answer.status == "not_in_documents" and answer.trace.confidence >= TOPIC_CONFIDENCE
        if not weak or answer.missing or not is_topic(question.text):
            return answer
        topic = self._answered(question, Writer(self._model, last_s), index, TOPIC_CONFIDENCE)
        return (yield from _quietly(topic))

    def _answered(
        self, question: Question, writer: Writer, index: Index, least: float | None = None
    ) -> Iterator[str | Answer]:
        """The path of a question over one set of papers; `least` is the confidence that counts as
        sure, the settings' own where None."""
        watch = Watch()
        groups = question.principal.groups
        spoken = Language(question.language)  # never over a `yield`: it would leak to whoever takes the step
        with watch.step("receive"), speaking(spoken):
            most = self._settings.question_chars
            text = received(question.text, most)
            corrected = received(question.search_text, most) if question.search_text.strip() else ""
            question = replace(question, filters=bound(question.filters, question.principal))
        with watch.step("condense"):
            condensed = "" if corrected else (yield from writer.condensed(text, question.history))
            what = sought(text, corrected, question.history, condensed)
        with watch.step("search"):
            hits = found(index, what, question, self._reranker)
        with watch.step("select"):
            evidence = select(index, hits, groups)
        with watch.step("gate"):
            parts = asked(index, what, groups)
            picked = extract(parts, evidence, index.terms)
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


def _quietly(streamed: Iterator[str | Answer]) -> Generator[str, None, Answer]:
    """Walk an answer that is not shown as it comes: an empty piece for each of its own."""
    for part in streamed:
        if isinstance(part, Answer):
            return part
        yield ""
    raise RuntimeError("a walk ended without an Answer")


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


