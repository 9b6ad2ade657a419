"""Reading and embedding on Ray Data: the only door to ray.

Each worker is an actor of one core that keeps its model, or its reader's process, while it lives.
What a worker answers comes back block by block, and is believed no more than a reader's child. The
machines of a cluster see the papers under the same path as the builder, which sends none of them
over the network, and each has the model.

Covers: a worker that is killed (it is started again), a cluster that is not there, workers with
other code, with another model, or without the papers. Does not cover: the builder's own share
(splitting, storing), which stays on one machine.
"""

import json
import logging
import os
import secrets
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from index.copies import PrivateCopy
from index.embedding import Embedder, Vectors
from index.engine import KEPT_AT_ONCE, Results, Unread, parts, read_whole
from index.errors import BadEngine, IndexFault, UnreadableDocument
from index.papers import code_digest
from index.reading import Reading
from index.reading.exchange import reading_to_json
from index.reading.limits import reading_of

BLOCKS = 2_000  # of one run, at most: more would cost the builder more than they bring
RESTARTS = 3  # of one worker, and of one block
REACHED_WITHIN_S = 10
KEPT = "What was read and embedded so far is kept: run `ct-assistant build` again."

# Ray's makers are told nothing, and the terminal shows the builder's line only.
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",  # else some lines are kept for the end of the process
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_gcs_server_port_wait_time_s": str(REACHED_WITHIN_S),
}
# A cluster of our own is heard on this machine's loopback only and answers only who has its key.
# (On Windows and macOS the first is the usual way.) A full memory is left to the system.
_OWN = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_memory_monitor_refresh_ms": "0",
}


@dataclass(frozen=True, slots=True)
class Model:
    """How a worker gets the embedding model, and which one it has to be."""

    load: Callable[[], Embedder]
    model_id: str


class RayEngine:
    """A cluster that is joined, or started on this machine, once there is work for it.

    `address` is the `host:port` of a cluster of which this machine is one; "" starts one of
    `workers` processes here, one a core by default, which `close` ends. Raises BadEngine where
    ray is not installed.
    """

    def __init__(self, model: Model, address: str = "", workers: int | None = None) -> None:
        self._model, self._address = model, address
        self._workers = workers or os.cpu_count() or 1
        self._ray: Any = None  # once it is joined
        self._open = ExitStack()
        if not (find_spec("ray") and find_spec("pyarrow")):
            raise BadEngine(
                "Ray is not installed. Run `pip install 'ct-assistant[ray]'`, or leave out `--engine ray`."
            )

    def readings(
        self, documents: Sequence[Unread], ocr: str
    ) -> Results[tuple[str, Reading | UnreadableDocument]]:
        work = [{"id": d.id, "path": str(d.path.absolute()), "sha256": d.sha256} for d in documents]
        for row in self._run(work, _Reader, ocr):
            if not row["seen"] and Path(row["path"]).is_file():
                raise BadEngine(
                    f"{row['path']}: the worker on {row['host']} does not see it. Let every machine of the "
                    f"cluster have the papers under this path. {KEPT}"
                )
            try:
                yield row["id"], reading_of(row["answer"].encode(), row["id"])
            except UnreadableDocument as error:
                yield row["id"], error

    def vectors(self, texts: Sequence[str]) -> Results[tuple[range, Vectors]]:
        places = list(parts(len(texts), KEPT_AT_ONCE))
        work = [{"part": n, "texts": texts[part.start : part.stop]} for n, part in enumerate(places)]
        for row in self._run(work, _Embedding, self._model):
            part = places[row["part"]]
            vectors = np.frombuffer(row["vectors"], np.float32)
            if not len(vectors) or len(vectors) % len(part) or not np.isfinite(vectors).all():
                raise BadEngine(f"A worker gave vectors that make no sense. {KEPT}")
            yield part, vectors.reshape(len(part), -1)

    def close(self) -> None:
        """Leave the cluster; one of our own is ended, and its folder removed."""
        self._ray = None
        self._open.close()

    def _run(self, work: list[dict[str, Any]], actor: type, told: Any) -> Iterator[dict[str, Any]]:
        """What workers made of the rows of work, in any order. Raises BadEngine."""
        for row in self._rows(work, actor, told) if work else ():
            if row["fault"]:
                raise BadEngine(f"The worker on {row['host']} cannot work: {row['fault']} {KEPT}")
            yield row

    def _rows(self, work: list[dict[str, Any]], actor: type, told: Any) -> Iterator[dict[str, Any]]:
        data, cores = self._joined()
        blocks = min(len(work), BLOCKS)
        try:
            with warnings.catch_warnings(action="ignore"):  # how restarts are told changes with Ray 2.64
                rows = data.from_items(work, override_num_blocks=blocks).map_batches(
                    actor,
                    fn_constructor_args=(told, code_digest()),
                    batch_size=None,
                    batch_format="pyarrow",
                    compute=data.ActorPoolStrategy(size=min(cores, blocks)),
                    num_cpus=1,
                    max_restarts=RESTARTS,
                    max_task_retries=RESTARTS,
                )
            for table in rows.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
                yield from table.to_pylist()
        except Exception as error:  # Ray's own, of many kinds
            raise BadEngine(f"The work on Ray has stopped: {_first_line(error)} {KEPT}") from error

    def _joined(self) -> tuple[Any, int]:
        """Ray Data, and the cores that the cluster has. Raises BadEngine."""
        try:
            ray = self._join()
            cores = int(ray.cluster_resources().get("CPU", 0))
        except (OSError, RuntimeError, ValueError) as error:
            what = f"Ray at {self._address} cannot be joined" if self._address else "Ray did not start here"
            mend = (
                "Name the host:port of a running cluster of which this machine is one, with the same Ray "
                "and Python, in ASSISTANT_RAY_ADDRESS; without it one is started here."
                if self._address
                else "Build without `--engine ray`."
            )
            raise BadEngine(f"{what} ({_first_line(error)}). {mend}") from error
        if not cores:
            raise BadEngine(f"Ray at {self._address} has no cores. Start its workers, and build again.")
        return ray.data, cores

    def _join(self) -> Any:
        """Ray itself, joined once. Raises OSError, RuntimeError, ValueError."""
        if self._ray is not None:
            return self._ray
        os.environ.update(_QUIET)
        given: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
        if self._address:
            _look(self._address)
            given["address"] = self._address
        else:
            os.environ.update(_OWN, RAY_AUTH_TOKEN=_key())
            folder = PrivateCopy()
            self._open.callback(folder.close)
            given |= {"address": "local", "include_dashboard": False, "num_cpus": self._workers}
            given["_temp_dir"] = str(folder.folder)
        self._open.enter_context(redirect_stdout(StringIO()))  # where Ray tells of each worker's end
        with _silent():
            import ray.data

            self._open.callback(ray.shutdown)
            ray.init(**given)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        self._ray = ray
        return ray


