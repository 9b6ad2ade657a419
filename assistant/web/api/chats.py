"""What chat clients of OpenAI's send and get, as forms; fields of our own are told as such."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.types import Citation, Status
from assistant.web.api.forms import Filters, Given

MODEL = "ct-assistant"


class TextPart(BaseModel):
    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One message of the chat. Those of system and developer are not followed."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart] | None = None

    @property
    def said(self) -> str:
        """Its text, whatever form it came in."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class TextFormat(BaseModel):
    type: Literal["text"]


class StreamOptions(BaseModel):
    include_usage: bool | None = None


class Completion(BaseModel):
    """A chat. The last message is the question; of those before it the last 20 count, or as this
    service is set. A parameter that is not named here is ignored."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(description="one that `/v1/models` lists")
    messages: list[Message] = Field(min_length=1)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    filters: Filters | None = Field(None, description="which papers are asked, as in `/api/ask`")
    n: Literal[1] | None = None
    tools: list[Any] | None = Field(None, max_length=0, description="none can be used")
    functions: list[Any] | None = Field(None, max_length=0, description="none can be used")
    response_format: TextFormat | None = None


class Said(Given):
    """The answer, and in fields of our own where each sentence comes from."""

    role: Literal["assistant"] = "assistant"
    content: str = Field(description="with markers like [1] that name citations by their number")
    refusal: None = None
    citations: list[Citation] = Field(description="as in `/api/ask`")
    ct_status: Status
    ct_notes: list[str] = Field(description="the assistant's own sentences about the evidence")


class Choice(Given):
    index: Literal[0] = 0
    message: Said
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class Usage(Given):
    """What a language model read and wrote; 0 where none did."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionObject(Given):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(description="in seconds since 1970")
    model: str = MODEL
    choices: list[Choice]
    usage: Usage


class ModelObject(Given):
    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = MODEL


class Models(Given):
    object: Literal["list"] = "list"
    data: list[ModelObject]
