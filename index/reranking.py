"""An optional second look at the best passages: a cross-encoder, which reads question and passage together.

Served by sentence-transformers from a folder or from what lies in the hub's cache; nothing is ever
downloaded. Without a name no model is loaded, and torch is not imported.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from index.errors import BadModel
from index.types import Hit
from index.weights import model_folder, weights_id

RERANKED = 30  # of the fused list; what lies below is not read again
MAX_TOKENS = 512  # of question and passage together


def reranker_id(name: str) -> str:
    """The model's name, with a digest of its weights where it is a folder; "" for none."""
    folder = Path(name)
    if not name or not folder.is_dir():
        return name
    return f"{folder.resolve().name}@{weights_id(folder)}"


class Reranker:
    """One cross-encoder on the CPU; safe to share between threads, which wait for each other."""

    def __init__(self, name: str) -> None:
        """Load the model from this machine. Raises BadModel where it is not here or is no such model."""
        folder = model_folder(name, "re-ranking", "ASSISTANT_RERANKER")
        from sentence_transformers import CrossEncoder

        try:
            self._model: Any = CrossEncoder(
                str(folder),
                device="cpu",
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
                max_length=MAX_TOKENS,
            )
            outputs = int(self._model.num_labels)
        except Exception as error:
            raise BadModel(
                f"The re-ranking model {name!r} could not be loaded from this machine "
                f"({type(error).__name__}); nothing is downloaded. Set ASSISTANT_RERANKER to the folder of "
                "a cross-encoder, or unset it."
            ) from error
        if outputs != 1:
            raise BadModel(
                f"The re-ranking model {name!r} gives {outputs} values for a passage, not one. "
                "Set ASSISTANT_RERANKER to the folder of a cross-encoder made for ranking, or unset it."
            )
        self.model_id = reranker_id(name)
        self._lock = threading.Lock()

    def reorder(self, text: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same passages, those first that the model finds to answer best.

        The fused scores are dealt out anew in the new order: what was fitted on them keeps its
        meaning, and a list is still ordered by its scores.
        """
        if len(hits) < 2:
            return list(hits)
        pairs = [(text, "\n".join((*hit.passage.heading_path, hit.passage.text))) for hit in hits]
        with self._lock:  # a tokenizer of this kind cannot be used by two threads at once
            values = self._model.predict(pairs, show_progress_bar=False).tolist()
        order = sorted(range(len(hits)), key=lambda i: (-values[i], i))
        scores = sorted((hit.score for hit in hits), reverse=True)
        return [replace(hits[i], score=score) for i, score in zip(order, scores, strict=True)]
