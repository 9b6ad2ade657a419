"""Builds as generations: each is written once beside the others, and CURRENT names the one
that is served. Readers see a whole build or the one before it, never a mix."""

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from index import copies, remote
from index.chroma import StoreServer
from index.errors import BadIndex
from index.room import why
from index.weights import sha256_of

CURRENT = "CURRENT"
RECORD = "build.json"
RESTORING = "restoring-"  # begins the name of a folder that a backup is put into before it is looked at


@contextmanager
def new_build(index: Path) -> Iterator[Path]:
    """An empty folder for a new build, named by time so that names sort by age. A build that does
    not come to its end leaves nothing: what it wrote is deleted at once."""
    folder = index / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    try:
        yield folder
    except BaseException:
        if named(index) != folder.name:
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
    record["seal"] = _seal(record)
    for path in (*files, *(path for path in build.rglob("*") if path.is_dir())):
        _sync(path)
    _write(build / RECORD, json.dumps(record, indent=1, ensure_ascii=False))
    _write(build.parent / CURRENT, build.name + "\n")


def named(index: Path) -> str:
    """What CURRENT says, be it a build or not; empty where it cannot be read."""
    try:
        return (index / CURRENT).read_text("utf-8", errors="replace").strip()
    except OSError:
        return ""


def current(index: Path) -> Path:
    """The folder of the published build. Raises BadIndex where there is none."""
    if not (index / CURRENT).exists():
        raise BadIndex(
            f"{index}: no index here. Run `ct-assistant build --index {index}` first, "
            "or name another --index."
        )
    name = named(index)
    if not is_build_name(name) or not (index / name / RECORD).is_file():
        raise BadIndex(
            f"{index / CURRENT} names {name[:40]!r}, which is not a build. Run `ct-assistant build` again."
        )
    return index / name


def head(index: Path) -> Path:
    """The build published last, told by the builds alone, for where CURRENT is damaged: the one that
    no other keeps as its previous. Raises BadIndex where that is not clear."""
    published = [folder for folder in _builds(index) if (folder / RECORD).is_file()]
    before = {record_of(folder)["previous"] for folder in published}
    last = [folder for folder in published if folder.name not in before]
    return last[0] if len(last) == 1 else current(index)


def previous(build: Path) -> Path | None:
    """The build that may be gone back to from this one, if there is any: it holds nothing that was
    withdrawn since. Raises BadIndex where the record is damaged, because then nobody knows."""
    name = record_of(build)["previous"]
    return build.parent / name if name and (build.parent / name / RECORD).is_file() else None


def record_of(build: Path) -> dict[str, Any]:
    """What `publish` wrote about a build. Raises BadIndex where it is not that any more.

    Records of before the seal are believed where they have the form of one.
    """
    path = build / RECORD
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadIndex(f"{path}: cannot be read ({error}). Run `ct-assistant build` again.") from error
    seal = told.pop("seal", None) if isinstance(told, dict) else None
    if not _is_record(told) or told["build_id"] != build.name or seal not in (None, _seal(told)):
        raise BadIndex(f"{path}: damaged (it is not as it was written). Run `ct-assistant build` again.")
    return dict(told)


def verify(build: Path) -> list[str]:
    """What is wrong with a build's files, one sentence each; an empty list means sound. Reads all of
    them: a damaged file can take the process down when its library opens it."""
    wrong: list[str] = []
    files = record_of(build)["files"]
    for name, digest in files.items():
        path = build / name
        try:
            if path.is_symlink() or not path.is_file():
                wrong.append(f"{path}: missing.")
            elif sha256_of(path) != digest:
                wrong.append(f"{path}: damaged (its sha256 is not the recorded one).")
        except OSError as error:
            wrong.append(f"{path}: cannot be read ({error.strerror}).")
    there = {p.relative_to(build).as_posix() for p in build.rglob("*") if p.is_symlink() or not p.is_dir()}
    wrong += [f"{build / name}: does not belong there." for name in sorted(there - {RECORD, *files})]
    return wrong


def is_sound(build: Path) -> bool:
    """Whether a build is there, whole."""
    try:
        return not verify(build)
    except BadIndex:
        return False


