"""Signing on at a real OpenID provider, and everything somebody might try instead."""

import base64
import functools
import hmac
import json
import logging
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

import provider
import scripted
from assistant.config import Settings
from assistant.errors import BadSetting, NotSignedOn
from assistant.web import oidc, server, standing
from assistant.web.id_token import ALGORITHMS, Expected, claims
from assistant.web.provider import Tokens

HOME = "http://127.0.0.1:7860"
PAGE = {"accept": "text/html"}
SECRET_PAPER = "/documents/secret/pages/1"


@pytest.fixture(scope="module")
def idp() -> Iterator[provider.Provider]:
    with provider.running() as running:
        yield running


@pytest.fixture(scope="module")
def registered(idp: provider.Provider) -> tuple[str, str]:
    return idp.register(HOME + oidc.BACK)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed = 0.0
        began = time.monotonic()
        monkeypatch.setattr(standing, "monotonic", lambda: began + self.passed)
        wall = time.time()
        monkeypatch.setattr(oidc, "time", lambda: wall + self.passed)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


Serve = Callable[..., TestClient]


@pytest.fixture(scope="module")
def serve(
    tmp_path_factory: pytest.TempPathFactory, idp: provider.Provider, registered: tuple[str, str]
) -> Serve:
    """Gives a browser without cookies, on a server of its own for each `worker` and each setting."""
    folder = tmp_path_factory.mktemp("oidc")
    corpus = scripted.write_corpus(folder)

    @functools.cache
    def app(worker: int, **given: object) -> FastAPI:
        settings: dict[str, object] = {
            "sign_on": "oidc",
            "oidc_issuer": idp.address,
            "oidc_client_id": registered[0],
            "oidc_client_secret": registered[1],
            "public_url": HOME,
            "secret": "k" * 40,
            "corpus": corpus,
            "records_url": f"sqlite:///{folder}/records.sqlite",
            "audit": folder / "audit",
        }
        return server.create_app(Settings.from_env(**{**settings, **given}), scripted.scripted())

    def browser(worker: int = 0, **given: object) -> TestClient:
        served, here = app(worker, **given), ("127.0.0.1", 5000)
        return TestClient(served, base_url=HOME, client=here, headers=PAGE, follow_redirects=False)

    return browser


def sent(browser: TestClient, goal: str = "/documents") -> str:
    """Where a browser that opens a page is sent to sign on."""
    first = browser.get(goal)
    assert first.status_code == 303 and first.headers["location"].startswith(HOME + oidc.SIGN_ON)
    second = browser.get(first.headers["location"])
    assert second.status_code == 303
    return second.headers["location"]


def signed_on(browser: TestClient, idp: provider.Provider, name: str, goal: str = "/documents") -> str:
    """Sign somebody on; gives where they come out."""
    answer = browser.get(idp.sign_on(sent(browser, goal), name))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def reads(browser: TestClient) -> bool:
    """Whether the paper of the board is read, and on the shelf."""
    answer = browser.get(SECRET_PAPER)
    shelf = browser.get("/documents")
    assert (answer.status_code, shelf.status_code) in ((200, 200), (404, 200)), (answer, shelf)
    assert (answer.status_code == 200) == ("Restricted paper" in shelf.text)
    return answer.status_code == 200


def test_a_reader_signs_on_and_comes_out_where_they_wanted_to_go(
    serve: Serve, idp: provider.Provider
) -> None:
    idp.person("anna", groups=["board"])
    browser = serve()
    goal = "/documents?kind=guide&q=caf%C3%A9"
    asked = parse_qs(urlsplit(sent(browser, goal)).query)
    assert asked["redirect_uri"] == [HOME + oidc.BACK] and asked["code_challenge_method"] == ["S256"]
    assert signed_on(browser, idp, "anna", goal) == HOME + goal
    assert reads(browser)
    begun = [name for name in browser.cookies if name.startswith("ct-begun")]
    assert len(begun) == 1, "of the sign-on that was not ended"


def test_groups_decide_what_is_read(serve: Serve, idp: provider.Provider) -> None:
    idp.person("anna", groups=["board"])
    idp.person("ben", groups=["staff"])
    idp.person("cleo")
    idp.person("dan", groups={"board": True})
    for name, expected in (("anna", True), ("ben", False), ("cleo", False), ("dan", False)):
        browser = serve()
        signed_on(browser, idp, name)
        assert reads(browser) is expected, name


