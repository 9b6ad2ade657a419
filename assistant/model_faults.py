"""What can go wrong with a language model's server, in one word each, and what is told of it."""

import queue
import re
from urllib.parse import urlsplit

from assistant.config import Settings
from assistant.errors import ModelUnavailable

# Worth a second try, where nothing has come yet; a kept connection may have been closed meanwhile.
AGAIN = frozenset({"unreachable", "server_error", "rate_limited", "empty", "cut"})
# Of one question, not of the server: the next question may well be answered.
OF_ONE_QUESTION = frozenset({"filtered", "empty", "unfit"})
_FILTERED = re.compile(r"content.?filter|content management policy", re.IGNORECASE)
_SAID = {
    "unreachable": "could not be reached",
    "timeout": "took too long",
    "rate_limited": "has no room for more requests",
    "server_error": "failed on its side",
    "rejected": "rejected the request (is the key right, the address, the name of the model?)",
    "unfit": "did not take this request: is it too long for the model, or the model's name wrong?",
    "filtered": "stopped at its provider's content filter",
    "garbage": "sent what cannot be read",
    "cut": "broke off",
    "empty": "sent nothing",
    "paused": "failed several times in a row and is left alone for a moment",
}
_WORDS = {400: "unfit", 413: "unfit", 422: "unfit", 408: "timeout", 504: "timeout", 429: "rate_limited"}


class Unreadable(Exception):
    """A response that is not read any further: encoded, no stream of a model, or without an end."""


def unavailable(settings: Settings, reason: str, retry_after_s: float | None = None) -> ModelUnavailable:
    """The error for an operator: the model, where it is sought, and what went wrong."""
    where = "its provider's own address"
    if settings.llm_base_url:
        parts = urlsplit(settings.llm_base_url)  # a name and key before the @ are not told, nor a query
        where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return ModelUnavailable(
        f"The language model {settings.llm} at {where} did not answer: it {_SAID.get(reason, 'failed')}. "
        "Check ASSISTANT_LLM and ASSISTANT_LLM_BASE_URL, or unset ASSISTANT_LLM to do without.",
        reason,
        retry_after_s,
    )


def reason_of(error: BaseException) -> str:
    """One word for what went wrong, from a provider's exception and what caused it."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for one in chain:
        status = getattr(one, "status_code", None) or getattr(
            getattr(one, "response", None), "status_code", None
        )
        if isinstance(status, int) and status >= 300:
            if _FILTERED.search(f"{getattr(one, 'code', '')} {one}"):
                return "filtered"
            return _WORDS.get(status, "server_error" if status >= 500 else "rejected")
    kinds = " ".join(base.__name__ for one in chain for base in type(one).__mro__)
    if "ContentFilter" in kinds:
        return "filtered"
    if "No generation chunks" in str(error):  # LangChain's word for a stream without a single event
        return "empty"
    if any(isinstance(one, Unreadable) for one in chain):
        return "garbage"
    if any(isinstance(one, (TimeoutError, queue.Empty)) for one in chain) or "Timeout" in kinds:
        return "timeout"
    if any(sign in kinds for sign in ("ProtocolError", "ReadError", "IncompleteRead", "ConnectionReset")):
        return "cut"
    if "Connect" in kinds:
        return "unreachable"
    return "server_error" if "APIError" in kinds else "garbage"


def retry_after_s(error: BaseException) -> float | None:
    """The wait that a server asks for, in seconds; None where it asks for none that can be read."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None


def finish_of(chunk: object) -> str:
    """Why the model stopped, where a chunk tells it; providers name the field differently."""
    told = getattr(chunk, "response_metadata", {})
    why = told.get("finish_reason") or told.get("stop_reason") or told.get("done_reason") or ""
    if getattr(chunk, "additional_kwargs", {}).get("refusal"):
        why = "refusal"
    return str(why).lower()
