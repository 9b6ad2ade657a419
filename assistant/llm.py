"""Language models through LangChain: the only door to them. Errors come out as ModelUnavailable."""

import os
import time
from collections.abc import Iterator
from typing import Any

from assistant.config import Settings
from assistant.errors import BadSetting, ModelUnavailable

Messages = list[tuple[str, str]]


class LanguageModel:
    """A chat model named by ASSISTANT_LLM, such as `openai:gpt-4o-mini` or `ollama:qwen3`."""

    def __init__(self, settings: Settings) -> None:
        """Load the provider's package; nothing is sent yet. Raises BadSetting."""
        os.environ["LANGSMITH_TRACING"] = "false"
        from langchain.chat_models import init_chat_model

        self.name = settings.llm
        self._timeout_s = settings.llm_timeout_s
        self._where = settings.llm_base_url or "its provider's own address"
        options: dict[str, Any] = {
            "temperature": 0,
            "timeout": settings.llm_timeout_s,
            "max_retries": 1,
            "max_tokens": settings.llm_max_tokens,
        }
        if settings.llm_base_url:
            options["base_url"] = settings.llm_base_url
        if settings.llm_api_key.get_secret_value():
            options["api_key"] = settings.llm_api_key.get_secret_value()
        elif settings.llm_base_url and settings.llm.startswith("openai:"):
            options["api_key"] = "none"  # the client insists on one; a local server does not
        try:
            self._model: Any = init_chat_model(settings.llm, **options)
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

    def stream(self, messages: Messages) -> Iterator[str]:
        """Pieces of the model's text as they come. Raises ModelUnavailable, also past the time."""
        begun = time.monotonic()
        try:
            for chunk in self._model.stream(messages):
                if time.monotonic() - begun > self._timeout_s:
                    raise TimeoutError
                text = chunk.text
                if text:
                    yield str(text)
        except Exception as error:
            # The provider's own message may hold addresses and keys: only its kind is told.
            raise ModelUnavailable(
                f"The language model {self.name} at {self._where} did not answer ({type(error).__name__}). "
                "Check ASSISTANT_LLM and ASSISTANT_LLM_BASE_URL, or unset ASSISTANT_LLM to do without."
            ) from error

    def complete(self, messages: Messages) -> str:
        """The model's whole text."""
        return "".join(self.stream(messages))