def test_a_group_that_is_taken_away_is_gone_within_a_minute(
    serve: Serve, idp: provider.Provider, clock: Clock
) -> None:
    idp.person("anna", groups=["board"])
    browser = serve()
    signed_on(browser, idp, "anna")
    assert reads(browser)
    idp.person("anna", groups=[])
    clock.passed += 60
    assert not reads(browser)


def test_what_the_provider_says_of_another_person_counts_for_nobody(
    serve: Serve, idp: provider.Provider, clock: Clock
) -> None:
    idp.person("fay", groups=["board"], userinfo="of another")
    browser = serve()
    answer = browser.get(idp.sign_on(sent(browser), "fay"))
    assert answer.status_code == 403 and "ct-session-0" not in browser.cookies
    idp.person("fay", groups=["board"])
    signed_on(browser, idp, "fay")
    assert reads(browser)
    idp.person("fay", groups=["board"], userinfo="of another")
    clock.passed += 60
    assert browser.get(SECRET_PAPER).status_code == 303


def test_groups_that_stand_in_id_tokens_only_are_read_from_renewed_ones(
    serve: Serve, idp: provider.Provider, clock: Clock
) -> None:
    idp.person("eva", groups=["board"], userinfo="without groups")
    browser = serve()
    signed_on(browser, idp, "eva")
    assert reads(browser)
    idp.person("eva", groups=["staff"], userinfo="without groups")
    clock.passed += 60
    assert not reads(browser)


def test_the_provider_is_asked_once_in_45_seconds(serve: Serve, idp: provider.Provider, clock: Clock) -> None:
    idp.person("anna", groups=["board"])
    browser = serve()
    signed_on(browser, idp, "anna")
    before = idp.asked("/userinfo")
    for _ in range(7):
        assert reads(browser)
        clock.passed += 8
    assert idp.asked("/userinfo") == before + 1


def test_a_session_that_the_provider_ends_is_over_within_a_minute(
    serve: Serve, idp: provider.Provider, clock: Clock
) -> None:
    idp.person("anna", groups=["board"])
    browser = serve()
    signed_on(browser, idp, "anna")
    assert reads(browser)
    idp.forget("all")
    clock.passed += 60
    assert browser.get(SECRET_PAPER).status_code == 303
    called = browser.post("/gradio_api/queue/join", json={}, headers={"accept": "*/*"})
    assert called.status_code == 401 and called.text.startswith("You are not signed on")
    spoken = browser.get("/documents", headers={"accept": "*/*", "accept-language": "fr"})
    assert spoken.status_code == 401 and "connecté" in spoken.text
    signed_on(browser, idp, "anna")
    assert reads(browser)


def test_a_token_that_has_run_out_is_renewed_and_kept_by_the_browser(
    serve: Serve, idp: provider.Provider, clock: Clock
) -> None:
    idp.person("anna", groups=["board"])
    browser = serve()
    signed_on(browser, idp, "anna")
    assert reads(browser)
    before = browser.cookies["ct-session-0"]
    idp.forget("access")
    clock.passed += 46
    assert reads(browser)
    assert browser.cookies["ct-session-0"] != before
    elsewhere = serve(worker=1)
    elsewhere.cookies.update(browser.cookies)
    asked = idp.asked("/oauth2/token")
    assert reads(elsewhere), "another worker takes the renewed token from the cookie"
    assert idp.asked("/oauth2/token") == asked
    elsewhere.cookies.set("ct-session-0", before)
    assert reads(elsewhere), "and knows it when a request from before comes late"


def test_a_sign_on_lasts_as_long_as_is_set(serve: Serve, idp: provider.Provider, clock: Clock) -> None:
    idp.person("anna", groups=["board"])
    browser = serve(session_hours=1)
    signed_on(browser, idp, "anna")
    idp.forget("access")
    clock.passed += 3590  # its tokens are renewed then: the end stays where it was
    assert reads(browser)
    hoarder = serve(session_hours=1)  # a browser forgets the cookie by itself
    hoarder.cookies.update(dict(browser.cookies))
    assert reads(hoarder)
    clock.passed += 20
    assert hoarder.get("/documents").status_code == 303


