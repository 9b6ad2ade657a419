"""Behind a real nginx with docs/deployment/nginx.conf: who asks, streams, sizes, several processes."""

import json
import re
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import UnixStreamServer
from threading import Thread
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from assistant.records import Database
from assistant.records.keys import Keys
from browsing import needs_chromium, windows
from proxied import ABSENT, CONF, NGINX, PASSWORD, PEOPLE, Proxy, nginx, through, two_servers

pytestmark = [pytest.mark.skipif(NGINX is None, reason=ABSENT), pytest.mark.timeout(300)]

INTRANET = "https://intranet.example.org"
RESTRICTED = "/documents/secret/pages/1"  # for the group board: mary is in it, ben is not
WRONG = "Basic bWFyeTp3cm9uZw=="  # mary, with a wrong password
RIGHT = "Basic " + b64encode(f"mary:{PASSWORD}".encode()).decode()
SAID = "Records are kept for five years"


@contextmanager
def folder_of_its_own() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ct-nginx-") as name:  # short: a socket's path has 108 bytes
        yield Path(name)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with folder_of_its_own() as folder:
        yield folder


@pytest.fixture(scope="module")
def servers(folder: Path) -> Iterator[tuple[Path, Path]]:
    with two_servers(folder, {"ASSISTANT_INTRANET_ORIGINS": INTRANET}) as paths:
        yield paths


@pytest.fixture(scope="module")
def proxy(folder: Path, servers: tuple[Path, Path]) -> Iterator[Proxy]:
    """nginx before two servers."""
    with nginx(folder, servers) as proxy:
        yield proxy


def status(proxy: Proxy, person: str, *headers: tuple[str, str]) -> int:
    """What a person who sends these headers gets of the restricted paper."""
    with proxy.client(person) as client:
        return client.get(RESTRICTED, headers=list(headers)).status_code


def test_the_proxy_tells_who_asks_and_with_which_groups(proxy: Proxy) -> None:
    assert status(proxy, "mary") == 200
    assert status(proxy, "ben") == 404


def test_nobody_comes_in_without_signing_on(proxy: Proxy) -> None:
    assert status(proxy, "") == 401
    assert status(proxy, "", ("X-Forwarded-User", "mary"), ("X-Forwarded-Groups", "board")) == 401
    assert status(proxy, "", ("Authorization", WRONG)) == 401


@pytest.mark.parametrize("user", ["X-Forwarded-User", "x-forwarded-user", "X_Forwarded_User"])
@pytest.mark.parametrize("groups", ["X-Forwarded-Groups", "X-FORWARDED-GROUPS", "X_Forwarded_Groups"])
def test_sign_on_headers_of_a_browser_are_dropped(proxy: Proxy, user: str, groups: str) -> None:
    forged = [(user, "mary"), (groups, "board")]
    assert status(proxy, "ben", *forged) == 404
    assert status(proxy, "ben", *forged, *forged) == 404
    assert status(proxy, "mary", (user, "ben"), (groups, "staff")) == 200


class Told(BaseHTTPRequestHandler):
    """Says what a server behind the proxy is told."""

    def do_GET(self) -> None:
        body = json.dumps([(name.lower(), value) for name, value in self.headers.items()]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *told: object) -> None:
        pass


@pytest.fixture(scope="module")
def mirror() -> Iterator[Proxy]:
    """nginx before a server that says what it was told."""
    with folder_of_its_own() as folder, UnixStreamServer(str(folder / "0.sock"), Told) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with nginx(folder, (folder / "0.sock", folder / "0.sock")) as proxy:
            yield proxy
        server.shutdown()


