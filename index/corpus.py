"""A folder of files and its optional manifest.csv to Documents."""

import csv
import io
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from index.errors import BadCorpus
from index.types import EVERYBODY, NOBODY, Document, Outcome
from index.weights import sha256_of

MANIFEST = "manifest.csv"
LISTS = ("programmes", "regions", "supersedes", "groups")
COLUMNS = ("path", "id", "title", "date", "publisher", "kind", "language", "url", *LISTS, "skip", "source")
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")
_YES = ("yes", "true", "1")
MOST_BYTES = 1_000_000_000  # a larger file is not even hashed
# In the name of a file: bytes that are no UTF-8, and signs that a line of a report would obey.
_ODD_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Corpus:
    """What lies in the folder: `documents` to be read, `outcomes` of what will not be, and
    `notes` for the report. A document without a title in the manifest has title ""."""

    folder: Path
    documents: tuple[Document, ...]
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]


def find(folder: Path, suffixes: Sequence[str], default_groups: Sequence[str] = (EVERYBODY,)) -> Corpus:
    """List the documents of `folder`, those with a readable suffix, sorted by path.

    A document whose row names no groups is for `default_groups`. One for nobody is left out like one
    that is skipped: of what nobody may read nothing is kept. Hidden files and office lock files are
    passed over; links that lead out of the folder, and what is no file, are told and never opened.
    Raises BadCorpus where the folder or the manifest cannot be used.
    """
    if not folder.is_dir():
        raise BadCorpus(f"{folder}: no such folder. Name the folder of your documents with --corpus.")
    rows, notes = _read_manifest(folder / MANIFEST, default_groups)
    files: dict[str, Path] = {}
    outcomes: list[Outcome] = []
    for file in sorted(_entries(folder, notes)):
        path = file.relative_to(folder).as_posix()
        if fault := _fault_of(path, file, folder):
            groups = _groups(rows.get(_plain(path), {}), default_groups)
            outcomes.append(Outcome(_told(path), "unsupported", *fault, groups=groups))
        else:
            files[path] = file
    named = {_plain(path) for path in files}
    outcomes += [
        Outcome(
            path,
            "missing",
            f"{MANIFEST} names it, but there is no such file.",
            "Add the file or delete the row.",
            groups=_groups(row, default_groups),
        )
        for path, row in rows.items()
        if path not in named and path not in {outcome.path for outcome in outcomes}
    ]
    if rows:
        without = [path for path in files if _plain(path) not in rows]
        if without:
            notes.append(
                f"{len(without)} files have no row in {MANIFEST} and take the defaults: {_some(without)}."
            )
    documents: list[Document] = []
    seen: dict[tuple[str, tuple[str, ...]], str] = {}
    places = {path: place for place, path in enumerate(files)}
    # Of twins the one the manifest tells of is kept: it has the title, and others may supersede it.
    for path, file in sorted(files.items(), key=lambda item: _plain(item[0]) not in rows):
        row = rows.get(_plain(path), {})
        groups = _groups(row, default_groups)
        if row.get("skip", "").lower() in _YES:
            outcomes.append(Outcome(path, "skipped", f"{MANIFEST} says skip.", groups=groups))
        elif groups == (NOBODY,):
            todo = f"Name its readers in the column groups of {MANIFEST}."
            outcomes.append(Outcome(path, "skipped", "nobody may read it.", todo, groups=groups))
        elif file.suffix.lower() not in suffixes:
            outcomes.append(
                Outcome(
                    path,
                    "unsupported",
                    f"no reader for {file.suffix or 'a name without suffix'}.",
                    f"Convert it to one of {', '.join(suffixes)}.",
                    groups=groups,
                )
            )
        else:
            document = _document(path, file, row, groups)
            if isinstance(document, Outcome):
                outcomes.append(document)
                continue
            # Twins that differ in who may read them are both kept: a twin must not decide that.
            first = seen.setdefault((document.sha256, document.groups), path)
            if first == path:
                documents.append(document)
            else:
                same = f"the same bytes as {first}."
                todo = "Delete one of the two."
                outcomes.append(Outcome(path, "duplicate", same, todo, groups=document.groups, twin=first))
    documents.sort(key=lambda document: places[document.path])
    return Corpus(folder, _unique(documents), tuple(outcomes), tuple(notes))