def test_a_provider_that_hangs_shuts_the_papers_after_a_minute_and_then_opens_them_again(
    serve: Serve, idp: provider.Provider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    idp.person("anna", groups=["board"])
    browser, leaver = serve(), serve()
    signed_on(browser, idp, "anna")
    signed_on(leaver, idp, "anna")
    assert reads(browser)
    back = idp.sign_on(sent(late := serve()), "anna")
    monkeypatch.setattr("assistant.web.provider.WITHIN_S", 0.5)
    idp.process.send_signal(signal.SIGSTOP)
    try:
        clock.passed += 50
        assert reads(browser), "a provider that restarts throws nobody out"
        clock.passed += 11
        answer = browser.get(SECRET_PAPER)
        assert answer.status_code == 503 and "sign-on service does not answer" in answer.text
        assert int(answer.headers["retry-after"]) > 0 and "Restricted" not in answer.text
        assert late.get(back).status_code == 503
        assert leaver.get(oidc.SIGN_OFF, headers={"sec-fetch-site": "same-origin"}).status_code == 200
        assert not leaver.cookies, "signing off works all the same"
    finally:
        idp.process.send_signal(signal.SIGCONT)
    monkeypatch.setattr("assistant.web.provider.WITHIN_S", 5)
    clock.passed += 6
    assert reads(browser), "the same session goes on"


def test_the_server_starts_while_the_provider_is_away_and_says_so(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    browser = serve(oidc_issuer="http://127.0.0.1:9")
    answer = browser.get(oidc.SIGN_ON, headers={"accept-language": "es"})
    assert answer.status_code == 503 and "Inténtelo de nuevo" in answer.text
    assert "http://127.0.0.1:9/.well-known" in caplog.text and "ASSISTANT_OIDC_ISSUER" in caplog.text


def test_a_provider_that_is_another_one_signs_nobody_on(
    serve: Serve, idp: provider.Provider, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assistant.web.provider.DISCOVERY", "/../.well-known/openid-configuration")
        browser = serve(oidc_issuer=idp.address + "/realm")
        assert browser.get(oidc.SIGN_ON).status_code == 503
    assert f"tells of issuer '{idp.address}'" in caplog.text


def test_signing_off_ends_the_session_here_and_the_tokens_there(serve: Serve, idp: provider.Provider) -> None:
    idp.person("anna", groups=["board"])
    browser = serve()
    signed_on(browser, idp, "anna")
    assert reads(browser)
    stolen = dict(browser.cookies)
    for site in ({}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}):
        asked = browser.get(oidc.SIGN_OFF, headers=site)
        assert asked.status_code == 200 and "<form" in asked.text
        assert reads(browser), "a link signs nobody off"
    foreign = {"origin": "https://elsewhere.example"}
    assert browser.post(oidc.SIGN_OFF, headers=foreign).status_code == 403 and reads(browser)
    gone = browser.post(oidc.SIGN_OFF, headers={"origin": HOME})
    assert gone.status_code == 200 and idp.address + "/oauth2/end_session?client_id=" in unescape(gone.text)
    assert browser.get("/documents").status_code == 303 and not browser.cookies
    thief, elsewhere = serve(), serve(worker=1)
    for each in (thief, elsewhere):  # the same worker, and one that has not heard of it
        each.cookies.update(stolen)
        assert each.get("/documents").status_code == 303


def test_an_answer_of_the_provider_is_taken_once_and_by_the_browser_that_asked(
    serve: Serve, idp: provider.Provider
) -> None:
    idp.person("anna", groups=["board"])
    anna = serve()
    ben = serve()
    back = idp.sign_on(sent(anna), "anna")
    sent(ben)
    for browser, address in (
        (serve(), back),
        (ben, back),
        (anna, back.replace("state=", "state=x")),
        (anna, HOME + oidc.BACK),
        (anna, f"{HOME}{oidc.BACK}?code=x"),
    ):
        answer = browser.get(address)
        assert answer.status_code == 400 and "was not begun in this browser" in answer.text
        assert "ct-session-0" not in browser.cookies
    held = dict(anna.cookies)
    assert anna.get(back).status_code == 303
    assert anna.get(back).status_code == 400, "again"
    thief = serve()
    thief.cookies.update({name: value for name, value in held.items() if "begun" in name})
    assert thief.get(back).status_code == 403, "again, with the cookie of before"
    assert "ct-session-0" not in thief.cookies


def test_a_code_that_was_made_for_another_sign_on_is_refused(
    serve: Serve, idp: provider.Provider, caplog: pytest.LogCaptureFixture
) -> None:
    idp.person("anna", groups=["board"])
    browser = serve()

    def altered(**other: str) -> int:
        """The status where the address of the provider is tampered with on the way."""
        parts = urlsplit(sent(browser))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()} | other
        back = idp.sign_on(parts._replace(query=urlencode(query)).geturl(), "anna")
        return browser.get(back).status_code

    assert altered() == 303
    browser.cookies.clear()
    assert altered(nonce="another") == 403 and "nonce" in caplog.text
    assert altered(code_challenge="x" * 43) == 403 and "invalid_grant" in caplog.text
    assert "ct-session-0" not in browser.cookies


def test_who_is_refused_by_the_provider_is_told(serve: Serve, idp: provider.Provider) -> None:
    browser = serve()
    back = idp.client.post(sent(browser), data={"action": "deny"}).headers["location"]
    parts = parse_qs(urlsplit(sent(browser)).query)
    answer = browser.get(f"{back}{'&' if '?' in back else '?'}state={parts['state'][0]}")
    assert answer.status_code == 403 and "did not let you in" in answer.text


@pytest.mark.parametrize(
    "goal",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "//[",
        "/\t/evil.example",
        "/%0d%0aSet-Cookie:x=1\r\nx",
        "javascript:alert(1)",
        "@evil.example",
        ".evil.example",
        "",
        oidc.SIGN_OFF,
        "/" + "x" * 2000,
    ],
)
def test_a_sign_on_never_leads_to_another_site(serve: Serve, idp: provider.Provider, goal: str) -> None:
    idp.person("anna")
    browser = serve()
    answer = browser.get(f"{oidc.SIGN_ON}?next={quote(goal, safe='')}", headers={"host": "evil.example"})
    back = idp.sign_on(answer.headers["location"], "anna")
    assert back.startswith(HOME + oidc.BACK + "?"), "not even where the Host header says so"
    assert browser.get(back).headers["location"] == HOME + "/"


