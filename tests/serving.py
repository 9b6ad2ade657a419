"""A real server of this process: for tests that take a guard out of it, or look at its log."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from assistant.web.listening import listen

START_WITHIN_S = 30


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address of a server of the app, in a thread, until the block ends."""
    with listen("127.0.0.1", 0) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until = time.monotonic() + START_WITHIN_S
        while not server.started:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.02)
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join(10)
