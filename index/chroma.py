"""A Chroma server by its HTTP interface: the only door to it.

Spoken to directly. Chroma's own client waits for ever, takes a second and 100 MB to load, and makes
what a collection's configuration names (an embedding function) in this process: whoever holds the
server would hold its readers too. Nothing but ids and vectors is sent, and nothing that comes back is
more than ids and numbers. Covers: a server, a proxy in front of one, Chroma Cloud.
"""

import base64
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from urllib.parse import SplitResult, quote, urlsplit

import numpy as np

from index.embedding import Vectors
from index.errors import BadIndex, StoreAway, StoreFault
from index.types import document_of

SPACE = {"space": "cosine", "ef_construction": 200, "max_neighbors": 32, "ef_search": 200}
CONNECT_S, READ_S, WRITE_S = 3.0, 10.0, 120.0  # waited for a connection, an answer, an answer to writing
DOCUMENT = "document_id"  # what a vector says of itself
ROWS = 300  # sent or fetched at once, where the server does not ask for fewer: Chroma Cloud takes no more
Told = TypeVar("Told")
CLOUD = "trychroma.com"
CLOUD_HEADER = "X-Chroma-Token"


@dataclass(frozen=True, slots=True)
class StoreServer:
    """Where a Chroma server is, `http(s)://host[:port][/tenant/database]`, and what opens it."""

    url: str
    token: str = field(default="", repr=False)

    def parts(self) -> tuple[str, str, str]:
        """Address, tenant and database; the latter two are empty where the token stands for them.

        Raises BadIndex where the URL is none.
        """
        told = urlsplit(self.url)
        names = [name for name in told.path.split("/") if name]
        if not _is_address(told):
            raise BadIndex(
                "ASSISTANT_STORE_URL is no address of a Chroma server. Write it as http://chroma:8000, and "
                "what opens it as ASSISTANT_STORE_TOKEN."
            )
        if len(names) not in (0, 2):
            raise BadIndex(
                f"ASSISTANT_STORE_URL={self.url}: behind the address stand tenant and database, both or "
                "neither, as in https://api.trychroma.com/TENANT/DATABASE."
            )
        of_key = ("", "") if self.is_cloud else ("default_tenant", "default_database")
        tenant, database = names or of_key
        return f"{told.scheme}://{told.netloc}", tenant, database

    @property
    def is_cloud(self) -> bool:
        host = urlsplit(self.url).hostname or ""
        return host == CLOUD or host.endswith("." + CLOUD)


@dataclass(frozen=True, slots=True)
class Kept:
    """A collection of the server."""

    id: str
    metadata: Mapping[str, Any]


