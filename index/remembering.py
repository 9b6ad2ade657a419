"""Vectors that are asked for again and again: the sentences of passages that are found often."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from index.embedding import Embedder, Progress, Vectors

KEPT_BYTES = 64 * 1024 * 1024  # at the most; some 40,000 sentences of the default model
ASKED_BYTES = 512 * 1024  # for texts that come alone: questions, of which few come again
KEY_BYTES = 16
EACH_BYTES = 192  # what an entry takes besides its vector


class Remembering:
    """An embedder that keeps the vectors it made last, by text. Safe between threads.

    Whether a text was kept changes no vector by more than the rounding of the model's own sums:
    one text alone and the same among others differ by some 1e-7.
    """

    def __init__(self, embedder: Embedder, kept_bytes: int = KEPT_BYTES) -> None:
        self._embedder = embedder
        self.model_id, self.max_tokens = embedder.model_id, embedder.max_tokens
        self._sentences, self._questions = _Kept(kept_bytes), _Kept(ASKED_BYTES)

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, the two special ones included."""
        return self._embedder.count_tokens(text)

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Unit vectors, one row a text, float32. `progress` is told how many more are done."""
        if not texts:
            return self._embedder.embed(texts)
        kept = self._questions if len(texts) == 1 else self._sentences
        keys = [_key(text) for text in texts]
        found = kept.known(keys)
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if new:
            made = self._embedder.embed(list(new.values()))
            # Copies: a row alone would hold on to all rows that were made with it.
            fresh = {key: row.copy() for key, row in zip(new, made, strict=True)}
            kept.keep(fresh)
            found |= fresh
        if progress:
            progress(len(texts))
        return np.stack([found[key] for key in keys])


class _Kept:
    """Vectors by key; those not asked for the longest go first."""

    def __init__(self, room_bytes: int) -> None:
        self._room = room_bytes
        self._lock = threading.Lock()
        self._vectors: OrderedDict[bytes, Vectors] = OrderedDict()

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        with self._lock:
            found = {key: self._vectors[key] for key in dict.fromkeys(keys) if key in self._vectors}
            for key in found:
                self._vectors.move_to_end(key)
        return found

    def keep(self, fresh: dict[bytes, Vectors]) -> None:
        with self._lock:
            self._vectors |= fresh
            each = next(iter(fresh.values())).nbytes + EACH_BYTES
            while len(self._vectors) * each > self._room:
                self._vectors.popitem(last=False)


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()
