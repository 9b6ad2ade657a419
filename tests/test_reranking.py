"""The optional cross-encoder: a tiny real one, made here with random weights."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.checks import check
from assistant.config import Settings
from assistant.evaluation.fingerprint import changes, fingerprint
from assistant.types import Question
from conftest import ROOT
from index import generations
from index.embedding import Embedder, load_embedder
from index.errors import BadModel
from index.reranking import Reranker
from index.search import Index

ASKED = "Who pays for the Harbour Programme?"
WORDS = "who pays for the harbour programme norway with million euros customs ports cormorant reserve".split()


def tiny_model(folder: Path, outputs: int = 1) -> Path:
    """A cross-encoder of one small layer, with a vocabulary of a few words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    signs = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    tokenizer = Tokenizer(models.WordLevel({sign: n for n, sign in enumerate(signs)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(signs),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        initializer_range=1.0,  # so that different texts get clearly different values
    )
    config.num_labels = outputs
    BertForSequenceClassification(config).save_pretrained(folder)
    fast: Any = PreTrainedTokenizerFast
    fast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def index(small_index: Path, embedder: Embedder) -> Iterator[Index]:
    opened = Index(generations.current(small_index), embedder)
    yield opened
    opened.close()


def test_the_order_of_the_answer_is_that_of_the_model(
    model: Path, small_index: Path, embedder: Embedder, index: Index
) -> None:
    from sentence_transformers import CrossEncoder

    fused = index.search(ASKED, 30, {"all"})
    values = CrossEncoder(str(model), device="cpu").predict(
        [(ASKED, "\n".join((*hit.passage.heading_path, hit.passage.text))) for hit in fused]
    )
    wanted = [hit.passage.id for _, hit in sorted(zip(-values, fused, strict=True), key=lambda pair: pair[0])]
    assistant = Assistant(Settings(index=small_index, reranker=str(model)), embedder)
    answer = assistant.ask(Question(ASKED, local_principal()))
    assert [hit.passage.id for hit in answer.hits] == wanted[:10]
    assert wanted != [hit.passage.id for hit in fused], "the model's order must differ, or nothing is shown"
    scores = [hit.score for hit in answer.hits]
    assert scores == sorted(scores, reverse=True) and scores[0] == max(hit.score for hit in fused)
    assert answer.trace.reranker.startswith("tiny@")


def test_no_model_brings_a_paper_of_another_group_to_who_may_not_read_it(
    model: Path, small_index: Path, embedder: Embedder
) -> None:
    assistant = Assistant(Settings(index=small_index, reranker=str(model)), embedder)
    for groups, seen in (((), False), (("leads",), True)):
        answer = assistant.ask(Question("cormorant reserve", local_principal(groups)))
        assert any("cormorant" in hit.passage.text for hit in answer.hits) == seen


@pytest.mark.parametrize("name", ["no/such-model", "/no/such/folder", "."])
def test_a_model_that_is_not_here_is_told_at_the_start_in_one_sentence(
    name: str, small_index: Path, embedder: Embedder
) -> None:
    with pytest.raises(BadModel, match="ASSISTANT_RERANKER") as told:
        Assistant(Settings(index=small_index, reranker=name), embedder)
    assert "\n" not in str(told.value) and name in str(told.value)
    assert "AssertionError" not in str(told.value), "no download is tried"


def test_a_model_that_sorts_into_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="3 values"):
        Reranker(str(tiny_model(tmp_path / "classes", outputs=3)))


@pytest.mark.parametrize("kind", ["bert", "newcomer"])
def test_code_that_a_model_brings_along_is_not_run(kind: str, model: Path, tmp_path: Path) -> None:
    """A known kind is loaded by the library's own code; one that needs its own is refused."""
    folder, ran = tmp_path / "model", tmp_path / "ran"
    shutil.copytree(model, folder)
    told = json.loads((folder / "config.json").read_text())
    names = ("AutoConfig", "AutoModel", "AutoModelForSequenceClassification", "AutoTokenizer")
    told |= {"model_type": kind, "auto_map": {name: "modeling_own.Own" for name in names}}
    (folder / "config.json").write_text(json.dumps(told))
    (folder / "modeling_own.py").write_text(f"open({str(ran)!r}, 'w')\nclass Own: pass\n")
    if kind == "bert":
        assert Reranker(str(folder)).model_id.startswith("model@")
    else:
        with pytest.raises(BadModel, match="could not be loaded"):
            Reranker(str(folder))
    part = {"idx": 0, "name": "0", "path": "", "type": "modeling_own.Own"}
    (folder / "modules.json").write_text(json.dumps([part]))
    with pytest.raises(BadModel, match="needs no code of its own"):
        load_embedder(str(folder), tmp_path)
    assert not ran.exists()


def test_check_names_the_model_or_says_what_is_wrong_with_it(model: Path, small_index: Path) -> None:
    def told(reranker: str) -> list[tuple[bool, str]]:
        settings = Settings(index=small_index, models=ROOT / "var" / "models", reranker=reranker)
        return [(found.sound, found.text) for found in check(settings) if "re-ranking" in found.text]

    assert told("") == []
    assert told(str(model))[0][0] and "tiny@" in told(str(model))[0][1]
    assert not told("/no/such/folder")[0][0]


def test_the_fingerprint_of_a_run_tells_the_model_by_its_weights(
    model: Path, small_index: Path, tmp_path: Path
) -> None:
    questions = tmp_path / "set.jsonl"
    questions.write_text("", "utf-8")

    def of(reranker: str) -> dict[str, Any]:
        return fingerprint("none", Settings(index=small_index, reranker=reranker), questions)

    (change,) = changes(of(""), of(str(model)))
    assert change.startswith("reranker: none → tiny@")
    assert str(model) not in json.dumps(of(str(model))), "where a model lies changes no answer"


def test_torch_is_not_loaded_where_no_model_is_named(small_index: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from assistant.access import local_principal; "
        "from assistant.assistant import Assistant; from assistant.config import Settings; "
        "from assistant.types import Question; "
        f"a = Assistant.open(Settings(index=Path({str(small_index)!r}))); "
        f"a.ask(Question({ASKED!r}, local_principal())); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=100).returncode == 0
