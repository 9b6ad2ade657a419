"""No line of the log holds a secret, and none can be forged, as text or as JSON."""

import json
import logging
import subprocess
import sys

import pytest

from assistant import watching
from assistant.config import Settings
from assistant.records.keys import PREFIX
from assistant.watching import Errand
from assistant.web.logs import HIDDEN, Redacting, redacted
from conftest import ROOT

SETTINGS = Settings(
    secret="the-seal-of-cookies-and-tokens-32",
    oidc_client_secret='client"secret\\77',
    llm_api_key="sk-model-key",
    records_url="postgresql://ct:s3cr3t-word@db/records",
)
JSON = SETTINGS.model_copy(update={"log": "json"})
FORMS = pytest.mark.parametrize("settings", [SETTINGS, JSON], ids=["text", "json"])
# What a sender could put into a question, a header or a name, to begin a line of its own.
BREAKS = ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x1b[2K\x1b[1A", "\u202e"]
FORGED = "2026-01-01T00:00:00.000+00:00 ERROR assistant: forged"


def record(message: str, *args: object, fault: BaseException | None = None) -> logging.LogRecord:
    told = (type(fault), fault, fault.__traceback__) if fault else None
    return logging.LogRecord("x", logging.ERROR, "x.py", 1, message, args, told)


def caught(*messages: str) -> BaseException:
    """An exception with others as its causes, raised so that it has a traceback."""
    cause: BaseException | None = None
    for message in messages:
        try:
            raise ValueError(message) from cause
        except ValueError as fault:
            cause = fault
    assert cause is not None
    return cause


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


@FORMS
@pytest.mark.parametrize(
    "secret", ["the-seal-of-cookies-and-tokens-32", 'client"secret\\77', "sk-model-key", "s3cr3t-word"]
)
def test_no_setting_that_is_secret_is_told_in_any_field(secret: str, settings: Settings) -> None:
    told = record("failed: %s", secret, fault=caught(f"first: {secret}", f"seen: {secret}"))
    told.name, told.stack_info = f"log of {secret}", f"Stack: {secret}"
    told.__dict__["header"] = secret  # as `extra=` puts it there
    with watching.on(Errand(request=secret)):
        line = Redacting(settings).format(told)
    assert "failed" in line and "ValueError: seen" in line and "ValueError: first" in line
    assert secret not in line and json.dumps(secret)[1:-1] not in line
    assert secret not in repr(SETTINGS) and secret not in str(SETTINGS)


@FORMS
def test_arguments_that_do_not_fit_a_message_are_not_printed_past_us(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(Redacting(settings))
    handler.handle(record("%s of %d was sent", "sk-model-key", "x"))
    told = capsys.readouterr().err
    assert "was sent" in told and "sk-model-key" not in told and "Traceback" not in told


def test_a_key_for_a_collector_of_traces_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x=1, api-key=collectors-own-key")
    assert "collectors-own-key" not in Redacting(JSON).format(record("sent collectors-own-key"))


@pytest.mark.parametrize("end", BREAKS, ids=ascii)
def test_nobody_can_begin_a_line_of_the_log(end: str) -> None:
    text = Redacting(SETTINGS).format(record(f"asked: %s{end}{FORGED}", "x", fault=caught(f"y{end}{FORGED}")))
    lines = text.splitlines()
    assert sum(not line.startswith("    ") for line in lines) == 1, "one record, one line at the margin"
    assert all(line.isprintable() for line in lines) and "forged" in lines[0]
    written = Redacting(JSON).format(record(f"asked{end}{FORGED}", fault=caught(f"y{end}{FORGED}")))
    assert written.isascii() and written.isprintable() and json.loads(written)["message"].startswith("asked")


def test_a_line_of_json_has_the_fields_that_are_promised() -> None:
    with watching.on(Errand("request-1", trace="t" * 32)):
        told = json.loads(Redacting(JSON).format(record("on %d of %d", 3, 4, fault=caught("why"))))
    assert list(told) == ["time", "level", "logger", "message", "request", "trace", "exception"]
    assert told["message"] == "on 3 of 4" and told["request"] == "request-1" and "why" in told["exception"]
    assert "request" not in json.loads(Redacting(JSON).format(record("outside of any request")))


def test_what_nobody_caught_and_what_others_log_is_one_object_a_line() -> None:
    code = """
import logging, os, threading, warnings
from assistant.config import Settings
from assistant.web import logs
logs.begin(Settings.from_env())
logging.getLogger("uvicorn.error").error("of %s", "uvicorn")
warnings.warn("deprecated")
thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()
raise RuntimeError("key " + os.environ["ASSISTANT_SECRET"])
"""
    secret = "a-secret-of-more-than-32-characters"
    environment = {"ASSISTANT_LOG": "json", "ASSISTANT_SECRET": secret, "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["logger"] for line in told] == ["uvicorn.error", "py.warnings", "assistant", "assistant"]
    assert "ZeroDivisionError" in told[2]["exception"] and "RuntimeError" in told[3]["exception"]
    assert secret not in done.stderr and done.returncode == 1
