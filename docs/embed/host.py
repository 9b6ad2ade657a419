"""An intranet page with the chat in it, to try out and to copy from: `python docs/embed/host.py`.

Start the assistant with ASSISTANT_INTRANET_ORIGINS=http://localhost:8000, make a key with
`ct-assistant keys create portal --vouch-for http://localhost:8000 --groups staff`, put it into
DEMO_KEY, and open http://localhost:8000/. The key stays on this server; the page gets tickets.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

ASSISTANT = os.environ.get("DEMO_ASSISTANT", "http://127.0.0.1:7860")
PAGE = Path(__file__).with_name("page.html")


def reader(headers: object) -> dict[str, object]:
    """Who reads: here, ask your own sign-on. What it says is what the assistant believes."""
    return {"user": "anna", "groups": [], "scope": {}}


class Host(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(200, "text/html; charset=utf-8", PAGE.read_bytes().replace(b"ASSISTANT", ASSISTANT.encode()))

    def do_POST(self) -> None:
        if self.path != "/my/token" or self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return self.answer(404, "text/plain", b"")
        headers = {"Authorization": f"Bearer {os.environ['DEMO_KEY']}", "Content-Type": "application/json"}
        body = json.dumps(reader(self.headers)).encode()
        with urlopen(Request(f"{ASSISTANT}/api/embed/tickets", body, headers), timeout=10) as told:
            self.answer(200, "application/json", told.read())

    def answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 8000), Host).serve_forever()
