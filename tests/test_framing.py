"""The doors for pages that frame the chat: tickets for whom a page vouches, and visits begun with them."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import scripted
from assistant.config import Settings
from assistant.language import LANGUAGES
from assistant.records import Database, visits
from assistant.records.keys import Keys
from assistant.records.visits import LIFE_S
from assistant.types import Question
from assistant.web import server

PAGE = "https://intranet.example"
HERE = "http://127.0.0.1"
FRAMED = {"sec-fetch-dest": "iframe", "sec-fetch-site": "cross-site"}
WITHIN = {"sec-fetch-dest": "empty", "sec-fetch-site": "same-origin"}


@dataclass
class Site:
    """A server of scripted answers, the keys in its records, and what its assistant was asked."""

    client: TestClient
    keys: Keys
    asked: list[Question]
    key: str

    def ticket(self, key: str | None = None, **told: Any) -> Any:
        headers = {"authorization": f"Bearer {self.key if key is None else key}"}
        return self.client.post("/api/embed/tickets", json={"user": "anna", **told}, headers=headers)

    def begun(self, **told: Any) -> str:
        """Begin a visit; gives the path that its pages stand under."""
        answer = self.begin(self.ticket(**told).json()["ticket"])
        assert answer.status_code == 303
        return str("/" + answer.headers["location"].removeprefix("./").partition("?")[0])

    def begin(self, ticket: str, origin: str = PAGE, **more: str) -> Any:
        sent = {"ticket": ticket, **more}
        headers = {"origin": origin, "sec-fetch-site": "cross-site"}
        return self.client.post("/visit", data=sent, headers=headers, follow_redirects=False)

    def renew(self, path: str, **told: Any) -> int:
        ticket = self.ticket(**told).json()["ticket"]
        return self.client.post(f"{path}renew", content=ticket, headers={"origin": HERE}).status_code


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield from served(tmp_path)


def served(folder: Path, **given: Any) -> Iterator[Site]:
    scripted.write_corpus(folder)
    url = f"sqlite:///{folder}/records.sqlite"
    settings = Settings.from_env(
        corpus=folder / "corpus",
        records_url=url,
        audit=folder / "audit",
        audit_questions=True,
        intranet_origins=f"{PAGE},https://second.example",
        **given,
    )
    assistant = scripted.scripted()
    app = server.create_app(settings, assistant)
    keys = Keys(Database(url))
    key = keys.create("portal", ["board", "staff"], PAGE)
    with TestClient(app, base_url=HERE, client=("127.0.0.1", 5000)) as client:
        yield Site(client, keys, assistant.asked, key)  # type: ignore[attr-defined]


def test_only_a_key_that_vouches_for_a_listed_origin_gets_tickets(site: Site) -> None:
    made = site.ticket(groups=["staff"], scope={"programme": ["CTTP"]}, language="fr")
    assert made.status_code == 201 and made.headers["cache-control"] == "no-store"
    assert made.json()["expires_in_s"] == LIFE_S <= 60 and made.json()["language"] == "fr"
    plain = site.keys.create("program", ["staff"])
    unlisted = site.keys.create("other", ["staff"], "https://other.example")
    assert [site.ticket(key).status_code for key in ("", "x", plain, unlisted)] == [401, 401, 401, 403]
    site.keys.revoke("portal")
    refused = site.ticket()
    assert refused.status_code == 401 and refused.headers["content-type"] == "application/problem+json"
    assert "cta_" not in refused.text


@pytest.mark.parametrize(
    ("told", "status", "why"),
    [
        ({"groups": ["staff", "secret-service"]}, 403, "secret-service"),
        ({"user": ""}, 422, "user"),
        ({"user": "a\u0000"}, 422, "user"),
        ({"user": 7}, 422, "user"),
        ({"user": "x" * 199}, 422, "user"),
        ({"scope": {"programe": ["CTTP"]}}, 422, "scope.programe"),
        ({"scope": {"programme": []}}, 422, "scope.programme"),
        ({"scope": {"programme": "CTTP"}}, 422, "scope.programme"),
        ({"scop": {"programme": ["CTTP"]}}, 422, "scop"),
        ({"language": "xx"}, 422, "language"),
    ],
)
def test_what_a_page_may_not_say_is_refused_by_name(
    site: Site, told: dict[str, Any], status: int, why: str
) -> None:
    answer = site.ticket(**told)
    assert answer.status_code == status and why in answer.json()["detail"]
    assert answer.json()["status"] == status


def test_a_ticket_begins_one_visit_and_only_from_the_page_of_its_key(site: Site) -> None:
    ticket = site.ticket().json()["ticket"]
    begun = site.begin(ticket, lang="fr", scope="year:2019")
    assert begun.status_code == 303 and begun.headers["location"].endswith("/?lang=fr&scope=year%3A2019")
    assert site.begin(ticket).status_code == 401, "a replay"
    for origin in ("https://second.example", "https://evil.example", "http://intranet.example"):
        assert site.begin(site.ticket().json()["ticket"], origin).status_code == 401
    assert site.begin(site.ticket().json()["ticket"], "null").status_code == 303, "a page that tells no name"
    assert site.begin("").status_code == site.begin("x" * 5000).status_code == 401


def test_pages_of_a_visit_are_framed_by_its_page_alone(site: Site) -> None:
    visit = site.begun()

    def framed_by(path: str) -> str:
        answer = site.client.get(path, headers=FRAMED)
        assert answer.status_code == 200
        return answer.headers["content-security-policy"].rpartition("frame-ancestors ")[2]

    assert framed_by(visit) == PAGE and framed_by(f"{visit}documents") == f"'self' {PAGE}"
    assert framed_by("/") == f"{PAGE} https://second.example"


def test_under_a_visit_nobody_speaks_but_its_page(site: Site) -> None:
    """This server lets everybody in who reaches it; under the name of a visit it does not."""
    assert site.client.get("/documents", headers=FRAMED).status_code == 200
    site.begun()
    for path in (
        "/visit/x/",
        "/visit/x/documents",
        "/visit//",
        "/visit/",
        f"/visit/{'x' * 43}/gradio_api/heartbeat/1",
    ):
        assert site.client.get(path, headers=FRAMED).status_code == 401, path
    program = site.keys.create("program", ["board"])
    headers = {**FRAMED, "authorization": f"Bearer {program}"}
    assert site.client.get("/visit/x/documents", headers=headers).status_code == 401
    assert site.client.post("/renew", content="x").status_code == 401


def test_groups_are_those_the_page_told_last(site: Site) -> None:
    visit = site.begun(groups=["board"])
    paper = f"{visit}documents/secret/pages/1"
    assert "The board met" in site.client.get(paper, headers=WITHIN).text
    assert site.renew(visit, groups=["staff"]) == 204
    closed = site.client.get(paper, headers=WITHIN)
    assert closed.status_code == 404 and "board met" not in closed.text
    assert site.renew(visit, user="ben", groups=["board"]) == 401, "another reader"
    assert site.client.get(paper, headers=WITHIN).status_code == 404


def test_a_visit_that_nobody_renews_is_over_and_is_taken_up_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = site.begun()
    assert site.client.get(visit, headers=FRAMED).status_code == 200
    at = visits._at
    monkeypatch.setattr(visits, "_at", lambda epoch_s: at(epoch_s + LIFE_S + 1))
    ended = site.client.get(f"{visit}?lang=fr", headers=FRAMED)
    assert ended.status_code == 401 and "plus" in ended.text, "told in the reader's language"
    monkeypatch.undo()
    assert site.renew(visit) == 204 and site.client.get(visit, headers=FRAMED).status_code == 200


def test_an_address_that_got_out_opens_nothing_in_a_window_or_another_page(site: Site) -> None:
    visit = site.begun()
    window = {"sec-fetch-dest": "document"}
    for headers in (
        {**window, "sec-fetch-site": "none"},
        {**window, "sec-fetch-site": "cross-site"},
        {"sec-fetch-dest": "empty", "sec-fetch-site": "cross-site"},
        {"sec-fetch-dest": "script", "sec-fetch-site": "same-site"},
    ):
        assert site.client.get(f"{visit}documents", headers=headers).status_code == 401
    assert site.client.get(visit, headers={**window, "sec-fetch-site": "same-origin"}).status_code == 401
    source = site.client.get(
        f"{visit}documents/rules/pages/1", headers={**window, "sec-fetch-site": "same-origin"}
    )
    assert source.status_code == 200, "a source in a tab of its own, opened from our page"


def test_no_ticket_and_no_visit_gets_into_a_log(
    site: Site, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    ticket = site.ticket().json()["ticket"]
    visit = "/" + site.begin(ticket).headers["location"].removeprefix("./").partition("?")[0]
    site.begin(ticket)
    site.client.get(visit, headers=FRAMED)
    site.client.get("/visit/wrong/", headers=FRAMED)
    ours = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore")))
    audit = "".join(file.read_text("utf-8") for file in (tmp_path / "audit").rglob("*") if file.is_file())
    for secret in (ticket, visit.split("/")[2], site.key):
        assert secret not in ours + audit


def test_the_script_is_plain_open_to_all_and_kept_briefly(tmp_path: Path) -> None:
    for site in served(tmp_path, sign_on="proxy", proxy_addresses="127.0.0.1"):
        assert site.client.get("/documents").status_code == 401
        script = site.client.get("/embed.js")
        assert script.status_code == 200 and script.headers["content-type"].startswith("text/javascript")
        assert script.headers["cache-control"] == "public, max-age=300"
        assert "__WORDS__" not in script.text and len(script.content) < 12_000
        assert PAGE not in script.text and site.key not in script.text
        visit = site.begun(groups=["board"])
        paper = f"{visit}documents/secret/pages/1"
        stranger = {**WITHIN, "x-forwarded-user": "ben", "x-forwarded-groups": ""}
        assert "The board met" in site.client.get(paper, headers=stranger).text, "a visit is its reader's"


def test_words_of_the_script_are_there_in_every_language(site: Site) -> None:
    script = site.client.get("/embed.js").text
    told = json.loads(script.partition("const WORDS = ")[2].partition(";\n")[0])
    assert set(told) == set(LANGUAGES) and all(
        set(words) == {"open", "close", "ended"} for words in told.values()
    )
    assert len({words["close"] for words in told.values()}) == len(LANGUAGES)
