"""An nginx of the tests' own, set up by docs/deployment/nginx.conf, before servers on Unix sockets."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import scripted
from browsing import free_port, stop

NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
ABSENT = "no nginx found: `apt-get install nginx` to run this"
CONF = scripted.ROOT / "docs" / "deployment" / "nginx.conf"
PEOPLE = {"mary": "board,staff", "ben": "staff", **{f"reader{n}": "staff" for n in range(8)}}
START_WITHIN_S = 120  # two servers at once, on a busy machine
PASSWORD = "open-sesame"
AROUND = """
daemon off; worker_processes 1; {user}
pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/ct-assistant.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running nginx: where it serves, without and with TLS, and the folder of its certificate and log."""

    plain: str
    address: str
    folder: Path

    def client(self, person: str = "") -> httpx.Client:
        """A client that trusts the proxy's certificate and signs on as a person."""
        auth = (person, PASSWORD) if person else None
        trusted = ssl.create_default_context(cafile=self.folder / "ct-assistant.pem")
        return httpx.Client(base_url=self.address, verify=trusted, auth=auth, timeout=20)


@contextmanager
def nginx(
    folder: Path, sockets: tuple[Path, Path], changed: Mapping[str, str] | None = None
) -> Iterator[Proxy]:
    """nginx before two sockets, by the shipped file; `changed` is changed in it as an operator would."""
    ports = free_port(), free_port()
    text = CONF.read_text("utf-8")
    changes = {
        **(changed or {}),
        "# server unix:/run/ct-assistant/2": "server unix:/run/ct-assistant/2",
        "/run/ct-assistant/1/ct.sock": str(sockets[0]),
        "/run/ct-assistant/2/ct.sock": str(sockets[1]),
        "listen 80;": f"listen 127.0.0.1:{ports[0]};",
        "listen 443 ": f"listen 127.0.0.1:{ports[1]} ",
        "ct.example.org": "127.0.0.1",
        "/etc/ssl/": f"{folder}/",
        "/etc/nginx/": f"{folder}/",
        "/var/log/nginx/": f"{folder}/",
    }
    for shipped, here in changes.items():
        assert shipped in text, f"{CONF} names no {shipped}"
        text = text.replace(shipped, here)
    (folder / "ct-assistant.conf").write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""  # or its workers could not reach these folders
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    (folder / "ct-assistant.htpasswd").write_text("".join(f"{name}:{{PLAIN}}{PASSWORD}\n" for name in PEOPLE))
    groups = "".join(f'{name} "{held}";\n' for name, held in PEOPLE.items())
    (folder / "ct-assistant.groups").write_text(groups)
    _write_certificate(folder)
    command = [
        str(NGINX),
        "-p",
        str(folder),
        "-c",
        str(folder / "nginx.conf"),
        "-e",
        str(folder / "error.log"),
    ]
    with subprocess.Popen(command) as running:
        try:
            proxy = Proxy(f"http://127.0.0.1:{ports[0]}", f"https://127.0.0.1:{ports[1]}", folder)
            _wait(running, partial(_reached, socket.AF_INET, ("127.0.0.1", ports[1])))
            yield proxy
        finally:
            stop(running)


@contextmanager
def two_servers(folder: Path, more: Mapping[str, str]) -> Iterator[tuple[Path, Path]]:
    """Two servers with the scripted assistant and a proxy's sign-on, over the same records: their sockets."""
    environment = {
        **os.environ,
        "ASSISTANT_SIGN_ON": "proxy",
        "ASSISTANT_RECORDS_URL": f"sqlite:///{folder}/records.sqlite",
        "ASSISTANT_AUDIT": str(folder / "audit"),
        **more,
    }
    paths = folder / "1.sock", folder / "2.sock"
    with ExitStack() as stack:
        started = []
        for path in paths:
            command = [sys.executable, scripted.__file__, f"unix:{path}"]
            started.append(stack.enter_context(subprocess.Popen(command, env=environment)))
            stack.callback(stop, started[-1])
        for path, served in zip(paths, started, strict=True):
            _wait(served, partial(_reached, socket.AF_UNIX, str(path)))
        yield paths


def through(path: Path) -> httpx.Client:
    """A client that speaks to a server's socket, past the proxy."""
    return httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://127.0.0.1", timeout=20)


def _reached(family: int, address: str | tuple[str, int]) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(address) == 0


def _wait(process: "subprocess.Popen[bytes]", reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while not reached():
        assert process.poll() is None, f"{process.args!r} stopped with status {process.returncode}"
        assert time.monotonic() < deadline, f"{process.args!r} does not listen within {START_WITHIN_S} s"
        time.sleep(0.1)


def _write_certificate(folder: Path) -> None:
    """A certificate for 127.0.0.1 that vouches for itself, and its key, as nginx.conf names them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    (folder / "ct-assistant.pem").write_bytes(made.public_bytes(encoding))
    form, no_password = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "ct-assistant.key").write_bytes(key.private_bytes(encoding, form, no_password))
