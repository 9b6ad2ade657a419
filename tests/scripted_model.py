"""A server on loopback that speaks the OpenAI protocol and says, or does, what a test tells it to."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

USAGE = {"prompt_tokens": 120, "completion_tokens": 17, "total_tokens": 137}
Turn = Callable[["Reply"], None]


class Reply(BaseHTTPRequestHandler):
    """One request and what is sent for it; each helper sends a little."""

    server: "_Server"
    protocol_version = "HTTP/1.0"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self.server.turn(body)(self)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the asker did not wait, which is what some tests are about

    def open(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def raw(self, text: str | bytes) -> None:
        self.wfile.write(text.encode() if isinstance(text, str) else text)
        self.wfile.flush()

    def event(self, delta: dict[str, Any], finish: str | None = None, **fields: Any) -> None:
        choice = {"delta": delta, "index": 0, "finish_reason": finish}
        told = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
        self.raw(f"data: {json.dumps(told | fields)}\n\n")

    def words(self, text: str) -> None:
        for word in text.split(" "):
            self.event({"role": "assistant", "content": word + " "})

    def close(self, finish: str = "stop") -> None:
        self.event({}, finish)
        self.event({}, None, choices=[], usage=USAGE)
        self.raw("data: [DONE]\n\n")

    def error(self, status: int, message: str = "key sk-secret at 10.9.8.7 refused", **headers: str) -> None:
        self.open(status, "application/json", **headers)
        self.raw(
            json.dumps({"error": {"message": message, "code": "content_filter" * ("filter" in message)}})
        )

    def say(self, text: str, finish: str = "stop") -> None:
        self.open()
        self.words(text)
        self.close(finish)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    turn: Callable[[dict[str, Any]], Turn]

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class ScriptedModel:
    """Streams `says` word by word, or takes the next of `turns`, and keeps the requests it got.

    The last of `says` and of `turns` is repeated.
    """

    def __init__(self) -> None:
        self.says: str | list[str] = ""
        self.turns: list[Turn] = []
        self.requests: list[dict[str, Any]] = []
        self.server = _Server(("127.0.0.1", 0), Reply)
        self.server.turn = self._turn
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def _turn(self, body: dict[str, Any]) -> Turn:
        self.requests.append(body)
        if self.turns:
            return self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        says = self.says
        text = says if isinstance(says, str) else says.pop(0) if len(says) > 1 else says[0]
        return lambda reply: reply.say(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
