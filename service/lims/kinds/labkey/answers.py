"""What LabKey's answers mean: cells, dates of its own clock, and whose fault a refusal is."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from service.lims.contract import AccessDeniedError, Refused
from service.lims.replies import LONGEST_DETAIL, plain_detail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from service.lims.contract import FieldValue
    from service.outbound.pinned_http import Reply

_DATE = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)(?: (\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?")
_DENIED = "does not have permission"
_REQUIRED = re.compile(r"missing value for required property:? ?'?([^'.]+)", re.IGNORECASE)


def one_of(values: Sequence[str]) -> str:
    """Return the value of a filter `in`, in the form that admits every character."""
    return "{json:" + json.dumps(list(values)) + "}"


def written(content: FieldValue) -> str:
    """Return a value as text."""
    if isinstance(content, bool):
        return "true" if content else "false"
    return "" if content is None else str(content)


def value(row: Mapping[str, Any], name: str) -> str:
    """Return the value of a cell as text; it is a key where the column is a look-up.

    A row has plain values, or objects with `value` and `displayValue`, since version 13.2 below `data`.
    """
    cell = row.get("data", row).get(name)
    if isinstance(cell, list):
        return "; ".join(written(item.get("value")) for item in cell)
    return written(cell.get("value") if isinstance(cell, dict) else cell)


def label(row: Mapping[str, Any], name: str) -> str:
    """Return the name behind the look-up in a cell.

    Of other columns it is no value: a limit is shown as `&gt;30`, and numbers are rounded to their format.
    """
    cell = row.get("data", row).get(name)
    shown = cell.get("displayValue") if isinstance(cell, dict) else None
    return value(row, name) if shown is None else written(shown)


def moment(text: str, zone: ZoneInfo) -> datetime | None:
    """Return a date of the server's clock, which is written without a zone; None for other text."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(item or 0) for item in match.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)


def faults(body: Mapping[str, Any]) -> list[tuple[int | None, Refused]]:
    """Return the rows at fault of a refused request, each with LabKey's sentence; empty if it was done.

    A refusal often has the status 200. Its errors are a list of rows, a list of fields or an object of
    fields, and the errors of a row are either of the last two.

    Raises:
        AccessDeniedError: if it was refused for want of a right, whatever its status.
    """
    is_done = body.get("success", True) and body.get("committed", True) and not body.get("errorCount")
    if is_done and "exception" not in body:
        return []
    of_commands = [item["errors"] for item in body.get("result", ()) if item.get("errors")]
    outer = of_commands[0] if of_commands else body
    errors = outer.get("errors")
    if isinstance(errors, list) and any("errors" in item or "rowNumber" in item for item in errors):
        return [(item.get("rowNumber"), _fault(item, outer.get("exception"))) for item in errors]
    return [(None, _fault(outer, body.get("exception")))]


def refused(reply: Reply, body: Mapping[str, Any]) -> Refused:
    """Return the first fault of a request that was not carried out."""
    found = faults(body)
    return found[0][1] if found else Refused(detail=plain_detail(reply) or f"status {reply.status}")


def _fault(item: Mapping[str, Any], otherwise: str | None) -> Refused:
    errors = item.get("errors") or {}
    if isinstance(errors, list):
        pairs = ((error.get("field") or error.get("id"), error) for error in errors)
        errors = {field: error.get("message") or error.get("msg") for field, error in pairs}
    field, detail = next(iter(errors.items()), (None, None))
    words = " ".join(str(detail or item.get("exception") or otherwise or "no reason given").split())
    if _DENIED in words:
        raise AccessDeniedError(f"LabKey: {words[:LONGEST_DETAIL]}")
    if field in (None, "_form"):
        named = _REQUIRED.search(words)
        field = named.group(1).strip() if named else None
    return Refused(detail=words[:LONGEST_DETAIL], field=field)
