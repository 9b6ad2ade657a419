"""Asked to stop, a server finishes the answers on their way and ends, whatever windows are open."""

import asyncio
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send

from assistant.web.listening import held
from assistant.web.stopping import LASTING, Stopping
from proofs.restarts import prove


@pytest.mark.timeout(200)
def test_answers_on_their_way_are_finished_and_nothing_is_left_behind(small_index: Path) -> None:
    proof = prove(True, small_index)
    assert proof.held == proof.tried, proof.broken


def test_an_open_window_ends_when_the_server_stops_and_other_requests_go_on() -> None:
    sent: list[Message] = []

    async def forever(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.2 if scope["path"] == "/api/ask" else 60)
        await send({"type": "http.response.body", "body": b"whole"})

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        stopping = asyncio.Event()
        door = Stopping(forever, stopping)
        paths = (f"{LASTING}window", "/api/ask")
        asked = [asyncio.ensure_future(door({"type": "http", "path": path}, receive, send)) for path in paths]
        await asyncio.sleep(0.05)
        stopping.set()
        await asyncio.wait_for(asyncio.gather(*asked), 5)

    asyncio.run(run())
    assert [message.get("body") for message in sent if "body" in message] == [b"", b"whole"]


def test_a_socket_goes_with_its_server_unless_another_has_its_place(tmp_path: Path) -> None:
    path = tmp_path / "ct.sock"
    with held(f"unix:{path}", 0):
        assert path.exists()
    assert not path.exists()
    with held(f"unix:{path}", 0):
        path.rename(tmp_path / "old.sock")
        path.touch()
    assert path.exists(), "another's now"
