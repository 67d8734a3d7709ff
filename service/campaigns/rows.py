"""What an upload hands to `commands.store_results`: parsed rows. Knows no file format and no table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID, uuid4

from service.records import StandardResult


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResult:
    """One good row: `row` is its number in the upload, `verbatim` what it said, `corrects` the result that it ends.

    `other_columns` are the cells of its row that were not read.
    """

    row: int
    verbatim: Mapping[str, Any]
    result: StandardResult
    candidate_id: UUID | None = None
    other_columns: Mapping[str, str] | None = None
    corrects: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpload:
    """Where the rows come from; `blob` names the bytes that were kept, `id` is made where it is not given."""

    id: UUID = field(default_factory=uuid4)
    media_type: str
    sha256: str
    filename: str | None = None
    api_key_id: str | None = None
    blob: str | None = None
    sheet: str | None = None
    n_rejected: int = 0


@dataclass(frozen=True, slots=True)
class StoredRow:
    """What became of a row; a `duplicate` repeats an `external_id` and was not stored again."""

    row: int
    status: Literal["stored", "duplicate"]
    candidate_id: UUID | None
    result_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """What became of an upload, one entry per row handed in, in the same order."""

    id: UUID
    rows: tuple[StoredRow, ...]
