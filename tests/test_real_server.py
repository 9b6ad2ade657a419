"""Against a real server process of the OpenAI protocol: `transformers serve` with a tiny model of
random weights, made on the spot. What it writes is noise; the transport is what is tested."""

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.llm import LanguageModel
from assistant.types import Question
from index.embedding import Embedder

pytest.importorskip("langchain_openai", reason="the extra [openai] is not installed")
if importlib.util.find_spec("accelerate") is None:
    pytest.skip("`transformers serve` needs the package accelerate", allow_module_level=True)

START_S = 90
MAKE_MODEL = """
import sys
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

letters = Tokenizer(models.BPE())
letters.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
letters.decoder = decoders.ByteLevel()
signs = ["<s>", "</s>", "<pad>"]
alphabet = pre_tokenizers.ByteLevel.alphabet()
letters.train_from_iterator(
    ["Norway pays."], trainers.BpeTrainer(vocab_size=300, special_tokens=signs, initial_alphabet=alphabet)
)
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=letters, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
)
tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}\\n{% endfor %}assistant:"
tokenizer.save_pretrained(sys.argv[1])
LlamaForCausalLM(
    LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=16384,
        bos_token_id=0, eos_token_id=1, pad_token_id=2,
    )
).save_pretrained(sys.argv[1])
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server and the name of its model."""
    folder = tmp_path_factory.mktemp("real")
    model = str(folder / "tiny")
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "home")}
    made = [sys.executable, "-c", MAKE_MODEL, model]
    subprocess.run(made, env=environment, check=True, capture_output=True, timeout=100)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", model]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            _wait(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}/v1", model
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait(address: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError("the server did not start")


@pytest.mark.timeout(300)
def test_a_real_server_streams_stops_and_counts(
    server: tuple[str, str], small_index: Path, embedder: Embedder
) -> None:
    address, name = server
    counted: list[tuple[int, int]] = []
    settings = Settings(
        index=small_index, llm=f"openai:{name}", llm_base_url=address, llm_max_tokens=50, llm_timeout_s=60
    )
    pieces = list(LanguageModel(settings).stream([("user", "hello")], lambda *told: counted.append(told)))
    assert len(pieces) > 1 and counted and counted[0][0] > 0 and 0 < counted[0][1] <= 50
    answer = Assistant(settings, embedder).ask(
        Question("Who pays for the Harbour Programme?", local_principal())
    )
    # Noise supports nothing: it is withheld, and never passed off as an answer.
    assert answer.status == "unsupported" or answer.trace.fallback
    assert answer.trace.tokens["output"] <= 50
