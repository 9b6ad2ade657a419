"""Somebody leaves while a language model says nothing, by one of the doors that they can ask at."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.web import server
from chatting import ASK, Chat
from index.embedding import Embedder
from model_faults import QUESTION
from scripted_model import ScriptedModel, Turn, soon
from serving import served

ASKED = {"question": QUESTION.text}
CHAT = {"model": "ct-assistant", "messages": [{"role": "user", "content": QUESTION.text}]}


@dataclass
class Place:
    """A server of ours, and the model that it asks."""

    address: str
    model: ScriptedModel

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=30)


@contextlib.contextmanager
def place_of(index: Path, embedder: Embedder, folder: Path) -> Iterator[Place]:
    """A server over an index, its records in a folder."""
    with ScriptedModel() as model:
        settings = Settings(
            index=index,
            corpus=index.parent / "corpus",
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
        with place.client() as client, contextlib.suppress(httpx.ReadTimeout):
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


LEAVES: dict[str, Callable[[Place], float]] = {
    "/api/ask/stream": streamed("/api/ask/stream", ASKED),
    "/v1, streamed": streamed("/v1/chat/completions", {**CHAT, "stream": True}),
    "/api/ask": whole("/api/ask", ASKED),
    "/v1": whole("/v1/chat/completions", CHAT),
    "the chat's tab": closes_the_tab,
    "the chat's Stop": presses_stop,
}


def let_go_s(place: Place, leave: Callable[[Place], float], turn: Turn) -> float:
    """How long after somebody left the model's server saw its connection closed."""
    server = place.model.server
    server.hanging.clear()
    server.left_at.clear()
    place.model.turns = [turn]
    left = leave(place)
    assert server.hanging.is_set()
    soon(lambda: server.left_at)
    return server.left_at[0] - left