def _entries(folder: Path, notes: list[str]) -> Iterator[Path]:
    """All that lies below the folder and is not itself one, without what is hidden; a folder that
    cannot be opened is told in `notes`."""

    def unopened(error: OSError) -> None:
        name = _told(str(error.filename))
        notes.append(f"{name} cannot be opened ({error.strerror}): nothing in it is read.")

    for root, folders, names in os.walk(folder, onerror=unopened):
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        folders[:] = [name for name in folders if not name.startswith((".", "~$")) and name not in links]
        for name in (*names, *links):
            at_top = root == str(folder)
            if not name.startswith((".", "~$")) and not (at_top and name == MANIFEST):
                yield Path(root, name)


def _fault_of(path: str, file: Path, folder: Path) -> tuple[str, str] | None:
    """Why an entry of the folder cannot be a document, and what to do; None where it can be."""
    if _ODD_NAME.search(path):
        return "its name holds signs that cannot be shown.", "Rename it."
    try:
        inside = file.resolve().is_relative_to(folder.resolve())
        if file.is_symlink() and not (inside and file.is_file()):
            return "it is a link to a folder, out of the folder or to nothing.", "Put the file itself there."
        if not file.is_file():
            return "it is no file but a pipe, a socket or a device.", "Remove it."
    except (OSError, RuntimeError) as error:
        return f"it cannot be looked at ({type(error).__name__}).", "Remove it."
    return None


def _told(path: str) -> str:
    """A path as a report can show it: what is no text is written out."""
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    return _ODD_NAME.sub(lambda match: match[0].encode("unicode_escape").decode(), name)


def named_groups(text: str) -> tuple[str, ...]:
    """The groups that a text names, split at `|`, sorted; none where it is blank.

    Raises ValueError where it names nobody beside others, or nothing but signs.
    """
    groups = tuple(sorted(dict.fromkeys(part.strip() for part in text.split("|") if part.strip())))
    if any(group.casefold() == NOBODY for group in groups):
        if len(groups) > 1:
            raise ValueError(f"`{NOBODY}` stands alone: it means nobody.")
        return (NOBODY,)
    if text.strip() and not groups:
        raise ValueError("no group is named.")
    return groups


