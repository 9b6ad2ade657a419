"""Write .ci/requirements: every package that pyproject.toml leads to, at one version, hashed.

`make lock` adds what is new and keeps every version that is there; `make lock UPGRADE=1` resolves
all anew. A file holds what its name needs beyond run.txt. torch stands in two files, of which one is
installed: torch-cpu.txt names its CPU build, torch.txt the common one with CUDA's libraries on Linux.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".ci" / "requirements"
TOLD = "# Written by `make lock`, installed by .ci/install.\n"
EXTRAS = ("openai", "anthropic", "mistral", "ollama", "postgres", "ocr", "ray", "tracing", "test")
OF_TORCH = ("torch", "triton", "cuda-", "nvidia-")  # how the names begin
# PyTorch's index of CPU wheels is another than the one that is asked here: its files are named by hand.
CPU_BUILDS_OF_TORCH = {
    "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl": (
        "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"
    ),
}


def blocks(text: str) -> dict[str, str]:
    """The lines of each package of a requirements file, by name; one with two versions has both."""
    found: dict[str, str] = {}
    for block in re.findall(r"^[^\s#].*(?:\n[ ]+.*)*\n", text, re.MULTILINE):
        name = re.match(r"[A-Za-z0-9._-]+", block)
        assert name is not None, block
        found[name[0]] = found.get(name[0], "") + block
    return found


def resolved(folder: Path, extras: tuple[str, ...], written: Path, *options: str | Path) -> dict[str, str]:
    """What the product with these extras needs, and its build backend, for every Python and system."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    backend = folder / "backend.in"
    backend.write_text("\n".join(told["build-system"]["requires"]), "utf-8")
    asked = [f"--extra={name}" for name in extras]
    form = ["--universal", "--python-version=3.11", "--only-binary=:all:", "--no-header", "--no-annotate"]
    command = [folder / "venv/bin/uv", "pip", "compile", "--quiet", "pyproject.toml", backend, *asked, *form]
    subprocess.run(
        [*command, *options, "--output-file", written], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
    return blocks(written.read_text("utf-8"))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        subprocess.run([folder / "venv/bin/pip", "install", "--quiet", "uv"], check=True)
        pins = folder / "all.txt"
        if "--upgrade" not in sys.argv[1:]:  # uv keeps the versions of the file that it writes over
            kept = sorted(set(FOLDER.glob("*.txt")) - {FOLDER / "torch-cpu.txt"})
            pins.write_text("".join(path.read_text("utf-8") for path in kept), "utf-8")
        every = resolved(folder, EXTRAS, pins, "--generate-hashes")
        needed = {
            extra: set(resolved(folder, tuple(filter(None, [extra])), folder / f"{extra}.out", "-c", pins))
            for extra in ("", *EXTRAS)
        }
    torch = {package for package in every if package.startswith(OF_TORCH)}
    sets = {"run": needed[""] - torch, "torch": torch}
    sets |= {extra: needed[extra] - needed[""] for extra in EXTRAS}
    FOLDER.mkdir(exist_ok=True)
    for name, packages in sets.items():
        (FOLDER / f"{name}.txt").write_text(TOLD + "".join(every[p] for p in sorted(packages)), "utf-8")
    _, version, *_ = next(iter(CPU_BUILDS_OF_TORCH)).split("-")
    hashes = "".join(f" \\\n    --hash=sha256:{digest}" for digest in CPU_BUILDS_OF_TORCH.values())
    (FOLDER / "torch-cpu.txt").write_text(f"{TOLD}torch=={version}{hashes}\n", "utf-8")


if __name__ == "__main__":
    main()
