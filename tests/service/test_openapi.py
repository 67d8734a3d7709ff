"""The API's own description for generated clients: the committed file equals the service's response."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def description() -> str:
    """Return the description of a separate process, in which the test domain is not installed."""
    program = "import runpy; print(runpy.run_path('docs/openapi.py')['description'](), end='')"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], env=environment, cwd=ROOT, check=True, capture_output=True, encoding="utf-8"
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
    assert [name for name, times in names.items() if times > 1 or not name.isidentifier() or "v1" in name] == []


def test_a_nested_object_has_no_title_by_which_a_generator_would_name_another_model(schema: dict[str, Any]) -> None:
    """Generators name an object within a model by the model and the title: together no other model's name."""
    models = schema["components"]["schemas"]
    named = [
        owner + part.get("title", "").title().replace(" ", "")
        for owner, model in models.items()
        for part in model.get("properties", {}).values()
        if part.get("type") == "object"
    ]
    assert [name for name in named if name in models] == []
