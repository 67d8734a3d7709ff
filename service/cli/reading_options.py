"""Options by which a file of results is read. This module knows the options but not their effect."""

from dataclasses import asdict, dataclass
from typing import Annotated, Literal, cast

import typer

from assayflow.client.resources.results import FileOptions
from service.cli.sample_options import pairs

Sheet = Annotated[str | None, typer.Option(help="The sheet of a workbook; default the first with rows.")]
HeaderRow = Annotated[int | None, typer.Option(min=1, help="The row that names the columns.")]
Encoding = Annotated[str | None, typer.Option(help="Of a text file, such as windows-1252.")]
Delimiter = Annotated[
    Literal["comma", "semicolon", "tab", "bar"] | None, typer.Option(help="Between the cells of a text file.")
]
Decimal = Annotated[Literal["point", "comma"] | None, typer.Option(help="The decimal sign of texts.")]
DateOrder = Annotated[
    Literal["year_first", "day_first", "month_first"] | None,
    typer.Option(help="Of dates such as 05.01.2025."),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column", help='What a column is read as: "Kinase X=IC50 (uM)" or "Notes=ignored"; may be repeated.'
    ),
]
Words = Annotated[
    list[str] | None,
    typer.Option("--word", help='A word in place of a value: "inactive=> 30 uM"; may be repeated.'),
]
Limits = Annotated[
    list[str] | None, typer.Option("--limit", help='A limit of an assay: "IC50 LLOQ=2 nM"; may be repeated.')
]
_PAIRS = {"columns": "column", "words": "word", "limits": "limit"}


@dataclass(frozen=True, slots=True)
class FileChoices:
    """How a file is read, as typed; whatever is absent is decided by the service from the whole file."""

    sheet: Sheet = None
    header_row: HeaderRow = None
    encoding: Encoding = None
    delimiter: Delimiter = None
    decimal: Decimal = None
    date_order: DateOrder = None
    columns: Columns = None
    words: Words = None
    limits: Limits = None

    def options(self) -> FileOptions:
        """Return the options that were given.

        Raises:
            typer.BadParameter: if a pair does not look like name=value.
        """
        given = {name: value for name, value in asdict(self).items() if value is not None}
        given |= {name: pairs(option, given[name]) for name, option in _PAIRS.items() if name in given}
        return cast("FileOptions", given)
