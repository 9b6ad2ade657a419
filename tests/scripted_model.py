"""A server on loopback that speaks the OpenAI protocol and says, or does, what a test tells it to."""

import json
import select
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

USAGE = {"prompt_tokens": 120, "completion_tokens": 17, "total_tokens": 137}
Turn = Callable[["Reply"], None]


def soon(true: Callable[[], object], told: Callable[[], object] = str) -> None:
    """Wait until something is true; fails where it does not become so, with what is `told` then."""
    until = time.monotonic() + 15
    while not true():
        assert time.monotonic() < until, told()
        time.sleep(0.02)


class Reply(BaseHTTPRequestHandler):
    """One request and what is sent for it; each helper sends a little."""

    server: "_Server"
    protocol_version = "HTTP/1.0"

    def do_POST(self) -> None:
        self.server.connected.append(self.client_address)
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

    def reset(self) -> None:
        """Break the connection off so that the other side is told so."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()
        self.close_connection = True
        self.wfile = open("/dev/null", "wb")

    def hang(self, for_s: float = 90) -> None:
        """Say nothing more until the asker has left, and note when that was."""
        self.server.hanging.set()
        if select.select([self.connection], [], [], for_s)[0]:
            self.server.left_at.append(time.monotonic())

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    """`greet` is done with a new connection before its request is read; what it returns true for is
    over then. `left_at` are the moments when an asker who was kept waiting left."""

    daemon_threads = True
    turn: Callable[[dict[str, Any]], Turn]
    model: "ScriptedModel"

    def __init__(self, *told: Any) -> None:
        super().__init__(*told)
        self.greet: Callable[[socket.socket], bool] = lambda connection: False
        self.connected: list[Any] = []
        self.hanging = threading.Event()
        self.left_at: list[float] = []

    def finish_request(self, request: Any, client_address: Any) -> None:
        if not self.greet(request):
            super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class _Keeping(Reply):
    protocol_version = "HTTP/1.1"

    def open(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        super().open(status, kind, Transfer_Encoding="chunked", **headers)

    def raw(self, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        super().raw(b"%x\r\n%b\r\n" % (len(data), data))

    def close(self, finish: str = "stop") -> None:
        super().close(finish)
        super().raw(b"0\r\n\r\n")


class ScriptedModel:
    """Streams `says` word by word, or takes the next of `turns`, and keeps the requests it got.

    The last of `says` and of `turns` is repeated. A server that keeps its connections open speaks
    HTTP/1.1, and has to tell how long each reply is.
    """

    def __init__(self, keeps: bool = False) -> None:
        self.says: str | list[str] = ""
        self.turns: list[Turn] = []
        self.requests: list[dict[str, Any]] = []
        self.server = _Server(("127.0.0.1", 0), _Keeping if keeps else Reply)
        self.server.turn, self.server.model = self._turn, self
        self.elsewhere = ""  # the address of another host, to lead to
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
