"""The API's own description for generated clients: the committed file equals the service's response."""

import json
import os
import pkgutil
import re
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from models.campaign.requests import BacktestRequest, SampleRequest
from service import schemas
from service.api.examples import ANSWERS, REQUESTS
from service.schemas.api_keys import ApiKeyRequest
from service.schemas.candidates import Decision

ROOMS = [import_module(f"{schemas.__name__}.{info.name}") for info in pkgutil.iter_modules(schemas.__path__)]
MODELS = {
    name: model
    for room in ROOMS
    for name, model in vars(room).items()
    if name in ANSWERS and isinstance(model, type) and issubclass(model, BaseModel)
}

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def description() -> str:
    """Return the description of a separate process, in which the test domain is not installed."""
    program = "import runpy; print(runpy.run_path('docs/openapi.py')['description'](), end='')"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        env=environment,
        cwd=ROOT,
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout


@pytest.fixture(scope="module")
def schema(description: str) -> dict[str, Any]:
    return json.loads(description)


def operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in schema["paths"].values() for operation in path.values()]


def test_the_committed_description_is_what_the_service_answers(description: str) -> None:
    committed = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert committed == description, "run `make openapi` and commit docs/openapi.json"


def test_every_call_has_a_name_of_its_own_that_is_a_name_in_any_language(schema: dict[str, Any]) -> None:
    names = Counter(operation["operationId"] for operation in operations(schema))
    assert len(names) > 40
    assert [
        name for name, times in names.items() if times > 1 or not name.isidentifier() or "v1" in name
    ] == []


def test_a_nested_object_has_no_title_by_which_a_generator_would_name_another_model(
    schema: dict[str, Any],
) -> None:
    """Generators name an object within a model by the model and the title: together no other model's name."""
    models = schema["components"]["schemas"]
    named = [
        owner + part.get("title", "").title().replace(" ", "")
        for owner, model in models.items()
        for part in model.get("properties", {}).values()
        if part.get("type") == "object"
    ]
    assert [name for name in named if name in models] == []


def properties(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    models = schema["components"]["schemas"].items()
    return [(name, key, part) for name, model in models for key, part in model.get("properties", {}).items()]


def answers(call: dict[str, Any]) -> list[dict[str, Any]]:
    """The contents of a call's answers that are no problem."""
    good = (answer for status, answer in call["responses"].items() if status.startswith("2"))
    return [content for answer in good for content in answer.get("content", {}).values()]


def has_example(content: dict[str, Any]) -> bool:
    return "example" in content or bool(content.get("examples"))


def test_every_model_and_every_property_is_described(schema: dict[str, Any]) -> None:
    models = schema["components"]["schemas"]
    assert [name for name, model in models.items() if not model.get("description")] == []
    assert [f"{name}.{key}" for name, key, part in properties(schema) if not part.get("description")] == []


def test_every_call_and_every_parameter_is_described(schema: dict[str, Any]) -> None:
    calls = operations(schema)
    assert [
        call["operationId"] for call in calls if not call.get("summary") or not call.get("description")
    ] == []
    bare = [
        f"{call['operationId']}: {parameter['name']}"
        for call in calls
        for parameter in call.get("parameters", ())
        if not parameter.get("description")
    ]
    assert bare == []


def test_every_call_shows_a_request_and_an_answer(schema: dict[str, Any]) -> None:
    without = []
    for call in operations(schema):
        body = call.get("requestBody", {}).get("content", {})
        if body and not any(map(has_example, body.values())):
            without.append(f"{call['operationId']}: request")
        for status, answer in call["responses"].items():
            contents = answer.get("content", {}).values()
            if status.startswith("2") and contents and not any(map(has_example, contents)):
                without.append(f"{call['operationId']}: {status}")
    assert without == []


def test_every_call_names_the_scope_that_it_needs(schema: dict[str, Any]) -> None:
    for call in operations(schema):
        scopes = [scope for needed in call["security"] for scope in needed["api_key"]]
        if "operators" in call["tags"]:
            assert scopes == []
            assert "Needs no key." in call["description"]
        else:
            (scope,) = scopes
            assert scope in ("read", "write", "admin")
            assert f"`{scope}`" in call["description"]


USERS_OWN = {
    "Campaign.spec",
    "Connector.settings",
    "ConnectorKind.credentials_schema",
    "ConnectorKind.settings_schema",
    "SpecifiedReplayAsked.spec",
    "Domain.json_schema",
    "DomainExample.spec",
    "Result.verbatim",
    "ResultHistory.verbatim",
    *(f"{model}.columns" for model in ("Candidate", "Decided", "Proposed", "ReleasedCandidate")),
    *(f"{model}.route" for model in ("Candidate", "Decided", "Proposed", "ReleasedCandidate")),
}
"""Properties whose content is the user's or the domain's own."""
SUMMARIES = {"Round.summary", "SamplingAnswer.summary"}


def is_open(part: dict[str, Any]) -> bool:
    """Whether anything may stand in a property."""
    if "$ref" in part or "const" in part or "enum" in part:
        return False
    choices = part.get("anyOf") or part.get("oneOf")
    if choices:
        return any(map(is_open, choices))
    if part.get("type") == "array":
        return is_open(part.get("items", part.get("prefixItems", [{}])[0]))
    if part.get("type") == "object" and "properties" not in part:
        inner = part.get("additionalProperties", True)
        return inner is True or (isinstance(inner, dict) and is_open(inner))
    return "type" not in part


def test_every_answer_is_typed(schema: dict[str, Any]) -> None:
    models = schema["components"]["schemas"]
    reached, waiting = set(), [json.dumps([answers(call) for call in operations(schema)])]
    while waiting:
        for name in set(re.findall(r'"#/components/schemas/([^"]+)"', waiting.pop())) - reached:
            reached.add(name)
            waiting.append(json.dumps(models[name]))
    found = {f"{name}.{key}" for name, key, part in properties(schema) if name in reached and is_open(part)}
    assert found - USERS_OWN - SUMMARIES == set()
    bodies = [
        content["schema"] for call in operations(schema) for content in answers(call) if "schema" in content
    ]
    assert not any(map(is_open, bodies))


def test_the_examples_are_what_the_models_say(schema: dict[str, Any]) -> None:
    """Each example has exactly the properties of its model, and values that it accepts."""
    assert set(ANSWERS) == set(MODELS)
    for name, example in ANSWERS.items():
        rebuilt = MODELS[name].model_validate(example).model_dump(mode="json", exclude_unset=True)
        assert rebuilt == example, name
        assert set(example) == set(MODELS[name].model_fields), name
    validate = {
        "create_samples": SampleRequest,
        "create_backtest": BacktestRequest,
        "create_api_key": ApiKeyRequest,
    }
    for call, model in (validate | {"decide": Decision}).items():
        body = {
            key: value for key, value in REQUESTS[call].items() if (call, key) != ("create_backtest", "table")
        }
        model.model_validate(body)
    assert set(REQUESTS) <= {operation["operationId"] for operation in operations(schema)}


def test_the_generator_of_clients_knows_every_media_type(schema: dict[str, Any]) -> None:
    known = {"application/json", "application/octet-stream", "multipart/form-data"}
    known |= set(
        yaml.safe_load((ROOT / ".ci" / "clients.yaml").read_text(encoding="utf-8"))["content_type_overrides"]
    )
    sent = {kind for call in operations(schema) for kind in call.get("requestBody", {}).get("content", {})}
    assert sent - known == set(), "name them in .ci/clients.yaml"
