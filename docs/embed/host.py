"""An intranet page with the chat in it, to try out and to copy from: `python docs/embed/host.py`.

Start the assistant with ASSISTANT_INTRANET_ORIGINS=http://localhost:8000, make a key with
`ct-assistant keys create portal --vouch-for http://localhost:8000 --groups staff`, put it into
DEMO_KEY, and open http://localhost:8000/. The key stays on this server; the page gets tickets.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

ASSISTANT = os.environ.get("DEMO_ASSISTANT", "http://127.0.0.1:7860")
KEY = os.environ.get("DEMO_KEY", "")
PAGE = Path(__file__).with_name("page.html").read_text("utf-8")


class Host(BaseHTTPRequestHandler):
    def reader(self) -> dict[str, object] | None:
        """Who reads, None where nobody is signed on: ask your own sign-on. The assistant believes it."""
        return {"user": "anna", "groups": [], "scope": {}, "language": ""}

    def do_GET(self) -> None:
        self.answer(200, "text/html; charset=utf-8", PAGE.replace("ASSISTANT", ASSISTANT))

    def do_POST(self) -> None:
        reader = self.reader()
        if self.path != "/my/token" or reader is None:
            return self.answer(401, "application/json", "{}")
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        try:
            asked = Request(f"{ASSISTANT}/api/embed/tickets", json.dumps(reader).encode(), headers)
            with urlopen(asked, timeout=10) as told:
                self.answer(200, "application/json", told.read().decode())
        except URLError as fault:
            self.log_error("no ticket: %s", fault)
            self.answer(502, "application/json", "{}")

    def answer(self, status: int, kind: str, body: str) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Cache-Control", "no-store")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 8000), Host).serve_forever()
