"""What a later word of another system ends: results that it withdrew, or says otherwise.

What people corrected or withdrew here stays as they left it, until the system says something new.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from sqlalchemy.orm import Session

from service.campaigns import results as settling
from service.exchange import ParsedRow, Report
from service.integrations.receipt_plans import SENT_BY, ReadingPlan
from service.records import StandardResult
from service.store import amendments, results
from service.store.amendments import Reason
from service.store.tables import Amendment, Campaign, Result

WITHDRAWN_THERE = "withdrawn in the system behind the connector"
SAID_OTHERWISE = "no longer said so by the connector"
OURS = (SENT_BY, WITHDRAWN_THERE, SAID_OTHERWISE)
"""How reasons begin that no person gave."""


class Decided(NamedTuple):
    """A result that a connector brought, and how a person ended it."""

    result: StandardResult
    end: Amendment

    @property
    def reason(self) -> str:
        """Why the same is not stored again."""
        done = "corrected" if self.end.kind == "correction" else "withdrawn"
        return f"was {done} here on {self.end.created_at:%Y-%m-%d} ({self.end.reason}) and stays so"


def withdraw_gone(session: Session, campaign: Campaign, plan: ReadingPlan) -> int:
    """Let results of measurements that were withdrawn there count no more; return how many there were.

    So do those of a measurement that was blanked there, or is no longer final.
    """
    n = withdraw(session, campaign, plan, _counting(session, plan, plan.withdrawn), WITHDRAWN_THERE)
    return n + withdraw(session, campaign, plan, _counting(session, plan, plan.silent), SAID_OTHERWISE)


def withdraw_reread(session: Session, campaign: Campaign, plan: ReadingPlan, report: Report) -> int:
    """Let results count no more that an earlier mapping made of these measurements, and this one does not.

    A measurement with a rejected row keeps what it has, until a person has looked.
    """
    types: defaultdict[str, set[str | None]] = defaultdict(set)
    for row in report.rows:
        kind = row.result.type if row.result else row.verbatim.get("type")
        types[plan.measured[row.row - 1]].add(None if row.status == "rejected" else kind)
    sure = {name for name, found in types.items() if None not in found}
    former = [row for row in _counting(session, plan, sure) if row.type not in types[row.external_id or ""]]
    return withdraw(session, campaign, plan, former, SAID_OTHERWISE)


def without_decided(session: Session, plan: ReadingPlan, report: Report) -> Report:
    """Return the report without rows that say again what a person corrected or withdrew here."""
    decided = _decided(session, plan)

    def judged(row: ParsedRow) -> ParsedRow:
        found = decided.get((row.result.type, row.result.external_id)) if row.result else None
        if found is None or row.result is None or not found.result.is_same_measurement(row.result):
            return row
        return as_duplicate(row, found.reason)

    return replace(report, rows=tuple(map(judged, report.rows))) if decided else report


def as_duplicate(row: ParsedRow, reason: str) -> ParsedRow:
    """Return a row that is not stored again."""
    return replace(row, status="duplicate", reason=reason, warnings=(), result=None)


def is_decided(end: Amendment | None) -> bool:
    """Return whether a person ended a result."""
    return end is not None and not end.reason.startswith(OURS)


def withdraw(
    session: Session, campaign: Campaign, plan: ReadingPlan, rows: Collection[Result], why: str
) -> int:
    """Let results count no more, settle their candidates, and return how many there were."""
    reason = Reason(f"{why} {plan.sender}", plan.owner.key_id)
    for row in rows:
        amendments.withdraw(session, campaign.id, row.id, reason)
    settling.settle(session, campaign, {row.candidate_id for row in rows if row.candidate_id})
    return len(rows)


def _decided(session: Session, plan: ReadingPlan) -> Mapping[tuple[str, str | None], Decided]:
    """Return what the connector brought last under each external id, where a person ended it."""
    stored = results.by_external_id(session, plan.campaign_id, plan.measured) if plan.measured else ()
    ends, made = amendments.about(session, [row.id for row in stored]) if stored else ({}, {})
    found = {}

    def name(row: Result) -> tuple[str, str | None]:
        return row.type, row.external_id

    for key, rows in groupby(sorted(stored, key=lambda row: (*name(row), row.revision)), name):
        brought = [row for row in rows if row.id not in made or made[row.id].reason.startswith(OURS)]
        if brought and is_decided(ends.get(brought[-1].id)):
            found[key] = Decided(settling.standard(brought[-1]), ends[brought[-1].id])
    return found


def _counting(session: Session, plan: ReadingPlan, names: Collection[str]) -> list[Result]:
    stored = results.by_external_id(session, plan.campaign_id, names) if names else ()
    ends = amendments.ends_of(session, [row.id for row in stored]) if stored else {}
    return [row for row in stored if row.id not in ends]