class Chroma:
    """A connection to a server; safe to share between threads. Whatever is asked raises StoreFault where
    the server is away, refuses or makes no sense; nothing waits for longer than WRITE_S."""

    def __init__(self, server: StoreServer) -> None:
        """Ask nothing yet. Raises BadIndex where the URL is none."""
        import httpx  # not loaded where vectors are in the build's folder

        self._faults = httpx.TransportError
        self._timeouts = httpx.TimeoutException
        self.told, self._tenant, self._database = server.parts()
        name, form = (CLOUD_HEADER, "{}") if server.is_cloud else ("Authorization", "Bearer {}")
        self.most = ROWS if server.is_cloud else 100_000  # results of a search
        self._http = httpx.Client(
            base_url=f"{self.told}/api/v2",
            headers={name: form.format(server.token)} if server.token else {},
        )

    def close(self) -> None:
        self._http.close()

    def collections(self) -> dict[str, Kept]:
        """All collections of the database, by their names."""
        found: dict[str, Kept] = {}
        while True:
            page = self._ask("GET", f"{self._place()}/collections?limit={ROWS}&offset={len(found)}")
            found |= self._understood(partial(_collections, page))
            if len(page) < ROWS:
                return found

    def create(self, name: str, metadata: Mapping[str, str] | None = None) -> str:
        """Make a collection; its id. One of this name must not be there."""
        asked = {"name": name, "configuration": {"hnsw": SPACE}, "metadata": metadata}
        made = self._ask("POST", f"{self._place()}/collections", asked)
        return self._understood(lambda: _id(made["id"]))

    def describe(self, collection: str, metadata: Mapping[str, str]) -> None:
        """Replace what is said of a collection, all at once."""
        self._ask("PUT", f"{self._place()}/collections/{collection}", {"new_metadata": metadata})

    def drop(self, name: str) -> None:
        """Delete a collection, if it is there."""
        self._ask("DELETE", f"{self._place()}/collections/{quote(name)}", absent_is_well=True)

    def count(self, collection: str) -> int:
        told = self._ask("GET", f"{self._place()}/collections/{collection}/count")
        return self._understood(lambda: int(told))

    def add(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Put vectors into a collection. Those that it has already are left as they are."""
        checks = self._ask("GET", "/pre-flight-checks")
        most = self._understood(lambda: int(checks.get("max_batch_size") or ROWS))
        rows = max(1, min(ROWS, most))
        for first in range(0, len(ids), rows):
            part = np.ascontiguousarray(vectors[first : first + rows], dtype="<f4")
            packed = checks.get("supports_base64_encoding")
            sent = [base64.b64encode(row.tobytes()).decode() for row in part] if packed else part.tolist()
            own = list(ids[first : first + rows])
            of = [{DOCUMENT: document_of(passage_id)} for passage_id in own]
            asked = {"ids": own, "embeddings": sent, "metadatas": of}
            self._ask("POST", f"{self._place()}/collections/{collection}/add", asked, wait_s=WRITE_S)

    def nearest(
        self, collection: str, vector: Vectors, k: int, documents: Collection[str] | None = None
    ) -> dict[str, float]:
        """Cosine similarity of the `k` vectors nearest to a unit vector, of those of the named documents if
        there are any named."""
        if not k or (documents is not None and not documents):  # not left to the server to read
            return {}
        asked = {"query_embeddings": [vector.tolist()], "n_results": k, "include": ["distances"]}
        if documents is not None:
            asked["where"] = {DOCUMENT: {"$in": sorted(documents)}}
        near = self._ask("POST", f"{self._place()}/collections/{collection}/query", asked)
        return self._understood(
            lambda: {
                str(i): 1.0 - float(far)
                for i, far in zip(near["ids"][0], near["distances"][0], strict=True)
                if far is not None
            }
        )

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of that name, as far as the collection holds them."""
        found: dict[str, Vectors] = {}
        for first in range(0, len(ids), ROWS):
            found |= self._got(collection, {"ids": list(ids[first : first + ROWS])})
        return found

    def everything(self, collection: str) -> dict[str, Vectors]:
        """All vectors of a collection."""
        found: dict[str, Vectors] = {}
        while page := self._got(collection, {"limit": ROWS, "offset": len(found)}):
            found |= page
        return found

    def _got(self, collection: str, asked: dict[str, Any]) -> dict[str, Vectors]:
        asked["include"] = ["embeddings"]
        got = self._ask("POST", f"{self._place()}/collections/{collection}/get", asked)
        return self._understood(
            lambda: {
                str(i): np.array(vector, dtype=np.float32)
                for i, vector in zip(got["ids"], got["embeddings"], strict=True)
            }
        )

    def _place(self) -> str:
        """The path of the database. That of Chroma Cloud is asked for, where the URL does not say it."""
        if not self._tenant:
            told = self._ask("GET", "/auth/identity")
            names = self._understood(lambda: (str(told["tenant"]), [str(name) for name in told["databases"]]))
            if len(names[1]) != 1:
                raise StoreFault(
                    f"{self.told}: the token opens {len(names[1])} databases. Name one in "
                    "ASSISTANT_STORE_URL, as in https://api.trychroma.com/TENANT/DATABASE."
                )
            self._tenant, self._database = names[0], names[1][0]
        return f"/tenants/{quote(self._tenant, '')}/databases/{quote(self._database, '')}"

    def _ask(
        self, method: str, path: str, body: Any = None, *, wait_s: float | None = None,
        absent_is_well: bool = False,
    ) -> Any:  # fmt: skip
        """What the server answers. Nothing is asked twice: whoever asks the next question does."""
        wait = wait_s or READ_S
        try:
            answer = self._http.request(method, path, json=body, timeout=(CONNECT_S, wait, wait, wait))
        except self._faults as fault:
            slow = isinstance(fault, self._timeouts)
            why = "does not answer in time" if slow else f"cannot be reached ({type(fault).__name__})"
            raise StoreAway(f"{self.told}: the Chroma server {why}. Start it, or mend the way.") from fault
        if answer.status_code == 404 and absent_is_well:
            return None
        if answer.status_code in (401, 403):
            raise StoreFault(
                f"{self.told}: the Chroma server refuses the token ({answer.status_code}). Set "
                "ASSISTANT_STORE_TOKEN to one that opens it."
            )
        if not answer.is_success:
            kind = StoreAway if answer.status_code >= 500 else StoreFault  # a proxy before one that is away
            raise kind(
                f"{self.told}: the Chroma server refuses ({answer.status_code}): {_reason(answer.text)}. "
                "Look at its log and its room."
            )
        return self._understood(lambda: json.loads(answer.content))

    def _understood(self, read: Callable[[], Told]) -> Told:
        """What is read from an answer. Raises StoreFault where that is not in it."""
        try:
            return read()
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise StoreFault(
                f"{self.told}: answers, but not as a Chroma server does. Mend ASSISTANT_STORE_URL."
            ) from error


def _is_address(told: SplitResult) -> bool:
    try:
        whole = told.scheme in ("http", "https") and bool(told.hostname) and told.port != 0
    except ValueError:  # a port that is no number
        return False
    return whole and "@" not in told.netloc and not told.query and not told.fragment


def _collections(told: object) -> dict[str, Kept]:
    if not isinstance(told, list):
        raise TypeError("no list")
    return {str(c["name"]): Kept(_id(c["id"]), dict(c["metadata"] or {})) for c in told}


def _ids(told: dict[str, list[str]]) -> list[str]:
    return [str(i) for i in told["ids"]]


def _id(told: object) -> str:
    """The id of a collection, which becomes part of a path. Raises ValueError."""
    if not isinstance(told, str) or not told.replace("-", "").isalnum():
        raise ValueError("an id")
    return told


def _reason(text: str) -> str:
    """What a server says of its refusal, short and on one line."""
    try:
        text = str(json.loads(text)["message"])
    except (ValueError, TypeError, KeyError):
        pass
    return " ".join(text.split())[:120].rstrip(". ") or "it does not say why"
