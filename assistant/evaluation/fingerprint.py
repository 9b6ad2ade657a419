"""What the figures of a run depend on, and what changed between two runs."""

import hashlib
import importlib.metadata
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from assistant.config import Settings
from assistant.prompting import PROMPTS
from index import generations
from index.reranking import reranker_id

ROOT = Path(__file__).resolve().parents[2]
# Settings that change no answer or are told in another way; secrets are left out by their type.
_NOT_TOLD = {"corpus", "index", "models", "embedding_model", "reranker", "host", "port"}
_MAKES_THE_BUILD = ("corpus", "embedding_model", "code")


def fingerprint(build_id: str, settings: Settings, question_file: Path, **asked: Any) -> dict[str, Any]:
    """Everything the figures depend on, as plain JSON values. `asked` is how the run was asked for:
    number of questions, groups, and whether the full curve was wanted."""
    record = _record(settings.index / build_id)
    told = {
        "index_build": build_id,
        "corpus": record.get("source", ""),
        "embedding_model": record.get("model", settings.embedding_model),
        "reranker": reranker_id(settings.reranker),
        "prompts": {path.stem: _sha256(path) for path in sorted(PROMPTS.glob("*.md"))},
        "settings": _plain_settings(settings),
        "code": code_version(),
        "question_set": _sha256(question_file),
        **asked,
    }
    plain: dict[str, Any] = json.loads(json.dumps(told))
    return plain


def code_version() -> str:
    """The version of the product and a digest of the code that answers and scores, with the tables
    and coefficients beside it."""
    digest = hashlib.sha256()
    for folder in ("assistant", "index"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".json", ".csv") and "web" not in path.relative_to(ROOT).parts:
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{importlib.metadata.version('ct-assistant')}+{digest.hexdigest()[:12]}"


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """What differs, one line each. A build with another name is no change where its corpus, its
    embedding model and the code that made it are the same."""
    one, other = _flat(before), _flat(after)
    differing = [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]
    if not set(differing) & set(_MAKES_THE_BUILD):
        differing = [name for name in differing if name != "index_build"]
    return tuple(f"{name}: {_short(one.get(name))} → {_short(other.get(name))}" for name in differing)


def _flat(told: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in told.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        flat |= {f"{name}.{key}".rstrip("."): part for key, part in parts}
    return flat


def _short(value: Any) -> str:
    text = "none" if value in (None, "", []) else str(value)
    return text[:12] if re.fullmatch("[0-9a-f]{64}", text) else text


def _plain_settings(settings: Settings) -> dict[str, Any]:
    told = {name: getattr(settings, name) for name in Settings.model_fields if name not in _NOT_TOLD}
    return {name: _plain(value) for name, value in told.items() if not isinstance(value, SecretStr)}


def _plain(value: Any) -> Any:
    """A setting as a JSON value: a file by its content, an address without name and password."""
    if isinstance(value, Path):
        return _sha256(value) if value.is_file() else value.name
    return re.sub(r"//[^/@]*@", "//", value) if isinstance(value, str) else value


def _record(folder: Path) -> Mapping[str, Any]:
    return generations.record_of(folder) if (folder / generations.RECORD).is_file() else {}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
