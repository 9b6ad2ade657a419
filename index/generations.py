"""Builds as generations: each is written once beside the others, and CURRENT names the one
that is served. Readers see a whole build or the one before it, never a mix."""

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from index.embedding import sha256_of
from index.errors import BadIndex

CURRENT = "CURRENT"
RECORD = "build.json"


def new_build(index: Path) -> Path:
    """An empty folder for a new build, named by time so that names sort by age."""
    folder = index / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    return folder


def publish(build: Path, record: dict[str, Any]) -> None:
    """Seal a finished build with the sha256 of every file and make it the current one."""
    files = sorted(path for path in build.rglob("*") if path.is_file())
    record = {
        **record,
        "build_id": build.name,
        "files": {p.relative_to(build).as_posix(): sha256_of(p) for p in files},
    }
    for path in files:
        _sync(path)
    _write(build / RECORD, json.dumps(record, indent=1, ensure_ascii=False))
    _write(build.parent / CURRENT, build.name + "\n")


def current(index: Path) -> Path:
    """The folder of the published build. Raises BadIndex where there is none."""
    try:
        name = (index / CURRENT).read_text("utf-8").strip()
    except FileNotFoundError as error:
        raise BadIndex(
            f"{index}: no index here. Run `ct-assistant build --index {index}` first, "
            "or name another --index."
        ) from error
    if not name or "/" in name or not (index / name / RECORD).is_file():
        raise BadIndex(
            f"{index / CURRENT} names {name!r}, which is not a build. Run `ct-assistant build` again."
        )
    return index / name


def record_of(build: Path) -> dict[str, Any]:
    """What `publish` wrote about a build."""
    try:
        told = json.loads((build / RECORD).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadIndex(
            f"{build / RECORD}: cannot be read ({error}). Run `ct-assistant build` again."
        ) from error
    return dict(told)


def verify(build: Path) -> list[str]:
    """What is wrong with a build's files, one sentence each; an empty list means sound."""
    wrong: list[str] = []
    for name, digest in record_of(build)["files"].items():
        path = build / name
        if not path.is_file():
            wrong.append(f"{path}: missing.")
        elif sha256_of(path) != digest:
            wrong.append(f"{path}: damaged (its sha256 is not the recorded one).")
    return wrong


def is_sound(build: Path) -> bool:
    """Whether a build is there, whole."""
    try:
        return not verify(build)
    except (BadIndex, KeyError):
        return False


def prune(index: Path, keep: set[str]) -> None:
    """Delete the builds, finished or not, that are not named in `keep`."""
    for folder in index.iterdir():
        if folder.is_dir() and folder.name not in keep and (_is_build_name(folder.name)):
            shutil.rmtree(folder)


def _is_build_name(name: str) -> bool:
    return len(name) == 22 and name[8] == "T" and name[15] == "-"


@contextmanager
def only_builder(index: Path) -> Iterator[None]:
    """Hold the right to build into `index`. Raises BadIndex where another process has it."""
    try:
        index.mkdir(parents=True, exist_ok=True)
        file = (index / "BUILDING").open("w")
    except OSError as error:
        raise BadIndex(f"{index}: cannot be written ({error.strerror}). Choose another --index.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadIndex(f"{index}: another build is running. Wait until it is done.") from error
        yield


def _write(path: Path, text: str) -> None:
    """Replace a file's content atomically and durably."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, "utf-8")
    _sync(part)
    os.replace(part, path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
