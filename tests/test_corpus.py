import re
from pathlib import Path

import pytest

from hostile_files import hostile_entries
from index import corpus
from index.corpus import Corpus, find
from index.errors import BadCorpus

SUFFIXES = (".md", ".txt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.md").write_text("alpha", "utf-8")
    (tmp_path / "b.txt").write_text("beta", "utf-8")
    return tmp_path


def manifest(folder: Path, text: str, encoding: str = "utf-8") -> Corpus:
    (folder / "manifest.csv").write_bytes(text.encode(encoding))
    return find(folder, SUFFIXES)


def test_without_a_manifest_everybody_reads_and_ids_come_from_names(folder: Path) -> None:
    found = find(folder, SUFFIXES)
    assert [(d.id, d.path, d.groups) for d in found.documents] == [
        ("a", "a.md", ("all",)),
        ("b", "b.txt", ("all",)),
    ]


def test_a_row_tells_title_lists_and_groups(folder: Path) -> None:
    found = manifest(folder, "path,title,programmes,groups\na.md,Alpha,CT Travel|Sports,leads|donors\n")
    first = found.documents[0]
    assert (first.title, first.programmes, first.groups) == (
        "Alpha",
        ("CT Travel", "Sports"),
        ("donors", "leads"),
    )
    assert any("b.txt" in note for note in found.notes), "a file without a row is told"


def test_a_document_without_groups_is_for_the_default_readers(folder: Path) -> None:
    def readers(*default: str) -> dict[str, tuple[str, ...]]:
        return {d.path: d.groups for d in find(folder, SUFFIXES, default).documents}

    assert readers("staff", "board") == {"a.md": ("board", "staff"), "b.txt": ("board", "staff")}
    assert readers("deny") == {}, "without a manifest nobody is named"
    manifest(folder, "path,groups\na.md,leads\nb.txt,\n")
    assert readers("staff") == {"a.md": ("leads",), "b.txt": ("staff",)}
    assert readers("deny") == {"a.md": ("leads",)}


@pytest.mark.parametrize("cell", ["deny", "Deny", " DENY ", "deny|deny"])
def test_what_nobody_may_read_is_left_out_and_nobody_may_know_of_it(folder: Path, cell: str) -> None:
    found = manifest(folder, f"path,groups\na.md,{cell}\nb.txt,\ngone.md,deny\nsong.mp3,deny\n")
    assert [d.path for d in found.documents] == ["b.txt"]
    told = {o.path: (o.status, o.groups) for o in found.outcomes}
    assert told == {"a.md": ("skipped", ("deny",)), "gone.md": ("missing", ("deny",)),
                    "song.mp3": ("missing", ("deny",))}  # fmt: skip


def test_a_row_meets_its_file_however_its_accents_are_written(folder: Path) -> None:
    (folder / "re\u0301sume\u0301.txt").write_text("decomposed", "utf-8")
    found = manifest(folder, "path,groups\nr\u00e9sum\u00e9.txt,leads\n")
    groups = {d.path: d.groups for d in found.documents}
    assert groups["re\u0301sume\u0301.txt"] == ("leads",), "else it would be open to everybody"
    assert not found.outcomes


@pytest.mark.parametrize("head", ["Path,Groups", "PATH;GROUPS"])
def test_capitals_in_the_head_of_a_manifest_open_nothing(folder: Path, head: str) -> None:
    row = "a.md,leads" if "," in head else "a.md;leads"
    assert manifest(folder, f"{head}\n{row}\n").documents[0].groups == ("leads",)


def test_an_id_tells_nothing_of_a_restricted_file_of_the_same_name(folder: Path) -> None:
    (folder / "0").mkdir()
    (folder / "0" / "a.md").write_text("for leads only", "utf-8")
    found = manifest(folder, "path,groups\n0/a.md,leads\n")
    assert {d.path: d.id for d in found.documents} == {"0/a.md": "a-2", "a.md": "a", "b.txt": "b"}


def test_a_row_without_a_file_is_told(folder: Path) -> None:
    found = manifest(folder, "path\na.md\nb.txt\ngone.md\n")
    assert [(o.path, o.status) for o in found.outcomes] == [("gone.md", "missing")]