@pytest.mark.parametrize("path", ["/embed.js", "/visit", "/visit/x7/documents", "/api/health", "/api/ready"])
@pytest.mark.parametrize("proof", ["", WRONG, RIGHT, "Bearer wrong"])
def test_where_nginx_looks_at_no_password_it_names_nobody(mirror: Proxy, path: str, proof: str) -> None:
    forged = [("X-Forwarded-User", "mary"), ("X-Forwarded-Groups", "board"), ("Authorization", proof)]
    with mirror.client() as client:
        answer = client.get(path, headers=[(name, value) for name, value in forged if value])
    told = answer.json()
    assert not [name for name, _ in told if name.startswith("x-forwarded-") and name != "x-forwarded-proto"]
    assert [value for name, value in told if name == "authorization"] == [proof] * proof.startswith("Bearer")


@pytest.mark.parametrize(
    "path", ["/", "/documents", "/visits", "/visit/", "/embed.jsx", "/a/visit/x", "/visit/%2e%2e/documents"]
)
def test_everywhere_else_it_names_whose_password_it_has_looked_at(mirror: Proxy, path: str) -> None:
    with mirror.client() as client:
        assert client.get(path, headers={"Authorization": WRONG}).status_code == 401
        told = client.get(path, headers={"Authorization": RIGHT, "X-Forwarded-For": "10.0.0.7"}).json()
    assert [pair for pair in told if pair[0].startswith("x-forwarded") or pair[0] == "authorization"] == [
        ["x-forwarded-user", "mary"],
        ["x-forwarded-groups", PEOPLE["mary"]],
        ["x-forwarded-proto", "https"],
    ]


class SignOn(Told):
    """Knows mary by her cookie, as a sign-on proxy of an organisation does."""

    def do_GET(self) -> None:
        known = self.headers.get("cookie") == "session=mary"
        self.send_response(202 if known else 401)
        if known:
            self.send_header("X-Auth-Request-User", "mary")
            self.send_header("X-Auth-Request-Groups", "board")
        self.end_headers()


def test_another_sign_on_takes_the_place_of_passwords_as_operators_are_told() -> None:
    page = (CONF.parent.parent / "operating.md").read_text("utf-8")
    blocks = [b for b in re.findall(r"(?:^    .*\n|^\n)+", page, re.MULTILINE) if "$ct_" in b]
    asking, location, groups = (block.strip() for block in blocks if "auth" in block or "map" in block)
    text = CONF.read_text("utf-8")
    mapped = text[text.index("map $ct_user $ct_groups") : text.index("map $ct_key$ct_open$ct_user")]
    passwords = re.findall(r"auth_basic .*\n\s+auth_basic_user_file .*", text)[0]
    with folder_of_its_own() as folder, ExitStack() as stack:
        mirror = stack.enter_context(UnixStreamServer(str(folder / "0.sock"), Told))
        sign_on = stack.enter_context(HTTPServer(("127.0.0.1", 0), SignOn))
        for server in (mirror, sign_on):
            Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
        changed = {
            mapped: groups,
            passwords: asking,
            "default $remote_user;": "default $ct_name;",
            "    location / {": f"{location}\n    location / {{",
            "127.0.0.1:4180": f"127.0.0.1:{sign_on.server_port}",
        }
        proxy = stack.enter_context(nginx(folder, (folder / "0.sock", folder / "0.sock"), changed))
        client = stack.enter_context(proxy.client())
        forged = {"X-Forwarded-User": "ben", "X-Forwarded-Groups": "staff"}
        assert client.get("/documents", headers=forged).status_code == 401
        known = {**forged, "Cookie": "session=mary"}
        told = dict(client.get("/documents", headers=known).json())
        assert (told["x-forwarded-user"], told["x-forwarded-groups"]) == ("mary", "board")
        for path, proof in (("/embed.js", WRONG), ("/visit/x7/", RIGHT), ("/documents", "Bearer wrong")):
            told = dict(client.get(path, headers={**forged, "Authorization": proof}).json())
            assert not {"x-forwarded-user", "x-forwarded-groups"} & set(told), path
        told = dict(client.get("/visit/x7/", headers=known).json())
        assert not {"x-forwarded-user", "x-forwarded-groups"} & set(told)


