"""Rows of a LabKey server's assays as measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final
from zoneinfo import ZoneInfo

from service.lims.contract import MeasuredRecord, RetryLaterError
from service.lims.kinds.labkey.answers import label, moment, one_of, value
from service.lims.passes import ANY_SOURCE, Pass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.lims.contract import Cursor, Page, RemoteRecord, Scope
    from service.lims.kinds.labkey import LabkeySettings
    from service.lims.kinds.labkey.session import Rows, Session


@final
class AssayReader:
    """Reads the results of samples.

    Args:
        session: signed in to the folder.
        settings: name the columns, and the zone of the server's clock.
    """

    def __init__(self, session: Session, settings: LabkeySettings) -> None:
        self._session = session
        self._sample = settings.sample_column
        self._date = settings.date_column
        self._page_size = settings.page_size
        self._zone = ZoneInfo(settings.time_zone)

    def page(self, scope: Scope, cursor: Cursor | None) -> Page:
        """Return the next page: of each assay the rows of the scope's samples, in the order of their ids."""
        reading = Pass(scope, cursor)
        sources = self._session.assays() if ANY_SOURCE in scope.sources else sorted(scope.sources)
        number, after = reading.position or (0, 0)
        if not scope.materials or number >= len(sources):
            return reading.page([], looked_at=(), position=None, content=b"")
        source = sources[number]
        columns = self._columns(source)
        is_name = columns[self._sample].get("jsonType") == "string"
        samples = {((item.key or "") if is_name else item.id).casefold(): item for item in scope.materials}
        answer = self._rows(source, columns, list(samples), after)
        if any(int(value(row, "RowId")) <= after for row in answer.rows):
            raise RetryLaterError(f"LabKey answered rows of {source!r} again", whole_connector=False)
        found = (self._measurement(source, row, columns, samples) for row in answer.rows)
        is_whole = answer.n_all <= len(answer.rows)
        position = [number + 1, 0] if is_whole else [number, int(value(answer.rows[-1], "RowId"))]
        is_last = position[0] >= len(sources)
        return reading.page(
            [item for item in found if item is not None],
            looked_at=[item.id for item in scope.materials] if is_last else (),
            position=None if is_last else position,
            content=answer.content,
        )

    def _columns(self, source: str) -> dict[str, Any]:
        columns = self._session.columns(source, "Data")
        if not columns or self._sample not in columns:
            what = f"no column {self._sample!r}" if columns else "no table of results that can be read"
            raise RetryLaterError(f"the assay {source!r} has {what}", whole_connector=False)
        return columns

    def _rows(self, source: str, columns: Mapping[str, Any], samples: Sequence[str], after: int) -> Rows:
        filters = {
            f"query.{self._sample}~in": one_of(samples),
            # without a filter on it, LabKey leaves out the rows of runs that were replaced
            "query.Run/Replaced~isnonblank": "",
            "query.RowId~gt": str(after),
            "query.maxRows": str(self._page_size),
        }
        names = dict.fromkeys(["RowId", *columns, "Run/RowId", "Run/ReplacedByRun"])
        return self._session.rows(source, "Data", list(names), filters)

    def _measurement(
        self,
        source: str,
        row: Mapping[str, Any],
        columns: Mapping[str, Any],
        samples: Mapping[str, RemoteRecord],
    ) -> MeasuredRecord | None:
        about = samples.get(value(row, self._sample).casefold())
        if about is None:
            return None
        fields = {name: (label if columns[name].get("lookup") else value)(row, name) for name in columns}
        dates = {name: moment(fields[name], self._zone) for name in columns if _is_date(columns[name])}
        fields |= {name: date.isoformat() for name, date in dates.items() if date is not None}
        signs = {name: fields.get(f"{name}OORIndicator") for name in columns}
        fields |= {name: f"{sign}{fields[name]}" for name, sign in signs.items() if sign and fields[name]}
        return MeasuredRecord(
            id=f"{source}/{value(row, 'RowId')}",
            source=source,
            about=about,
            fields=fields | {"Run/RowId": value(row, "Run/RowId")},
            standing="withdrawn" if value(row, "Run/ReplacedByRun") else "final",
            measured_at=dates.get(self._date or ""),
        )


def _is_date(column: Mapping[str, Any]) -> bool:
    return column.get("jsonType") == "date"
