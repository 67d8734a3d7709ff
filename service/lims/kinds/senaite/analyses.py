"""Analyses of SENAITE as measurements."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from service.lims.contract import MeasuredRecord, RemoteRecord, Standing
from service.lims.kinds.senaite.api import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXTS = ("Result", "DetectionLimitOperand", "Unit", "Uncertainty", "Remarks", "Method", "RetestOf")
_WITHDRAWN = ("retracted", "cancelled")
_WITHDRAWN_SAMPLE = ("invalid", "cancelled")


def measured_record(
    record: RemoteRecord, sample: Mapping[str, Any], analysis: Mapping[str, Any], counts: str
) -> MeasuredRecord:
    """Return an analysis as a measurement.

    A retest is another analysis, so that a correction withdraws one measurement and brings another.

    Args:
        record: the sample that was written.
        sample: the sample, part or retest that has the analysis.
        analysis: whole, as `complete=yes` gives it.
        counts: `verified` if a result counts before it was published.
    """
    keyword = text_of(analysis.get("Keyword") or analysis.get("getKeyword"))
    state = text_of(analysis.get("review_state"))
    fields = {name: text_of(analysis.get(name)) for name in _TEXTS}
    for interim in analysis.get("InterimFields") or ():
        fields.setdefault(text_of(interim.get("keyword")), text_of(interim.get("value")))
    fields |= {
        "Relation": fields["DetectionLimitOperand"] or "=",
        "Keyword": keyword,
        "Title": text_of(analysis.get("title")),
        "FormattedResult": text_of(analysis.get("getFormattedResult")),
        "State": state,
        "Outcome": state if state == "rejected" else "",
        "Sample": text_of(sample.get("id")),
    }
    standing = _standing(state, text_of(sample.get("review_state")), counts)
    content = json.dumps([fields, standing], sort_keys=True)
    return MeasuredRecord(
        id=text_of(analysis["uid"]),
        source=keyword,
        about=record,
        fields=fields,
        version=hashlib.sha256(content.encode()).hexdigest()[:16],
        standing=standing,
        measured_at=_moment(analysis.get("ResultCaptureDate")),
    )


def removed_record(record: RemoteRecord, id_: str, version: str, source: str) -> MeasuredRecord:
    """Return what is said of an analysis that was taken off its sample."""
    return MeasuredRecord(
        id=id_, source=source, about=record, fields={}, version=f"gone {version}", standing="withdrawn"
    )


def _standing(state: str, sample_state: str, counts: str) -> Standing:
    if state in _WITHDRAWN or sample_state in _WITHDRAWN_SAMPLE:
        return "withdrawn"
    is_final = state in ("published", "rejected") or (state == "verified" and counts == "verified")
    return "final" if is_final else "preliminary"


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text_of(value))
    except ValueError:
        return None
