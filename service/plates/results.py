"""Findings of a plate as rows of an upload: the same columns that a person would fill in."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from models.campaign.spec import CampaignSpec
from models.records import Relation
from service.exchange.assays import Assay, find_assay
from service.exchange.logarithms import is_logarithm
from service.exchange.problems import RowProblem
from service.exchange.units import are_convertible, are_molar, convert, same_units
from service.plates.problems import invalid
from service.plates.records import Analysis, Finding, Quality
from service.plates.specs import LayoutSpec

_TURNED: Mapping[Relation, Relation] = {">": "<", "<": ">", "=": "="}
Row = dict[str, Any]


def check_assay(spec: LayoutSpec, campaign: CampaignSpec) -> Assay:
    """Return the assay of the campaign that a plate measures.

    Raises:
        UnprocessableError: if the campaign reads no such assay, or not in these units.
    """
    try:
        assay = find_assay(spec.type, campaign)
    except RowProblem as problem:
        raise invalid("/type", problem.detail) from problem
    if not assay.is_read:
        reads = ", ".join(campaign.quantities()) or "nothing"
        raise invalid("/type", f"the campaign does not read {spec.type}; it reads {reads}")
    _check_units(spec, assay)
    return assay


def _check_units(spec: LayoutSpec, assay: Assay) -> None:
    """Check that what a plate measures fits the units in which the campaign reads it.

    Raises:
        UnprocessableError: if it cannot.
    """
    kind, units, doses = assay.type, assay.quantity.units, spec.doses.units
    if spec.readout != "ic50":
        if units is not None and not same_units(units, "%"):
            raise invalid("/readout", f"a percentage is no {kind}, which the campaign reads in {units}")
    elif _is_negative_logarithm(assay):
        if not are_molar(doses):
            raise invalid("/doses/units", f"{kind} is a logarithm of mol/L, which {doses} is not")
    elif units is not None and not are_convertible(doses, units):
        raise invalid("/doses/units", f"{doses} cannot be converted to {units}, in which {kind} is read")
    elif units is None and is_logarithm(kind):
        raise invalid("/type", f"{kind} is a logarithm of no concentration")


def result_rows(spec: LayoutSpec, assay: Assay, analysis: Analysis) -> bytes:
    """Return the findings of a plate as a JSON table of results, one row a candidate."""
    return _table(_row(item, spec, assay, analysis.quality) for item in analysis.findings)


def failed_rows(spec: LayoutSpec, assay: Assay, reasons: Mapping[UUID, str]) -> bytes:
    """Return candidates of which no well was filled as failed results, with the reasons."""
    return _table(_failed(candidate_id, reason, spec, assay) for candidate_id, reason in reasons.items())


def _table(rows: Iterable[Row]) -> bytes:
    return json.dumps(
        [{name: value for name, value in row.items() if value is not None} for row in rows]
    ).encode()


def _row(item: Finding, spec: LayoutSpec, assay: Assay, quality: Quality) -> Row:
    if item.verdict == "failed" or item.value is None:
        return _failed(item.candidate_id, item.reason or "no value", spec, assay)
    comment = "; ".join((*_comment_parts(item, spec), *quality.flags))
    return {**_common(item.candidate_id, spec, assay), **_quantity(item, spec, assay), "comment": comment}


def _common(candidate_id: UUID, spec: LayoutSpec, assay: Assay) -> Row:
    return {
        "candidate_id": str(candidate_id),
        "type": assay.type,
        "plate": spec.name,
        "external_id": f"{spec.name}/{candidate_id}",
        "assay_version": spec.assay_version,
    }


def _failed(candidate_id: UUID, reason: str, spec: LayoutSpec, assay: Assay) -> Row:
    return {**_common(candidate_id, spec, assay), "outcome": "assay_failed", "comment": reason}


def _quantity(item: Finding, spec: LayoutSpec, assay: Assay) -> Row:
    """Return relation, value, units and error on the scale on which the campaign reads the assay."""
    assert item.value is not None
    if spec.readout != "ic50":
        return _numbers(item.relation, item.value, "%", item.standard_error)
    if not _is_negative_logarithm(assay):
        return _numbers(item.relation, item.value, spec.doses.units, item.standard_error)
    value = -math.log10(convert(item.value, spec.doses.units, "mol/L"))
    error = item.curve.log_error if item.curve is not None and item.relation == "=" else None
    return _numbers(_TURNED[item.relation], value, None, error or None)


def _numbers(relation: Relation, value: float, units: str | None, error: float | None) -> Row:
    digits = {
        "value": float(f"{value:.6g}"),
        "standard_error": None if error is None else float(f"{error:.4g}"),
    }
    return {"relation": relation, "units": units, **digits}


def _is_negative_logarithm(assay: Assay) -> bool:
    """Return whether a campaign reads an assay as -log10 of mol/L, as pIC50."""
    return assay.quantity.units is None and assay.type[:1] == "p" and is_logarithm(assay.type)


def _comment_parts(item: Finding, spec: LayoutSpec) -> list[str]:
    parts = [f"{item.n_wells} wells"]
    if item.curve is not None and item.relation == "=":
        curve, units = item.curve, spec.doses.units
        parts.append(f"95 % interval {curve.low:.3g} to {curve.high:.3g} {units}")
        parts.append(f"Hill {curve.hill:.2f}, bottom {curve.bottom:.0f} %, top {curve.top:.0f} %")
    return [*parts, *([item.reason] if item.reason else []), *item.flags]
