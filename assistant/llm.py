"""Language models through LangChain: the only door to them. Errors come out as ModelUnavailable."""

import logging
import os
import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from assistant.breaker import Breaker
from assistant.calls import Call
from assistant.config import Settings
from assistant.errors import BadSetting, ModelUnavailable
from assistant.model_faults import (
    AGAIN,
    OF_ONE_QUESTION,
    Unreadable,
    finish_of,
    reason_of,
    retry_after_s,
    unavailable,
)
from assistant.providers import confine, options

Messages = list[tuple[str, str]]
CountTokens = Callable[[int, int], None]  # told input and output tokens of one call

PAUSE_S = 0.3  # before a second try
SIGN_S = 0.5  # while nothing comes, an empty piece is given this often: whoever has left stops then
_CHARS_PER_TOKEN = 12  # more than any language has: what exceeds it ignores max_tokens

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when the first word has to come, and until when the last one; of `time.monotonic`."""

    first_s: float
    last_s: float


class LanguageModel:
    """A chat model named by ASSISTANT_LLM, such as `openai:gpt-4o-mini` or `ollama:qwen3`."""

    def __init__(self, settings: Settings, breaker: Breaker | None = None) -> None:
        """Load the provider's package; nothing is sent yet. Raises BadSetting."""
        os.environ["LANGSMITH_TRACING"] = "false"
        from langchain.chat_models import init_chat_model

        self.name = settings.llm
        self.breaker = breaker or Breaker()
        self._settings = settings
        try:
            self._model: Any = init_chat_model(settings.llm, **options(settings))
            confine(self._model, settings)
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

    def stream(
        self, messages: Messages, count: CountTokens | None = None, until: Deadline | None = None
    ) -> Iterator[str]:
        """Pieces of the model's text as they come; an empty one where it is still awaited.

        Raises ModelUnavailable, also past the time, and at once while the model is left alone. What
        fails before the first word in a way that passes is tried once more, within the same time.
        Closing it closes the connection.
        """
        if not self.breaker.lets_through():
            raise unavailable(self._settings, "paused")
        try:
            yield from self._tried(messages, count, until or self.deadline())
        except ModelUnavailable as error:
            log.info("%s", error)
            if error.reason in OF_ONE_QUESTION:
                self.breaker.succeeded()
            else:
                self.breaker.failed(str(error))
            raise
        self.breaker.succeeded()

    def complete(
        self, messages: Messages, count: CountTokens | None = None, until: Deadline | None = None
    ) -> str:
        """The model's whole text."""
        return "".join(self.stream(messages, count, until))

    def deadline(self) -> Deadline:
        """The time that the settings give a call that begins now."""
        now = time.monotonic()
        return Deadline(now + self._settings.llm_first_token_s, now + self._settings.llm_timeout_s)

    def _tried(self, messages: Messages, count: CountTokens | None, until: Deadline) -> Iterator[str]:
        for attempt in (1, 2):
            begun = False
            try:
                for piece in self._once(messages, until, count):
                    begun = begun or bool(piece)
                    yield piece
                return
            except ModelUnavailable as error:
                pause_s = PAUSE_S if error.retry_after_s is None else error.retry_after_s
                again_at = time.monotonic() + pause_s
                hopeless = error.reason not in AGAIN or again_at >= min(until.first_s, until.last_s)
                if begun or attempt == 2 or hopeless:
                    raise
            while (wait_s := again_at - time.monotonic()) > 0:
                time.sleep(min(wait_s, SIGN_S))
                yield ""

    def _once(self, messages: Messages, until: Deadline, count: CountTokens | None) -> Iterator[str]:
        call = Call(self._model.astream(messages))
        chars = 0
        finish = ""
        try:
            while True:
                wait_s = (until.last_s if chars else min(until.first_s, until.last_s)) - time.monotonic()
                if wait_s <= 0:
                    raise TimeoutError
                try:
                    chunk = call.next(min(wait_s, SIGN_S))
                except queue.Empty:
                    yield ""
                    continue
                if chunk is None:
                    break
                finish = finish_of(chunk) or finish
                if count and chunk.usage_metadata:
                    count(chunk.usage_metadata["input_tokens"], chunk.usage_metadata["output_tokens"])
                if text := str(chunk.text):
                    chars += len(text)
                    if chars > _CHARS_PER_TOKEN * self._settings.llm_max_tokens:
                        raise Unreadable("endless")
                    yield text
        except Exception as error:
            # The provider's own message may hold addresses and keys: only its kind is told.
            raise unavailable(self._settings, reason_of(error), retry_after_s(error)) from error
        finally:
            call.end()
        if finish in ("content_filter", "refusal", "safety"):
            raise unavailable(self._settings, "filtered")
        if not chars or not finish:
            raise unavailable(self._settings, "cut" if chars else "empty")
