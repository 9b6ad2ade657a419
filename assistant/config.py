"""Settings from the environment: names ASSISTANT_…, units in the names, unknown ones refused."""

import difflib
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from assistant.calibration import MIN_CONFIDENCE
from assistant.errors import BadSetting
from index.chroma import StoreServer
from index.corpus import named_groups
from index.embedding import DEFAULT_MODEL

PREFIX = "ASSISTANT_"
# Names that were settings once, and what to do instead.
_RETIRED = {
    "ASSISTANT_FEEDBACK": "readers' marks are kept in the records database now (ASSISTANT_RECORDS_URL). "
    "Take the file over with `ct-assistant feedback import --from FILE`, and unset it."
}


class Settings(BaseModel):
    """Everything that can be set. The description of each field is what `--help` and README say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: Path = Field(Path("docs_corpus"), description="folder of the documents and manifest.csv")
    index: Path = Field(Path("var/index"), description="folder of the builds")
    models: Path = Field(Path("var/models"), description="folder where the exported embedding model is kept")
    records_url: SecretStr = Field(
        SecretStr("sqlite:///var/records.sqlite"),
        description="database of conversations and readers' marks; or `postgresql://user:password@host/name`",
    )
    store_url: str = Field(
        "",
        description="Chroma server for the vectors, as `http://chroma:8000` or "
        "`https://api.trychroma.com/TENANT/DATABASE`; empty: they are kept in the builds",
    )
    store_token: SecretStr = Field(SecretStr(""), description="token or key for it, where one is asked for")
    embedding_model: str = Field(
        DEFAULT_MODEL, description="a sentence-transformers model: a folder, or a hub name in the cache"
    )
    reranker: str = Field(
        "", description="a cross-encoder that reads the best passages again: a folder; empty: none"
    )
    ocr: str = Field(
        "",
        pattern=r"^(\w+(\+\w+)*)?$",
        description="languages in which scanned pages are read by OCR, as `eng+fra`; empty: they are not",
    )
    ray_address: str = Field(
        "", description="`host:port` of the Ray cluster of `build --engine ray`; empty: one is started here"
    )
    host: str = Field("127.0.0.1", description="address to serve on, or `unix:PATH` for a socket")
    port: int = Field(7860, ge=1, le=65535, description="port to serve on")
    sign_on: Literal["none", "proxy", "oidc"] = Field(
        "none", description="who asks: `none` (this machine only), `proxy` (headers of a proxy), `oidc`"
    )
    proxy_addresses: str = Field(
        "", description="addresses or networks whose sign-on headers are believed, split at commas"
    )
    proxy_user_header: str = Field("X-Forwarded-User", description="header with the person's name")
    proxy_groups_header: str = Field(
        "X-Forwarded-Groups", description="header with their groups, split at commas"
    )
    oidc_issuer: str = Field("", description="address of the OpenID provider")
    oidc_client_id: str = Field("", description="name of this service at the provider")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="its secret at the provider")
    oidc_scopes: str = Field("openid profile", description="what is asked of it about a person")
    oidc_groups_claim: str = Field("groups", description="claim that holds a person's groups")
    session_hours: float = Field(8, gt=0, le=168, description="how long a sign-on lasts")
    secret: SecretStr = Field(
        SecretStr(""),
        description="protects cookies and tokens, 32 characters or more; empty: a new one at each start",
    )
    public_url: str = Field("", description="address that readers see, where a proxy stands in front")
    intranet_origins: str = Field(
        "", description="origins whose pages may frame the chat and call the API, split at commas"
    )
    default_groups: str = Field(
        "all", description="who may read a document without groups in manifest.csv; `deny`: nobody"
    )
    questions_per_minute: int = Field(
        20, ge=1, le=100_000, description="most questions of one person in a minute"
    )
    answers_at_once: int = Field(4, ge=1, le=256, description="answers being made at the same time")
    answers_waiting: int = Field(48, ge=0, le=10_000, description="questions that may wait for their turn")
    history_turns: int = Field(
        20, ge=1, le=200, description="turns of a conversation that a question takes along"
    )
    body_kib: int = Field(64, ge=8, le=10_240, description="largest body of a request to the API, in KiB")
    audit: Path = Field(
        Path("var/audit"), description="folder of the audit lines, one JSON object a question"
    )
    audit_questions: bool = Field(False, description="whether audit lines hold the text of the question")
    audit_mib: int = Field(20, ge=1, le=10_240, description="size of one file of audit lines, in MiB")
    audit_days: int = Field(90, ge=1, le=3650, description="how long audit lines are kept")
    log: Literal["text", "json"] = Field("text", description="form of the log: `text` or `json`")
    metrics: str = Field(
        "", description="address of its own for Prometheus, such as `127.0.0.1:9464`; empty: none"
    )
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

    @field_validator("default_groups")
    @classmethod
    def _named(cls, value: str) -> str:
        if not named_groups(value):
            raise ValueError("no group is named.")
        return value

    @property
    def default_readers(self) -> tuple[str, ...]:
        """`default_groups` as the index takes them."""
        return named_groups(self.default_groups)

    @property
    def store(self) -> StoreServer | None:
        """The server that holds the vectors, if one does."""
        return StoreServer(self.store_url, self.store_token.get_secret_value()) if self.store_url else None

    @classmethod
    def from_env(cls, **given: object) -> "Settings":
        """Settings from the environment, `given` ones first. Raises BadSetting by name."""
        known = {PREFIX + name.upper(): name for name in cls.model_fields}
        told: dict[str, object] = {}
        for name in sorted(os.environ):
            if not name.upper().startswith(PREFIX):
                continue
            if name.upper() not in known:
                if name.upper() in _RETIRED:
                    raise BadSetting(f"{name}: {_RETIRED[name.upper()]}")
                near = difflib.get_close_matches(name.upper(), known, 1)
                hint = f"did you mean {near[0]}?" if near else f"the names are {', '.join(sorted(known))}."
                raise BadSetting(f"{name}: no such setting; {hint}")
            told[known[name.upper()]] = os.environ[name]
        told |= {name: value for name, value in given.items() if value is not None}
        try:
            return cls.model_validate(told)
        except ValidationError as error:
            first = error.errors()[0]
            where = PREFIX + str(first["loc"][0]).upper()
            raise BadSetting(
                f"{where}={first['input']!r}: {first['msg'].lower()}. Mend or unset it."
            ) from None
