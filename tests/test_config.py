import re

import pytest

from assistant.config import Settings
from assistant.errors import BadSetting


def test_an_unknown_name_is_refused_with_the_nearest_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_PROT", "7000")
    with pytest.raises(BadSetting, match="ASSISTANT_PROT: no such setting; did you mean ASSISTANT_PORT"):
        Settings.from_env()


@pytest.mark.parametrize(
    "name, value",
    [
        ("PORT", "many"),
        ("PORT", "99999"),
        ("MIN_CONFIDENCE", "2"),
        ("LLM_TIMEOUT_S", "0"),
        ("DEFAULT_GROUPS", ""),
        ("DEFAULT_GROUPS", "all|deny"),
    ],
)
def test_a_value_out_of_range_is_refused_with_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"ASSISTANT_{name}", value)
    with pytest.raises(BadSetting, match=re.escape(f"ASSISTANT_{name}={value!r}")):
        Settings.from_env()


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_LLM_API_KEY", "sk-secret")
    assert "sk-secret" not in repr(Settings.from_env())


def test_a_password_in_the_address_of_the_records_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_RECORDS_URL", "postgresql://me:sesame@127.0.0.1/records")
    assert "sesame" not in repr(Settings.from_env())


def test_a_setting_of_earlier_versions_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_FEEDBACK", "var/marks.jsonl")
    with pytest.raises(BadSetting, match="ASSISTANT_FEEDBACK: .* feedback import --from FILE"):
        Settings.from_env()


def test_what_is_given_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_PORT", "7001")
    assert (Settings.from_env(port=7002).port, Settings.from_env(port=None).port) == (7002, 7001)