@pytest.mark.parametrize(
    "text, told",
    [
        ("path,titel\na.md,Alpha\n", "unknown column 'titel'"),
        ("file,groups\na.md,leads\n", "unknown column 'file'"),
        ("path,date\na.md,12 May 2019\n", "the date '12 May 2019'"),
        ("path\n../a.md\n", "is not a path inside"),
        ("path\n/etc/passwd\n", "is not a path inside"),
        ("path\na.md\na.md\n", "stands twice"),
        ("path,id\na.md,x\nb.txt,x\n", "'x' stands twice"),
        ("path,id\na.md,x y\n", "'x y' may hold"),
        ("path,title\na.md,one,two\n", "line 2"),
        ("path,groups\na.md,deny|leads\n", "line 2: the groups 'deny|leads': `deny` stands alone"),
        ("path,groups\na.md,|\n", "line 2: the groups '|': no group is named"),
        ("path\tgroups\na.md\tleads\n", "unknown column"),
        ('path,title\na.md,"open\n', "line"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_told_in_one_sentence(folder: Path, text: str, told: str) -> None:
    with pytest.raises(BadCorpus, match=re.escape(told)) as error:
        manifest(folder, text)
    assert "manifest.csv" in str(error.value)


def test_a_manifest_that_is_not_utf8_is_told(folder: Path) -> None:
    with pytest.raises(BadCorpus, match="not UTF-8"):
        manifest(folder, "path,title\na.md,Résumé\n", "latin-1")


def test_another_tools_manifest_is_left_alone_and_told(folder: Path) -> None:
    found = manifest(folder, "file,licence\na.md,free\n")
    assert len(found.documents) == 2 and "no column `path`" in found.notes[0]


def test_semicolons_and_a_byte_order_mark_of_a_spreadsheet_are_read(folder: Path) -> None:
    found = manifest(folder, "path;title\r\na.md;Alpha\r\nb.txt;Beta\r\n", "utf-8-sig")
    assert [d.title for d in found.documents] == ["Alpha", "Beta"]


def test_twins_are_told_unless_other_people_may_read_them(folder: Path) -> None:
    (folder / "c.txt").write_text("beta", "utf-8")
    assert [(o.path, o.status) for o in find(folder, SUFFIXES).outcomes] == [("c.txt", "duplicate")]
    found = manifest(folder, "path,groups\na.md,\nb.txt,leads\nc.txt,\n")
    assert [d.path for d in found.documents] == ["a.md", "b.txt", "c.txt"]


def test_hidden_files_and_links_that_lead_out_are_not_read(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.txt"
    outside.write_text("secret", "utf-8")
    (folder / "link.txt").symlink_to(outside)
    (folder / ".hidden.txt").write_text("x", "utf-8")
    (folder / "~$a.md").write_text("x", "utf-8")
    assert [d.path for d in find(folder, SUFFIXES).documents] == ["a.md", "b.txt"]


def test_an_unknown_format_and_a_skip_are_told(folder: Path) -> None:
    (folder / "song.mp3").write_bytes(b"x")
    found = manifest(folder, "path,skip\na.md,yes\nb.txt,\nsong.mp3,\n")
    assert {o.path: o.status for o in found.outcomes} == {"a.md": "skipped", "song.mp3": "unsupported"}


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadCorpus, match="no such folder"):
        find(tmp_path / "nowhere", SUFFIXES)


def test_of_two_same_files_the_one_the_manifest_tells_of_is_the_document(tmp_path: Path) -> None:
    (tmp_path / "a copy.txt").write_text("the same")
    (tmp_path / "paper.txt").write_text("the same")
    (tmp_path / "manifest.csv").write_text("path,title,groups\npaper.txt,The paper,all\n")
    corpus = find(tmp_path, [".txt"])
    assert [document.title for document in corpus.documents] == ["The paper"]
    assert [(outcome.path, outcome.twin) for outcome in corpus.outcomes] == [("a copy.txt", "paper.txt")]


def test_everything_odd_in_the_folder_is_told_and_none_of_it_opened(tmp_path: Path) -> None:
    expected = dict(hostile_entries(tmp_path / "odd"))
    found = find(tmp_path / "odd", (".md", ".txt", ".pdf", ".docx"))
    told = {outcome.path: outcome for outcome in found.outcomes}
    read = {document.path for document in found.documents}
    in_reader = {"empty.docx", "old.docx", "picture.pdf"}  # the reader is who tells of these
    assert told.keys() | read == expected.keys()
    for path, status in expected.items():
        assert path in read if path in in_reader or status == "indexed" else told[path].status == status
    assert all(outcome.reason and outcome.action and outcome.path.isprintable() for outcome in told.values())
    str(found).encode()


def test_a_file_that_cannot_be_opened_is_told_and_stops_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(path: Path) -> str:
        if path.name == "a.md":
            raise PermissionError(13, "Permission denied")
        return "0" * 64

    monkeypatch.setattr(corpus, "sha256_of", opened)
    found = find(folder, SUFFIXES)
    assert [d.path for d in found.documents] == ["b.txt"]
    assert [(o.path, o.status) for o in found.outcomes] == [("a.md", "damaged")]
    assert "Permission denied" in found.outcomes[0].reason
