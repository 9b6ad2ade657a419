"""Whoever leaves while a language model says nothing lets its server go, through whatever door they asked."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.web import server
from chatting import ASK, Chat
from index.embedding import Embedder
from model_faults import QUESTION, hangs, hangs_after_sentences
from scripted_model import ScriptedModel, Turn, soon
from serving import served

pytest.importorskip("langchain_openai", reason="the extra [openai] is not installed")
WITHIN_S = 2.0
ASKED = {"question": QUESTION.text}
CHAT = {"model": "ct-assistant", "messages": [{"role": "user", "content": QUESTION.text}]}


@dataclass
class Place:
    """A server of ours, and the model that it asks."""

    address: str
    model: ScriptedModel

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=30)


@pytest.fixture(scope="module")
def place(small_index: Path, embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("leaving")
    with ScriptedModel() as model:
        settings = Settings(
            index=small_index,
            corpus=small_index.parent / "corpus",
            records_url=f"sqlite:///{folder}/records.sqlite",
            audit=folder / "audit",
            llm="openai:scripted",
            llm_base_url=model.url,
            questions_per_minute=1000,
        )
        with served(server.create_app(settings, Assistant(settings, embedder))) as address:
            yield Place(address, model)


def streamed(path: str, body: Mapping[str, object]) -> Callable[[Place], float]:
    """Somebody closes the connection while the answer is on its way."""

    def leave(place: Place) -> float:
        with place.client() as client, client.stream("POST", path, json=body):
            place.model.server.hanging.wait(30)
        return time.monotonic()

    return leave


def whole(path: str, body: Mapping[str, object]) -> Callable[[Place], float]:
    """Somebody waits for the whole answer, and not long enough."""

    def leave(place: Place) -> float:
        with place.client() as client, pytest.raises(httpx.ReadTimeout):
            client.post(path, json=body, timeout=1.5)
        return time.monotonic()

    return leave


def closes_the_tab(place: Place) -> float:
    with place.client() as client:
        chat = Chat(client)
        chat.join(ASK, [QUESTION.text, [], "", ""])
        with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": chat.session}) as updates:
            lines = updates.iter_lines()
            next(lines)  # kept: without it the stream would be closed here
            place.model.server.hanging.wait(30)
    return time.monotonic()


def presses_stop(place: Place) -> float:
    with place.client() as client:
        chat = Chat(client)
        event = chat.join(ASK, [QUESTION.text, [], "", ""]).json()["event_id"]
        watching = threading.Thread(target=chat.updates)
        watching.start()
        place.model.server.hanging.wait(30)
        told = {"session_hash": chat.session, "fn_index": chat.number(ASK), "event_id": event}
        began = time.monotonic()
        client.post("/gradio_api/cancel", json=told).raise_for_status()
        watching.join()
    return began


@pytest.mark.parametrize("turn", [hangs, hangs_after_sentences])
@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(streamed("/api/ask/stream", ASKED), id="stream"),
        pytest.param(streamed("/v1/chat/completions", {**CHAT, "stream": True}), id="openai-stream"),
        pytest.param(whole("/api/ask", ASKED), id="whole"),
        pytest.param(whole("/v1/chat/completions", CHAT), id="openai-whole"),
        pytest.param(closes_the_tab, id="tab"),
        pytest.param(presses_stop, id="stop"),
    ],
)
def test_whoever_leaves_lets_the_models_server_go(
    place: Place, leave: Callable[[Place], float], turn: Turn
) -> None:
    server = place.model.server
    server.hanging.clear()
    server.left_at.clear()
    place.model.turns = [turn]
    left = leave(place)
    assert server.hanging.is_set()
    soon(lambda: server.left_at)
    assert server.left_at[0] - left < WITHIN_S