def _read_manifest(
    path: Path, default_groups: Sequence[str]
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Rows by path, and notes for the report."""
    if not path.is_file():
        who = {EVERYBODY: "everybody", NOBODY: "nobody"}
        readers = ", ".join(who.get(group, group) for group in default_groups)
        return {}, [
            f"There is no {MANIFEST}: titles and dates are taken from the files, and all is for {readers}."
        ]
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadCorpus(f"{path}: not UTF-8 (byte {error.start}). Save it as CSV UTF-8.") from error
    head = text.partition("\n")[0]
    delimiter = ";" if ";" in head and "," not in head else ","
    table = csv.DictReader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        return _checked(path, table)
    except csv.Error as error:
        raise BadCorpus(f"{path}, line {table.line_num}: {error}. Mend the quotes of this line.") from error


def _checked(path: Path, table: "csv.DictReader[str]") -> tuple[dict[str, dict[str, str]], list[str]]:
    columns = [name.strip().lower() for name in table.fieldnames or []]
    unknown = [name for name in columns if name not in COLUMNS]
    if "path" not in columns and not any("groups" in name for name in columns):
        # Another tool's manifest. One that speaks of groups is ours and must not be ignored:
        # ignoring it would open restricted papers to everybody.
        return {}, [f"{path} is not used: it has no column `path` (its columns: {', '.join(columns)})."]
    if unknown or "path" not in columns:
        what = f"unknown column {', '.join(repr(n) for n in unknown)}" if unknown else "no column 'path'"
        raise BadCorpus(f"{path}: {what}. The columns are {', '.join(COLUMNS)}.")
    doubled = [name for name, n in Counter(columns).items() if n > 1]
    if doubled:
        raise BadCorpus(f"{path}: column {doubled[0]!r} stands twice. Keep one.")
    table.fieldnames = columns
    rows: dict[str, dict[str, str]] = {}
    for raw in table:
        where = f"{path}, line {table.line_num}"
        if None in raw or None in raw.values():
            raise BadCorpus(
                f"{where}: not {len(columns)} cells. Put cells that hold a comma in double quotes."
            )
        row = {name: value.strip() for name, value in raw.items()}
        _check_row(where, row, rows)
        rows[_plain(row["path"].replace("\\", "/"))] = row
    missing = [name for name in COLUMNS if name not in columns and name not in ("skip", "source")]
    return rows, (
        [f"{path.name} has no column {', '.join(missing)}: the defaults are used."] if missing else []
    )


def _check_row(where: str, row: dict[str, str], rows: dict[str, dict[str, str]]) -> None:
    path = PurePosixPath(row["path"].replace("\\", "/"))
    if not row["path"] or path.is_absolute() or ".." in path.parts:
        raise BadCorpus(f"{where}: {row['path']!r} is not a path inside the corpus folder.")
    if _plain(path.as_posix()) in rows:
        raise BadCorpus(f"{where}: {row['path']!r} stands twice. Keep one row.")
    if row.get("date") and not _DATE.match(row["date"]):
        raise BadCorpus(f"{where}: the date {row['date']!r} is not YYYY-MM-DD, YYYY-MM or YYYY.")
    try:
        named_groups(row.get("groups", ""))
    except ValueError as error:
        raise BadCorpus(f"{where}: the groups {row['groups']!r}: {error} Mend this cell.") from None
    identifier = row.get("id", "")
    if identifier and not re.fullmatch(r"[A-Za-z0-9._-]{1,80}", identifier):
        raise BadCorpus(f"{where}: the id {identifier!r} may hold letters, figures, '.', '_' and '-' only.")
    if identifier and any(identifier == other.get("id") for other in rows.values()):
        raise BadCorpus(f"{where}: the id {identifier!r} stands twice. Ids are unique.")


def _plain(path: str) -> str:
    """A path as rows and files are matched: some systems write one and the same letter in two ways,
    and a row that misses its file would leave the file to the default readers."""
    return unicodedata.normalize("NFC", PurePosixPath(path).as_posix())


def _document(path: str, file: Path, row: dict[str, str], groups: tuple[str, ...]) -> Document | Outcome:
    """The document, or why its file cannot be one."""
    try:
        size = file.stat().st_size
        if size > MOST_BYTES:
            why = f"it has {size // 1_000_000} MB, and at most {MOST_BYTES // 1_000_000} MB are read."
            return Outcome(path, "too_large", why, "Split it into smaller files.", groups=groups)
        digest = sha256_of(file)
    except OSError as error:
        why = f"it cannot be opened ({error.strerror or type(error).__name__})."
        return Outcome(path, "damaged", why, "See who may read the file, and build again.", groups=groups)
    texts = {name: row.get(name, "") for name in ("title", "date", "publisher", "kind", "language", "url")}
    lists = {name: _list(row, name) for name in LISTS}
    lists["groups"] = groups
    return Document(id=row.get("id", ""), path=path, sha256=digest, **texts, **lists)  # type: ignore[arg-type]


def _groups(row: dict[str, str], default_groups: Sequence[str]) -> tuple[str, ...]:
    """Who may read a paper, and who may know of it where it cannot be read."""
    return named_groups(row.get("groups", "")) or tuple(sorted(default_groups))


def _list(row: dict[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in row.get(name, "").split("|") if part.strip()))


def _unique(documents: Sequence[Document]) -> tuple[Document, ...]:
    """Give documents without an id one made of the file's name, told apart by a number.

    Those for everybody choose first: a number at theirs would tell of a file of the same name.
    """
    taken = {document.id for document in documents if document.id}
    named: dict[str, Document] = {}
    for document in sorted(documents, key=lambda document: EVERYBODY not in document.groups):
        identifier = document.id
        if not identifier:
            stem = (
                re.sub(r"[^a-z0-9]+", "-", PurePosixPath(document.path).stem.lower()).strip("-")[:60]
                or "document"
            )
            identifier = stem
            number = 2
            while identifier in taken:
                identifier, number = f"{stem}-{number}", number + 1
            taken.add(identifier)
        named[document.path] = replace(document, id=identifier)
    return tuple(named[document.path] for document in documents)


def _some(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
