"""What the sender of a file, or a reading that a campaign keeps, says of how the file is to be read.

Knows no table.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.exchange.values import Decimal

DateOrder = Literal["year_first", "day_first", "month_first"]
Delimiter = Literal["comma", "semicolon", "tab", "bar"]
DELIMITERS: MappingProxyType[Delimiter, str] = MappingProxyType(
    {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
)
MOST_ENTRIES = 200
_Name = Annotated[str, Field(min_length=1, max_length=300)]
_Words = Annotated[dict[_Name, Annotated[str, Field(max_length=200)]], Field(max_length=MOST_ENTRIES)]


class ReadingOptions(BaseModel):
    """How a file is to be read; whatever is absent is decided from the whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sheet: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        None, description="the sheet of a workbook, by its name"
    )
    header_row: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="the row that names the columns, counted as a spreadsheet counts"
    )
    encoding: Annotated[str, Field(min_length=1, max_length=40)] | None = Field(
        None, description="the encoding of a text file, such as windows-1252"
    )
    delimiter: Delimiter | None = Field(None, description="what separates the cells of a text file")
    decimal: Decimal | None = Field(None, description="the decimal sign of texts")
    date_order: DateOrder | None = Field(
        None, description="in which order dates such as 05.01.2025 are written"
    )
    columns: _Words = Field(
        default_factory=dict,
        description="header -> what it is read as: a column's name such as smiles, lot or IC50_relation, a "
        "value as in "
        "'IC50 (uM)', or 'ignored'",
    )
    words: _Words = Field(
        default_factory=dict,
        description="what stands in place of a value -> what it means: 'missing', an outcome such as "
        "assay_failed, or "
        "a value such as '> 30 uM'",
    )
    limits: _Words = Field(
        default_factory=dict,
        description="limits of an assay for cells such as <LOD: 'IC50 LOD', 'IC50 LLOQ' or 'IC50 ULOQ' -> a "
        "value with "
        "units",
    )

    def over(self, other: ReadingOptions) -> ReadingOptions:
        """Return these options, with another's wherever these say nothing.

        Entries of words and columns are joined.
        """
        mine, others = self.stated(), other.stated()
        joined: dict[str, Any] = {**others, **mine}
        for name in ("columns", "words", "limits"):
            if name in mine and name in others:
                joined[name] = {**others[name], **mine[name]}
        return ReadingOptions.model_validate(joined)

    def stated(self) -> dict[str, Any]:
        """Return what is said, without what is absent or empty."""
        return {name: value for name, value in self.model_dump().items() if value not in (None, {})}


NOTHING_SAID = ReadingOptions()
"""Everything is decided from the file."""
