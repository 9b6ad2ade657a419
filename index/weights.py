"""Which model folders may be loaded: weights as safetensors only, no code, nothing from elsewhere.

Covers what sentence-transformers loads: the weights of every module in the folder. Does not cover
that a folder is the one its name says: only the default model has a pinned sha256.
"""

import hashlib
import os
from pathlib import Path

from index.errors import BadModel

# Formats that are read by unpickling, or may be: what is in such a file can run code as it is loaded.
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".h5")


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights_id(folder: Path) -> str:
    """Twelve hexadecimal digits that stand for the weights in a model folder."""
    digests = "".join(map(sha256_of, sorted(folder.rglob("*.safetensors"))))
    return hashlib.sha256(digests.encode()).hexdigest()[:12]


def model_folder(name: str, kind: str, setting: str) -> Path:
    """The folder of the `kind` of model called `name` by `setting`: a folder, or a hub name in the cache.

    Nothing is downloaded, now or by what the libraries do later in this process. Raises BadModel where
    the model is not on this machine, or some of its weights could be loaded from a pickle only.
    """
    # Read by the library as it is imported.
    os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    folder = Path(name)
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        try:
            folder = Path(snapshot_download(name, local_files_only=True))
        except Exception as error:
            raise BadModel(
                f"The {kind} model {name!r} is not on this machine ({type(error).__name__}), and nothing is "
                f"downloaded. Set {setting} to the folder of a model."
            ) from error
    files = [path for path in folder.rglob("*") if path.is_file()]
    safe = {path.parent for path in files if path.suffix == ".safetensors"}
    for path in sorted(files):
        if path.suffix in PICKLED and path.parent not in safe and not path.name.startswith("openvino"):
            raise BadModel(
                f"The {kind} model has {path}: weights in this form can run code as they are loaded, and "
                f"there are no safetensors beside them. Convert them, or set {setting} to another."
            )
    if not safe:
        raise BadModel(
            f"The {kind} model {name!r} has no weights (*.safetensors) in its folder. "
            f"Set {setting} to the folder of a model."
        )
    return folder