class _Actor:
    """What both kinds of worker do: check that they are the builder's equal, then work row by row."""

    def __init__(self, told: Any, code: str) -> None:
        self._told = told
        self._fault = "" if code_digest() == code else "its ct-assistant is another than the builder's."
        self._host = socket.gethostname()

    def __call__(self, table: Any) -> Any:
        import pyarrow

        return pyarrow.Table.from_pylist([self._answer(row) for row in table.to_pylist()])

    def _answer(self, row: dict[str, Any]) -> dict[str, Any]:
        made = {"fault": "", "host": self._host}
        if not self._fault:
            try:
                return made | self._work(row)
            except IndexFault as error:
                self._fault = str(error)
        return made | {"fault": self._fault}

    def _work(self, row: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError


class _Reader(_Actor):
    """Reads documents, each in a limited child of this worker."""

    def _work(self, row: dict[str, Any]) -> dict[str, Any]:
        path = Path(row["path"])
        reading = read_whole(Unread(row["id"], path, row["sha256"]), self._told)
        answer = (
            json.dumps({"error": (reading.status, reading.reason, reading.action)})
            if isinstance(reading, UnreadableDocument)
            else reading_to_json(reading)
        )
        return {"id": row["id"], "path": row["path"], "seen": path.is_file(), "answer": answer}


class _Embedding(_Actor):
    """Embeds texts, one at a time: the core is its own, and a vector does not depend on its neighbours."""

    _embedder: Embedder | None = None

    def _work(self, row: dict[str, Any]) -> dict[str, Any]:
        if self._embedder is None:
            embedder = self._told.load()
            if embedder.model_id != self._told.model_id:
                raise BadEngine(f"its model is {embedder.model_id}, the builder's {self._told.model_id}.")
            self._embedder = embedder
        vectors = [self._embedder.embed([text])[0] for text in row["texts"]]
        return {"part": row["part"], "vectors": np.stack(vectors).astype(np.float32).tobytes()}


def _look(address: str) -> None:
    """Is there a Ray cluster? Asked by a process of its own, since Ray itself may wait for ever.
    Raises OSError, ValueError."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), REACHED_WITHIN_S).close()
    asked = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    try:
        done = subprocess.run(asked, capture_output=True, timeout=2 * REACHED_WITHIN_S)
    except subprocess.TimeoutExpired:
        raise ConnectionError("what listens there does not answer") from None
    if done.returncode:
        raise ConnectionError("what listens there is no Ray, of another version, or wants a key")


@cache
def _key() -> str:
    """The key of every cluster that this process starts: Ray reads it once."""
    return secrets.token_hex(32)


@contextmanager
def _silent() -> Iterator[None]:
    """Without what Ray's own code, which is not Python, writes to standard error as it starts."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
