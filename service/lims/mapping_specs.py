"""What a link says of the other system's fields, as data: of materials, of orders, and of results.

A value of ours is named by a source: a constant with `=` in front, `column:smiles`,
`property:molecular_weight`, `prediction:potency.mean`, or one of the plain words of `SOURCES`. A value of
theirs is the name of a field of a measurement, or a constant with `=` in front.
"""

from __future__ import annotations

import re
import string
from typing import Annotated, Literal

from pydantic import Field, field_validator

from models.specs.columns import FIELDS
from service.lims.contract import Standing, StrictModel

SOURCES = (
    "candidate_id",
    "object",
    "display",
    "rank",
    "round",
    "campaign_id",
    "campaign",
    "purpose",
    "why",
    "status",
    "batch_sha256",
    "url",
)
"""What a field may be filled with, beside constants, columns, properties and predictions."""
NAME_PARTS = ("prefix", "campaign", "round", "rank", "display")
"""What the name of a material or an order is made of; `prefix` is unique to the campaign."""
ROW_FIELDS = tuple(name for name in FIELDS if name not in ("candidate_id", "external_id"))
"""What a measurement may fill in a row of results; its id and its candidate are known already."""
MOST_FIELDS = 200
_SOURCE = re.compile(r"=.*|column:.+|property:.+|prediction:[^.]+\.(mean|sd|lower|upper)", re.DOTALL)

_Text = Annotated[str, Field(min_length=1, max_length=500)]
_Fields = Annotated[dict[_Text, _Text], Field(max_length=MOST_FIELDS)]
_Words = Annotated[dict[_Text, _Text], Field(max_length=MOST_FIELDS)]


def _check_name(value: str) -> str:
    try:
        parts = [(name, rule) for _, name, rule, _ in string.Formatter().parse(value) if name is not None]
    except ValueError as error:
        message = f"no name: {error}"
        raise ValueError(message) from error
    if unknown := [name for name, _ in parts if name not in NAME_PARTS]:
        message = f"a name is made of {', '.join(NAME_PARTS)}; there is no {unknown[0]!r}"
        raise ValueError(message)
    if wrong := [
        rule for name, rule in parts if rule and not (name in ("round", "rank") and rule.isdecimal())
    ]:
        message = f"only round and rank have a width, as in {{rank:03}}; {wrong[0]!r} is none"
        raise ValueError(message)
    return value


def _check_sources(value: dict[str, str]) -> dict[str, str]:
    for name, source in value.items():
        if source not in SOURCES and not _SOURCE.fullmatch(source):
            known = ", ".join(SOURCES)
            message = (
                f"{name}: {source[:60]!r} is no source: give a constant as '=text', 'column:<name>', "
                f"'property:<name>', 'prediction:<objective>.mean', or one of {known}"
            )
            raise ValueError(message)
    return value


class MaterialMapping(StrictModel):
    """How a candidate becomes a record of the other system."""

    name: str = Field(
        "{prefix}-R{round}-{rank:03}",
        max_length=200,
        description="its name, made of prefix, campaign, round, rank",
    )
    record_schema: str | None = Field(
        None, alias="schema", max_length=200, description="the other system's schema, sample type or category"
    )
    fields: _Fields = Field(
        default_factory=dict, description="field there -> source here, such as prediction:potency.mean"
    )

    _name = field_validator("name")(_check_name)
    _fields = field_validator("fields")(_check_sources)


class OrderMapping(StrictModel):
    """How a released batch becomes a record of the other system."""

    name: str = Field(
        "{prefix}-R{round}", max_length=200, description="its name, made of prefix, campaign and round"
    )
    record_schema: str | None = Field(
        None, alias="schema", max_length=200, description="the other system's schema, template or category"
    )
    folder: str | None = Field(
        None, max_length=500, description="where it is put there: a folder, project or client"
    )
    fields: _Fields = Field(default_factory=dict, description="field there -> source here")
    files: tuple[str, ...] = Field(
        (), max_length=10, description="formats of the batch that are attached, such as xlsx or sdf"
    )

    _name = field_validator("name")(_check_name)
    _fields = field_validator("fields")(_check_sources)


class StandingRule(StrictModel):
    """Which measurements count, by a field of theirs; text without a rule is preliminary and is not read."""

    field: _Text = Field(description="the field there that says so")
    words: Annotated[dict[_Text, Standing], Field(max_length=MOST_FIELDS)] = Field(
        description="its text -> final, preliminary or withdrawn"
    )
    otherwise: Literal["final", "preliminary"] = Field("preliminary", description="of any other text")


class ResultMapping(StrictModel):
    """How measurements of one schema or assay there become rows of results."""

    source: str = Field(
        min_length=1, max_length=500, description="the schema, assay or sheet there; * is any"
    )
    row: _Fields = Field(
        description="a row's field, such as type, value or units -> field there, or a constant as in '=IC50'"
    )
    words: dict[str, _Words] = Field(
        default_factory=dict,
        max_length=len(ROW_FIELDS),
        description="a row's field -> text there -> text here, as in outcome: {no fit: assay_failed}",
    )
    standing: StandingRule | None = Field(None, description="which measurements count; all when it is absent")

    @field_validator("row", "words")
    @classmethod
    def _has_row_fields(cls, value: dict[str, object]) -> dict[str, object]:
        if unknown := [name for name in value if name not in ROW_FIELDS]:
            message = f"a row has no {unknown[0]!r}; it has {', '.join(ROW_FIELDS)}"
            raise ValueError(message)
        return value

    @field_validator("row")
    @classmethod
    def _says_what_and_how_much(cls, value: dict[str, str]) -> dict[str, str]:
        if missing := [name for name in ("type", "value") if name not in value]:
            message = (
                f"say where the {missing[0]} of a result is, as a field there or a constant such as '=IC50'"
            )
            raise ValueError(message)
        return value


class LinkMapping(StrictModel):
    """A link's whole mapping. Result files are read as uploads are, with the reading that is named."""

    materials: MaterialMapping = Field(
        default_factory=MaterialMapping, description="candidates as their records"
    )
    order: OrderMapping | None = Field(
        default_factory=OrderMapping,
        description="a released batch as their record; null where none is to be made",
    )
    results: tuple[ResultMapping, ...] = Field(
        (), max_length=50, description="their measurements as rows of results"
    )
    reading: str | None = Field(
        None, max_length=100, description="the campaign's reading with which files are read"
    )
    folder: str | None = Field(
        None, max_length=500, description="where results are looked for, if the system has folders"
    )
