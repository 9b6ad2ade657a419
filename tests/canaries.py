"""Words that stand in one text only, where they are found again, and a model that costs nothing."""

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from index.embedding import Vectors
from index.reading import Reading, read
from index.reading.limits import Limits

# A disk in memory, where there is one: a build of a few papers waits for the disk most of its time.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class HashEmbedder:
    """Vectors of sixteen numbers made from a text's hash; it counts what it embeds."""

    model_id = "hash@16"
    max_tokens = 256
    embedded = 0

    def count_tokens(self, text: str) -> int:
        return len(text.split()) + 2

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded += len(texts)
        rows = [np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], np.uint8) for text in texts]
        vectors = np.array(rows, np.float32).reshape(len(texts), 16) - 127.5
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def canary(number: int) -> str:
    """A word that no rule of a reader or of an engine changes."""
    return f"zq{number:05d}zq"


def canaries(data: bytes | str) -> set[str]:
    """Those that stand in a file's bytes, or in a text."""
    if isinstance(data, str):
        data = data.encode()
    return {word.decode() for word in re.findall(rb"zq[0-9]{5}zq", data)}


def by_file(folder: Path) -> dict[Path, set[str]]:
    """The canaries in each file below a folder."""
    return {path: canaries(path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def in_process(path: Path, document_id: str, limits: Limits) -> Reading:
    """A document read without a child: what becomes of the reader's own process is not looked at then."""
    return read(path, document_id)
