"""The path of a question, in order: receive, condense, search, gate, select, answer, cite, record."""

import re
import threading
import time
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from assistant.citations import Claim, compose, review
from assistant.condense import condense
from assistant.config import Settings
from assistant.context import Evidence, select
from assistant.errors import BadQuestion
from assistant.extract import extract
from assistant.features import Asked
from assistant.llm import LanguageModel
from assistant.prompting import NOT_COVERED, NOT_IN_DOCUMENTS, fenced, load_prompt, visible_chars
from assistant.types import Answer, Question, Status, Trace
from index import generations
from index.embedding import Embedder, load_embedder
from index.errors import BadIndex
from index.search import Index

HITS = 10
EARLIER_SHARE = 0.4  # of a word's weight, where only the conversation before the question has it
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")


class Assistant:
    """Answers questions from the published build; holds no conversation. Safe between threads."""

    def __init__(self, settings: Settings, embedder: Embedder) -> None:
        """Open the published build. Raises BadIndex, or BadSetting for the model's name."""
        self._settings = settings
        self._embedder = embedder
        self._lock = threading.Lock()
        self._index = Index(generations.current(settings.index), embedder)
        self._refused_build = ""
        self._model = LanguageModel(settings) if settings.llm else None

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

        Raises BadQuestion for what cannot be searched for and ModelUnavailable.
        """
        watch = _Watch()
        with watch.step("receive"):
            text = received(question.text, self._settings.question_chars)
            index = self.index
            groups = question.principal.groups
        with watch.step("condense"):
            search_text = self._condensed(text, question)
        with watch.step("search"):
            hits = tuple(index.search(search_text, HITS, groups, question.filters))
        with watch.step("select"):
            evidence = select(index, hits, groups)

        def weigh(words: str) -> dict[str, float]:
            return index.rarity(words, groups)

        with watch.step("gate"):
            asked = self._asked(index, text, search_text, groups)
            picked = extract(asked, evidence, self._embedder, index.terms)
        status: Status = "not_in_documents"
        claims: tuple[Claim, ...] = ()
        removed = (0, 0)
        model = self._model if picked.confidence >= self._settings.min_confidence else None
        if model is not None:
            with watch.step("answer"):
                written = ""
                for piece in model.stream(_answer_messages(search_text, evidence)):
                    shown = visible_chars(written)
                    written += piece
                    if visible_chars(written) > shown:
                        yield written[shown : visible_chars(written)]
            with watch.step("cite"):
                body, _, missing = written.partition(NOT_COVERED)
                reviewed = review(body, evidence.passages, weigh)
                claims, removed = reviewed.claims, (reviewed.markers_removed, reviewed.sentences_removed)
                if claims:
                    status = "partial" if missing.strip() else "answered"
                elif NOT_IN_DOCUMENTS not in written:
                    status = "unsupported"
        elif picked.confidence >= self._settings.min_confidence:
            status, claims = "answered", picked.claims
        answer_text, citations = compose(claims, evidence)
        if status == "partial":
            answer_text += f"\n\nNot covered by the documents: {missing.strip()}"
        if model is None:
            yield from re.findall(r".+?(?:\n+|$)", answer_text, re.DOTALL)
        trace = Trace(
            search_text=search_text,
            index_build=index.build_id,
            confidence=round(picked.confidence, 4),
            selected=tuple(passage.id for passage in evidence.passages),
            model=model.name if model else "",
            prompt_hash=load_prompt("answer").sha256 if model else "",
            seconds=watch.seconds,
            markers_removed=removed[0],
            sentences_removed=removed[1],
        )
        yield Answer(answer_text, status, citations, hits, trace)

    @staticmethod
    def _asked(index: Index, text: str, search_text: str, groups: Collection[str]) -> Asked:
        """The question for the extractive answerer. What was asked before tells where to look,
        what is asked now tells what for: the earlier words weigh less."""
        now = index.concepts(text, groups)
        own = {concept.alternatives[0] for concept in now}
        earlier = [c for c in index.concepts(search_text, groups) if c.alternatives[0] not in own]
        return Asked(search_text, [*now, *(replace(c, weight=EARLIER_SHARE * c.weight) for c in earlier)])

    def _condensed(self, text: str, question: Question) -> str:
        if self._model is None or not question.history:
            return condense(text, question.history)
        history = "\n".join(f"{turn.role}: {turn.text}" for turn in question.history[-6:])
        messages = load_prompt("condense").messages(history=history, question=text)
        return self._model.complete(messages).strip() or text


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


def _answer_messages(question: str, evidence: Evidence) -> list[tuple[str, str]]:
    passages, fence = fenced(evidence)
    return load_prompt("answer").messages(passages=passages, fence=fence, question=question)


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
