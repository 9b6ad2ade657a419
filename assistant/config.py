"""Settings from the environment: names ASSISTANT_…, units in the names, unknown ones refused."""

import difflib
import os
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from assistant.calibration import MIN_CONFIDENCE
from assistant.errors import BadSetting
from index.embedding import DEFAULT_MODEL

PREFIX = "ASSISTANT_"
# Names that were settings once, and what to do instead.
_RETIRED = {
    "ASSISTANT_FEEDBACK": "readers' marks are kept in the records database now (ASSISTANT_RECORDS_URL). "
    "Take the file over with `ct-assistant feedback import --from FILE`, and unset it."
}


class Settings(BaseSettings):
    """Everything that can be set. The description of each field is what `--help` and README say."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    corpus: Path = Field(Path("docs_corpus"), description="folder of the documents and manifest.csv")
    index: Path = Field(Path("var/index"), description="folder of the builds")
    models: Path = Field(Path("var/models"), description="folder where the exported embedding model is kept")
    records_url: SecretStr = Field(
        SecretStr("sqlite:///var/records.sqlite"),
        description="database of conversations and readers' marks; or `postgresql://user:password@host/name`",
    )
    embedding_model: str = Field(
        DEFAULT_MODEL, description="a sentence-transformers model: a folder or a hub name"
    )
    reranker: str = Field(
        "", description="a cross-encoder that reads the best passages again: a folder; empty: none"
    )
    host: str = Field("127.0.0.1", description="address to serve on")
    port: int = Field(7860, ge=1, le=65535, description="port to serve on")
    question_chars: int = Field(2000, ge=10, le=100_000, description="longest question")
    min_confidence: float = Field(MIN_CONFIDENCE, ge=0, le=1, description="refuse to answer below this")
    llm: str = Field(
        "", description="language model, as `provider:name`; empty: sentences are quoted, none written"
    )
    llm_base_url: str = Field("", description="address of an OpenAI-compatible server")
    llm_api_key: SecretStr = Field(SecretStr(""), description="key for it, where one is asked for")
    llm_timeout_s: float = Field(60, gt=0, le=600, description="longest wait for a whole model answer")
    llm_first_token_s: float = Field(
        10, gt=0, le=600, description="longest wait for the first word of a model answer"
    )
    llm_max_tokens: int = Field(700, ge=50, le=8000, description="longest model answer")

    @classmethod
    def from_env(cls, **given: object) -> "Settings":
        """Settings from the environment, `given` ones first. Raises BadSetting by name."""
        known = {PREFIX + name.upper() for name in cls.model_fields}
        for name in sorted(os.environ):
            if name.upper().startswith(PREFIX) and name.upper() not in known:
                if name.upper() in _RETIRED:
                    raise BadSetting(f"{name}: {_RETIRED[name.upper()]}")
                near = difflib.get_close_matches(name.upper(), known, 1)
                hint = f"did you mean {near[0]}?" if near else f"the names are {', '.join(sorted(known))}."
                raise BadSetting(f"{name}: no such setting; {hint}")
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            where = PREFIX + str(first["loc"][0]).upper()
            raise BadSetting(
                f"{where}={first['input']!r}: {first['msg'].lower()}. Mend or unset it."
            ) from None
