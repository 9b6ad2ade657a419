"""A language model that misbehaves: the answer comes all the same, extracted, and says so."""

import gc
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant import breaker
from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.breaker import Breaker
from assistant.cli import main
from assistant.config import Settings
from assistant.llm import LanguageModel
from assistant.model_faults import unavailable
from assistant.types import Answer, Question, Side, Turn
from conftest import ROOT
from index.embedding import Embedder
from model_faults import (
    FAULTS,
    GOOD,
    QUESTION,
    SECRETS,
    Met,
    after,
    error,
    hangs,
    met,
    says,
    sends,
    settings_of,
)
from scripted_model import Reply, ScriptedModel, soon

pytest.importorskip("langchain_openai", reason="the extra [openai] is not installed")


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as scripted:
        yield scripted


@pytest.fixture
def assistant(model: ScriptedModel, small_index: Path, embedder: Embedder) -> Assistant:
    return Assistant(settings_of(model.url, small_index), embedder)


@pytest.fixture(scope="module")
def outcomes(small_index: Path, embedder: Embedder) -> dict[str, Met]:
    """What came of each fault. The network is shut for each test only: all servers are on loopback."""
    return met(small_index, embedder)


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_a_model_does_the_papers_answer_and_it_is_told(outcomes: dict[str, Met], fault: str) -> None:
    assert outcomes[fault].wrong(FAULTS[fault]) == ""


@pytest.mark.parametrize(
    "first", [error(500), error(429, retry_after="0.1"), sends(""), sends("data: [DONE]\n\n")]
)
def test_what_passes_is_tried_once_more(
    model: ScriptedModel, assistant: Assistant, first: Callable[[Reply], None]
) -> None:
    model.turns = [first, says(GOOD)]
    answer = assistant.ask(QUESTION)
    assert (answer.text, answer.trace.fallback, len(model.requests)) == (GOOD, "", 2)


def test_the_command_line_answers_and_says_that_the_model_failed(
    model: ScriptedModel,
    small_index: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model.turns = [error(401)]
    monkeypatch.setenv("ASSISTANT_LLM", "openai:scripted")
    monkeypatch.setenv("ASSISTANT_LLM_BASE_URL", model.url)
    monkeypatch.setenv("ASSISTANT_MODELS", str(ROOT / "var" / "models"))
    assert main(["ask", QUESTION.text, "--index", str(small_index)]) == 0
    told = capsys.readouterr()
    assert "Norway pays" in told.out and "the language model failed (rejected)" in told.err
    assert not any(secret in told.out + told.err for secret in SECRETS)


def test_an_operator_is_told_where_but_no_name_key_or_query() -> None:
    settings = Settings(llm="openai:x", llm_base_url="http://user:pass@host:9/v1?key=sk-secret")
    told = str(unavailable(settings, "unreachable"))
    assert "http://host:9/v1 did not answer" in told and "pass" not in told and "sk-secret" not in told


def test_sentences_streamed_before_a_fault_are_replaced(model: ScriptedModel, assistant: Assistant) -> None:
    model.turns = [after(text=f"{GOOD} Then it")]
    *pieces, answer = assistant.stream(QUESTION)
    assert "".join(map(str, pieces)) == GOOD, "nothing is streamed after the fault"
    assert isinstance(answer, Answer) and answer.text != GOOD and answer.trace.fallback == "cut"


def test_a_follow_up_is_searched_by_rule_where_the_model_fails(
    model: ScriptedModel, assistant: Assistant
) -> None:
    model.turns = [error(401)]
    history = (Turn("user", "What is the Harbour Programme?"), Turn("assistant", "A programme."))
    answer = assistant.ask(Question("And who pays for it?", local_principal(), history))
    assert answer.trace.search_text == "What is the Harbour Programme? And who pays for it?"
    assert (answer.trace.fallback, len(model.requests)) == ("rejected", 1)


def test_who_stops_reading_lets_a_silent_model_go(model: ScriptedModel) -> None:
    model.turns = [hangs]
    stream = LanguageModel(Settings(llm="openai:x", llm_base_url=model.url)).stream([("user", "x")])
    assert next(iter(stream)) == "", "nothing has come, but whoever waits can leave"
    began = time.monotonic()
    stream.close()  # type: ignore[attr-defined]
    soon(lambda: model.server.left_at)
    assert model.server.left_at[0] - began < 2


def test_all_that_a_question_asks_of_the_model_ends_with_one_deadline(
    model: ScriptedModel, small_index: Path, embedder: Embedder
) -> None:
    def drips(reply: Reply) -> None:
        reply.open()
        for word in ["x"] * 30:
            reply.words(word)
            time.sleep(0.05)
        reply.close()

    model.turns = [drips]
    assistant = Assistant(settings_of(model.url, small_index, (1.4, 1.8)), embedder)
    sides = (Side("2021", {"year": ("2021",)}), Side("again", {"year": ("2021",)}))
    began = time.monotonic()
    answer = assistant.ask(Question(QUESTION.text, local_principal(), sides=sides))
    assert time.monotonic() - began < 3.2, "two sides of 1.5 s each"
    assert answer.trace.fallback == "timeout" and len(model.requests) == 2


def test_the_first_word_is_not_waited_for_anew_after_a_rewriting(
    model: ScriptedModel, small_index: Path, embedder: Embedder
) -> None:
    def late(reply: Reply) -> None:
        time.sleep(0.7)
        reply.say("Who pays for the Harbour Programme?")

    model.turns = [late, hangs]
    history = (Turn("user", "What is the Harbour Programme?"), Turn("assistant", "A programme."))
    assistant = Assistant(settings_of(model.url, small_index, (1.5, 9)), embedder)
    began = time.monotonic()
    answer = assistant.ask(Question("And who pays for it?", local_principal(), history))
    assert time.monotonic() - began < 2.2 and answer.trace.fallback == "timeout"


def test_after_three_failures_nobody_waits_until_one_question_finds_it_well(
    model: ScriptedModel, small_index: Path, embedder: Embedder
) -> None:
    now = [0.0]
    settings = settings_of(model.url, small_index)
    assistant = Assistant(settings, embedder)
    assistant._model = LanguageModel(settings, Breaker(lambda: now[0]))
    model.turns = [error(401)] * 3 + [error(401), says("I'm sorry, but I can't help with that."), says(GOOD)]
    words = [assistant.ask(QUESTION).trace.fallback for _ in range(5)]
    assert words == ["rejected"] * 3 + ["paused"] * 2 and len(model.requests) == 3
    now[0] = breaker.PAUSE_S + 1  # one tries, in vain
    assert [assistant.ask(QUESTION).trace.fallback for _ in range(2)] == ["rejected", "paused"]
    now[0] *= 2
    told = [assistant.ask(QUESTION).trace.fallback for _ in range(3)]
    assert told == ["refused", "", ""] and not assistant._model.breaker.open


@pytest.mark.parametrize(
    ("turn", "word"),
    [(says("Norway", "content_filter"), "filtered"), (says(""), "empty"), (error(413), "unfit")],
)
def test_what_is_wrong_with_one_question_does_not_close_the_model_to_others(
    model: ScriptedModel, assistant: Assistant, turn: Callable[[Reply], None], word: str
) -> None:
    model.turns = [turn]
    assert [assistant.ask(QUESTION).trace.fallback for _ in range(4)] == [word] * 4


def test_while_a_model_is_left_alone_one_of_many_tries_it() -> None:
    now = [0.0]
    guard = Breaker(lambda: now[0])
    for _ in range(breaker.MOST_FAILURES):
        guard.failed("It broke off.")
    now[0] = breaker.PAUSE_S
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: guard.lets_through(), range(40))) == 1


