"""Judge requests and answers by a vendor's own OpenAPI 3.0 file, more strictly than the file does.

What a schema composes with `allOf` is merged first: many files forbid further members beside an `allOf`,
which would forbid all of them. Members that a schema does not name are refused wherever it names any.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jsonschema_rs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]
_KEPT = (
    "type",
    "enum",
    "required",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minLength",
    "pattern",
    "format",
    "additionalProperties",
)


@dataclass
class VendorSchemas:
    """An OpenAPI file; `overruled` are operations -> the component that their 200 must match instead."""

    document: Json
    overruled: Mapping[str, str] = field(default_factory=dict)

    def problems(self, exchanges: list[tuple[str, str, bytes, int, bytes]], base: str) -> Iterator[str]:
        """Yield what is wrong with (method, path, body, status, answer)."""
        for method, path, sent, status, answered in exchanges:
            where = f"{method} {path} {status}"
            operation = self.operation(method, path.removeprefix(base))
            if operation is None:
                yield f"{where}: the vendor has no such operation"
                continue
            wanted = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if wanted is not None and status < 400:
                yield from self._compared(wanted["schema"], sent, f"{where}: the request")
            responses = operation["responses"]
            if str(status) in responses:
                schema = responses[str(status)]["content"]["application/json"]["schema"]
                if status == 200 and operation["operationId"] in self.overruled:
                    name = self.overruled[operation["operationId"]]
                    schema = {"$ref": f"#/components/schemas/{name}"}
                yield from self._compared(schema, answered, f"{where}: the answer")
            elif status < 400:
                yield f"{where}: the vendor has no such answer"

    def operation(self, method: str, path: str) -> Json | None:
        """Return the operation of a path; one that is spelled out goes before one with parameters."""
        for template, operations in sorted(self.document["paths"].items(), key=lambda item: "{" in item[0]):
            pattern = re.sub(r"\\\{[^}]+\\\}", "[^/:]+", re.escape(template))
            if re.fullmatch(pattern, path) and method.lower() in operations:
                return operations[method.lower()]
        return None

    def parameters(self, method: str, path: str) -> set[str]:
        """Return the names of an operation's query parameters."""
        operation = self.operation(method, path) or {}
        given = [self._resolved(item) for item in operation.get("parameters", ())]
        return {item["name"] for item in given if item["in"] == "query"}

    def _compared(self, schema: Json, content: bytes, where: str) -> Iterator[str]:
        validator = jsonschema_rs.Draft202012Validator(self._merged(schema), validate_formats=True)
        for error in validator.iter_errors(json.loads(content)):
            place = "/".join(map(str, error.instance_path))
            yield f"{where} at {place or 'the top'}: {error.message[:300]}"

    def _resolved(self, schema: Json) -> Json:
        while "$ref" in schema:
            target: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            schema = target
        return schema

    def _merged(self, schema: Json, depth: int = 0) -> Json:
        """Return a JSON schema without references and `allOf`; what is deeper than 12 is not judged."""
        schema = self._resolved(schema)
        if depth > 12:
            return {}
        made: Json = {}
        for part in schema.get("allOf", ()):
            made = _joined(made, self._merged(part, depth + 1))
        made = _joined(made, self._own(schema, depth))
        if made.get("properties") and "additionalProperties" not in made:
            made["additionalProperties"] = False
        if schema.get("nullable"):
            return {"anyOf": [made, {"type": "null"}]}
        return made

    def _own(self, schema: Json, depth: int) -> Json:
        made = {name: schema[name] for name in _KEPT if name in schema}
        if isinstance(made.get("additionalProperties"), dict):
            made["additionalProperties"] = self._merged(made["additionalProperties"], depth + 1)
        if "properties" in schema:
            made["properties"] = {
                name: self._merged(item, depth + 1) for name, item in schema["properties"].items()
            }
        if "items" in schema:
            made["items"] = self._merged(schema["items"], depth + 1)
        for name in ("oneOf", "anyOf"):
            if name in schema:
                made[name] = [self._merged(item, depth + 1) for item in schema[name]]
        return made


def _joined(first: Json, second: Json) -> Json:
    """Return two parts of an `allOf` as one schema; the later one of two types of a member holds."""
    joined = {**first, **second}
    if "properties" in first or "properties" in second:
        joined["properties"] = {**first.get("properties", {}), **second.get("properties", {})}
    if "required" in first or "required" in second:
        joined["required"] = sorted({*first.get("required", ()), *second.get("required", ())})
    return joined
