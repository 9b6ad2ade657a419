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
from index.room import why

CURRENT = "CURRENT"
RECORD = "build.json"


@contextmanager
def new_build(index: Path) -> Iterator[Path]:
    """An empty folder for a new build, named by time so that names sort by age. A build that does
    not come to its end leaves nothing: what it wrote is deleted at once."""
    folder = index / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    try:
        yield folder
    except BaseException:
        if _named(index) != folder.name:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def publish(build: Path, record: dict[str, Any]) -> None:
    """Seal a finished build with the sha256 of every file and make it the current one."""
    files = sorted(path for path in build.rglob("*") if path.is_file())
    record = {
        **record,
        "build_id": build.name,
        "files": {p.relative_to(build).as_posix(): sha256_of(p) for p in files},
    }
    for path in (*files, *(path for path in build.rglob("*") if path.is_dir())):
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


def prune(index: Path, keep: set[str]) -> None:
    """Delete the builds, finished or not, that are not named in `keep`."""
    for folder in index.iterdir():
        if folder.is_dir() and folder.name not in keep and (_is_build_name(folder.name)):
            shutil.rmtree(folder)


def sweep(index: Path) -> None:
    """Delete what builds that were killed left: halves, and what the build served has no use for.

    Only for who holds the right to build.
    """
    for part in index.glob("*.part"):
        part.unlink()
    builds = [path for path in index.iterdir() if path.is_dir() and _is_build_name(path.name)]
    try:
        served = current(index)
        keep = {served.name, record_of(served).get("previous")}
    except BadIndex:  # which is served is not known: none that is whole is deleted
        keep = {path.name for path in builds}
    for path in builds:
        if path.name not in keep or not (path / RECORD).is_file():
            shutil.rmtree(path)


def _named(index: Path) -> str:
    """The build that CURRENT names; "" where it names none."""
    try:
        return (index / CURRENT).read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""


def _is_build_name(name: str) -> bool:
    return len(name) == 22 and name[8] == "T" and name[15] == "-"


@contextmanager
def only_builder(index: Path) -> Iterator[None]:
    """Hold the right to build into `index`. Raises BadIndex where another process has it."""
    try:
        index.mkdir(parents=True, exist_ok=True)
        file = (index / "BUILDING").open("w")
    except OSError as error:
        told = why(index, error) if index.is_dir() else error.strerror
        raise BadIndex(f"{index}: cannot be written: {told}, or choose another --index.") from error
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
