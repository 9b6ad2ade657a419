"""What a serving process is spared: loading what this page never uses, reading what it has read."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assistant.records import Database
from assistant.web.lighter import signatures_read
from conftest import ROOT

# No tables, no tools for programs, no older records, no provider, no large shelf, no model, no memo.
AWAY = ("pandas", "mcp", "alembic", "authlib", "chromadb", "torch", "scipy", "langchain_core", "reportlab")
SERVE = """
import json, sys
from assistant.config import Settings
from assistant.web.server import create_app

create_app(Settings.from_env())
print(json.dumps([name for name in sys.argv[1:] if name in sys.modules]))
import pandas
assert pandas.DataFrame({"a": [1]}).shape == (1, 1)
import gradio.caching
assert gradio.caching.pd.DataFrame is pandas.DataFrame
"""


def test_a_server_loads_nothing_that_its_page_never_uses(small_index: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.sqlite"
    Database(url).prepare()
    settings = {"ASSISTANT_INDEX": str(small_index), "ASSISTANT_RECORDS_URL": url}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SERVE, *AWAY],
        env=os.environ | settings | {"PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_a_component_is_made_and_told_without_reading_its_signature_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import gradio as gr

    given: dict[str, Any] = {"label": "Question", "lines": 2, "render": False}
    before = gr.Textbox(**given).get_config()
    signatures_read([gr.Textbox(**given)])
    with monkeypatch.context() as reading:
        reading.setattr(inspect, "_signature_from_function", None)  # called, it fails
        again = gr.Textbox(**given).get_config()
    assert again == before