def prune(index: Path, keep: set[str], server: StoreServer | None = None) -> int:
    """Delete the builds, finished or not, that are not named in `keep`, what a killed restoring left,
    and the copies that killed processes left in the temporary folder; the bytes that this freed.

    What they have on a server goes first, so that what is left is found again. Raises BadIndex.
    """
    freed = 0
    if server:
        remote.settle(index, server, named(index), keep)
    for folder in (*_builds(index), *index.glob(RESTORING + "*")):
        if folder.name not in keep:
            freed += copies.room_of(folder)
            shutil.rmtree(folder)
    return freed + copies.sweep()


def sweep(index: Path, server: StoreServer | None = None) -> None:
    """Delete what builds that were killed left: halves, and what the build served has no use for.

    Only for who holds the right to build.
    """
    for part in index.glob("*.part"):
        part.unlink()
    try:
        keep = _kept(current(index))
    except BadIndex:  # which is served is not known: none that is whole is deleted
        keep = {folder.name for folder in _builds(index) if (folder / RECORD).is_file()}
    prune(index, keep, server)


def prune_all(index: Path, server: StoreServer | None = None) -> int:
    """Delete all builds but the served one and the one before it. Raises BadIndex."""
    with only_builder(index):
        return prune(index, _kept(current(index)), server)


def roll_back(index: Path, server: StoreServer | None = None) -> str:
    """Serve the build before again, and delete the one served now; the name of the one served then.

    Raises BadIndex where there is none to go back to, or where it is damaged or of another model.
    The next `build` makes the newer state again.
    """
    with only_builder(index):
        served = current(index)
        before = previous(served)
        if before is None:
            raise BadIndex(
                f"{index}: there is no build to go back to; none is kept where a paper was removed, or its "
                "readers changed. Change the papers or manifest.csv and run `ct-assistant build`."
            )
        if record_of(before)["model"] != record_of(served)["model"]:
            raise BadIndex(
                f"{before}: made with the embedding model {record_of(before)['model']}. Set "
                "ASSISTANT_EMBEDDING_MODEL to it and run `ct-assistant build` instead."
            )
        if wrong := [*verify(before), *remote.unfit(before, record_of(before), server)]:
            raise BadIndex(f"{wrong[0]} It cannot be gone back to; {served.name} is served as before.")
        _write(index / CURRENT, before.name + "\n")
        prune(index, _kept(before), server)
        return before.name


def take_in(build: Path, index: Path, server: StoreServer | None = None) -> None:
    """Publish a whole build from elsewhere on the same disk, in the place of all builds here but the
    one that it keeps. The caller is the only builder and has verified it."""
    target = index / build.name
    if target.exists():
        shutil.rmtree(target)
    os.replace(build, target)
    for path in target.rglob("*"):
        _sync(path)
    _write(index / CURRENT, target.name + "\n")
    prune(index, _kept(target), server)


def _kept(served: Path) -> set[str]:
    """The names of the served build and of the one that may be gone back to. Raises BadIndex."""
    before = previous(served)
    return {served.name, before.name} if before else {served.name}


def _builds(index: Path) -> list[Path]:
    folders = index.iterdir() if index.is_dir() else ()
    return [folder for folder in folders if is_build_name(folder.name) and folder.is_dir()]


def is_build_name(name: str) -> bool:
    """Whether a folder of this name can be a build."""
    return re.fullmatch(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{6}", name) is not None


def _seal(record: dict[str, Any]) -> str:
    """The sha256 of a record without its seal, whatever the order of its names."""
    told = {name: value for name, value in record.items() if name != "seal"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _is_record(told: Any) -> bool:
    """Whether all is there, and of the sort, that an index is opened by."""
    sorts: dict[type, tuple[str, ...]] = {
        str: ("model", "build_id", "source"),
        int: ("passages",),
        dict: ("files", "documents"),
        list: ("shelves", "outcomes", "notes"),
    }
    return (
        isinstance(told, dict)
        and all(isinstance(told.get(name), sort) for sort, names in sorts.items() for name in names)
        and all(is_inside(name) and isinstance(digest, str) for name, digest in told["files"].items())
        and all(isinstance(groups, list) for groups in told["shelves"])
        and all(isinstance(group, str) for groups in told["shelves"] for group in groups)
        and "previous" in told
        and (told["previous"] is None or is_build_name(str(told["previous"])))
    )


def is_inside(name: str) -> bool:
    """Whether the name of a file stays in the build's folder."""
    return not name.startswith("/") and "\0" not in name and ".." not in name.split("/")


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