def test_two_headers_at_the_socket_let_nobody_in(servers: tuple[Path, Path]) -> None:
    twice = [("X-Forwarded-User", "mary"), ("X-Forwarded-User", "ben")]
    with through(servers[0]) as client:
        assert client.get("/documents", headers=twice).status_code == 401
        assert client.get("/documents", headers=twice[:1]).status_code == 200


def test_a_program_with_a_key_passes_the_password_and_gets_no_more_than_the_key(
    proxy: Proxy, folder: Path
) -> None:
    keys = Keys(Database(f"sqlite:///{folder}/records.sqlite"))
    board, staff = (f"Bearer {keys.create(name, [name], '')}" for name in ("board", "staff"))
    forged = ("X-Forwarded-User", "mary"), ("X-Forwarded-Groups", "board")
    assert status(proxy, "", ("Authorization", board)) == 200
    assert status(proxy, "", ("Authorization", staff)) == 404
    assert status(proxy, "", ("Authorization", staff), *forged) == 404
    for nothing in (
        "Bearer",
        "Bearer wrong",
        "Bearer wrong wrong",
        "bearer wrong",
        "Basic Bearer wrong",
        "Bearer\twrong",
    ):
        assert status(proxy, "", ("Authorization", nothing), *forged) == 401, nothing
    for both in ((WRONG, staff), (staff, WRONG), (WRONG, "Bearer wrong")):
        assert status(proxy, "", *(("Authorization", told) for told in both)) in (400, 401), both


def test_headers_arrive_once_and_frame_rules_as_they_were_set(proxy: Proxy) -> None:
    with proxy.client("mary") as client:
        for path in ("/", "/documents", RESTRICTED, "/documents/none"):
            told = client.get(path).headers
            policy = told.get_list("content-security-policy")
            assert len(policy) == 1 and f"frame-ancestors {INTRANET}" in policy[0].replace("'self' ", ""), (
                path
            )
            assert told.get_list("x-content-type-options") == ["nosniff"]
            assert told.get_list("referrer-policy") == ["no-referrer"]
            assert told.get_list("strict-transport-security") == ["max-age=31536000"]
            assert told.get_list("server") == ["nginx"] and "x-frame-options" not in told


def test_plain_http_leads_to_tls_under_our_name_only(proxy: Proxy) -> None:
    answer = httpx.get(f"{proxy.plain}/documents", headers={"Host": "evil.example"})
    assert answer.status_code == 301 and answer.headers["location"] == "https://127.0.0.1/documents"


