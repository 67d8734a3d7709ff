"""The client and the API's own description agree: addresses, methods and members of answers."""

import importlib
import inspect
import pkgutil
import re
import typing
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from scripted_api import CLIENT

from assayflow import Client
from assayflow.client import shapes
from assayflow.client.operations import Resource
from service.app import create_app
from service.settings import Settings

RENAMED = {
    "Samples": "Sampling", "SamplesAnswer": "SamplingAnswer", "Predictions": "Predicting",
    "PredictionsAnswer": "PredictingAnswer", "Upload": "Uploading", "UploadAnswer": "UploadingAnswer",
    "Backtest": "BacktestSummary", "ConnectorCheck": "Check", "ArchivedEvent": "Event",
}  # fmt: skip
NOT_CALLED = {"/v1/hooks/{connector_id}"}
"""Routes of other systems."""
NOT_SERVED = {"Job"}
"""Shapes that several answers share."""


@pytest.fixture(scope="module")
def description(settings: Settings) -> dict[str, Any]:
    described: dict[str, Any] = create_app(settings).openapi()
    return described


def shapes_of_answers() -> list[type[Any]]:
    found = []
    for module in pkgutil.iter_modules(shapes.__path__, f"{shapes.__name__}."):
        loaded = importlib.import_module(module.name)
        found += [
            each
            for each in vars(loaded).values()
            if typing.is_typeddict(each)
            and each.__module__ == module.name
            and each.__name__ not in NOT_SERVED
        ]
    return found


@pytest.mark.parametrize("shape", shapes_of_answers(), ids=lambda shape: shape.__name__)
def test_the_members_of_an_answer_are_those_of_the_api(shape: type[Any], description: dict[str, Any]) -> None:
    schema = description["components"]["schemas"][RENAMED.get(shape.__name__, shape.__name__)]
    assert set(shape.__annotations__) | inherited(shape) == set(schema["properties"])


def inherited(shape: type[Any]) -> set[str]:
    return {*shape.__required_keys__, *shape.__optional_keys__}


def calls() -> list[tuple[str, str]]:
    """Return method and path of every call, found by making each with made-up values."""
    sent: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.method, request.url.path))
        body = {
            "items": [], "next_cursor": None, "candidates": [], "rounds": 1, "id": "ID", "state": "succeeded",
            "progress": 1, "message": "", "failure": None, "number": 7,
        }  # fmt: skip
        return httpx.Response(200, json=body, headers={"ETag": '"1"'})

    with Client(**CLIENT, transport=httpx.MockTransport(answer)) as client:
        for resource in vars(client).values():
            if isinstance(resource, Resource):
                for name, describe in inspect.getmembers(
                    type(resource), lambda each: hasattr(each, "_describe")
                ):
                    call_with_made_up_values(getattr(resource, name), describe, sent)
    return sent


def call_with_made_up_values(method: Any, describe: Any, sent: list[tuple[str, str]]) -> None:
    from assayflow import AssayflowError
    from assayflow.client.resources.plates import PlateAddress, PlateFile

    made_up = {
        "number": 7, "spec": {}, "changes": {}, "row": {}, "request": {}, "layout": {}, "table": [{}],
        "at": PlateAddress("ID", 7, "ID"), "file": PlateFile(b""),
        "since": datetime.now(UTC), "path": "/dev/null", "status": "approved",
    }  # fmt: skip
    parameters = list(inspect.signature(describe.__wrapped__).parameters.values())[1:]
    given = [
        made_up.get(each.name, "ID")
        for each in parameters
        if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD
    ]
    before = len(sent)
    try:
        result = method(*given)
        if hasattr(result, "__iter__") and not isinstance(result, dict | bytes | tuple | list):
            list(result)
    except (AssayflowError, AssertionError, IndexError, KeyError):
        pass  # the made-up answer is nothing that the call returns; what it sent counts
    assert len(sent) > before, f"{describe.__name__} sends nothing"


def test_every_call_has_a_route(description: dict[str, Any]) -> None:
    routes = [
        (method.upper(), re.compile(re.sub(r"\{\w+\}", "[^/]+", path)))
        for path, methods in description["paths"].items()
        for method in methods
    ]
    unknown = [
        call
        for call in calls()
        if not any(call[0] == method and path.fullmatch(call[1]) for method, path in routes)
    ]
    assert unknown == []


def test_every_route_has_a_call(description: dict[str, Any]) -> None:
    made = calls()
    missing = [
        f"{method.upper()} {path}"
        for path, methods in description["paths"].items()
        for method in methods
        if path.startswith("/v1/") and not path.endswith("}/events") and path not in NOT_CALLED
        if not any(
            call[0] == method.upper() and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), call[1])
            for call in made
        )
    ]
    assert missing == []
