"""A file of results that another system holds, received again with other content, or read otherwise.

What it says again stays, what it says no longer is withdrawn, and the rest of it is stored.
"""

from collections import defaultdict
from dataclasses import replace
from operator import attrgetter
from typing import Any

from sqlalchemy.orm import Session

from service.campaigns import results as settling
from service.exchange import Report
from service.integrations.receipt_plans import ReadingPlan
from service.integrations.withdrawals import SAID_OTHERWISE, Decided, as_duplicate, is_decided, withdraw
from service.records import IDENTIFYING_FIELDS
from service.store import amendments, receipts, results
from service.store.tables import Campaign, Receipt, Result

_identifying = attrgetter(*IDENTIFYING_FIELDS)


def has_former(session: Session, receipt: Receipt) -> bool:
    """Return whether results of this file were stored before."""
    return bool(receipts.uploads_of_file(session, receipt))


def revise(
    session: Session, campaign: Campaign, receipt: Receipt, plan: ReadingPlan, report: Report
) -> tuple[Report, int]:
    """Return the report without the rows that are known, and how many former results were withdrawn."""
    former = results.of_uploads(session, campaign.id, receipts.uploads_of_file(session, receipt))
    ends = amendments.ends_of(session, [row.id for row in former]) if former else {}
    known: defaultdict[tuple[Any, ...], list[Result]] = defaultdict(list)
    for stored in reversed(former):
        if stored.id not in ends or is_decided(ends[stored.id]):
            known[_identifying(settling.standard(stored))].append(stored)
    rows, again, named = [], set(), set()
    for row in report.rows:
        same = known.get(_identifying(row.result)) if row.result else None
        if same:
            met = same.pop()
            again.add(met.id)
            end = ends.get(met.id)
            told = Decided(settling.standard(met), end).reason if end else "is stored from this file already"
            rows.append(as_duplicate(row, told))
        else:
            rows.append(row)
            named |= {(row.result.type, row.result.external_id)} if row.result else set()
    gone = [
        stored
        for stored in former
        if stored.id not in ends
        and stored.id not in again
        and (stored.external_id is None or (stored.type, stored.external_id) not in named)
    ]
    return replace(report, rows=tuple(rows)), withdraw(session, campaign, plan, gone, SAID_OTHERWISE)
