"""What describes how a result came about, declared once: uploads, stored results and answers follow.

Torch-free.
A new column is a field here, a column of the table `results`, and a migration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_type_hints

Kind = Literal["text", "count", "moment"]
"""How a cell is read: as it stands, as a whole number from 0, or as a date (ISO 8601)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it means, how its cells are read, and what it says of two results with one value.

    `tells_apart` is whether two results that differ in it are two measurements.
    """

    description: str
    kind: Kind = "text"
    most_characters: int = 200
    tells_apart: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultMetadata:
    """The values of one result; None where its row said nothing."""

    replicate: Annotated[str | None, Column("which repeat of the measurement", "count")] = None
    assay_version: Annotated[str | None, Column("which version of the assay's protocol")] = None
    plate: Annotated[str | None, Column("the plate or run it was measured on")] = None
    measured_at: Annotated[datetime | None, Column("when it was measured", "moment")] = None
    lot: Annotated[str | None, Column("which preparation of the object")] = None
    external_id: Annotated[
        str | None,
        Column("what the sender calls the result; unique beside its assay type", tells_apart=False),
    ] = None
    comment: Annotated[
        str | None, Column("what the sender said of it", most_characters=10_000, tells_apart=False)
    ] = None


TYPES: Mapping[str, Any] = MappingProxyType(get_type_hints(ResultMetadata))
"""The type of every column, None included, in the order of `ResultMetadata`."""
RESULT_METADATA: Mapping[str, Column] = MappingProxyType(
    {name: hint.__metadata__[0] for name, hint in get_type_hints(ResultMetadata, include_extras=True).items()}
)
"""What is declared of every column, in the same order."""
