"""Parquet, for programs: the columns of CSV with their types.

Only written, and only where pyarrow is installed.
Knows nothing of what the columns mean.
"""

from __future__ import annotations

import io
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from service.exchange.tables import TableFormat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEDIA_TYPE = "application/vnd.apache.parquet"
MISSING = "Parquet needs pyarrow, which is not installed here: pip install 'assayflow[parquet]'"


def write(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the rows as one Parquet file; numbers of a column that holds texts as well become texts."""
    import pyarrow as pa
    from pyarrow import parquet

    names = list(rows[0]) if rows else []
    table = pa.table({name: pa.array(_column([row[name] for row in rows])) for name in names})
    out = io.BytesIO()
    parquet.write_table(table, out)
    return out.getvalue()


def _column(values: list[Any]) -> list[Any]:
    kinds = {type(value) for value in values if value is not None}
    if str in kinds and len(kinds) > 1:
        return [None if value is None else str(value) for value in values]
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    return values


FORMAT = TableFormat("parquet", (MEDIA_TYPE,), write=write if find_spec("pyarrow") else None)
