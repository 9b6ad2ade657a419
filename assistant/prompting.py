"""Prompt files to messages. A file holds the system text, a divider and the user text."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from string import Template

from assistant.context import Evidence
from assistant.errors import BadSetting

PROMPTS = Path(__file__).resolve().parents[1] / "prompts"
DIVIDER = "=== the question ===\n"
NOT_IN_DOCUMENTS = "NOT_IN_DOCUMENTS"  # the one word for "the passages do not say"
NOT_COVERED = "NOT_COVERED:"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file. `sha256` is of its bytes and goes into each answer's trace."""

    system: str
    user: Template
    sha256: str

    def messages(self, **values: str) -> list[tuple[str, str]]:
        """(role, text) pairs; values are put in as they are and not searched for fields."""
        return [("system", self.system), ("user", self.user.substitute(values))]


def load_prompt(name: str) -> Prompt:
    """Read `prompts/<name>.md`. Raises BadSetting where it is missing or has no divider."""
    path = PROMPTS / f"{name}.md"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadSetting(
            f"{path}: the prompt cannot be read ({error.strerror}). Restore the file."
        ) from error
    system, divider, user = data.decode("utf-8").partition(DIVIDER)
    if not divider:
        raise BadSetting(
            f"{path}: the line {DIVIDER.strip()!r} is missing. It parts the rules from the question."
        )
    return Prompt(system.strip(), Template(user.strip()), hashlib.sha256(data).hexdigest())


def new_fence() -> str:
    """A line's beginning that nothing in a text can have guessed."""
    return f"~~~{secrets.token_hex(8)}"


def fenced(evidence: Evidence) -> tuple[str, str]:
    """The passages as text for a prompt, and the fence around each: random, so that nothing a
    passage says can close it."""
    fence = new_fence()
    parts = []
    for number, hit in enumerate(evidence.hits, 1):
        document = evidence.sources[hit.passage.document_id].document
        about = ", ".join(part for part in (document.title, document.date, *hit.passage.heading_path) if part)
        parts.append(f"{fence} [{number}] {about}\n{hit.passage.text}\n{fence}")
    return "\n\n".join(parts), fence


def without_thoughts(written: str) -> str:
    """A model's text without the `<think>` block that some open; "" while it is not closed."""
    if not written.lstrip().startswith("<"):
        return written
    body = written.lstrip()
    if body.startswith("<think>"):
        return body.partition("</think>")[2]
    return "" if "<think>".startswith(body) else written


def visible_chars(written: str) -> int:
    """How much of a model's unfinished text may be shown: nothing from a signal word on, nor of
    an end that may yet become one."""
    signals = (NOT_IN_DOCUMENTS, NOT_COVERED)
    for signal in signals:
        if signal in written:
            return written.index(signal)
    open_end = max(
        (n for signal in signals for n in range(1, len(signal)) if written.endswith(signal[:n])), default=0
    )
    return len(written) - open_end
