"""What the providers' packages are given, and what their HTTP clients may not do.

Covers: OpenAI and servers that speak its protocol, Azure, Ollama, Anthropic, Mistral. Of another
provider the client is taken as it is.
"""

import math
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

from assistant.config import Settings
from assistant.model_faults import Unreadable

_ROOM_BYTES = 1024 * 1024  # for what is no text of an answer: headers of events, the end, an error
_BYTES_PER_TOKEN = 4096  # of a stream, with the JSON around each token; real ones need some hundreds


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


def confine(model: Any, settings: Settings) -> None:
    """Hold the HTTP clients of a LangChain model to its own server and to so many bytes.

    A redirect would carry the question, its passages and maybe the key to another host. What is
    compressed can be a thousand times its size, so that it is asked for as it is.
    """
    most = _ROOM_BYTES + _BYTES_PER_TOKEN * settings.llm_max_tokens
    for client in _clients(model):
        client.follow_redirects = False
        client.headers["accept-encoding"] = "identity"
        client.event_hooks = {"response": [_looking(client, most)]}


def _clients(model: Any) -> Iterator[Any]:
    """The asynchronous HTTP clients of a model; each package keeps its own under another name."""
    for name in ("root_async_client", "_async_client", "async_client"):
        held = getattr(model, name, None)
        client = getattr(held, "_client", held)
        if hasattr(client, "event_hooks"):
            yield client


def _looking(client: Any, most_bytes: int) -> Any:
    """The hook that looks at each response before it is read."""
    # httpx, or its successor of another name: of whichever this client is made.
    rooms = {base.__module__.partition(".")[0] for base in type(client).__mro__}
    httpx: Any = sys.modules["httpx2" if "httpx2" in rooms else "httpx"]

    class Counted(httpx.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            count = 0
            async for part in self._stream:
                count += len(part)
                if count > most_bytes:
                    raise Unreadable(f"more than {most_bytes} bytes")
                yield part

        async def aclose(self) -> None:
            await self._stream.aclose()

    async def look(response: Any) -> None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise Unreadable("encoded, though it was not asked for")
        if response.status_code < 300 and response.headers.get("content-type", "").startswith("text/html"):
            raise Unreadable("a web page")
        response.stream = Counted(response.stream)

    return look
