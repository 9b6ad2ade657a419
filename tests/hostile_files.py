"""Files that want to hang, fill, fool or kill whoever reads them, written by code when they are wanted.

`hostile_files()` gives them all; each names the statuses it may end with. Those that are `is_small`
are read within a second. What is odd by its name or its kind of entry is laid by `hostile_entries`.
"""

import os
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

READ = frozenset({"indexed", "flagged"})
SHUT = frozenset({"damaged", "too_large", "empty", "scanned", "garbled", "wrong_type", "encrypted"})
CANARY = ("127.0.0.1", 47113)  # the machine that hostile files point to
SECRET = "root:x:0:0"  # of /etc/passwd: a page that holds it was made by reading another file
SAID = "The lighthouse keeper pays for the harbour programme."  # what those that can be read say


@dataclass(frozen=True, slots=True)
class HostileFile:
    """`write` gives its bytes; `expected` are the statuses that it may end with."""

    name: str
    write: Callable[[], bytes]
    expected: frozenset[str]
    is_small: bool = True


def hostile_files() -> list[HostileFile]:
    """All of them, sorted by name; no name stands twice."""
    from hostile_markup import MARKUP
    from hostile_office import OFFICE
    from hostile_pdf import PDF

    files = sorted((*PDF, *OFFICE, *MARKUP), key=lambda file: file.name)
    assert len({file.name for file in files}) == len(files)
    return files


def hostile(
    name: str, write: Callable[[], bytes], expected: str = "read", is_small: bool = True
) -> HostileFile:
    """A row of a table: `expected` holds statuses, `read` (it is indexed, flagged or not) and `shut`
    (it is quarantined, why ever)."""
    statuses: set[str] = set()
    for word in expected.split():
        statuses |= {"read": READ, "shut": SHUT}.get(word, frozenset({word}))
    return HostileFile(name, write, frozenset(statuses), is_small)


def lay(folder: Path, files: Iterable[HostileFile]) -> None:
    """Write the files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file.name).write_bytes(file.write())


def hostile_entries(folder: Path) -> Iterator[tuple[str, str]]:
    """Lay what is hostile by its name or kind; (path as it is told, status) of each."""
    folder.mkdir(parents=True, exist_ok=True)
    os.mkfifo(folder / "pipe.txt")
    yield "pipe.txt", "unsupported"
    (folder / "passwd.txt").symlink_to("/etc/passwd")
    yield "passwd.txt", "unsupported"
    (folder / "root").symlink_to("/")
    yield "root", "unsupported"
    (folder / "loop.md").symlink_to(folder / "loop.md")
    yield "loop.md", "unsupported"
    (folder / "gone.pdf").symlink_to(folder / "nothing.pdf")
    yield "gone.pdf", "unsupported"
    (folder / "zero.txt").symlink_to("/dev/zero")
    yield "zero.txt", "unsupported"
    with socket.socket(socket.AF_UNIX) as end:
        here = Path.cwd()
        os.chdir(folder)  # the address of a socket may have a hundred characters only
        try:
            end.bind("door.md")
        finally:
            os.chdir(here)
    yield "door.md", "unsupported"
    (folder / "folder.pdf").mkdir()
    (folder / "folder.pdf" / "within.txt").write_text(f"{SAID} In a folder named like a file.\n" * 9)
    yield "folder.pdf/within.txt", "indexed"
    (folder / "line\nbreak \x1b[2J.txt").write_text(SAID)
    yield "line\\nbreak \\x1b[2J.txt", "unsupported"
    (folder / "right\u202etxt.exe.md").write_text(SAID)
    yield "right\\u202etxt.exe.md", "unsupported"
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt")).write_text(SAID)
    yield "caf\\xe9.txt", "unsupported"
    for twin, number in (("Twin.txt", 1), ("twin.txt", 2)):
        (folder / twin).write_text(f"{SAID} This is number {number} of two.\n" * 9)
        yield twin, "indexed"
    deep = "/".join(["d" * 100] * 10)
    (folder / deep).mkdir(parents=True)
    (folder / deep / "deep.txt").write_text(f"{SAID} A thousand signs deep.\n" * 9)
    yield f"{deep}/deep.txt", "indexed"
    long = "n" * 251 + ".txt"
    (folder / long).write_text(f"{SAID} Under the longest name.\n" * 9)
    yield long, "indexed"
    (folder / "empty.docx").touch()
    yield "empty.docx", "empty"
    with (folder / "sparse.pdf").open("wb") as file:
        file.truncate(5 * 1024**3)
    yield "sparse.pdf", "too_large"
    (folder / "program.exe").write_bytes(b"MZ\x90\x00")
    yield "program.exe", "unsupported"
    (folder / "picture.pdf").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    yield "picture.pdf", "wrong_type"
    (folder / "old.docx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    yield "old.docx", "wrong_type"
