"""Language models through LangChain: the only door to them. Errors come out as ModelUnavailable."""

import math
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from assistant.config import Settings
from assistant.errors import BadSetting, ModelUnavailable

Messages = list[tuple[str, str]]
CountTokens = Callable[[int, int], None]  # told input and output tokens of one call

AGAIN = frozenset({"unreachable", "server_error", "rate_limited", "empty"})  # worth a second try
PAUSE_S = 0.3  # before it
_CHARS_PER_TOKEN = 12  # more than any language has: what exceeds it ignores max_tokens
_FILTERED = re.compile(r"content.?filter|content management policy", re.IGNORECASE)
_SAID = {
    "unreachable": "could not be reached",
    "timeout": "took too long",
    "rate_limited": "has no room for more requests",
    "server_error": "failed on its side",
    "rejected": "rejected the request: is the key right, and the name of the model?",
    "filtered": "stopped at its provider's content filter",
    "garbage": "sent what cannot be read",
    "cut": "broke off",
    "empty": "sent nothing",
}


class LanguageModel:
    """A chat model named by ASSISTANT_LLM, such as `openai:gpt-4o-mini` or `ollama:qwen3`."""

    def __init__(self, settings: Settings) -> None:
        """Load the provider's package; nothing is sent yet. Raises BadSetting."""
        os.environ["LANGSMITH_TRACING"] = "false"
        from langchain.chat_models import init_chat_model

        self.name = settings.llm
        self._settings = settings
        try:
            self._model: Any = init_chat_model(settings.llm, **options(settings))
        except ImportError as error:
            raise BadSetting(
                f"ASSISTANT_LLM={settings.llm!r} needs the package {error.name or 'of its provider'}. "
                "Install it with pip."
            ) from error
        except Exception as error:
            raise BadSetting(
                f"ASSISTANT_LLM={settings.llm!r} cannot be used ({type(error).__name__}). "
                "Write it as provider:name, such as openai:gpt-4o-mini, its key in ASSISTANT_LLM_API_KEY."
            ) from error

    def stream(self, messages: Messages, count: CountTokens | None = None) -> Iterator[str]:
        """Pieces of the model's text as they come. Raises ModelUnavailable, also past the time.

        What fails before the first piece in a way that passes is tried once more.
        """
        last_s = time.monotonic() + self._settings.llm_timeout_s
        for attempt in (1, 2):
            begun = False
            try:
                for piece in self._once(messages, last_s, count):
                    begun = True
                    yield piece
                return
            except ModelUnavailable as error:
                wait_s = PAUSE_S if error.retry_after_s is None else error.retry_after_s
                hopeless = error.reason not in AGAIN or time.monotonic() + wait_s >= last_s
                if begun or attempt == 2 or hopeless or wait_s > self._settings.llm_first_token_s:
                    raise
            time.sleep(wait_s)

    def complete(self, messages: Messages, count: CountTokens | None = None) -> str:
        """The model's whole text."""
        return "".join(self.stream(messages, count))

    def _once(self, messages: Messages, last_s: float, count: CountTokens | None) -> Iterator[str]:
        """One call. The provider's client waits in a thread of its own, because none of them keeps
        to a time for the whole answer."""
        chunks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        stopped = threading.Event()
        threading.Thread(target=self._pump, args=(messages, chunks, stopped), daemon=True).start()
        first_s = min(last_s, time.monotonic() + self._settings.llm_first_token_s)
        chars = 0
        finish = ""
        try:
            while True:
                wait_s = (last_s if chars else first_s) - time.monotonic()
                if wait_s <= 0:
                    raise TimeoutError
                chunk = chunks.get(timeout=wait_s)
                if chunk is None:
                    break
                if isinstance(chunk, Exception):
                    raise chunk
                finish = _finish(chunk) or finish
                if count and chunk.usage_metadata:
                    count(chunk.usage_metadata["input_tokens"], chunk.usage_metadata["output_tokens"])
                if text := str(chunk.text):
                    chars += len(text)
                    if chars > _CHARS_PER_TOKEN * self._settings.llm_max_tokens:
                        raise ValueError("endless")
                    yield text
        except Exception as error:
            # The provider's own message may hold addresses and keys: only its kind is told.
            raise unavailable(self._settings, reason_of(error), _retry_after_s(error)) from error
        finally:
            stopped.set()
        if finish in ("content_filter", "refusal", "safety"):
            raise unavailable(self._settings, "filtered")
        if not chars or not finish:
            raise unavailable(self._settings, "cut" if chars else "empty")

    def _pump(self, messages: Messages, chunks: "queue.SimpleQueue[Any]", stopped: threading.Event) -> None:
        """Put the model's chunks, then None or the exception that ended them, into a queue."""
        try:
            for chunk in self._model.stream(messages):
                if stopped.is_set():
                    return
                chunks.put(chunk)
            chunks.put(None)
        except Exception as error:
            chunks.put(error)


def options(settings: Settings) -> dict[str, Any]:
    """What the provider's class is given; they name the same things differently."""
    provider = settings.llm.partition(":")[0]
    wait_s = settings.llm_timeout_s
    key = settings.llm_api_key.get_secret_value()
    if provider == "ollama":
        told: dict[str, Any] = {"num_predict": settings.llm_max_tokens, "client_kwargs": {"timeout": wait_s}}
    else:
        told = {"max_tokens": settings.llm_max_tokens, "timeout": wait_s, "max_retries": 0}
    if provider == "mistralai":
        told["timeout"] = math.ceil(wait_s)  # takes whole seconds only
    if provider in ("openai", "azure_openai", "anthropic"):
        told["stream_usage"] = True
    if settings.llm_base_url:
        address = {"mistralai": "endpoint", "azure_openai": "azure_endpoint"}.get(provider, "base_url")
        told[address] = settings.llm_base_url
        if provider == "openai" and not key:
            key = "none"  # the client insists on one; a local server does not
    if key and provider != "ollama":
        told["api_key"] = key
    return {"temperature": 0, **told}


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


def _finish(chunk: Any) -> str:
    """Why the model stopped, where a chunk tells it; providers name the field differently."""
    told = chunk.response_metadata
    why = told.get("finish_reason") or told.get("stop_reason") or told.get("done_reason") or ""
    if chunk.additional_kwargs.get("refusal"):
        why = "refusal"
    return str(why).lower()


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
        if isinstance(status, int) and status >= 400:
            if _FILTERED.search(f"{getattr(one, 'code', '')} {one}"):
                return "filtered"
            words = {408: "timeout", 504: "timeout", 429: "rate_limited"}
            return words.get(status, "server_error" if status >= 500 else "rejected")
    kinds = " ".join(base.__name__ for one in chain for base in type(one).__mro__)
    if "ContentFilter" in kinds:
        return "filtered"
    if "No generation chunks" in str(error):  # LangChain's word for a stream without a single event
        return "empty"
    if any(isinstance(one, (TimeoutError, queue.Empty)) for one in chain) or "Timeout" in kinds:
        return "timeout"
    if any(sign in kinds for sign in ("ProtocolError", "ReadError", "IncompleteRead", "ConnectionReset")):
        return "cut"
    if "Connect" in kinds:
        return "unreachable"
    return "server_error" if "APIError" in kinds else "garbage"


def _retry_after_s(error: BaseException) -> float | None:
    """The wait that a server asks for, in seconds; None where it asks for none that can be read."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None
