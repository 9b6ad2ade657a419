"""The scripted assistant as programs reach it: in this process, or through a real server on a port."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

import scripted
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.records import Database
from assistant.records.keys import Keys
from assistant.web import server
from browsing import free_port

LOCAL = "http://127.0.0.1"


def settings_in(folder: Path, **given: object) -> Settings:
    """Settings whose papers, records and audit lines lie in a folder."""
    records = f"sqlite:///{folder}/records.sqlite"
    told = {"corpus": folder / "corpus", "records_url": records, "audit": folder / "audit", **given}
    return Settings.from_env(**told)


def application(folder: Path, assistant: Assistant | None = None, **given: object) -> FastAPI:
    """The whole server's application, guards and all."""
    return server.create_app(settings_in(folder, **given), assistant or scripted.scripted())


def headers(answer: Any) -> dict[str, str]:
    """The headers of an answer but for the number of its request, which is another one each time."""
    return {name: told for name, told in answer.headers.items() if name != "x-request-id"}


def client(app: FastAPI) -> TestClient:
    """A program on this machine."""
    return TestClient(app, base_url=LOCAL, client=("127.0.0.1", 5000), raise_server_exceptions=False)


def key_in(folder: Path, name: str, *groups: str) -> dict[str, str]:
    """The headers of a program with a new key."""
    database = Database(f"sqlite:///{folder}/records.sqlite")
    secret = Keys(database).create(name, groups)
    database.close()
    return {"Authorization": f"Bearer {secret}"}


@contextmanager
def on_a_port(app: FastAPI) -> Iterator[str]:
    """The address of a real server in a thread of this process."""
    port = free_port()
    config = uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1)
    serving = uvicorn.Server(config)
    thread = threading.Thread(target=serving.run)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not serving.started:
            assert thread.is_alive() and time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        yield f"{LOCAL}:{port}"
    finally:
        serving.should_exit = True
        thread.join(20)