def test_the_chat_is_told_its_address_by_the_proxy_and_not_by_a_header(proxy: Proxy) -> None:
    with proxy.client("mary") as client:
        page = client.get("/", headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"})
    assert proxy.address in page.text and "evil.example" not in page.text
    assert proxy.address.replace("https:", "http:") not in page.text


def test_a_body_may_be_as_large_as_the_chat_needs_and_no_larger(proxy: Proxy) -> None:
    with proxy.client("mary") as client:
        large = client.post("/gradio_api/queue/join", content=b"x" * (1024 * 1024 + 1))
        assert large.status_code == 413
        fitting = client.post("/gradio_api/queue/join", content=b"x" * (1024 * 1024))
        assert fitting.status_code == 400  # read, and no question
        # nginx reads what comes in pieces, and tells its length.
        assert client.post("/gradio_api/queue/join", content=iter([b"x"])).status_code == 400


def test_the_log_of_the_proxy_holds_no_query(proxy: Proxy) -> None:
    with proxy.client("mary") as client:
        client.get("/documents", params={"q": "cormorant"})
    log = (proxy.folder / "access.log").read_text()
    assert '"GET /documents" 200' in log and "cormorant" not in log


class Chat:
    """The chat's own protocol: a question joins the queue, its answer comes as a stream of events."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        page = client.get("/").text
        self._config = json.loads(re.findall(r"window\.gradio_config = (.*?);</script>", page, re.DOTALL)[0])
        box = next(c["id"] for c in self._config["components"] if c["props"].get("elem_id") == "question")
        self._submit = next(
            d for d in self._config["dependencies"] if [box, "submit"] in d["targets"] and d["inputs"]
        )

    def ask(self, question: str, session: str) -> list[tuple[float, dict[str, Any]]]:
        """When each event came, in seconds after the first, and what it told."""
        values = {c["id"]: c["props"].get("value") for c in self._config["components"]}
        data = [question, *(values[place] for place in self._submit["inputs"][1:])]
        told = {"data": data, "fn_index": self._submit["id"], "session_hash": session, "trigger_id": 1}
        self.client.post("/gradio_api/queue/join", json=told).raise_for_status()
        events: list[tuple[float, dict[str, Any]]] = []
        with self.client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
            stream.raise_for_status()
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    events.append((time.monotonic(), json.loads(line.removeprefix("data: "))))
        return [(at - events[0][0], event) for at, event in events]


def test_an_answer_comes_in_pieces_as_it_is_made(proxy: Proxy) -> None:
    with proxy.client("mary") as client:
        events = Chat(client).ask("How long are records kept? slowly please", "mary-pieces")
    pieces = [at for at, event in events if event["msg"] == "process_generating"]
    assert len(pieces) >= 8 and pieces[-1] - pieces[0] >= 3, "the pieces came all at once"
    assert events[-2][1]["msg"] == "process_completed" and events[-2][1]["success"]


def answers(proxy: Proxy, name: str, people: int = 8) -> list[str]:
    """What this many people come by, one after another: an answer, silence, or a fault."""
    told = []
    for number in range(people):
        with proxy.client(f"reader{number}") as client:
            try:
                events = Chat(client).ask("How long are records kept?", f"{name}-{number}")
            except httpx.HTTPError as fault:
                told.append(type(fault).__name__)
                continue
            told.append("answered" if SAID in json.dumps([event for _, event in events]) else "silent")
    return told


def test_two_processes_share_the_readers_and_each_stays_with_one(proxy: Proxy, folder: Path) -> None:
    assert answers(proxy, "shared") == ["answered"] * 8
    lines = [json.loads(line) for line in (folder / "audit" / "audit.jsonl").read_text().splitlines()]
    assert {f"proxy:reader{number}" for number in range(8)} <= {line["who"] for line in lines}


def test_where_a_process_is_down_its_readers_come_to_another(servers: tuple[Path, Path]) -> None:
    with folder_of_its_own() as folder, nginx(folder, (servers[0], folder / "gone.sock")) as proxy:
        assert answers(proxy, "gone") == ["answered"] * 8


def test_without_the_hash_of_who_asks_chats_break(servers: tuple[Path, Path]) -> None:
    with folder_of_its_own() as folder, nginx(folder, servers, {"hash $ct_asker consistent;": ""}) as proxy:
        assert "answered" not in answers(proxy, "apart", people=2)


@needs_chromium
def test_two_people_and_a_second_tab_talk_in_a_browser_over_tls(browser: Browser, proxy: Proxy) -> None:
    with windows(browser, f"{proxy.address}/") as open_:
        tabs = []
        for person in ("mary", "ben", "mary"):
            signed_on = {"username": person, "password": PASSWORD, "send": "always"}
            tabs.append(open_(ignore_https_errors=True, http_credentials=signed_on))
        for tab in tabs:
            ask(tab, "How long are records kept?")
            expect(tab.locator("#chat .answer.answered .marker")).to_have_count(2)
        for tab in tabs:
            ask(tab, "Who pays for it?")
            expect(tab.locator("#chat .answer.answered").last).to_contain_text("Earlier you asked")


def ask(page: Page, question: str) -> None:
    box = page.locator("#question textarea")
    box.fill(question)
    box.press("Enter")
