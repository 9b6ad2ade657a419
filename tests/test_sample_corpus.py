"""The sample corpus: made from its sources, listed in full, in words of its own, with every fact in place."""

import csv
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from index.reading import read

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "docs_corpus"
SEEDS = Path(__file__).resolve().parents[2] / "shared" / "seeds"
RUN_WORDS = 12

# Names that a paper has to give in full and that alone are as long as a copied sentence. They end a run.
OFFICIAL_NAMES = """
High-Level Briefing to Member States on the United Nations Office of Counter-Terrorism's Programmes and Projects
Programmes and Projects in Central Asia: Achievements and Way Forward
Mr. Vladimir Voronkov, Under-Secretary-General
resolution 2665 (2022) concerning the Taliban and other associated individuals and entities constituting a threat
Briefing to the Permanent Representatives of Member States of the Organization of Islamic Cooperation (OIC)
the seventh review resolution of the United Nations Global Counter-Terrorism Strategy
International Conference on Regional Cooperation among Central Asian States within the Framework of the
Joint Action Plan for the Implementation of the United Nations Global Counter-Terrorism Strategy
Border Security and Management Cooperation to Counter Terrorism and Prevent the Movement of Terrorists
Inter-Regional Meeting between South Eastern Europe and West and Central Asia
on Building Partnerships in Countering Illicit Financial Flows
Kick-Off meeting of the Regional Network for P/CVE Coordinators
Going Together and in Partnership on Countering Violent Extremism
Regional workshop on law enforcement/judicial services and state attorneys/prosecutors
on Dealing with terrorism and violent extremism - connected crimes
Support to Preventing and Countering Violent Extremism (P/CVE) in the Western Balkans (WB)
Regional Expert Workshop and Conference "Countering online radicalization in the context of cyber security"
Combating corruption in the Western Balkans and Strengthening Regional Cooperation in the field of Asset Recovery
The International Centre for the Study of Radicalisation and Political Violence (ICSR)
Centre of Excellence in Terrorism, Resilience, Intelligence & Organised Crime Research (CENTRIC)
Building Regional Anti-Money Laundering and Counter-Financing of Terrorism Capacity in SEE
Support to Integrative Internal Security Governance in the Western Balkans
United Nations Office on Drugs and Crime (UNODC), Regional Programme for South Eastern Europe
Joint Meeting of the SEE Regional Cooperation Networks in the area of CT and CVE operating under the auspices of WBCTi
RCC Group of National Focal Points on Countering Radicalization and Violent Extremism
leading to Terrorism and Foreign Terrorist Fighters in South East Europe
"""  # noqa: E501 -- one name a line


@cache
def manifest() -> tuple[dict[str, str], ...]:
    with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


@cache
def facts() -> tuple[dict[str, str], ...]:
    with (ROOT / "tests" / "corpus" / "facts.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


@cache
def text_of(path: str) -> str:
    """A document's text as the product reads it, every white space one blank."""
    pages = read(CORPUS / path, path).pages
    return re.sub(r"\s+", " ", " ".join(page.text for page in pages))


def words_of(text: str) -> list[str]:
    """Words, case and punctuation folded."""
    return re.findall(r"\w+", re.sub(r"[’'\u00ad]", "", text.casefold()))


def runs_of(text: str) -> set[str]:
    """Every run of RUN_WORDS words that holds no whole official name."""
    joined = f" {' '.join(words_of(text))} "
    for name in OFFICIAL_NAMES.strip().splitlines():
        joined = joined.replace(f" {' '.join(words_of(name))} ", " | ")
    parts = [part.split() for part in joined.split("|")]
    return {" ".join(p[i : i + RUN_WORDS]) for p in parts for i in range(len(p) - RUN_WORDS + 1)}


def test_generator_reproduces_the_committed_files() -> None:
    for library in ("reportlab", "docx", "pptx", "openpyxl"):
        pytest.importorskip(library, reason=f"{library} is wanted to make the sample corpus")
    command = [sys.executable, str(ROOT / "docs" / "sample_corpus" / "make.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_has_a_row_and_every_row_a_file() -> None:
    files = {path.name for path in CORPUS.iterdir()} - {"manifest.csv"}
    assert {row["path"] for row in manifest()} == files
    assert len({row["id"] for row in manifest()}) == len(manifest())


def test_there_are_at_least_twelve_documents_in_six_formats() -> None:
    assert len(manifest()) >= 12
    assert len({Path(row["path"]).suffix for row in manifest()}) >= 6


@pytest.mark.parametrize("row", manifest(), ids=lambda row: row["id"])
def test_row_says_title_date_and_source_and_the_file_has_text(row: dict[str, str]) -> None:
    assert row["title"] and row["source"]
    assert re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", row["date"])
    assert len(text_of(row["path"])) > 500


def test_sample_material_is_marked_in_manifest_and_document() -> None:
    for row in manifest():
        if row["publisher"] == "Sample desk":
            assert "illustrative sample" in row["source"].casefold(), row["path"]
            assert "illustrative sample" in text_of(row["path"]).casefold(), row["path"]


def test_superseded_papers_are_there_and_older() -> None:
    date = {row["id"]: row["date"] for row in manifest()}
    pairs = [(row["id"], old) for row in manifest() for old in row["supersedes"].split("|") if old]
    assert pairs
    assert all(date[old] < date[new] for new, old in pairs)


def test_at_least_two_documents_are_for_a_group_only() -> None:
    assert len({row["groups"] for row in manifest()} - {"all"}) >= 2


def test_there_are_at_least_120_facts_and_each_seed_has_some() -> None:
    per_seed = Counter(row["seed"] for row in facts())
    assert per_seed.total() >= 120
    assert set(per_seed) == {"000", "001", "002", "003", "004"}


@pytest.mark.parametrize("path", sorted({row["path"] for row in facts()}))
def test_every_fact_stands_in_its_document(path: str) -> None:
    missing = [row["fact"] for row in facts() if row["path"] == path and row["quote"] not in text_of(path)]
    assert not missing


@pytest.mark.parametrize("path", [row["path"] for row in manifest()])
def test_no_sentence_is_copied(path: str) -> None:
    seeds = sorted(SEEDS.glob("*.txt")) if SEEDS.is_dir() else []
    if not seeds:
        pytest.skip(f"the papers to compare with are not there ({SEEDS.name})")
    ours = runs_of(text_of(path))
    for seed in seeds:
        assert not ours & runs_of(seed.read_text("utf-8"))
