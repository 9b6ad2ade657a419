"""Write the parts of README.md that the code knows: `python docs/readme.py [--check]`."""

import ast
import json
import re
import sys
from pathlib import Path

from assistant.config import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
ROOMS = (
    "index",
    "index/health",
    "index/reading",
    "assistant",
    "assistant/memo",
    "assistant/records",
    "assistant/web",
    "assistant/web/api",
    "assistant/evaluation",
)
OTHERS = {
    "app.py": "the web application: `python app.py`, `uvicorn app:app`",
    "prompts/": "one file a prompt, hashed into each answer",
    "docs_corpus/": "the sample papers and manifest.csv",
    "tests/": "flat: test_<module>.py; corpus/ golden/ questions/ benchmarks/",
    "docs/": "operator's page and deployment, the sample papers' sources, screenshots, this file's generator",
    "var/": "git-ignored: builds, exported model, conversations and readers' marks",
}


FIGURES = ROOT / "tests" / "questions" / "figures.json"
MEASURES = {
    "right": "all facts said",
    "cited_rightly": "the evidence is cited",
    "quote_hit@5": "evidence in the first five passages",
    "right_page_cited": "right page cited",
    "refused_rightly": "unanswerable question refused",
    "refused_wrongly": "answerable question refused",
    "verbatim_share": "quotes word for word on their page",
}


def figures_table() -> str:
    """One row a measure, one column a question set, from what `make figures` kept."""
    kept = json.loads(FIGURES.read_text("utf-8"))
    rows = ["| | " + " | ".join(kept) + " |", "|---|" + "---|" * len(kept)]
    for name, told in MEASURES.items():
        cells = (kept[which][name] for which in kept)
        shown = (f"{c['value']:.2f} [{c['low']:.2f}, {c['high']:.2f}] n={c['n']}" for c in cells)
        rows.append(f"| {told} | " + " | ".join(shown) + " |")
    return "\n".join(rows)


def settings_table() -> str:
    """One row a setting, from the code."""
    head = "| name | default | what it is |\n|---|---|---|\n"
    return head + "\n".join(
        f"| `{PREFIX}{name.upper()}` | {_shown(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    )


def _shown(default: object) -> str:
    text = default.get_secret_value() if hasattr(default, "get_secret_value") else str(default)
    return f"`{text}`" if text else ""


def tree() -> str:
    """The rooms and what each module is for: the first sentence of its docstring."""
    lines = ["```text"]
    for room in ROOMS:
        lines.append(f"{room + '/':<22}{_about(ROOT / room / '__init__.py')}")
        for path in sorted((ROOT / room).glob("*.py")):
            if path.name not in ("__init__.py", "__main__.py"):
                lines.append(f"  {path.name:<20}{_about(path)}")
    lines += [f"{name:<22}{about}" for name, about in OTHERS.items()]
    return "\n".join([*lines, "```"])


def _about(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    sentence = re.split(r"(?<=[.:])\s", " ".join(said.split("\n\n")[0].split()), maxsplit=1)[0]
    return sentence.rstrip(".:")


def written(text: str) -> str:
    """README's text with its generated parts renewed."""
    for name, part in (("figures", figures_table()), ("settings", settings_table()), ("tree", tree())):
        opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, _, rest = text.partition(opening)
        text = f"{before}{opening}\n{part}\n{closing}{rest.partition(closing)[2]}"
    return text


def main() -> int:
    """Renew README.md, or with --check say whether it is up to date."""
    path = ROOT / "README.md"
    old = path.read_text("utf-8")
    new = written(old)
    if "--check" in sys.argv:
        return int(old != new)
    path.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
