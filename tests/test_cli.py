"""The command line as a user runs it, in a process of its own."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from conftest import PAPERS, ROOT, write_papers

NO_MODEL = {
    "ASSISTANT_LLM": "openai:x",
    "ASSISTANT_LLM_BASE_URL": "http://127.0.0.1:9/v1",
    "ASSISTANT_LLM_TIMEOUT_S": "5",
}
COMMAND = [sys.executable, "-m", "assistant"]


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ASSISTANT_")} | environment
    environment["ASSISTANT_MODELS"] = str(ROOT / "var" / "models")
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_build_and_ask_print_what_the_contract_says(tmp_path: Path) -> None:
    write_papers(tmp_path / "corpus", PAPERS)
    (tmp_path / "corpus" / "zero.txt").write_bytes(b"")
    built = run("build", "--corpus", tmp_path / "corpus", "--index", tmp_path / "index")
    assert built.returncode == 0, built.stderr
    assert "empty: zero.txt" in built.stdout and "published" in built.stdout
    again = run("build", "--corpus", tmp_path / "corpus", "--index", tmp_path / "index")
    assert "nothing was embedded" in again.stdout

    asked = run("ask", "Who pays for the Harbour Programme?", "--index", tmp_path / "index", "--json")
    told = json.loads(asked.stdout)
    given = {"question", "text", "status", "citations", "hits", "trace"}
    assert set(told) == given | {"notes", "emphasis", "missing", "missing_from", "columns"}
    assert told["status"] == "answered" and "Norway" in told["text"]
    assert {
        "number",
        "document_id",
        "path",
        "title",
        "page",
        "page_label",
        "quote",
        "start",
        "end",
        "url",
    } <= set(told["citations"][0])
    assert {"passage_id", "document_id", "path", "pages", "similarity", "score", "found_by", "text"} == set(
        told["hits"][0]
    )
    assert {"search_text", "prompt_hash", "model", "index_build", "seconds"} <= set(told["trace"])


def test_ask_prints_for_people_and_for_groups(small_index: Path, tmp_path: Path) -> None:
    plain = run("ask", "Who pays for the Harbour Programme?", "--index", small_index).stdout
    assert "[1] Harbour security programme, 2021-03-02, page 1: harbour.md" in plain
    silent = run("ask", "What is the recipe for a lemon cake?", "--index", small_index).stdout
    assert silent.startswith("The documents do not say.")
    assert "None of the papers mentions “recipe” or “lemon cake”." in silent
    corrected = ("ask", "And who opened it?", "--search-text", "aviation workshop in Skopje")
    searched = run(*corrected, "--index", small_index).stdout
    assert "Kola" in searched and "Searched for: aviation workshop in Skopje" in searched
    question = "How large is the cormorant reserve?"
    assert "310,000" in run("ask", question, "--index", small_index, "--as-groups", "leads").stdout
    assert "310,000" not in run("ask", question, "--index", small_index).stdout


def test_a_history_file_carries_a_follow_up(small_index: Path, tmp_path: Path) -> None:
    turns = [
        {"role": "user", "text": "When was the aviation workshop in Skopje?"},
        {"role": "assistant", "text": "In May."},
    ]
    (tmp_path / "history.json").write_text(json.dumps(turns), "utf-8")
    asked = run("ask", "And who opened it?", "--index", small_index, "--history", tmp_path / "history.json")
    assert "Kola" in asked.stdout


@pytest.mark.parametrize(
    "arguments, environment, told",
    [
        (["ask", "x y", "--index", "nowhere"], {}, "nowhere: no index here. Run `ct-assistant build"),
        (["ask", ""], {}, "The question is empty"),
        (["ask", "🙂"], {}, "holds no words"),
        (["ask", "a " * 25_000], {}, "49,999 characters"),
        (["ask", "x", "--history", "nowhere.json"], {}, "nowhere.json: cannot be read"),
        (["build", "--corpus", "nowhere"], {}, "nowhere: no such folder"),
        (["ask", "x"], {"ASSISTANT_TYPO": "1"}, "ASSISTANT_TYPO: no such setting"),
        (["ask", "x"], {"ASSISTANT_EMBEDDING_MODEL": "/no/such/model"}, "ASSISTANT_EMBEDDING_MODEL"),
        (["ask", "Who pays for the Harbour Programme?"], NO_MODEL, "http://127.0.0.1:9/v1 did not answer"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_exit_2(
    small_index: Path, arguments: list[str], environment: dict[str, str], told: str
) -> None:
    default = [] if "--index" in arguments else ["--index", str(small_index)]
    done = run(*arguments, *default, **environment)
    assert done.returncode == 2 and done.stdout == ""
    assert told in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_manifest_that_names_a_missing_file_is_told_and_stops_nothing(tmp_path: Path) -> None:
    write_papers(tmp_path / "corpus", PAPERS)
    (tmp_path / "corpus" / "aviation.txt").unlink()
    built = run("build", "--corpus", tmp_path / "corpus", "--index", tmp_path / "index")
    assert built.returncode == 0 and "missing: aviation.txt" in built.stdout


def test_check_tells_what_is_sound_and_what_is_not(tmp_path: Path) -> None:
    write_papers(tmp_path / "corpus", PAPERS)
    where: list[str | Path] = ["--corpus", tmp_path / "corpus", "--index", tmp_path / "index"]
    missing = run("check", *where)
    assert missing.returncode == 1 and "no index here" in missing.stdout
    run("build", *where)
    assert run("check", *where).returncode == 0
    (tmp_path / "corpus" / "aviation.txt").write_text("changed", "utf-8")
    stale = run("check", *where)
    assert stale.returncode == 1 and "changed since the build" in stale.stdout


def test_a_port_in_use_is_told(small_index: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--index", small_index, "--port", str(port))
    assert done.returncode == 2 and str(port) in done.stderr and "Traceback" not in done.stderr


def test_serve_says_where_and_answers(small_index: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"ASSISTANT_MODELS": str(ROOT / "var" / "models")}
    command = [*COMMAND, "serve", "--index", str(small_index), "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert f"http://127.0.0.1:{port}" in server.stdout.readline()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as page:
                assert page.status == 200
        finally:
            server.terminate()
            begun = time.monotonic()
            server.wait(timeout=20)
    assert time.monotonic() - begun < 10


def test_a_quick_question_loads_neither_torch_nor_gradio(small_index: Path) -> None:
    code = (
        "import sys; from assistant.cli import main; "
        f"main(['ask', 'Who pays?', '--index', {str(small_index)!r}]); "
        "bad = {'torch', 'gradio', 'langchain', 'sentence_transformers'} & set(sys.modules); "
        "sys.exit(f'loaded: {bad}' if bad else 0)"
    )
    environment = os.environ | {"ASSISTANT_MODELS": str(ROOT / "var" / "models")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
