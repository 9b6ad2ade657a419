"""What one question on the command line loads: nothing heavy, or its answer would come seconds later."""

import json
import os
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

# Each takes from 50 ms to several seconds; `ask` as a whole takes half a second.
HEAVY = (
    "chromadb",
    "fastapi",
    "gradio",
    "langchain",
    "pandas",
    "scipy",
    "sentence_transformers",
    "torch",
    "transformers",
)

# Ends with a line of JSON: of each heavy package that was loaded, the module that loaded it first.
WATCHED = """
import json, sys
heavy, by = sys.argv.pop(1).split(","), {}

class Watch:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if any(top == each or top.startswith(each + "_") for each in heavy) and top not in by:
            frame = sys._getframe(1)
            while frame.f_globals.get("__name__", "").startswith("importlib."):
                frame = frame.f_back
            by[top] = frame.f_globals.get("__name__")

sys.meta_path.insert(0, Watch())
from assistant.cli import main
status = main(sys.argv[1:])
print(json.dumps({top: who for top, who in by.items() if top in sys.modules}))
sys.exit(status)
"""


def loaded_by(*arguments: str | Path) -> dict[str, str]:
    """Run the command line; of each heavy package it loaded, who did."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ASSISTANT_")}
    environment |= {"ASSISTANT_MODELS": str(ROOT / "var" / "models"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, ",".join(HEAVY), *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_a_question_loads_nothing_heavy(small_index: Path) -> None:
    loaded = loaded_by("ask", "Who pays for the Harbour Programme?", "--index", small_index)
    told = [f"{name} is loaded by {who}" for name, who in sorted(loaded.items())]
    assert not told, f"`ct-assistant ask` begins slowly: {'; '.join(told)}"
