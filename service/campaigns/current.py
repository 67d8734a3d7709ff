"""Which results count: neither corrected nor withdrawn, and not ended by a later test. All readers ask here."""

from collections.abc import Collection, Mapping
from itertools import compress
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from models.data.retests import AssayResult, counts
from models.records import Measurement
from models.specs.decisions import RetestPolicy
from service.store import results
from service.store.results import ReadUntil

_MEASURED = tuple(name for name in Measurement.__slots__ if name != "round")


def retest_policies(spec: Mapping[str, Any]) -> dict[str, RetestPolicy]:
    """Return what a stored specification says of later tests, by assay type."""
    policies: dict[str, RetestPolicy] = spec.get("proxies", {}).get("retests", {})
    return policies


def measurements(session: Session, campaign_id: UUID, snapshot: Mapping[str, Any]) -> list[Measurement]:
    """Return what counted when a snapshot was taken, in the order of the tests.

    A snapshot from before there were amendments counts everything, as it did when its round read it.
    """
    last = snapshot.get("last_amendment")
    read = ReadUntil(snapshot["last_sequence"], 0 if last is None else last)
    return _counting(session, campaign_id, read, None if last is None else snapshot["retests"])


def current_measurements(session: Session, campaign_id: UUID, spec: Mapping[str, Any]) -> list[Measurement]:
    """Return what counts now under a stored specification, in the order of the tests."""
    return _counting(session, campaign_id, ReadUntil(), retest_policies(spec))


def current_outcomes(
    session: Session, candidate_ids: Collection[UUID], spec: Mapping[str, Any]
) -> dict[UUID, list[tuple[str, str]]]:
    """Return the (type, outcome) pairs of each candidate's own results that count."""
    policies = retest_policies(spec)
    found = {}
    for candidate_id, rows in results.outcomes(session, candidate_ids).items():
        kept = compress(rows, counts([_tested(row) for row in rows], policies))
        found[candidate_id] = [(row["type"], row["outcome"]) for row in kept]
    return found


def _counting(
    session: Session, campaign_id: UUID, read: ReadUntil, policies: Mapping[str, RetestPolicy] | None
) -> list[Measurement]:
    rows = results.measured(session, campaign_id, read)
    kept = rows if policies is None else compress(rows, counts([_tested(row) for row in rows], policies))
    return [Measurement(**{name: row[name] for name in (*_MEASURED, "round")}) for row in kept]


def _tested(row: RowMapping) -> AssayResult:
    return AssayResult(row["object"], row["type"], row["outcome"], row["assay_version"], row["test"])
