"""Warnings of rows that say again, or contradict, what is stored or stands in the same table. It stores nothing."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.specs.decisions import RetestPolicy
from service.campaigns.current import retest_policies
from service.exchange import ParsedRow, Report
from service.records import IDENTIFYING_FIELDS, StandardResult
from service.store import campaigns, results

MOST_NAMED = 10
_identifying_values = attrgetter(*IDENTIFYING_FIELDS)


def with_warnings(session: Session, campaign_id: UUID, report: Report) -> Report:
    """Warn of what a person may not have meant to send: repeats without an external id, and contradicted bounds."""
    accepted = [row for row in report.accepted if row.result is not None]
    if not accepted:
        return report
    objects = {row.result.object for row in accepted if row.result is not None}
    stored = results.about(session, campaign_id, objects, IDENTIFYING_FIELDS)
    policies = retest_policies(campaigns.get(session, campaign_id).spec)
    contradicted = _contradictions(accepted, stored, policies)
    rows = tuple(
        replace(row, warnings=(*row.warnings, contradicted[id(row)])) if id(row) in contradicted else row
        for row in report.rows
    )
    free = [row for row in accepted if row.result is not None and row.result.external_id is None]
    return replace(report, rows=rows, warnings=(*report.warnings, *_repeats(free, stored)))


def _repeats(free: Sequence[ParsedRow], stored: Mapping[tuple[Any, ...], int]) -> Iterable[str]:
    """Yield what is told of rows without an external id that say what is stored, or the same as each other."""
    said = Counter(_identifying_values(row.result) for row in free)
    again = [row.row for row in free if stored.get(_identifying_values(row.result), 0)]
    alike = [
        row.row
        for row in free
        if said[_identifying_values(row.result)] > 1 and not stored.get(_identifying_values(row.result), 0)
    ]
    if again:
        yield (
            f"{len(again)} results without external_id say what is stored already (rows {_named(again)}) and count as "
            "further readings: with an external_id what is sent again is told from what is measured again"
        )
    if alike:
        yield (
            f"{len(alike)} results without external_id say the same as another row (rows {_named(alike)}) and count as "
            "further readings: number them as replicate, or take out what was copied"
        )


def _contradictions(
    accepted: Iterable[ParsedRow], stored: Mapping[tuple[Any, ...], int], policies: Mapping[str, RetestPolicy]
) -> dict[int, str]:
    """Return what is told of rows that a stored bound excludes, or whose bound excludes a stored value, by identity."""
    told = defaultdict(list)
    for values in stored:
        item = dict(zip(IDENTIFYING_FIELDS, values, strict=True))
        if item["outcome"] == "ok" and policies.get(item["type"]) != "replace":
            told[item["object"], item["type"]].append(item)
    found = {}
    for row in accepted:
        result = row.result
        if result is None or result.outcome != "ok" or row.corrects:
            continue
        against = [item for item in told[result.object, result.type] if _exclude(item, result)]
        if against:
            shown = ", ".join(f"{item['relation']} {item['value']:g}" for item in against[:MOST_NAMED])
            found[id(row)] = (
                f"contradicts what is stored ({shown}) and both count: withdraw what is wrong, or let a retest replace "
                "it (proxies.retests)"
            )
    return found


def _exclude(item: Mapping[str, Any], result: StandardResult) -> bool:
    """Return whether no value fits both, and one of them is a bound: exact values differ by noise alone."""
    if item["relation"] == "=" == result.relation or "~" in (item["relation"], result.relation):
        return False
    first = _interval(item["relation"], item["value"], item["upper_value"])
    second = _interval(result.relation, result.value, result.upper_value)
    return max(first[0], second[0]) > min(first[1], second[1])


def _interval(relation: str, value: float | None, upper: float | None) -> tuple[float, float]:
    assert value is not None, "an ok result has one"
    if relation.startswith("<"):
        return -math.inf, value
    if relation.startswith(">"):
        return value, math.inf
    return value, value if upper is None else upper


def _named(rows: Sequence[int]) -> str:
    places = [str(row) for row in dict.fromkeys(rows)]
    return ", ".join(places[:MOST_NAMED]) + (", ..." if places[MOST_NAMED:] else "")
