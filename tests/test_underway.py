"""What is broken off ends before something else is shown in its window."""

import threading
import time
from collections.abc import Generator

from assistant.web.underway import Underway


def test_a_window_waits_for_its_own_answers_and_for_all_of_them() -> None:
    underway, waited = Underway(), threading.Event()

    def wait() -> None:
        underway.wait_for_end("mine", 30)
        waited.set()

    with underway.to("theirs", "1"):
        with underway.to("mine", "2"):
            with underway.to("mine", "2"):
                thread = threading.Thread(target=wait)
                thread.start()
            assert not waited.wait(0.1)
            assert underway.requests("mine") == ["2"]
        assert waited.wait(30)
        thread.join()
        assert underway.requests("mine") == []


def test_an_answer_that_was_closed_half_way_has_ended() -> None:
    underway = Underway()

    def steps() -> Generator[int, None, None]:
        with underway.to("mine", "2"):
            yield 1
            yield 2

    walk = steps()
    next(walk)
    walk.close()
    began = time.monotonic()
    underway.wait_for_end("mine", 30)
    assert time.monotonic() - began < 10


def test_one_that_does_not_end_is_not_waited_for_for_ever() -> None:
    underway = Underway()
    with underway.to("mine", "2"):
        began = time.monotonic()
        underway.wait_for_end("mine", 0.2)
        assert 0.1 < time.monotonic() - began < 10
