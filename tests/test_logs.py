"""No line of the log holds a secret."""

import logging

import pytest

from assistant.config import Settings
from assistant.records.keys import PREFIX
from assistant.web.logs import HIDDEN, Redacting, redacted

SETTINGS = Settings(
    secret="the-seal-of-cookies-and-tokens-32",
    oidc_client_secret="client-secret-77",
    llm_api_key="sk-model-key",
    records_url="postgresql://ct:s3cr3t-word@db/records",
)


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (f"a key {PREFIX}AbC-123_xyz987654 was sent", "AbC-123_xyz987654"),
        ("Authorization: Bearer eyJhbGciOi.x.y", "eyJhbGciOi.x.y"),
        ("authorization: basic bWFyeTpzZWNyZXQ=", "bWFyeTpzZWNyZXQ"),
        ("Cookie: session=abcdef0123456789", "abcdef0123456789"),
        ("cannot open postgresql://ct:other-word@db:5432/x", "other-word"),
        ("GET /sign-on/back?code=abc123&state=xyz789 failed", "abc123"),
        ("GET /sign-on/back?code=abc123&state=xyz789 failed", "xyz789"),
        ("GET /visit/kJ83hd-72_hdKs/documents 500", "kJ83hd-72_hdKs"),
        ("GET /embed?ticket=gAAAAAB.x-y&lang=fr", "gAAAAAB.x-y"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_and_the_rest_stays(line: str, secret: str) -> None:
    told = redacted(line)
    assert secret not in told and HIDDEN in told
    assert told.split()[0] == line.split()[0]


def test_a_line_without_secrets_stays_as_it_is() -> None:
    line = "docs_corpus/api.pdf: no text on 3 of 38 pages (a scan?); http://127.0.0.1:7860/documents?kind=report"
    assert redacted(line) == line


@pytest.mark.parametrize(
    "secret", ["the-seal-of-cookies-and-tokens-32", "client-secret-77", "sk-model-key", "s3cr3t-word"]
)
def test_no_setting_that_is_secret_is_told_also_not_in_a_traceback(secret: str) -> None:
    try:
        raise ValueError(f"seen: {secret}")
    except ValueError as error:
        fault = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "failed: %s", (secret,), fault)
    told = Redacting(SETTINGS).format(record)
    assert "failed" in told and "ValueError: seen" in told and secret not in told
    assert secret not in repr(SETTINGS) and secret not in str(SETTINGS)
