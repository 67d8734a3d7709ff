"""Translate candidates into the other system's fields, and its measurements into rows of results.

Pure: a mapping and records in, records out. Numbers keep the digits that they came with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from service.lims.contract import Material, Order, Structure
from service.lims.mapping_specs import OrderMapping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from service.lims.contract import FieldValue, File, MeasuredRecord, RemoteRecord, Standing
    from service.lims.mapping_specs import LinkMapping, ResultMapping

_FORMATS = ("smiles", "helm", "sequence", "formula")
"""Columns of objects that are structures in a format of the same name, the first one wins."""
_PARTS = {"mean": "mean", "sd": "sd", "lower": "low", "upper": "high"}
_LONGEST_SLUG = 20
_MATERIAL = "AF-"
ANY_SOURCE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateView:
    """A candidate as a mapping sees it; `payload` is what explains the choice."""

    id: str
    rank: int
    object: str
    display: str
    columns: Mapping[str, Any]
    purpose: str
    status: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchContext:
    """The round and the campaign that candidates belong to."""

    campaign_id: str
    campaign: str
    round: int
    round_id: str
    batch_sha256: str | None = None

    @property
    def prefix(self) -> str:
        """What makes names unique among installations that share one system: a slug and part of the id."""
        slug = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in self.campaign)
        words = "-".join(word for word in slug.split("-") if word)[:_LONGEST_SLUG].strip("-") or "campaign"
        return f"{words}-{self.campaign_id.replace('-', '')[:4]}"


class MappedRows(NamedTuple):
    """Measurements as rows of results.

    Attributes:
        rows: for the reading of uploads; each has `candidate_id`, and the measurement's id as `external_id`.
        withdrawn: ids of measurements that count no more.
        notes: why a measurement gave no row, in words that need nobody.
    """

    rows: Sequence[dict[str, str]]
    withdrawn: Sequence[str]
    notes: Sequence[str]


def material_key(candidate_id: str) -> str:
    """Return the key of a candidate's record: its id, in the form that every system admits as a code."""
    return f"{_MATERIAL}{candidate_id.replace('-', '').upper()}"


def candidate_id_of(key: str) -> str | None:
    """Return the id of the candidate whose record has this key; None if `material_key` made no such key."""
    prefix, digits = key[: len(_MATERIAL)].upper(), key[len(_MATERIAL) :]
    is_key = prefix == _MATERIAL and re.fullmatch(r"[0-9A-Fa-f]{32}", digits) is not None
    return str(UUID(digits)) if is_key else None


def order_key(round_id: str) -> str:
    """Return the key of a round's order."""
    return f"AFR-{round_id.replace('-', '').upper()}"


def material_of(mapping: LinkMapping, item: CandidateView, context: BatchContext) -> Material:
    """Return a candidate as a material of the other system."""
    wanted = mapping.materials
    return Material(
        key=material_key(item.id),
        name=_name(wanted.name, context, rank=item.rank, display=item.display),
        schema=wanted.record_schema,
        structure=structure_of(item),
        fields={name: value_of(source, context, item) for name, source in wanted.fields.items()},
    )


def order_of(
    mapping: LinkMapping,
    context: BatchContext,
    materials: Sequence[RemoteRecord] = (),
    files: Sequence[File] = (),
) -> Order:
    """Return a released batch as an order of the other system."""
    wanted = mapping.order or OrderMapping()
    return Order(
        key=order_key(context.round_id),
        name=_name(wanted.name, context, rank=0, display=""),
        materials=materials,
        schema=wanted.record_schema,
        folder=wanted.folder,
        fields={name: value_of(source, context, None) for name, source in wanted.fields.items()},
        files=files,
    )


def structure_of(item: CandidateView) -> Structure:
    """Return what a candidate is, in the first format that its domain has; else as a mixture in words."""
    for name in _FORMATS:
        text = item.columns.get(name)
        if isinstance(text, str) and text:
            return Structure(format=name, text=text)  # type: ignore[arg-type] # names are formats
    return Structure(format="mixture", text=item.display)


