"""What the OpenAPI document promises, held against a real server by requests made from it, good and bad."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

import programs
import scripted

EXAMPLES = 100  # of each operation, good and as many bad
OPERATIONS = [
    "POST /api/ask",
    "POST /api/ask/stream",
    "GET /api/documents",
    "GET /api/passages/{passage_id}",
    "GET /api/health",
    "GET /api/ready",
    "GET /v1/models",
    "GET /v1/models/{model}",
    "POST /v1/chat/completions",
]
# Of these nothing can be asked wrongly: any text may be the name of something.
FREE = ("/api/health", "/api/ready", "/v1/models", "/v1/models/{model}", "/api/passages/{passage_id}")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a server, and the headers of a program that may ask it."""
    folder: Path = tmp_path_factory.mktemp("schema")
    scripted.write_corpus(folder)
    limits: Any = {"sign_on": "proxy", "proxy_addresses": "10.0.0.1", "questions_per_minute": 100_000}
    with programs.on_a_port(programs.application(folder, **limits)) as address:
        yield address, programs.key_in(folder, "schema")


@pytest.fixture(scope="module")
def described(key: tuple[str, dict[str, str]]) -> Any:
    address, headers = key
    return schemathesis.openapi.from_url(f"{address}/api/openapi.json", headers=headers)


def test_every_operation_is_tried(described: Any) -> None:
    told = [operation.ok() for operation in described.get_all_operations()]
    assert sorted(f"{each.method.upper()} {each.path}" for each in told) == sorted(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_documented(
    described: Any, key: tuple[str, dict[str, str]], operation: str, mode: GenerationMode
) -> None:
    method, _, path = operation.partition(" ")
    if path in FREE and mode == GenerationMode.NEGATIVE:
        pytest.skip("nothing of it can be wrong")

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described[path][method].as_strategy(generation_mode=mode))
    def tried(case: schemathesis.Case[Any]) -> None:
        # Whether a text holds words, or a value fits a paper, is not for a schema to say.
        case.call_and_validate(headers=key[1], excluded_checks=[positive_data_acceptance])

    tried()