def test_a_server_that_dropped_a_kept_connection_is_asked_again(
    small_index: Path, embedder: Embedder
) -> None:
    with ScriptedModel(keeps=True) as model:
        assistant = Assistant(settings_of(model.url, small_index), embedder)
        model.turns = [says(GOOD), says(GOOD), Reply.reset, says(GOOD)]
        assert [assistant.ask(QUESTION).trace.fallback for _ in range(3)] == ["", "", ""]
        assert model.server.connected[0] == model.server.connected[1] == model.server.connected[2]


def test_faults_leave_no_thread_and_no_connection_behind(model: ScriptedModel, assistant: Assistant) -> None:
    def held() -> Counter[str]:
        gc.collect()
        names = [each.name for each in threading.enumerate()]  # asyncio has some for the names of hosts
        # Chroma opens its database once more whenever it likes.
        targets = [_target(each) for each in Path("/proc/self/fd").iterdir()]
        open_files = [target for target in targets if not target.endswith("chroma.sqlite3")]
        threads = [each for each in names if "process_request" not in each and "asyncio_" not in each]
        return Counter(threads + open_files)

    assistant.ask(QUESTION)
    before = held()
    assert assistant._model is not None
    for turn in (hangs, after(), hangs, Reply.reset, hangs, error(401)):
        model.turns = [turn]
        assistant._model.breaker = Breaker()
        waiting = assistant.stream(QUESTION)
        next(waiting)
        waiting.close()  # type: ignore[attr-defined]
    soon(lambda: not held() - before, told=lambda: held() - before)


def _target(descriptor: Path) -> str:
    """What an open file is: its path, or only its kind."""
    try:
        return descriptor.readlink().as_posix().partition("[")[0]
    except OSError:
        return ""


def test_what_is_sent_holds_no_tools_and_asks_for_the_count(
    model: ScriptedModel, assistant: Assistant
) -> None:
    model.says = GOOD
    assistant.ask(QUESTION)
    sent = model.requests[0]
    assert sent["stream_options"] == {"include_usage": True} and sent["temperature"] == 0
    assert "tools" not in sent and "groups" not in json.dumps(sent)
