"""Complete the OpenAPI document: problems, tags, headers, scopes and examples that FastAPI cannot derive."""

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from models.campaign.spec import CampaignSpec
from models.domains import installed
from service.api.examples import ANSWERS, REQUESTS, TEXTS
from service.api.plate_examples import PLATE_TEXTS
from service.api.problems import MEDIA_TYPE
from service.schemas.jobs import JobEvent
from service.schemas.problems import Problem
from service.schemas.rounds import RoundEvent

Responses = dict[int | str, dict[str, Any]]

DESCRIPTION = """\
Active learning for scientific discovery. A **campaign** defines a design space and objectives. Each **round**
proposes a diverse batch of **candidates**. The lab uploads **results**, and the next round learns from them.

Errors are `application/problem+json` (RFC 9457); unknown fields and query parameters are errors. A POST with
an `Idempotency-Key` takes effect once. PATCH and DELETE need `If-Match`. Lists are paged by `cursor`.
"""

TAGS = [
    {"name": "domains", "description": "Kinds of objects that can be designed."},
    {"name": "campaigns", "description": "Design spaces and objectives."},
    {"name": "collections", "description": "Lists of objects that specifications name."},
    {"name": "results", "description": "Measurements of the lab."},
    {"name": "rounds", "description": "Compute, follow and download a batch."},
    {"name": "candidates", "description": "Decisions about single candidates."},
    {"name": "plates", "description": "Lay out plates, fill them by robots, and read their wells."},
    {"name": "samples", "description": "More candidates from a trained policy, without retraining."},
    {"name": "predictions", "description": "Predictions for your own objects."},
    {"name": "backtests", "description": "A campaign replayed on a measured table against baselines."},
    {"name": "insights", "description": "Progress of a campaign, as numbers and figures."},
    {
        "name": "connectors",
        "description": "Lab systems: send them released batches, and read what they measured.",
    },
    {
        "name": "webhooks",
        "description": "Receive events as signed messages, or read the archive.",
    },
    {"name": "api keys", "description": "Keys for callers of this API."},
    {"name": "operators", "description": "Health, metrics and hooks: what needs no key."},
]


def problems(*statuses: int) -> Responses:
    """Document the problems that a route may return."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content} for status in sorted(statuses)
    }


def guarded(*statuses: int) -> Responses:
    """Document the problems of every route that needs a key, and additional ones."""
    return problems(401, 403, 408, 413, 422, 503, *statuses)


def body_of(media_types: Iterable[str], json_schema: dict[str, Any], description: str) -> dict[str, Any]:
    """Document a request body: JSON of this schema, or a file of one of the other media types."""
    content = {
        name: {
            "schema": json_schema if name == "application/json" else {"type": "string", "format": "binary"}
        }
        for name in media_types
    }
    return {"requestBody": {"required": True, "description": description, "content": content}}


def files(media_types: Iterable[str]) -> dict[str, Any]:
    """Document the media types of the files that a route may return."""
    return {name: {"schema": {"type": "string", "format": "binary"}} for name in media_types}


def header(name: str, description: str) -> dict[str, Any]:
    """Document a response header."""
    return {"headers": {name: {"description": description, "schema": {"type": "string"}}}}


ETAG = header("ETag", "the version; send it as If-Match to change the resource")
LINK = header("Link", '`rel="next"` leads to the next page')


def describe(app: FastAPI) -> None:
    """Make the application describe itself at `/openapi.json`, with problems and examples."""

    def build() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
                webhooks=app.webhooks.routes,
            )
            schemas = schema["components"]["schemas"]
            for model in (Problem, RoundEvent, JobEvent):
                schemas |= _definitions(model)
            schemas |= _definitions(CampaignSpec, "validation")
            for plugin in installed().values():  # pydantic leaves out the docstring of a union of models
                schemas[plugin.spec.__name__].setdefault("description", inspect.getdoc(plugin.spec))
            body = schema["paths"]["/v1/campaigns"]["post"]["requestBody"]["content"]["application/json"]
            # the body is validated in a child process
            body["schema"] = {"$ref": "#/components/schemas/CampaignSpec"}
            body["examples"] = _campaign_examples()
            for call in _calls(schema):
                _tell_scopes(call)
                _show_examples(call)
            app.openapi_schema = schema
        return app.openapi_schema

    async def serve() -> JSONResponse:
        return JSONResponse(app.openapi())

    app.openapi = build  # type: ignore[method-assign] # the documented way to extend it
    app.add_api_route("/openapi.json", serve, methods=["GET", "HEAD"], include_in_schema=False)


def _definitions(model: type[BaseModel], mode: JsonSchemaMode = "serialization") -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}", mode=mode)
    parts: dict[str, Any] = schema.pop("$defs", {})
    return {**parts, model.__name__: schema}


def _calls(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in schema["paths"].values():
        yield from path.values()


def _tell_scopes(call: dict[str, Any]) -> None:
    """Describe the scope that a call needs; its `security` names the scope for programs."""
    scopes = [
        scope for needed in call.setdefault("security", []) for names in needed.values() for scope in names
    ]
    words = (
        f"Needs a key with the scope {', '.join(f'`{scope}`' for scope in scopes)}."
        if scopes
        else "Needs no key."
    )
    call["description"] = f"{call.get('description', '')}\n\n{words}".strip()


def _show_examples(call: dict[str, Any]) -> None:
    """Add examples to the body and the responses of a call."""
    texts = PLATE_TEXTS.get(call["operationId"], TEXTS)
    body = call.get("requestBody", {}).get("content", {})
    for media_type, content in body.items():
        shown = (
            REQUESTS.get(call["operationId"]) if media_type == "application/json" else texts.get(media_type)
        )
        if shown is not None and "examples" not in content:
            content["example"] = shown
    for status, answer in call["responses"].items():
        for media_type, content in answer.get("content", {}).items() if status.startswith("2") else ():
            shown = _example_of(media_type.partition(";")[0], content.get("schema", {}), texts)
            if shown is not None:
                content["example"] = shown


def _example_of(media_type: str, schema: dict[str, Any], texts: Mapping[str, str]) -> Any:
    if media_type == "text/event-stream":
        data = _named(schema["properties"]["data"]["contentSchema"])
        return f"id: 4\nevent: progress\ndata: {json.dumps(ANSWERS[data])}\n\n" if data in ANSWERS else None
    name = _named(schema)
    if name.startswith("Page_"):
        item = ANSWERS.get(name.removeprefix("Page_").rstrip("_"))
        return None if item is None else {"items": [item], "next_cursor": None}
    return ANSWERS.get(name, texts.get(media_type))


def _named(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _campaign_examples() -> dict[str, dict[str, Any]]:
    """Return one complete campaign per installed domain, from the domain's own example."""
    examples: dict[str, dict[str, Any]] = {}
    for kind, plugin in installed().items():
        spec, _ = plugin.examples[0]
        computed = sorted(plugin.open(plugin.spec.model_validate(spec)).computed)[:1]
        objectives: list[dict[str, str]] = [{"name": "activity", "type": "pIC50"}]
        objectives += [{"name": name, "computed": name} for name in computed]
        value = {"name": f"First {kind} campaign", "domain": {"kind": kind, **spec}, "objectives": objectives}
        examples[kind] = {"summary": plugin.summary, "value": value}
    return examples
