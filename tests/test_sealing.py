"""Sealed cookies: nobody but us reads or writes them, and they end."""

from http.cookies import SimpleCookie
from typing import Any

import pytest

from assistant.config import Settings
from assistant.errors import BadSetting
from assistant.web.sealing import PART_CHARS, Jar, TooLarge, key

NOW = 1_800_000_000.0
SECRET = "s" * 32
VALUE = {"who": "anna", "groups": ["board"]}


def jar(secret: str = SECRET, name: str = "session", parts: int = 2, **given: Any) -> Jar:
    return Jar.of(Settings.from_env(secret=secret, **given), name, 3600, parts)


def kept(lines: list[str]) -> dict[str, str]:
    """What a browser holds after `Set-Cookie` lines."""
    cookies = SimpleCookie()
    for line in lines:
        cookies.load(line)
    return {name: morsel.value for name, morsel in cookies.items() if morsel["max-age"] != "0"}


def test_a_value_comes_back_from_another_worker_with_the_same_secret() -> None:
    cookies = kept(jar().put(VALUE, NOW))
    assert jar().get(cookies, NOW + 3599) == VALUE
    assert "anna" not in str(cookies)


def test_nothing_comes_out_of_a_cookie_that_is_late_changed_or_not_ours() -> None:
    cookies = kept(jar().put(VALUE, NOW))
    (name, sealed), *_ = cookies.items()
    assert jar().get(cookies, NOW + 3601) is None
    assert jar(secret="t" * 32).get(cookies, NOW) is None
    assert jar(name="begun").get({name.replace("session", "begun"): sealed}, NOW) is None, "another purpose"
    for place in range(0, len(sealed) - 1, 7):
        changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        assert jar().get({name: changed}, NOW) is None, place
    for odd in ("", "é", "{}", sealed[:-1], sealed + sealed, "x" * 100_000):
        assert jar().get({name: odd}, NOW) is None


def test_without_a_secret_each_process_has_a_key_of_its_own() -> None:
    cookies = kept(jar(secret="").put(VALUE, NOW))
    assert cookies and jar(secret="").get(cookies, NOW) is None


def test_a_long_value_fills_several_cookies_that_browsers_take() -> None:
    long = {"token": "x" * 4000}
    lines = jar().put(long, NOW)
    cookies = kept(lines)
    assert len(cookies) == 2 and jar().get(cookies, NOW) == long
    assert all(len(line.partition(";")[0]) <= PART_CHARS + 60 < 4096 for line in lines)
    first, second = cookies
    assert jar().get({first: cookies[second], second: cookies[first]}, NOW) is None
    with pytest.raises(TooLarge):
        jar().put({"token": "x" * 8000}, NOW)


def test_a_shorter_value_leaves_nothing_of_a_longer_one() -> None:
    cookies = kept(jar().put({"token": "x" * 4000}, NOW))
    lines = jar().put(VALUE, NOW)
    gone = {line.partition("=")[0] for line in lines if "Max-Age=0" in line}
    left = {name: value for name, value in {**cookies, **kept(lines)}.items() if name not in gone}
    assert jar().get(left, NOW) == VALUE


@pytest.mark.parametrize(
    ("settings", "begins", "attributes"),
    [
        ({}, "ct-session-0=", {"HttpOnly", "SameSite=Lax"}),
        ({"public_url": "http://127.0.0.1:7860"}, "ct-session-0=", {"HttpOnly", "SameSite=Lax"}),
        (
            {"public_url": "https://a.example"},
            "__Host-ct-session-0=",
            {"HttpOnly", "Secure", "SameSite=Lax"},
        ),
        (
            {"public_url": "https://a.example", "intranet_origins": "https://b.example"},
            "__Host-ct-session-0=",
            {"HttpOnly", "Secure", "SameSite=None", "Partitioned"},
        ),
        (
            {"public_url": "http://127.0.0.1:7860", "intranet_origins": "https://b.example"},
            "ct-session-0=",
            {"HttpOnly", "SameSite=Lax"},
        ),
    ],
)
def test_a_cookie_says_what_its_mode_needs(
    settings: dict[str, Any], begins: str, attributes: set[str]
) -> None:
    for line in [*jar(**settings).put(VALUE, NOW), *jar(**settings).clear()]:
        told = {part.strip() for part in line.split(";")[1:]}
        assert line.startswith(begins) or begins.startswith("ct-") or line.startswith("__Host-")
        assert {part for part in told if not part.startswith(("Max-Age", "Path"))} == attributes
        assert "Path=/" in told
    assert jar(**settings).put(VALUE, NOW)[0].startswith(begins)


def test_a_short_secret_is_refused_by_name() -> None:
    with pytest.raises(BadSetting, match="ASSISTANT_SECRET has 31"):
        key(Settings(secret="s" * 31), "session")
