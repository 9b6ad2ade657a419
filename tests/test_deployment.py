"""What operators are given: the files of docs/deployment, its page, and how a server behaves for them."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer
from threading import Thread

import httpx
import pytest

from assistant.access import local_principal
from assistant.checks import _audit, _sign_on
from assistant.cli import _parser
from assistant.config import PREFIX, Settings
from assistant.journal import Bounds, Journal
from assistant.types import Question
from conftest import ROOT
from index import embedding

DEPLOYMENT = ROOT / "docs" / "deployment"
TOLD = [ROOT / "docs" / "operating.md", *sorted(path for path in DEPLOYMENT.iterdir() if path.is_file())]


@pytest.fixture
def server(small_index: Path, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`ct-assistant serve` on a socket, where every folder that is not named in a setting is an empty one."""
    for name in ("cwd", "home", "tmp", "kept"):
        (tmp_path / name).mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "ASSISTANT_CORPUS": str(small_index.parent / "corpus"),
        "ASSISTANT_INDEX": str(small_index),
        "ASSISTANT_MODELS": str(ROOT / "var" / "models"),
        "ASSISTANT_RECORDS_URL": f"sqlite:///{tmp_path}/kept/records.sqlite",
        "ASSISTANT_AUDIT": str(tmp_path / "kept" / "audit"),
        "ASSISTANT_SIGN_ON": "proxy",
        "ASSISTANT_HOST": f"unix:{tmp_path}/kept/ct.sock",
    }
    command = [sys.executable, "-m", "assistant", "serve"]
    with subprocess.Popen(command, cwd=tmp_path / "cwd", env=environment, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_server_writes_only_where_it_is_set_to_and_leaves_nothing_behind_when_it_is_stopped(
    server: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    """Nothing in the home folder: there onnxruntime kept what it wanted to report to its maker."""
    assert server.stdout is not None and server.stdout.readline().startswith(b"Serving on unix:")
    transport = httpx.HTTPTransport(uds=str(tmp_path / "kept" / "ct.sock"))
    with httpx.Client(transport=transport, base_url="http://localhost", timeout=60) as client:
        for path in ("/", "/documents"):
            assert client.get(path, headers={"X-Forwarded-User": "mary"}).status_code == 200
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0
    assert list((tmp_path / "cwd").iterdir()) == [] and list((tmp_path / "home").iterdir()) == []
    left = [path.name for path in (tmp_path / "tmp").rglob("*") if path.is_file()]
    assert left == [] and not list((tmp_path / "tmp").glob("ct-assistant-*"))


def test_a_model_is_exported_below_the_folder_that_the_command_is_run_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def run(command: list[str], **options: object) -> "subprocess.CompletedProcess[str]":
        told.extend(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(subprocess, "run", run)
    target = embedding._exported(embedding._packaged_model(), Path("var/models"))
    assert target.parent == tmp_path / "var" / "models" and told[-1] == str(target)


def test_no_audit_line_is_lost_where_another_process_was_quicker_to_begin_a_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, question = Journal(tmp_path, Bounds(1, 90)), Question("Who pays?", local_principal())
    journal.write(question, "stopped", "first", 0.1)
    rename = Path.rename

    def too_late(self: Path, target: Path) -> Path:
        rename(self, self.with_name("audit-theirs.jsonl"))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", too_late)
    journal.write(question, "stopped", "second", 0.1)
    lines = [line for file in tmp_path.glob("audit*.jsonl") for line in file.read_text().splitlines()]
    assert sorted(json.loads(line)["door"] for line in lines) == ["first", "second"]


class Health(BaseHTTPRequestHandler):
    """Says of itself what `state` is."""

    state = 200

    def do_GET(self) -> None:
        self.send_response(self.state if self.path == "/api/health" else 404)
        self.end_headers()

    def address_string(self) -> str:
        return "socket"

    def log_message(self, *told: object) -> None:
        pass


def test_the_health_check_asks_through_the_socket(tmp_path: Path) -> None:
    path = tmp_path / "ct.sock"
    assert healthy(f"unix:{path}") == 1
    with UnixStreamServer(str(path), Health) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            assert healthy(f"unix:{path}") == 0
            Health.state = 503
            assert healthy(f"unix:{path}") == 1
        finally:
            server.shutdown()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        assert healthy("127.0.0.1", silent.getsockname()[1]) == 1


def healthy(host: str, port: int = 7860) -> int:
    environment = {"ASSISTANT_HOST": host, "ASSISTANT_PORT": str(port)}
    command = [sys.executable, "-I", str(DEPLOYMENT / "healthy.py")]
    return subprocess.run(command, env=environment, timeout=30).returncode


def test_check_tells_of_a_sign_on_that_would_not_serve_and_of_an_audit_that_cannot_be_written(
    tmp_path: Path,
) -> None:
    assert _sign_on(Settings(sign_on="proxy", host="unix:/run/ct-assistant/1/ct.sock")).sound
    wrong = _sign_on(Settings(sign_on="proxy"))
    assert not wrong.sound and "ASSISTANT_PROXY_ADDRESSES" in wrong.text
    wrong = _sign_on(Settings(sign_on="oidc"))
    assert not wrong.sound and "ASSISTANT_PUBLIC_URL" in wrong.text
    assert not _sign_on(Settings(host="0.0.0.0")).sound
    assert _audit(tmp_path / "new" / "audit").sound
    (tmp_path / "file").write_text("")
    wrong = _audit(tmp_path / "file" / "audit")
    assert not wrong.sound and "ASSISTANT_AUDIT" in wrong.text


@pytest.mark.parametrize("path", TOLD, ids=lambda path: path.name)
def test_every_setting_and_command_that_operators_are_told_of_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert set(re.findall(r"\bASSISTANT_[A-Z_]+\b", text)) <= known
    offered = set(re.findall(r"^    (\w+)", _parser().format_help(), re.MULTILINE))
    assert set(re.findall(r"bin/ct-assistant (\w+)|`ct-assistant (\w+)", text)) <= {
        pair for name in offered for pair in ((name, ""), ("", name))
    }
    for name in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (path.parent / name).exists(), name


def test_the_image_is_made_of_files_that_are_here_and_reach_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split("\n")
    let_through = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert "*" in ignored
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOYMENT / "Dockerfile").read_text(), re.MULTILINE)
    for name in " ".join(copied).split():
        assert (ROOT / name).exists() and any(fnmatch(name, kept) for kept in let_through), name


def test_only_the_proxy_has_a_port_and_no_service_may_do_more_than_it_must() -> None:
    yaml = pytest.importorskip("yaml")
    told = yaml.safe_load((DEPLOYMENT / "compose.yaml").read_text())
    services = told["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    for name, service in services.items():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    # The proxy reaches the assistant through the socket alone; what is inside has no way out.
    assert services["proxy"]["networks"] == ["edge"] and told["networks"]["inside"]["internal"] is True
    assert services["assistant"]["networks"] == services["model"]["networks"] == ["inside"]
    # Chroma asks nobody who they are: it meets the proxy that does, and nobody else.
    meet = {name for name, service in services.items() if "vectors" in service["networks"]}
    assert services["chroma"]["networks"] == ["vectors"] and meet == {"chroma", "store"}
    assert told["networks"]["vectors"]["internal"] is True


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_takes_every_line_of_the_unit(tmp_path: Path) -> None:
    text = (DEPLOYMENT / "ct-assistant@.service").read_text()
    unit = tmp_path / "ct-assistant@1.service"
    unit.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", text, flags=re.MULTILINE))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and unit.name not in done.stderr, done.stderr
