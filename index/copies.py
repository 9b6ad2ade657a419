"""Private copies: folders in the temporary folder that one process works on, and that are removed with it.

The owner holds a lock on its folder, which the kernel lets go of when the process dies, however it
dies; whoever makes a copy first removes those that nobody holds. Cleaners such as systemd-tmpfiles
respect the same lock. Does not cover: a temporary folder without locks (some network disks), where
copies of killed processes stay.
"""

import fcntl
import os
import shutil
import stat
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path

PREFIX = "ct-assistant-open-"


class PrivateCopy:
    """An empty folder of this process. `close` removes it; so does its last reader's leaving, the end
    of the process, and, where it was killed, the next one that makes a copy."""

    def __init__(self) -> None:
        """Make the folder. Raises OSError where the temporary folder has no room or may not be written."""
        sweep()
        self.folder, lock = _locked_folder()
        self._removed = weakref.finalize(self, _remove, self.folder, lock, os.getpid())

    def close(self) -> None:
        self._removed()


def sweep() -> int:
    """Remove this user's copies whose owner is gone; the bytes that this freed."""
    freed = 0
    for folder in Path(tempfile.gettempdir()).glob(PREFIX + "*"):
        with suppress(OSError):  # not ours, or removed by its owner just now
            lock = _opened(folder)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                freed += room_of(folder)
                shutil.rmtree(folder)
            finally:
                os.close(lock)
    return freed


def room_of(folder: Path) -> int:
    """The bytes of the files below a folder that no other name holds."""
    states = [path.lstat() for path in folder.rglob("*")]
    return sum(state.st_size for state in states if stat.S_ISREG(state.st_mode) and state.st_nlink == 1)


def _locked_folder() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # swept before it was opened
            continue
        with suppress(OSError):  # a temporary folder without locks: nothing is swept there either
            fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():  # else it was swept before the lock was held
            return folder, lock
        os.close(lock)


def _opened(folder: Path) -> int:
    """A handle of a folder of this user, no link followed. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    if os.fstat(handle).st_uid != os.geteuid():
        os.close(handle)
        raise PermissionError(f"{folder} is another user's")
    return handle


def _remove(folder: Path, lock: int, owner: int) -> None:
    if os.getpid() == owner:  # a forked child is not the owner
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
