"""What README says is what the code does."""

import os
import re
import subprocess
import sys

from conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_generated_parts_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "docs/readme.py", "--check"], cwd=ROOT, env=os.environ | {"PYTHONPATH": "."}
    )
    assert done.returncode == 0, "run `python docs/readme.py`"


def test_every_command_it_shows_exists() -> None:
    shown = set(re.findall(r"ct-assistant (\w+)", README))
    told = subprocess.run(
        [sys.executable, "-m", "assistant", "--help"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    offered = set(re.findall(r"^    (\w+)", told, re.MULTILINE))
    assert shown - {"is"} <= offered, f"not in --help: {shown - offered}"
    assert offered <= shown, f"not in README: {offered - shown}"


def test_every_file_and_make_target_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^    make (\w+)|`make (\w+)`", README, re.MULTILINE):
        target = "".join(target)
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for name in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / name).exists(), name


def test_every_field_of_an_answer_is_told() -> None:
    from dataclasses import fields

    from assistant.types import Citation, Trace

    for kind in (Citation, Trace):
        assert all(field.name in README for field in fields(kind)), kind
