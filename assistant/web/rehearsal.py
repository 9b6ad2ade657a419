"""The examples of the first screen, each asked before it is shown: none leads to a refusal.

Asked in the background, once for each build and set of groups; the first reader of a build waits
for what a fraction of a second gives, everybody after finds the examples ready.
"""

import logging
import re
import threading
from collections.abc import Sequence
from itertools import islice
from weakref import WeakKeyDictionary

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.bounds import askable
from assistant.types import Principal, Question
from assistant.web import examples
from assistant.web.examples import EXAMPLES, Example

TRIED = 24  # examples asked at the most
WAIT_S = 0.6  # the first screen does not wait longer
KEPT = 32  # sets of readers whose examples are kept
NEW_WORDS = 6  # that a sentence says beyond question and title; of less it is a heading

log = logging.getLogger(__name__)


class _Examples:
    """Examples that were answered so far, in the order they were asked."""

    def __init__(self) -> None:
        self.answered: list[Example] = []
        self.done = threading.Event()


class _Rehearsal:
    """What one assistant was asked before anybody else asked it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: dict[tuple[object, ...], _Examples] = {}
        self.turn = threading.Lock()  # one is asked at a time: readers' own questions go first


_REHEARSALS: WeakKeyDictionary[Assistant, _Rehearsal] = WeakKeyDictionary()
_LOCK = threading.Lock()


def begin(assistant: Assistant) -> None:
    """Have the examples for what everybody may read asked now; does not wait for them."""
    try:
        answered_examples(assistant, local_principal(), wait_s=0.0)
    except Exception:  # the first screen will say what is the matter
        log.exception("examples could not be prepared")


def answered_examples(assistant: Assistant, principal: Principal, wait_s: float = WAIT_S) -> list[str]:
    """Give up to four questions that were just asked with this reader's groups, and answered."""
    index = assistant.index
    documents = askable(index, principal)
    candidates = examples.candidates(documents, lambda id: index.pages(id, principal.groups))
    asked = tuple(islice(candidates, TRIED))
    with _LOCK:
        rehearsal = _REHEARSALS.setdefault(assistant, _Rehearsal())
    key = (index.build_id, principal.groups, tuple(sorted(principal.scope.items())), asked)
    with rehearsal.lock:
        kept = rehearsal.kept.get(key)
        if kept is None:
            while len(rehearsal.kept) >= KEPT:
                rehearsal.kept.pop(next(iter(rehearsal.kept)))
            kept = rehearsal.kept[key] = _Examples()
            given = (assistant, principal, asked, kept, rehearsal.turn)
            threading.Thread(target=_rehearse, args=given, name="examples").start()
    kept.done.wait(wait_s)
    return [example.question for example in list(kept.answered)]


def _rehearse(
    assistant: Assistant,
    principal: Principal,
    asked: Sequence[Example],
    kept: _Examples,
    turn: threading.Lock,
) -> None:
    """Ask one after the other until enough are answered, one for each document; a program that is
    being stopped is not kept waiting."""
    try:
        for example in asked:
            if len(kept.answered) == EXAMPLES or not threading.main_thread().is_alive():
                break
            if example.document_id in {answered.document_id for answered in kept.answered}:
                continue
            with turn:
                if _is_answered(assistant, principal, example):
                    kept.answered.append(example)
    except Exception:  # a fault must not take the first screen with it; there are fewer examples
        log.exception("examples could not be asked")
    finally:
        kept.done.set()


def _is_answered(assistant: Assistant, principal: Principal, example: Example) -> bool:
    """Whether the paper the example is about answers it, with more than its title or a heading."""
    answer = assistant.extracted(Question(example.question, principal))
    return answer.status == "answered" and any(
        citation.document_id == example.document_id
        and len(_words(citation.quote) - _words(example.question) - _words(citation.title)) >= NEW_WORDS
        for citation in answer.citations
    )


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))
