"""The embedding model: the pinned weights, the exported form, and any other model by folder."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT
from index import embedding
from index.embedding import DEFAULT_MODEL, Embedder, load_embedder
from index.errors import BadModel
from index.export import LEAST_COSINE, export

TEXTS = ["Who signed the action plan?", "35 donors", "The Programme trains officers in nine ports. " * 60, ""]


@pytest.fixture(scope="module")
def packaged() -> Path:
    return embedding._packaged_model()


def test_vectors_have_length_one_and_do_not_depend_on_their_batch(embedder: Embedder) -> None:
    together = embedder.embed(TEXTS)
    assert together.shape == (4, 384) and together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    assert np.array_equal(together, alone), "an interrupted build and a clean one must give equal vectors"
    assert embedder.embed([]).shape == (0, 384)


def test_vectors_of_other_fusions_go_by_another_name(embedder: Embedder) -> None:
    fused = embedding._OnnxEmbedder(embedding._folder(ROOT / "var" / "models"), left_out=())
    assert fused.model_id != embedder.model_id
    cosine = (fused.embed(TEXTS) * embedder.embed(TEXTS)).sum(axis=1)
    assert 0.99 < cosine.min() < 0.999999, "else the name tells of a difference that there is not"


def test_what_lies_beyond_the_limit_is_not_read(embedder: Embedder) -> None:
    long = "The Programme trains officers in nine ports. " * 60
    assert embedder.count_tokens(long) > 400
    assert np.array_equal(embedder.embed([long]), embedder.embed([long + "Something else altogether."]))


def test_another_model_is_served_by_its_folder_and_agrees_with_the_export(
    embedder: Embedder, packaged: Path, tmp_path: Path
) -> None:
    other = load_embedder(str(packaged), tmp_path)
    assert other.model_id != embedder.model_id and other.max_tokens == 256
    assert (other.embed(TEXTS) * embedder.embed(TEXTS)).sum(axis=1).min() > 0.97
    assert other.count_tokens("two words") == embedder.count_tokens("two words") == 4


def test_weights_that_are_not_the_pinned_ones_are_refused(
    packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(packaged, copy)
    with (copy / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")
    monkeypatch.setattr(embedding, "_packaged_model", lambda: copy)
    with pytest.raises(BadModel, match="not the pinned"):
        load_embedder(DEFAULT_MODEL, tmp_path / "models")


def test_a_damaged_export_is_made_again(packaged: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(embedding._folder(ROOT / "var" / "models"), embedding._folder(models))
    (graph,) = models.rglob("model.onnx")
    graph.write_bytes(b"broken")
    assert load_embedder(DEFAULT_MODEL, models).embed(["x"]).shape == (1, 384)


@pytest.mark.filterwarnings("ignore")  # torch's own, about the exporter it would rather be asked for
def test_where_eight_bits_are_not_true_enough_the_weights_stay_as_they_are(
    packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LEAST_COSINE, "int8", 1.0)  # as on a processor that adds them up wrongly
    export(packaged, tmp_path / "exported")
    exported = embedding._OnnxEmbedder(tmp_path / "exported")
    assert exported.model_id.endswith("/onnx-fp32/no-SkipLayerNormFusion")
    other = load_embedder(str(packaged), tmp_path)
    assert (other.embed(TEXTS) * exported.embed(TEXTS)).sum(axis=1).min() > 0.9999


def test_the_exported_model_is_served_without_torch() -> None:
    code = (
        "import sys; from pathlib import Path; from index.embedding import *; "
        "load_embedder(DEFAULT_MODEL, Path('var/models')).embed(['x']); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0
