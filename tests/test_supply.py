"""What is installed and which weights are loaded: only what was named, byte for byte."""

import hashlib
import json
import re
import subprocess
import sys
import threading
import time
import tomllib
import zipfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from conftest import ROOT
from index import embedding
from index.embedding import EXPORTED, load_embedder
from index.errors import BadModel
from index.reranking import Reranker

LOCKS = sorted((ROOT / ".ci" / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def script(path: str) -> ModuleType:
    spec = spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def locked() -> dict[str, str]:
    text = "\n".join(path.read_text("utf-8") for path in LOCKS if path.stem != "torch-cpu")
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;]+)", text, re.MULTILINE))


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_locked_package_has_one_version_and_its_hashes_and_no_address(path: Path) -> None:
    text = path.read_text("utf-8")
    blocks = re.findall(r"^[^\s#].*(?:\n[ ]+.*)*", text, re.MULTILINE)
    assert blocks and "://" not in text
    for block in blocks:
        assert re.fullmatch(r"\S+==\S+( ; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+", block), block


def test_all_that_the_project_names_is_locked_at_a_version_that_it_allows() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    named = [
        *PROJECT["build-system"]["requires"],
        *PROJECT["project"]["dependencies"],
        *sum(extras.values(), []),
    ]
    versions = locked()
    for text in named:
        wanted = Requirement(text)
        if wanted.name != PROJECT["project"]["name"]:
            version = versions.get(canonicalize_name(wanted.name))
            assert version and version in wanted.specifier, f"{text}: run `make lock`"


def test_a_file_that_is_not_the_locked_one_is_not_installed(tmp_path: Path) -> None:
    install = (ROOT / ".ci" / "install").read_text("utf-8")
    (flags,) = re.findall(r"--require-hashes .*--only-binary :all:", install)
    wheel = tmp_path / "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tiny.py", "")
        file.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
        file.writestr(
            "tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr("tiny-1.dist-info/RECORD", "")
    lock = tmp_path / "lock.txt"
    lock.write_text(f"tiny==1 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "install", "--dry-run"]
    command = [*pip, *flags.split(), "--no-index", "--find-links", str(tmp_path), "-r", str(lock)]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    with zipfile.ZipFile(wheel, "a") as file:
        file.writestr("more.py", "print('hello')")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "DO NOT MATCH THE HASHES" in done.stderr


def test_the_page_of_licences_is_in_step_and_all_of_them_are_allowed() -> None:
    page, wrong = script("docs/licences.py").page()
    assert wrong == []
    assert page == (ROOT / "docs" / "licences.md").read_text("utf-8"), "run `python docs/licences.py`"


@pytest.mark.parametrize(
    "text, allowed",
    [
        ("MIT", True),
        ("GPL", False),
        ("AGPL-3.0-only", False),
        ("LGPL-2.1", False),
        ("MPL-2.0", False),
        ("?", False),
    ],
)
def test_a_licence_that_asks_for_more_than_its_notice_needs_a_reason(text: str, allowed: bool) -> None:
    assert (script("docs/licences.py").refused("newcomer", text) == "") is allowed


def test_a_vulnerability_that_is_mended_somewhere_fails_and_silence_is_not_taken_for_soundness() -> None:
    lines = script(".ci/audit.py").lines
    told = {"id": "CVE-1", "fix_versions": ["2"]}
    said, must = lines({"dependencies": [{"name": "a", "version": "1", "vulns": [told]}]})
    assert must and "a 1: CVE-1, mended in 2" in said[0]
    said, must = lines(
        {"dependencies": [{"name": "a", "version": "1", "vulns": [told | {"fix_versions": []}]}]}
    )
    assert not must and "no version mends it" in said[0]
    said, must = lines({"dependencies": [{"name": "a", "skip_reason": "not found"}]})
    assert not must and said[0].startswith("Not audited")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "2_Dense/pytorch_model.bin"])
def test_weights_that_could_run_code_are_refused_before_anything_is_loaded(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(b"")
    if "/" in name:  # safetensors elsewhere in the folder do not make it safe
        (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(BadModel, match=f"{name}: .* no safetensors") as told:
        load_embedder(str(folder), tmp_path)
    assert "ASSISTANT_EMBEDDING_MODEL" in str(told.value) and "\n" not in str(told.value)
    with pytest.raises(BadModel, match="ASSISTANT_RERANKER"):
        Reranker(str(folder))


def test_a_name_that_is_not_on_this_machine_is_not_looked_for_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="nothing is downloaded"):
        load_embedder("nobody/no-such-model", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadModel, match="no weights"):
        load_embedder(str(tmp_path / "empty"), tmp_path)


def written(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in EXPORTED:
        (target / name).write_bytes(name.encode())
    digests = {name: hashlib.sha256(name.encode()).hexdigest() for name in EXPORTED}
    (target / "export.json").write_text(json.dumps({"form": "onnx-fp32", "sha256": digests}))


def test_an_export_that_was_changed_or_does_not_tell_its_sums_is_not_loaded(tmp_path: Path) -> None:
    written(tmp_path)
    assert embedding._is_whole(tmp_path)
    for name in EXPORTED:
        (tmp_path / name).write_bytes(b"changed")
        assert not embedding._is_whole(tmp_path), name
        written(tmp_path)
    for text in ('{"form": "onnx-fp32", "sha256": {}}', "[]", "", '{"sha256": null}'):
        (tmp_path / "export.json").write_text(text)
        assert not embedding._is_whole(tmp_path), text


def test_of_several_that_start_at_once_one_exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    def export(source: Path, target: Path) -> None:
        made.append(target)
        time.sleep(0.1)
        written(target)

    monkeypatch.setattr(embedding, "_export", export)
    found: list[Path] = []
    source = embedding._packaged_model()
    starting = [
        threading.Thread(target=lambda: found.append(embedding._exported(source, tmp_path))) for _ in range(4)
    ]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()
    assert len(made) == 1 and found == made * 4


def test_the_exported_graph_reads_no_other_file(embedder: embedding.Embedder) -> None:
    import onnx

    graph = embedding._folder(ROOT / "var" / "models") / "model.onnx"
    told = onnx.load_model(str(graph), load_external_data=False)
    assert told.graph.initializer
    assert not any(tensor.external_data or tensor.data_location for tensor in told.graph.initializer)
