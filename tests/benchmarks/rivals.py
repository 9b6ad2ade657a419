"""What is measured side by side: the product, and the peers whose environments are there.

Not a program. A folder of peers holds `peers.json` and their adapters, a lab one environment for each
(`v-NAME`). Every process gets the same environment, in which nothing is downloaded.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from timed import Ran, run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PRODUCT = "ct-assistant"
# The quick start of each peer as it stands; LlamaIndex also with pieces that the model reads whole, txtai
# also with its hybrid search.
NAMES = ("langchain", "llamaindex", "llamaindex-matched", "haystack", "txtai", "txtai-hybrid")
CUT = ("llamaindex",)  # embed the first quarter of each piece: they do not ingest the same texts
PACKAGES = (
    "torch sentence-transformers langchain langchain-chroma llama-index-core haystack-ai txtai chromadb"
)
VERSIONS = """
import importlib.metadata as m, sys
for name in sys.argv[1:]:
    try: print(name, m.version(name))
    except m.PackageNotFoundError: pass
"""


@dataclass(frozen=True, slots=True)
class Rival:
    """One that is measured: its interpreter, its adapter, and which of the adapter's variants."""

    name: str
    python: Path
    script: Path
    variant: str = "default"

    def call(self, mode: str, index: Path, *more: str | Path) -> Ran:
        command: list[str | Path] = [
            self.python,
            self.script,
            mode,
            "--index",
            index,
            "--variant",
            self.variant,
            *more,
        ]
        return run(command, environment())

    def versions(self) -> str:
        """What it is made of, as `name version` with commas."""
        told = subprocess.run(
            [self.python, "-c", VERSIONS, *PACKAGES.split()],
            env=environment(), capture_output=True, text=True, check=True,
        )  # fmt: skip
        return ", ".join(told.stdout.split("\n")[:-1])


def product() -> Rival:
    return Rival(PRODUCT, Path(sys.executable), HERE / "peer.py")


def asked(question: str, index: Path) -> Ran:
    """`ct-assistant ask` as a user types it: the whole answer, from the start of the process to its end."""
    command: list[str | Path] = [sys.executable, "-m", "assistant", "ask", question, "--index", index]
    return run(command, environment() | {"PYTHONPATH": str(ROOT)})


def peers(folder: Path | None, lab: Path | None, names: list[str]) -> list[Rival]:
    """The named peers, none where no folder is given. Raises SystemExit where an environment is missing."""
    if folder is None or lab is None:
        return []
    told = json.loads((folder / "peers.json").read_text("utf-8"))
    found = []
    for name in names:
        one = told[name]
        python = lab.absolute() / f"v-{one['venv']}" / "bin" / "python"
        if not python.exists():
            raise SystemExit(f"{python}: not there. Make that environment, or leave {name} out by --names.")
        found.append(Rival(name, python, folder / one["script"], one["variant"]))
    return found


def environment() -> dict[str, str]:
    """For every process: compiled modules are kept, as they are where a program is installed."""
    dropped = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
    kept = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith("ASSISTANT_")}
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "DO_NOT_TRACK": "1"}
    silent = {
        "ANONYMIZED_TELEMETRY": "False",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
        "LANGSMITH_TRACING": "false",
    }
    return kept | offline | silent | {"ASSISTANT_MODELS": str(ROOT / "var" / "models")}
