"""Asking for a backtest: everything is checked before it waits for a worker.

The command line reads its table with the same code.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy.orm import Session

from models.backtests.strategies import METHODS
from models.campaign.requests import BacktestRequest
from models.campaign.spec import CampaignSpec
from models.data.tables import complete_objects
from models.domains import open_domain
from models.records import Measurement
from service.campaigns import jobs
from service.campaigns.jobs import JobScope, NewJob
from service.campaigns.quantities import check_units, in_read_units
from service.errors import UnprocessableError
from service.exchange import CampaignView, ReadingOptions, Report, read_results
from service.store.tables import Job

BACKTESTS = "backtests"
UNREAD: dict[str, Any] = {"objects": None, "report": None}
"""What is known of a table that is not read yet."""
Measured = tuple[list[Measurement], Report]
"""The good rows of a table as measurements, and the report of all rows."""
Measure = Callable[[bytes, str, CampaignSpec, str | None], Measured]
MAX_REPORTED_ROWS = 1_000
"""Refused rows that a backtest keeps with their reasons; the others are counted."""
_SHARED = tuple(item.name for item in fields(Measurement) if item.name != "round")


def enqueue_checked_backtest(
    session: Session,
    scope: JobScope,
    request: BacktestRequest,
    table: tuple[bytes, str],
    measure: Measure | None = None,
) -> Job:
    """Queue a backtest of a table that is read first: by `measure`, or in this process.

    Raises:
        UnknownFormatError: if the table's format is none that is read.
        SheetError: if it has no such sheet.
        TableError: if it cannot be read.
        UnprocessableError: if a method or units are unknown, or the table has too few objects to replay
            anything.
    """
    check_methods(request)
    context = replayable(request, *(measure or read_measurements)(*table, request.spec, request.sheet))
    return enqueue_backtest(session, scope, request, table, context)


def enqueue_backtest(
    session: Session,
    scope: JobScope,
    request: BacktestRequest,
    table: tuple[bytes, str],
    context: dict[str, Any] = UNREAD,
) -> Job:
    """Queue a backtest; without a context its worker finds out what the table holds."""
    request = request.model_copy(update={"spec": in_read_units(request.spec)})
    new = NewJob(queue="celery", request=request.model_dump(mode="json"), context=context, table=table)
    return jobs.enqueue(session, scope, new)


def check_methods(request: BacktestRequest) -> None:
    """Check that every method is there.

    Raises:
        UnprocessableError: naming those that are not.
    """
    unknown = [(index, name) for index, name in enumerate(request.methods) if name not in METHODS]
    if unknown:
        detail = f"unknown method; there are {', '.join(METHODS)}"
        errors = [{"pointer": f"/methods/{index}", "detail": detail} for index, _ in unknown]
        raise UnprocessableError(f"methods: {', '.join(name for _, name in unknown)}: {detail}", errors)
    check_units(request.spec, "/spec")


def replayable(request: BacktestRequest, results: Sequence[Measurement], report: Report) -> dict[str, Any]:
    """Return how many objects a table has that can be replayed, and the rows that are no results.

    Raises:
        UnprocessableError: if there are too few.
    """
    n_objects = len(complete_objects(results, _types(request)))
    _check_enough(n_objects, request, report)
    return {"objects": n_objects, "report": shortened(report)}


def read_measurements(
    content: bytes, media_type: str, spec: CampaignSpec, sheet: str | None = None
) -> Measured:
    """Return the good rows of a table as measurements, and the report of all rows.

    Raises:
        UnknownFormatError: if the media type is none that is read.
        SheetError: if there is no such sheet.
        TableError: if the table as a whole cannot be read.
    """
    return measured(
        read_results(
            content, media_type, CampaignView(spec, open_domain(spec.domain)), ReadingOptions(sheet=sheet)
        )
    )


def measured(report: Report) -> Measured:
    """Return the good rows of a report as measurements, and the report."""
    results = [row.result for row in report.rows if row.result is not None]
    return [Measurement(**{name: getattr(result, name) for name in _SHARED}) for result in results], report


def shortened(report: Report) -> dict[str, Any]:
    """Return a report with the rows that were not accepted, the first thousand of them."""
    refused = [row for row in report.rows if row.status != "accepted"][:MAX_REPORTED_ROWS]
    counts = {status: report.count(status) for status in ("accepted", "rejected", "skipped")}
    warnings = report.all_warnings()[:MAX_REPORTED_ROWS]
    return {
        **Report(tuple(refused)).as_json(),
        **counts,
        "duplicates": report.count("duplicate"),
        "warnings": warnings,
    }


def _check_enough(n_objects: int, request: BacktestRequest, report: Report) -> None:
    if n_objects == 0:
        wanted = ", ".join(_types(request))
        detail = f"no object of the table has results of all of: {wanted}"
        report_json = shortened(report)
        rows = [
            {name: row[name] for name in ("row", "column")} | {"detail": row["reason"]}
            for row in report_json["rows"]
        ]
        raise UnprocessableError(detail, [{"pointer": "/table", "detail": detail}, *rows], report_json)
    if request.initial >= n_objects:
        detail = f"the table has {n_objects} objects with all results: nothing would be left to choose"
        raise UnprocessableError(detail, [{"pointer": "/initial", "detail": detail}])


def _types(request: BacktestRequest) -> list[str]:
    """Return the assay types of the measured objectives."""
    spec = request.spec
    return list(dict.fromkeys(kind for item in spec.objectives for kind in spec.types_of(item)))
