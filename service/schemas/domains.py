"""An installed domain: what a campaign's `domain` may say, and what the domain computes, reads and writes."""

from typing import Any

from pydantic import BaseModel, Field


class ComputedProperty(BaseModel):
    """A property that is known without an assay; an objective or a constraint may name it."""

    name: str = Field(description="as an objective's `computed` names it")
    description: str = Field(description="what it is and how it is computed")
    units: str | None = Field(description="null for a pure number")
    range: tuple[float, float] | None = Field(
        description="usual values, by which utilities are read; null if unknown"
    )
    is_on_request: bool = Field(
        description="computed where a campaign names it; the others for every candidate"
    )


class BatchFormat(BaseModel):
    """A file format in which a batch can be downloaded with `?format=name`."""

    name: str = Field(description="what `format` is asked for")
    media_type: str = Field(description="of the file")


class DomainExample(BaseModel):
    """A small specification and some objects of its space, as table columns."""

    spec: dict[str, Any] = Field(description="what a campaign's `domain` may say")
    objects: list[dict[str, str]] = Field(description="rows of a table, by column")


class Domain(BaseModel):
    """One kind of object that a campaign can be about."""

    kind: str = Field(description="what a campaign's `domain.kind` says")
    summary: str = Field(description="what can be designed, in one sentence")
    json_schema: dict[str, Any] = Field(description="JSON Schema of a campaign's `domain`")
    computed: list[ComputedProperty] = Field(description="what is known of every object without an assay")
    formats: list[BatchFormat] = Field(description="in which batches can be downloaded")
    object_columns: list[str] = Field(description="columns by which a result row may name its object")
    examples: list[DomainExample] = Field(description="small specifications that work")


class Domains(BaseModel):
    """Every installed domain."""

    items: list[Domain] = Field(description="all of them, by kind")
    next_cursor: None = Field(default=None, description="there is one page only")
