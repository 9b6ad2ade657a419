"""Who asks: only what a way in has proved makes a Principal."""

import asyncio
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from assistant.access import local_principal, signed_on_principal
from assistant.config import Settings
from assistant.errors import BadSetting, NotSignedOn, PortInUse
from assistant.web.listening import address_of, listen
from assistant.web.sign_on import SignOn, Stripped, loopback_only, origins, trusted_proxy, turned_away, who

PROXY = "10.0.0.7"
MARY = {"x-forwarded-user": "mary", "x-forwarded-groups": "board, staff"}


def asked(client_address: tuple[str, int] | None, headers: list[tuple[str, str]]) -> tuple[int, str]:
    """What a server behind a proxy makes of a request: status, and who it was."""
    proxy = trusted_proxy(Settings(sign_on="proxy", proxy_addresses=f"{PROXY}, fd00::/64"))
    app = FastAPI()

    @app.get("/")
    def name(request: Request) -> str:
        principal = who(request)
        return f"{principal.id} {sorted(principal.groups)} {sorted(request.headers)}"

    app.add_middleware(SignOn, ways=[proxy], turned=turned_away, open_to_all=())
    app.add_middleware(Stripped, names=list(MARY), proxy=proxy)
    client = TestClient(app, client=client_address or ("", 0), raise_server_exceptions=False)
    answer = client.get("/", headers=headers)
    return answer.status_code, answer.text


def test_the_proxy_tells_who_asks() -> None:
    status, told = asked((PROXY, 1), list(MARY.items()))
    assert status == 200 and told.startswith("\"proxy:mary ['all', 'board', 'staff']")
    assert asked(("fd00::5", 1), list(MARY.items()))[0] == 200
    assert asked(("::ffff:10.0.0.7", 1), list(MARY.items()))[0] == 200


@pytest.mark.parametrize("address", ["10.0.0.8", "127.0.0.1", "fd01::1", "testclient", ""])
def test_headers_from_anybody_else_are_taken_away_and_told(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    status, told = asked((address, 1), list(MARY.items()))
    assert status == 401 and "mary" not in told
    assert caplog.text.count("may not") == 2 and "x-forwarded-user" in caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("x-forwarded-groups", "board")],
        [("x-forwarded-user", "")],
        [("x-forwarded-user", "  ")],
        [("x-forwarded-user", "x" * 201)],
        [("x-forwarded-user", "mary"), ("x-forwarded-user", "ben")],
        [("x-forwarded-user", "mary"), ("x-forwarded-groups", "staff"), ("x-forwarded-groups", "board")],
    ],
)
def test_a_proxy_that_names_nobody_or_two_lets_nobody_in(headers: list[tuple[str, str]]) -> None:
    assert asked((PROXY, 1), headers)[0] == 401


def test_a_request_that_came_past_the_sign_on_is_nobodys() -> None:
    with pytest.raises(NotSignedOn):
        who(Request({"type": "http", "headers": [(b"x-forwarded-user", b"mary")]}))
    with pytest.raises(NotSignedOn):
        who({"headers": MARY})


def test_the_same_name_from_two_ways_in_is_two_people() -> None:
    assert signed_on_principal("proxy", "local", []).id != local_principal().id
    assert signed_on_principal("proxy", "mary", []).id != signed_on_principal("oidc", "mary", []).id


@pytest.mark.parametrize(
    "groups", [None, 7, ["", " ", 7, "a\x00b", "x" * 201, "deny", "Deny "], {"board": 1}, ", ,"]
)
def test_odd_groups_open_nothing(groups: object) -> None:
    assert signed_on_principal("oidc", "mary", groups).groups == {"all"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "intranet.example"])
def test_without_a_sign_on_others_are_not_served(host: str) -> None:
    with pytest.raises(BadSetting, match="ASSISTANT_SIGN_ON"):
        loopback_only(Settings(host=host))
    loopback_only(Settings(host=host, sign_on="proxy"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost", "unix:/run/ct.sock"])
def test_this_machine_is_served_without_a_sign_on(host: str) -> None:
    loopback_only(Settings(host=host))


@pytest.mark.parametrize(
    "origin", ["*", "https://*.example.org", "intranet.example.org", "https://a.example/path"]
)
def test_what_is_no_origin_is_refused_by_name(origin: str) -> None:
    with pytest.raises(BadSetting, match="ASSISTANT_INTRANET_ORIGINS"):
        origins(Settings(intranet_origins=origin))


@pytest.mark.parametrize("addresses", ["", "proxy.example", "10.0.0.0/33", "10.0.0.1/8"])
def test_addresses_that_are_none_are_refused(addresses: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="ASSISTANT_PROXY_ADDRESSES"):
        trusted_proxy(Settings(sign_on="proxy", proxy_addresses=addresses))


def test_a_socket_is_for_this_user_and_group_and_a_left_one_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "ct.sock"
    with listen(f"unix:{path}", 0) as first:
        assert address_of(first) == f"unix:{path}" and path.stat().st_mode & 0o777 == 0o660
        first.listen()
        with pytest.raises(PortInUse, match="ct.sock"):
            listen(f"unix:{path}", 0)
    listen(f"unix:{path}", 0).close()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(PortInUse):
        listen(f"unix:{tmp_path / 'notes.txt'}", 0)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_the_proxy_is_believed_through_a_socket() -> None:
    proxy = trusted_proxy(Settings(sign_on="proxy", host="unix:/run/ct.sock"))
    request = Request({"type": "http", "headers": [(b"x-forwarded-user", b"mary")], "client": None})
    asked_by = asyncio.run(proxy(request))
    assert asked_by is not None and asked_by.id == "proxy:mary"
    assert trusted_proxy(Settings(sign_on="proxy", proxy_addresses=PROXY)).through_socket is False
