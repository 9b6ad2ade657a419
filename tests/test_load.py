"""Many people at once: served in the order they came, told their place, or turned away at once."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import scripted
from assistant import watching
from assistant.access import signed_on_principal
from assistant.assistant import Assistant
from assistant.errors import TooManyQuestions
from assistant.records import FeedbackBook
from assistant.types import Answer, Principal, Question
from assistant.watching import Errand
from assistant.web import dialogue, server
from assistant.web.history import History
from assistant.web.marks import Marks
from assistant.web.reception import Bounds, Reception, Waiting
from assistant.web.sign_on import who
from proofs.load import prove

BOUNDS = Bounds(per_minute=1000, at_once=1, waiting=50, history_turns=20)


def person(number: int) -> Principal:
    return signed_on_principal("proxy", f"person{number}", [])


@pytest.mark.timeout(200)
def test_a_crowd_at_a_real_server_hears_answers_and_no_errors(small_index: Path) -> None:
    proof = prove(True, small_index)
    assert proof.held == proof.tried, proof.broken


def test_who_came_first_is_answered_first() -> None:
    reception = Reception(scripted.scripted(), BOUNDS)
    first = reception.stream(Question("Who pays?", person(0)))
    next(first)
    order: list[int] = []

    def ask(number: int) -> None:
        reception.ask(Question("Who pays?", person(number)), "api")
        order.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 9)]
    for number, thread in enumerate(threads, start=1):
        thread.start()
        while len(reception._line) < number:
            time.sleep(0.005)
    list(first)
    for thread in threads:
        thread.join(20)
    assert order == sorted(order)


def test_who_waits_is_told_their_place_and_it_shows_in_the_chat() -> None:
    reception = Reception(scripted.scripted(), BOUNDS)
    first = reception.stream(Question("Who pays?", person(0)))
    next(first)
    second = reception.told(Question("Who pays?", person(1)))
    assert next(second) == Waiting(1)
    screens = dialogue.exchange(reception, person(2), "Who pays?", [])
    next(screens)
    assert "number 2 in line" in str(next(screens).messages[-1])
    second.close()
    list(first)
    assert "answer answered" in str([screen.messages[-1] for screen in screens][-1])


def test_who_waits_long_can_be_let_go_now_and_then_and_at_once_when_broken_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reception = Reception(scripted.scripted(), BOUNDS)
    first = reception.stream(Question("Who pays?", person(0)))
    next(first)
    with watching.on(Errand("its request")):
        second = reception.told(Question("Who pays?", person(1)))
        assert next(second) == Waiting(1)
    monkeypatch.setattr("assistant.web.reception.TELL_S", 0.05)
    assert next(second) == next(second) == Waiting(1), "a walk that gives no step cannot be closed"
    monkeypatch.setattr("assistant.web.reception.TELL_S", 20.0)
    next(second)
    threading.Timer(0.2, lambda: reception.hurry("its request")).start()
    began = time.monotonic()
    assert next(second) == Waiting(1)
    assert time.monotonic() - began < 10
    assert next(second) == Waiting(1), "and again soon, should the breaking off arrive late"
    assert time.monotonic() - began < 10
    second.close()
    assert reception.in_hand == (1, 0)
    list(first)


def test_whoever_would_wait_too_long_is_told_so_at_once() -> None:
    reception = Reception(scripted.scripted(), BOUNDS)
    reception._taken_s = 60.0
    first = reception.stream(Question("Who pays?", person(0)))
    next(first)
    began = time.monotonic()
    with pytest.raises(TooManyQuestions) as told:
        reception.ask(Question("Who pays?", person(1)), "api")
    assert time.monotonic() - began < 1 and told.value.retry_after_s > 0
    list(first)


def test_the_frameworks_own_limits_lie_beyond_those_of_the_desk() -> None:
    reception = Reception(scripted.scripted(), BOUNDS)
    server.quiet_gradio()
    from assistant.web import chat

    async def laid_out() -> Any:
        return chat.page(reception, who, Marks(cast(FeedbackBook, None)), cast(History, None))

    blocks = asyncio.run(laid_out())  # the framework's locks need a loop
    queue = blocks._queue
    assert queue.max_thread_count > reception.places and blocks.limiter.total_tokens > reception.places
    limits = {fn.concurrency_id: fn.concurrency_limit for fn in blocks.fns.values()}
    assert limits["answers"] == reception.places == 52
    assert queue.ANALYTICS_MAX_EVENTS == 1, "else 10,000 events are gone through after each"


def test_nothing_is_suggested_while_others_wait() -> None:
    class Slow:
        def stream(self, question: Question) -> Iterator[str | Answer]:
            yield "…"
            yield from scripted.scripted().stream(question)

    reception = Reception(cast(Assistant, Slow()), BOUNDS)
    assert not reception.busy
    answering = reception.stream(Question("Who pays?", person(0)))
    next(answering)
    assert reception.busy
    list(answering)
    assert not reception.busy
