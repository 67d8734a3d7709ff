"""Tables in and out: what an upload may be, and answers as DataFrames; pandas is imported late."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, final

from assayflow.client.errors import AssayflowError, MissingPackageError

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
Table: TypeAlias = "str | Path | bytes | Sequence[Mapping[str, Any]] | pd.DataFrame"
"""A file by its path, the bytes of a CSV file, rows by column, or a DataFrame."""
JSON = "application/json"
MEDIA_TYPES = {
    "csv": "text/csv",
    "tsv": "text/csv",
    "txt": "text/csv",
    "fasta": "text/x-fasta",
    "fa": "text/x-fasta",
    "faa": "text/x-fasta",
    "helm": "text/x-helm",
    "ndjson": "application/x-ndjson",
    "jsonl": "application/x-ndjson",
    "json": JSON,
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "sdf": "chemical/x-mdl-sdfile",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xlsm": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xls": "application/x-xls",
}
"""By the ending of a file's name."""


@final
class Rows(list[T]):
    """Items of one kind, which can be shown as a DataFrame."""

    def to_pandas(self) -> pd.DataFrame:
        """Return one line per item; predictions and other members become columns, as in a downloaded CSV.

        Raises:
            MissingPackageError: if pandas is not installed.
        """
        return to_frame(self)


def to_frame(items: Sequence[Any]) -> pd.DataFrame:
    """Return one line per item, with nested members as columns of their own."""
    return _pandas().DataFrame([flat(item) for item in items])


def flat(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item without nesting: `predictions.glow.mean` is `glow_mean`, as in a downloaded CSV."""
    line: dict[str, Any] = {}
    for name, value in item.items():
        line.update(_columns(name, value))
    return line


def _columns(name: str, value: Any) -> dict[str, Any]:
    if name in ("columns", "computed") and isinstance(value, Mapping):
        return dict(value)
    if name == "predictions" and isinstance(value, Mapping):
        return {f"{key}_{each}": number for key, inner in value.items() for each, number in inner.items()}
    if name == "condition":
        inner = value or {"beta": None, "preference": {}}
        weights = {f"preference_{key}": number for key, number in inner["preference"].items()}
        return {"beta": inner["beta"], **weights}
    if name == "nearest_measured":
        inner = value or {}
        return {"nearest_measured": inner.get("object"), "nearest_similarity": inner.get("similarity")}
    return {name: value}


@final
@dataclass(frozen=True, slots=True)
class Sent:
    """A table as it is sent."""

    content: bytes
    media_type: str
    filename: str | None = None


def encoded(table: Table, *, media_type: str | None = None, filename: str | None = None) -> Sent:
    """Return a table as it is sent: a file unchanged, rows and DataFrames as JSON.

    Args:
        table: bytes need a `media_type`, which is `text/csv` when absent.
        media_type: of the table; by the ending of a file's name when absent.
        filename: for the record; that of the path when absent.

    Raises:
        AssayflowError: if the table has no known format, or its columns are no rows.
    """
    if isinstance(table, str | Path):
        path = Path(table)
        return Sent(path.read_bytes(), media_type or media_type_of(path), filename or path.name)
    if isinstance(table, bytes):
        return Sent(table, media_type or "text/csv", filename)
    rows = _frame_rows(table) if hasattr(table, "columns") else [dict(row) for row in table]
    try:
        content = json.dumps(rows, ensure_ascii=False, allow_nan=False, default=_plain).encode()
    except ValueError as error:
        raise AssayflowError(f"the rows hold a number that JSON does not have: {error}") from error
    return Sent(content, JSON, filename)


def encoded_as(table: Table, options: dict[str, Any]) -> Sent:
    """Return a table as it is sent by `media_type` and `filename`, which are taken out of the options.

    Raises:
        AssayflowError: as `encoded`.
    """
    return encoded(table, **{name: options.pop(name, None) for name in ("media_type", "filename")})


def media_type_of(path: Path) -> str:
    """Return the media type of a file by the ending of its name.

    Raises:
        AssayflowError: if the ending is none of a table.
    """
    found = MEDIA_TYPES.get(path.suffix.removeprefix(".").lower())
    if found is None:
        raise AssayflowError(f"{path.name}: a table ends in {', '.join('.' + name for name in MEDIA_TYPES)}")
    return found


def _frame_rows(frame: Any) -> list[dict[str, Any]]:
    """Return the rows of a DataFrame; an empty cell is left out, as a blank cell of a file is."""
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AssayflowError(f"the DataFrame has two columns {twice[0]!r}: rename or drop one")
    missing = frame.isna().to_numpy()
    values = frame.to_numpy(dtype=object)
    return [
        {name: value for name, value, is_missing in zip(names, row, flags, strict=True) if not is_missing}
        for row, flags in zip(values, missing, strict=True)
    ]


def _plain(value: Any) -> Any:
    """Return a number of numpy or a date as JSON has it."""
    for method in ("isoformat", "item"):
        if hasattr(value, method):
            return getattr(value, method)()
    raise AssayflowError(f"{value!r} is a {type(value).__name__}, which no cell of a table holds")


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingPackageError(
            "DataFrames need pandas: pip install 'assayflow[pandas]', or use the lists that the calls return"
        ) from error
    return pd