def value_of(source: str, context: BatchContext, item: CandidateView | None) -> FieldValue:
    """Return what a source of a mapping says; None where there is nothing, as in an order's own column."""
    if source.startswith("="):
        return source[1:]
    kind, _, name = source.partition(":")
    if not name:
        return _plain(source, context, item)
    if item is None:
        return None
    if kind == "column":
        return _scalar(item.columns.get(name))
    if kind == "property":
        return _scalar(item.payload.get("computed", {}).get(name))
    objective, _, part = name.rpartition(".")
    return _scalar(item.payload.get("predictions", {}).get(objective, {}).get(_PARTS[part]))


def _plain(source: str, context: BatchContext, item: CandidateView | None) -> FieldValue:
    of_batch: dict[str, FieldValue] = {
        "round": context.round,
        "campaign": context.campaign,
        "campaign_id": context.campaign_id,
        "batch_sha256": context.batch_sha256,
    }
    if source in of_batch:
        return of_batch[source]
    if item is None:
        return None
    of_candidate: dict[str, FieldValue] = {
        "candidate_id": item.id,
        "why": item.payload.get("reason"),
        **{name: getattr(item, name) for name in ("object", "display", "rank", "purpose", "status")},
    }
    return of_candidate[source]


def _scalar(value: Any) -> FieldValue:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _name(pattern: str, context: BatchContext, *, rank: int, display: str) -> str:
    return pattern.format(
        prefix=context.prefix, campaign=context.campaign, round=context.round, rank=rank, display=display
    )


def rows_of(
    mapping: LinkMapping,
    records: Sequence[MeasuredRecord],
    candidate_of: Callable[[RemoteRecord], str | None],
) -> MappedRows:
    """Return measurements as rows of results, in their order.

    Materials of others are passed over: a schema may be shared. A field that is blank has not been measured
    yet; one that is absent is a mapping that does not fit, and its row is rejected by the reading.

    Args:
        mapping: the link's.
        records: measurements of the other system.
        candidate_of: says which of this campaign's candidates a record there is, by its id; None for others.
    """
    rows: list[dict[str, str]] = []
    withdrawn: list[str] = []
    notes: dict[str, None] = {}
    for record in records:
        rule = rule_for(mapping, record.source)
        if rule is None:
            notes[f"the mapping reads nothing of {record.source!r}"] = None
            continue
        standing, candidate_id = standing_of(rule, record), candidate_of(record.about)
        if standing == "withdrawn":
            withdrawn.append(record.id)
        elif candidate_id is not None and standing == "preliminary":
            notes[f"{record.source} {record.id} is not final"] = None
        elif candidate_id is not None and (row := _row(rule, record)) is not None:
            rows.append({**row, "candidate_id": candidate_id, "external_id": record.id})
    return MappedRows(rows, withdrawn, tuple(notes))


def rule_for(mapping: LinkMapping, source: str) -> ResultMapping | None:
    """Return how measurements of a source are read: by its own rule, else by that of any source."""
    by_source = {rule.source: rule for rule in reversed(mapping.results)}
    return by_source.get(source) or by_source.get(ANY_SOURCE)


def standing_of(rule: ResultMapping, record: MeasuredRecord) -> Standing:
    """Return whether a measurement counts: one that its system withdrew never does."""
    if rule.standing is None or record.standing == "withdrawn":
        return record.standing
    text = record.fields.get(rule.standing.field, "").strip()
    by_text = {word.casefold(): standing for word, standing in rule.standing.words.items()}
    return by_text.get(text.casefold(), rule.standing.otherwise)


def _row(rule: ResultMapping, record: MeasuredRecord) -> dict[str, str] | None:
    """Return a row; None while there is neither a value nor an outcome."""
    row: dict[str, str] = {}
    for name, source in rule.row.items():
        text = source[1:] if source.startswith("=") else record.fields.get(source, "").strip()
        words = {word.casefold(): meaning for word, meaning in rule.words.get(name, {}).items()}
        text = words.get(text.casefold(), text)
        if text:
            row[name] = text
    if "measured_at" not in row and record.measured_at is not None:
        row["measured_at"] = record.measured_at.isoformat()
    is_blank = rule.row["value"] in record.fields and not (row.get("value") or row.get("outcome"))
    return None if is_blank else row
