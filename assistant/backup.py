"""The served build and the records in one file, and back.

A backup is a tar of plain files; its first member, `backup.json`, names every other with its size
and sha256. Covers: backups while people ask and builds are published; files that are damaged, cut
or made to harm. Does not cover: the papers themselves, settings, secrets, audit lines, and the
records of a database server.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from assistant.errors import AssistantFault, BadInput
from index import generations, remote
from index.chroma import StoreServer
from index.errors import BadIndex, StoreFault
from index.weights import sha256_of

CONTENTS = "backup.json"
RECORDS = "records.sqlite"
FORM = 1
CONTENTS_BYTES = 64 * 1024 * 1024  # more files than any index has
TRIES = 5  # a build may be replaced and deleted while it is read
FAULTS = (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, RecursionError)


def save(target: Path, index: Path, records_url: str) -> list[str]:
    """Write a backup, read it again, and give it its name; what it holds, a line each.

    Raises BadInput where the file cannot be written or is there already, and what the index or the
    records raise. The file may be read by its owner only.
    """
    from assistant.records import Database
    from assistant.records.copying import copy_to

    mode = _mode(target, "w")
    if target.exists():
        raise BadInput(f"{target}: is there already. Name another file for the backup.")
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
            records = Path(folder) / RECORDS
            if Database(records_url).path is None:
                told = ["records: not in it; back the database up with `pg_dump --format=custom`"]
            elif not copy_to(records_url, records):
                told = ["records: none yet"]
            else:
                told = [f"records: {records.stat().st_size:,} bytes"]
            part = Path(folder) / "part"
            build = _packed(part, mode, index, records)
            if remote.counts_of(generations.record_of(index / build)) is not None:
                told.append("vectors: on the Chroma server, not in it; `ct-assistant build` makes them anew")
            with _members(part, f"{target} (just written)") as members:
                for _ in members:
                    pass
            os.replace(part, target)
    except OSError as error:
        raise BadInput(f"{target}: cannot be written ({error.strerror}). Name another file.") from error
    written = f"{target}: {target.stat().st_size:,} bytes, read again and sound"
    return [f"index: build {build}", *told, written]


def restore(
    source: Path, index: Path, records_url: str, replace: bool, server: StoreServer | None = None
) -> list[str]:
    """Put a backup in place, after every byte of it was looked at; what was restored, a line each.

    Vectors on a server are not in it: where they are not there any more, or the server is away, that is
    told and no fault.

    Raises BadInput where it is damaged, or where an index or records are there and `replace` is not
    said; then nothing is changed.
    """
    from assistant.records import Database
    from assistant.records.copying import put_in_place

    if not source.is_file():
        raise BadInput(f"{source}: no such file. Name a backup.")
    path = Database(records_url).path
    there = [str(place) for place in (index / generations.CURRENT, path) if place and place.exists()]
    if there and not replace:
        raise BadInput(
            f"{there[0]}: is there already. Restore into an empty place (--index, ASSISTANT_RECORDS_URL), or "
            "say --replace."
        )
    near = next(place for place in (index, *index.absolute().parents) if place.is_dir())
    try:
        with ExitStack() as held:
            if near == index:
                held.enter_context(generations.only_builder(index))
            folder = held.enter_context(tempfile.TemporaryDirectory(prefix=generations.RESTORING, dir=near))
            build, records = _unpacked(source, Path(folder))
            if records and path is None:
                raise BadInput(
                    f"{source}: holds records of SQLite, but ASSISTANT_RECORDS_URL names a database server. "
                    "Set it to sqlite:///FILE."
                )
            told = []
            if near != index:
                held.enter_context(generations.only_builder(index))
            if records:
                aside = put_in_place(records, records_url)
                told = [f"records: in {path}" + (f"; those of before are in {aside}" if aside else "")]
            told += _put_in_place(build, index, server)
            return [f"index: build {build.name} in {index}", *told]
    except OSError as error:
        raise BadInput(f"{source}: cannot be restored ({error.strerror}). Make room or rights.") from error


def _put_in_place(build: Path, index: Path, server: StoreServer | None) -> list[str]:
    """Serve a build; what is to be told of its vectors on the server."""
    try:
        generations.take_in(build, index, server)
    except StoreFault as fault:
        return [f"vectors: {fault} Then run `ct-assistant build`."]
    placed = index / build.name
    wrong = remote.unfit(placed, generations.record_of(placed), server)
    return [f"vectors: {fault}" for fault in wrong]


def _mode(path: Path, way: str) -> str:
    if path.name.endswith((".tar.gz", ".tgz")):
        return f"{way}:gz"
    if path.name.endswith(".tar"):
        return f"{way}:"
    raise BadInput(f"{path}: is neither .tar nor .tar.gz. Name the backup so.")


def _packed(part: Path, mode: str, index: Path, records: Path) -> str:
    """Write the tar; the name of the build in it."""
    for _ in range(TRIES):
        build = generations.current(index)
        try:
            if wrong := generations.verify(build):
                raise BadIndex(f"{wrong[0]} It is not backed up so. Run `ct-assistant build` again.")
            files = {f"{build.name}/{name}": build / name for name in generations.record_of(build)["files"]}
            files[f"{build.name}/{generations.RECORD}"] = build / generations.RECORD
            if records.exists():
                files[RECORDS] = records
            with open(part, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                _write(file, mode, files, build.name)
            return build.name
        except (FileNotFoundError, BadIndex):
            if generations.named(index) == build.name:
                raise
    raise BadInput(f"{index}: is built anew faster than it can be read. Back it up at a calmer time.")


def _write(file: IO[bytes], mode: str, files: dict[str, Path], build: str) -> None:
    contents = {
        "form": FORM,
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "version": version("ct-assistant"),
        "build": build,
        "files": {name: [path.stat().st_size, sha256_of(path)] for name, path in files.items()},
    }
    told = json.dumps(contents, indent=1).encode()
    level = {"compresslevel": 3} if mode.endswith("gz") else {}
    with tarfile.open(fileobj=file, mode=mode, **level) as tar:  # type: ignore[call-overload]
        header = tarfile.TarInfo(CONTENTS)
        header.size, header.mode = len(told), 0o600
        tar.addfile(header, io.BytesIO(told))
        for name, path in files.items():
            header = tarfile.TarInfo(name)
            header.size, header.mode = path.stat().st_size, 0o600
            with path.open("rb") as opened:
                tar.addfile(header, opened)
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _members(source: Path, told: str) -> Iterator[Iterator[tuple[str, "_Summed"]]]:
    """The files of a backup, each compared with what the contents say of it while it is read to its
    end. Raises BadInput, when all were read, for what is not as it was written."""
    try:
        with tarfile.open(source, "r|*") as tar:
            yield _compared(tar)
    except AssistantFault:
        raise
    except FAULTS as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise BadInput(
            f"{told}: is no backup, or a damaged one ({type(error).__name__}). Take another one."
        ) from error


def _compared(tar: tarfile.TarFile) -> Iterator[tuple[str, "_Summed"]]:
    first = tar.next()
    if first is None or first.name != CONTENTS or not first.isreg() or first.size > CONTENTS_BYTES:
        raise ValueError("no contents")
    opened = tar.extractfile(first)
    assert opened is not None
    contents = json.loads(opened.read())
    waiting = _files(contents)
    while (member := tar.next()) is not None:
        if member.name not in waiting or not member.isreg() or member.issparse():
            raise ValueError("a file that the contents do not name")
        size, digest = waiting.pop(member.name)
        opened = tar.extractfile(member)
        assert opened is not None
        if member.size != size:
            raise ValueError("a size")
        read = _Summed(opened)
        yield member.name, read
        while read.read(1 << 20):
            pass
        if read.sum.hexdigest() != digest:
            raise ValueError("a sum")
    if waiting:
        raise ValueError("files are missing")


def _files(contents: Any) -> dict[str, tuple[int, str]]:
    """What is to be in the backup, by names that lead nowhere else. Raises ValueError."""
    if not isinstance(contents, dict) or contents.get("form") != FORM:
        raise ValueError("a form that is not known")
    build, files = str(contents.get("build")), contents.get("files")
    if not generations.is_build_name(build) or not isinstance(files, dict):
        raise ValueError("no build")
    for name in files:
        inside = name.startswith(f"{build}/") and generations.is_inside(name)
        if name != RECORDS and not inside:
            raise ValueError("a file outside the build")
    return {name: (int(size), str(digest)) for name, (size, digest) in files.items()}


def _unpacked(source: Path, folder: Path) -> tuple[Path, Path | None]:
    """The build and the records of a backup, in a folder, sound."""
    with _members(source, str(source)) as members:
        for name, opened in members:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                shutil.copyfileobj(opened, file, 1 << 20)
    builds = [path for path in folder.iterdir() if path.is_dir()]
    if len(builds) != 1 or not generations.is_sound(builds[0]):
        raise BadInput(f"{source}: holds no sound build. Take another backup.")
    records = folder / RECORDS
    return builds[0], records if records.exists() else None


class _Summed:
    """A file that is summed up while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = hashlib.sha256()

    def read(self, most: int = -1) -> bytes:
        data = self._file.read(most)
        self.sum.update(data)
        return data
