"""Why the index could not be written, in one sentence: no room, a limit, or no right to."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BYTES_PER_PASSAGE = 12_000  # of a build, a small one; a large one needs half of it
LEAST_FREE_BYTES = 4_000_000  # with less than this and the build's own size it is the room that lacks
_FULL = ("full", "no space left", "quota")


class NotWritten(OSError):
    """A file of the index could not be written; `why` says why."""


@contextmanager
def writing(path: Path, *kinds: type[BaseException]) -> Iterator[None]:
    """Give back a library's own errors of these kinds as NotWritten, for the file or folder at `path`."""
    try:
        yield
    except kinds as error:
        raise NotWritten(f"{path.name}: {error}") from error


def why(index: Path, error: OSError, passages: int = 0) -> str:
    """What hindered a build of so many passages (0: not known), and what to do about it.

    The libraries tell it in words of their own or not at all, so the disk itself is asked.
    """
    disk = os.statvfs(index)
    free = disk.f_bavail * disk.f_frsize
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    told = str(error).lower()
    if disk.f_flag & os.ST_RDONLY:
        return "its disk is read-only. Mount it for writing"
    if error.errno in (errno.EACCES, errno.EPERM) or not os.access(index, os.W_OK):
        return "this user may not write there. Give it the right to"
    if disk.f_files and not disk.f_favail:
        return "the disk can hold no more files (it has no free inodes). Delete some"
    if error.errno == errno.EFBIG or (limit != resource.RLIM_INFINITY and _largest(index) > 0.9 * limit):
        return f"a file would be larger than the {_size(limit)} this process may write. Raise `ulimit -f`"
    full = error.errno in (errno.ENOSPC, errno.EDQUOT) or any(word in told for word in _FULL)
    size = passages * BYTES_PER_PASSAGE
    if full or free < LEAST_FREE_BYTES + size:
        needed = f" (about {_size(size)} for the new build)" if passages else ""
        return f"the disk is full, with {_size(free)} free. Make room{needed}"
    return f"{error.strerror or error}. Look at the disk and the rights of this folder"


def _largest(folder: Path) -> int:
    return max((path.stat().st_size for path in folder.rglob("*") if path.is_file()), default=0)


def _size(count: int) -> str:
    return f"{count / 1e3:.0f} kB" if count < 1e6 else f"{count / 1e6:.0f} MB"
