"""Builds that cannot write: a full disk at each step, no more files, a size limit, no right to write.
One sentence says so, what was served is served, the half build is gone, and the next build goes on."""

import errno
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from pkgutil import resolve_name
from unittest import mock

from canaries import MEMORY, HashEmbedder, in_process
from index import generations
from index.digest import digest_of
from proofs.kills import PATIENCE_S, Tries
from proofs.proof import Proof, main

DISK = "size=32m,nr_inodes=400"


@dataclass(frozen=True, slots=True)
class Fault:
    """What stands in a build's way: so much room (share of what it writes), so many files, files of so
    many bytes, a folder that is not to be written, or a call that fails for want of room."""

    kind: str
    amount: float = 0
    where: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.where or self.amount}"


# What the sentence must say.
SAID = {
    "room": "the disk is full",
    "files": "no more files",
    "size": "larger than",
    "read-only": "its disk is read-only",
    "rights": "may not write there",
    "call": "the disk is full",
}
ON_A_DISK = (
    *(Fault("room", share) for share in (0, 0.02, 0.1, 0.25, 0.4, 0.6, 0.8, 0.95)),
    *(Fault("files", left) for left in (0, 1, 3, 6, 10)),
    Fault("read-only"),
)
ANYWHERE = (
    *(Fault("size", most) for most in (2_000, 30_000, 120_000)),
    Fault("rights"),
    Fault("call", where="index.generations._sync"),
    Fault("call", where="index.generations.os.replace"),
)
# Where no disk may be made: the same steps fail as on a full one.
STEPS = ("index.generations.new_build", "index.build.write_catalogue", "index.build.write_lexical",
         "index.build.shutil.copy", "index.build.write_vectors", "index.generations.publish",
         "index.generations.prune", "index.cache.Cache._add")  # fmt: skip


def build_in_child(folder: Path, fault: Fault | None) -> None:
    """Run the command line's `build` under a fault; its output goes into two files."""
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), number)
    import encodings.utf_8_sig  # noqa: F401

    from assistant import cli
    from index import build, health  # noqa: F401  # loaded while this process may read them

    mock.patch("index.embedding.load_embedder", lambda name, models: HashEmbedder()).start()
    mock.patch("index.engine.read_limited", in_process).start()
    if fault and fault.kind == "size":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(fault.amount), resource.RLIM_INFINITY))
    if fault and fault.kind == "rights" and os.geteuid() == 0:
        os.seteuid(65534)
    if fault and fault.kind == "call":
        owner, _, name = fault.where.rpartition(".")
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        mock.patch.object(resolve_name(owner), name, mock.Mock(side_effect=full)).start()
    sys.exit(cli.main(["build", "--corpus", f"{folder}/corpus", "--index", f"{folder}/index"]))


@contextmanager
def disk(folder: Path) -> Iterator[bool]:
    """A small disk at `folder`; False where this user may not make one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(folder)]
    try:
        made = subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        made = False
    try:
        yield made
    finally:
        if made:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def standing(fault: Fault, index: Path, size: int) -> Iterator[None]:
    """Let a fault of the disk stand in the way of a build that would write `size` bytes."""
    with ExitStack() as undo:
        if fault.kind == "room":
            filler = index / "filler"
            undo.callback(filler.unlink)
            free = os.statvfs(index)
            with filler.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - int(size * fault.amount))
        elif fault.kind == "files":
            for number in range(os.statvfs(index).f_favail - int(fault.amount)):
                filler = index / f"filler{number}"
                filler.touch()
                undo.callback(filler.unlink)
        elif fault.kind == "read-only":
            subprocess.run(["mount", "-o", "remount,ro", str(index)], check=True)
            undo.callback(subprocess.run, ["mount", "-o", f"remount,rw,{DISK}", str(index)], check=True)
        elif fault.kind == "rights":
            index.chmod(0o555)
            undo.callback(index.chmod, 0o755)
        yield


class Disks(Tries):
    """One folder of papers and its index on a small disk, hindered again and again."""

    def command(self, fault: Fault | None) -> tuple[int, str]:
        """(exit status, what it said on its error output)"""
        child = get_context("forkserver").Process(target=build_in_child, args=(self.folder, fault))
        child.start()
        child.join(PATIENCE_S)
        assert child.exitcode is not None, "the build hangs"
        return child.exitcode, (self.folder / "err").read_text("utf-8")

    def try_fault(self, fault: Fault) -> None:
        """Raises AssertionError where a promise is not kept."""
        index = self.folder / "index"
        before = generations.current(index)
        digest, hits, folders = digest_of(before), self.answer(), builds(index)
        self.edit()
        wanted, _, size = self.clean.build(self.folder / "corpus", self.folder / "clean")
        with standing(fault, index, size):
            code, said = self.command(fault)
            assert code == 2, f"it ended with {code}: {said}"
            assert said.startswith(f"ct-assistant: {index}: ") and said.count("\n") == 1, said
            assert SAID[fault.kind] in said, said
            assert generations.current(index) == before, "another build is served"
            assert builds(index) <= folders, "the half build takes room"
            assert digest_of(before) == digest and self.answer() == hits, "the answers changed"
        code, said = self.command(None)
        assert code == 0, f"with room it ended with {code}: {said}"
        assert digest_of(generations.current(index)) == wanted, "not as a clean build"
        self.tidy(size)


def builds(index: Path) -> set[str]:
    return {path.name for path in index.iterdir() if path.is_dir()}


def prove(short: bool) -> Proof:
    broken: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ct-assistant-disk-", dir=MEMORY) as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        made = stack.enter_context(disk(folder / "index"))
        steps = tuple(Fault("call", where=where) for where in STEPS)
        faults = [*(ON_A_DISK if made else steps), *ANYWHERE]
        if short:
            first = [ON_A_DISK[3], ON_A_DISK[9], ON_A_DISK[13]] if made else [*steps[1:4]]
            faults = [*first, ANYWHERE[1], ANYWHERE[3], ANYWHERE[4]]
        tries = Disks(folder, light=True)
        tries.write()
        assert tries.command(None)[0] == 0, "the first build failed"
        for fault in faults:
            try:
                tries.try_fault(fault)
            except Exception as error:  # told, and the next is tried
                broken.append(f"{fault}: {type(error).__name__}: {error}")
                tries.command(None)
    told = (
        "A small disk in memory that fills up after each of eight shares of what a build writes, that has "
        "no free inodes at five counts, and that is read-only"
        if made
        else "No disk could be made here (mount is not permitted): eight steps raised ENOSPC instead"
    )
    told += (
        "; three limits on the size of a file (RLIMIT_FSIZE), a folder of another user, and ENOSPC when a "
        "file is made durable and when it is renamed. Each build ended with status 2 and one sentence."
    )
    return Proof(len(faults) - len(broken), len(faults), told, tuple(broken))


if __name__ == "__main__":
    main(prove)
