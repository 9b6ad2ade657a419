"""Hostile files: each ends as it should, and what came through keeps its promises."""

from pathlib import Path

import pytest

from hostile_files import SECRET, HostileFile, hostile_files
from index.errors import UnreadableDocument
from index.reading import read
from proofs.documents import prove
from reading_promises import check_reading

SMALL = [file for file in hostile_files() if file.is_small]


def test_there_are_more_than_sixty_and_they_are_of_every_kind() -> None:
    files = hostile_files()
    kinds = {Path(file.name).suffix for file in files}
    assert len(files) > 60 and kinds == {".pdf", ".docx", ".pptx", ".xlsx", ".html", ".md", ".txt", ".eml"}


@pytest.mark.parametrize("file", SMALL, ids=lambda file: file.name)
def test_small_hostile_file_ends_as_it_should(file: HostileFile, tmp_path: Path) -> None:
    path = tmp_path / file.name
    path.write_bytes(file.write())
    try:
        reading = read(path, "d")
    except UnreadableDocument as error:
        assert error.status in file.expected and error.reason and error.action
        return
    assert ("flagged" if reading.warnings else "indexed") in file.expected
    assert not any(SECRET in page.text for page in reading.pages)
    check_reading(reading, file.name)


def test_folder_of_hostile_files_is_indexed_and_every_file_accounted_for() -> None:
    proof = prove(short=True)
    assert proof.held == proof.tried, proof.broken