def test_many_tabs_sign_on_at_once_and_the_cookies_stay_few(serve: Serve, idp: provider.Provider) -> None:
    idp.person("anna")
    browser = serve()
    first, second = sent(browser), sent(browser)
    for address in (second, first):
        assert browser.get(idp.sign_on(address, "anna")).status_code == 303
    for _ in range(20):
        browser.get(oidc.SIGN_ON)
    assert len(browser.cookies) <= oidc.BEGUN_AT_ONCE + 1


def test_a_session_of_the_chat_is_not_opened_by_another_readers_cookie(
    serve: Serve, idp: provider.Provider
) -> None:
    idp.person("anna")
    idp.person("ben")
    anna = serve()
    ben = serve()
    signed_on(anna, idp, "anna")
    signed_on(ben, idp, "ben")
    told = {"data": [], "fn_index": 0, "session_hash": "annas", "trigger_id": 1}
    assert anna.post("/gradio_api/queue/join", json=told).status_code == 200
    assert ben.post("/gradio_api/queue/join", json=told).status_code == 404
    mixed = serve()  # the seal of one, the name of another
    mixed.cookies.set("ct-begun-x-0", anna.cookies["ct-session-0"])
    assert mixed.get(f"{oidc.BACK}?state=-x&code=1").status_code == 400
    mixed.cookies.set("ct-session-0", anna.cookies["ct-session-0"][:60] + ben.cookies["ct-session-0"][60:])
    assert mixed.get("/documents").status_code == 303


def test_only_signing_on_and_off_is_open_to_all(serve: Serve) -> None:
    browser = serve()
    for path in ("/", "/config", "/documents", SECRET_PAPER, "/theme.css", "/sign-on/", "/sign-on/back/x"):
        assert browser.get(path).status_code == 303, path
        assert browser.get(path, headers={"accept": "*/*"}).status_code == 401, path
        assert browser.post(path, headers={"origin": HOME}).status_code == 401, path
        assert browser.get(path, headers={"sec-fetch-mode": "cors"}).status_code == 401, path
        assert browser.get(path, headers={"authorization": "Bearer x"}).status_code == 401, path


def test_tokens_that_are_too_long_lose_what_renews_them_then_the_reader(
    caplog: pytest.LogCaptureFixture,
) -> None:
    way = oidc.Oidc(Settings.from_env(**_plain()))
    fits = oidc.Session("i", "anna", time.time() + 9, Tokens("a" * 2000, "r" * 2000))
    assert sum(map(len, way.cookies(fits))) < 8000
    longer = oidc.Session("i", "anna", time.time() + 9, Tokens("a" * 4000, "r" * 4000))
    kept = {line.partition("=")[0]: line.partition("=")[2].partition(";")[0] for line in way.cookies(longer)}
    found = way.sessions.get(kept, time.time())
    assert (
        found
        and (found["tokens"]["access"], found["tokens"]["refresh"]) == ("a" * 4000, "")
        and "too long" in caplog.text
    )
    with pytest.raises(NotSignedOn, match="short"):
        way.cookies(oidc.Session("i", "anna", 9.0, Tokens("a" * 9000)))


