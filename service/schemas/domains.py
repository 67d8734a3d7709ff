"""An installed domain: what a campaign's `domain` may say, and what the domain computes, reads and writes."""

from typing import Any

from pydantic import BaseModel, Field


class ComputedProperty(BaseModel):
    """A property that is known without an assay; an objective or a constraint may name it."""

    name: str
    description: str
    units: str | None
    range: tuple[float, float] | None


class BatchFormat(BaseModel):
    """A file format in which a batch can be downloaded with `?format=name`."""

    name: str
    media_type: str


class DomainExample(BaseModel):
    """A small specification and some objects of its space, as table columns."""

    spec: dict[str, Any]
    objects: list[dict[str, str]]


class Domain(BaseModel):
    """One kind of object that a campaign can be about."""

    kind: str
    summary: str
    json_schema: dict[str, Any] = Field(description="JSON Schema of a campaign's `domain`")
    computed: list[ComputedProperty]
    formats: list[BatchFormat]
    object_columns: list[str] = Field(description="columns by which a result row may name its object")
    examples: list[DomainExample]


class Domains(BaseModel):
    """Every installed domain."""

    items: list[Domain]
    next_cursor: None = Field(default=None, description="there is one page only")
