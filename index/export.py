"""Turn a sentence-transformers folder into one ONNX graph: `python -m index.export FROM TO`.

The graph takes token ids and their mask and gives the pooled unit vector. Its weights are 8 bits
wide, a scale for each output channel. It is checked against the original before it is published,
because an export can go wrong in silence, and processors without instructions for 8 bits may add
them up wrongly: there the weights stay as they are.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from index.embedding import EXPORTED, FORMS
from index.weights import sha256_of

SAMPLES = [
    "Who signed the action plan?",
    "The Programme facilitated a working group on passenger data, with a secretariat of its own. " * 6,
    "35 donors; 18 programmes",
]
LEAST_COSINE = {"int8": 0.97, "fp32": 0.9999}


def export(source: Path, target: Path, forms: Sequence[str] = FORMS) -> None:
    """Write `model.onnx`, `tokenizer.json` and `export.json` to `target`, all or nothing, in the first of
    the forms that is true enough to the original."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        work = Path(folder) / "work"
        work.mkdir()
        traced = Path(folder) / "traced.onnx"
        _trace(source, traced)
        shutil.copy(source / "tokenizer.json", work)
        for form in forms:
            _write(traced, work / "model.onnx", form)
            digests = {name: sha256_of(work / name) for name in EXPORTED}
            (work / "export.json").write_text(
                json.dumps({"form": f"onnx-{form}", "sha256": digests}), "utf-8"
            )
            cosine = _cosine(source, work)
            if cosine >= LEAST_COSINE[form]:
                break
        else:
            raise SystemExit(f"the exported model disagrees with the original: cosine {cosine:.5f}")
        shutil.rmtree(target, ignore_errors=True)
        work.replace(target)


def _trace(source: Path, path: Path) -> None:
    import torch
    from transformers import AutoModel

    class Pooled(torch.nn.Module):
        """Mean of the token vectors that are not padding, scaled to length one."""

        def __init__(self, encoder: Any) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            tokens = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            weights = attention_mask.unsqueeze(-1).to(tokens.dtype)
            mean = (tokens * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=-1)

    # Eager attention is the only one the tracing exporter can follow.
    encoder = AutoModel.from_pretrained(
        source,
        attn_implementation="eager",
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
    )
    model = Pooled(encoder).eval()
    ids = torch.randint(1000, 20000, (2, 16))
    torch.onnx.export(
        model,
        (ids, torch.ones_like(ids)),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=["embedding"],
        dynamic_axes={
            "input_ids": {0: "b", 1: "s"},
            "attention_mask": {0: "b", 1: "s"},
            "embedding": {0: "b"},
        },
        opset_version=17,
        dynamo=False,
    )


def _write(traced: Path, path: Path, form: str) -> None:
    if form == "fp32":
        shutil.copy(traced, path)
        return
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(str(traced), str(path), per_channel=True, weight_type=QuantType.QInt8)


def _cosine(source: Path, work: Path) -> float:
    """The least cosine of an exported vector and the original's, over SAMPLES."""
    from index.embedding import _OnnxEmbedder, _SentenceTransformersEmbedder

    ours = _OnnxEmbedder(work).embed(SAMPLES)
    theirs = _SentenceTransformersEmbedder(str(source)).embed(SAMPLES)
    return float((ours * theirs).sum(axis=1).min())


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]))