def _plain(**given: object) -> dict[str, Any]:
    named = {
        "oidc_issuer": "https://login.example",
        "oidc_client_id": "ct",
        "public_url": "https://a.example",
    }
    return {"sign_on": "oidc", "secret": "k" * 40, **named, **given}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"oidc_issuer": ""}, "ASSISTANT_OIDC_ISSUER"),
        ({"oidc_issuer": "http://login.example"}, "ASSISTANT_OIDC_ISSUER"),
        ({"oidc_issuer": "login.example"}, "ASSISTANT_OIDC_ISSUER"),
        ({"oidc_client_id": ""}, "ASSISTANT_OIDC_CLIENT_ID"),
        ({"public_url": ""}, "ASSISTANT_PUBLIC_URL.*/sign-on/back"),
        ({"public_url": "http://a.example"}, "ASSISTANT_PUBLIC_URL"),
        ({"public_url": "https://a.example/chat"}, "ASSISTANT_PUBLIC_URL"),
        ({"secret": "short"}, "ASSISTANT_SECRET"),
        ({"oidc_scopes": "profile groups"}, "ASSISTANT_OIDC_SCOPES"),
    ],
)
def test_a_setting_that_is_missing_or_weak_is_named(given: dict[str, object], told: str) -> None:
    with pytest.raises(BadSetting, match=told):
        oidc.Oidc(Settings.from_env(**_plain(**given)))


def test_without_a_secret_the_operator_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        oidc.Oidc(Settings.from_env(**_plain(secret="")))
    assert "ASSISTANT_SECRET is empty" in caplog.text


KEY = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
KEYS = dict(KeySet([KEY]).as_dict(private=False))
TOLD = {"iss": "https://login.example", "aud": "ct", "sub": "anna", "nonce": "n"}
EXPECTED = Expected(TOLD["iss"], "ct", "n")


def checked(key: RSAKey = KEY, **other: Any) -> dict[str, Any]:
    """What an id_token is taken for; `other` claims, None for one that is missing."""
    now = int(time.time())
    told = {**TOLD, "iat": now, "exp": now + 300, **other}
    held = {name: value for name, value in told.items() if value is not None}
    token = jwt.encode({"alg": "RS256", "kid": "one"}, held, key)
    return claims({"id_token": token, "access_token": "t"}, KEYS, EXPECTED)


def test_a_good_id_token_is_taken() -> None:
    assert checked()["sub"] == "anna"
    assert checked(aud=["ct", "other"], azp="ct")["sub"] == "anna"


@pytest.mark.parametrize(
    "other",
    [
        {"iss": "https://evil.example"},
        {"aud": "other"},
        {"aud": ["other"], "azp": "ct"},
        {"aud": ["ct", "other"], "azp": "other"},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"iat": int(time.time()) + 3600},
        {"nonce": "other"},
        {"nonce": None},
        {"sub": None},
        {"sub": 7},
        {"sub": ""},
        {"at_hash": "x" * 22},
    ],
)
def test_an_id_token_for_somebody_else_or_another_time_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(NotSignedOn):
        checked(**other)


def test_an_id_token_that_is_not_signed_by_the_provider_is_refused() -> None:
    with pytest.raises(NotSignedOn):
        checked(key=RSAKey.generate_key(2048, {"kid": "one"}, private=True))

    def coded(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def part(value: Mapping[str, object]) -> str:
        return coded(json.dumps(value).encode())

    now = int(time.time())
    body = part({**TOLD, "iat": now, "exp": now + 300})
    for head in ({"alg": "none"}, {"alg": "none", "kid": "one"}, {"alg": "RS256", "kid": "one"}):
        with pytest.raises(NotSignedOn):
            claims({"id_token": f"{part(head)}.{body}."}, KEYS, EXPECTED)
    signed = f"{part({'alg': 'HS256', 'kid': 'one'})}.{body}"  # with what everybody knows: the public key
    code = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
    with pytest.raises(NotSignedOn):
        claims({"id_token": f"{signed}.{coded(code)}"}, KEYS, EXPECTED)
    for nothing in ("", "x", "a.b.c"):
        with pytest.raises(NotSignedOn):
            claims({"id_token": nothing}, KEYS, EXPECTED)
    assert not {"none", "HS256", "HS384", "HS512"} & set(ALGORITHMS)
