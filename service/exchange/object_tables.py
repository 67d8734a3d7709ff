"""A table of objects alone: which rows describe one, and why the others do not.

No column but the object's is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domains.contract import InvalidObjectError
from service.exchange.entries import picked
from service.exchange.object_headers import object_headers
from service.exchange.object_units import (
    in_domain_units,
    under_domain_names,
    warn_of_absent_columns,
    with_points,
)
from service.exchange.reading import decide_number_format
from service.exchange.registry import read_table
from service.exchange.report import ParsedRow, Report
from service.exchange.tables import MAX_ROWS, QuestionError, TableError, check_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.domains.contract import Domain
    from service.exchange.cells import NumberFormat
    from service.exchange.tables import RawRow, Table


def read_objects(
    content: bytes, media_type: str, domain: Domain, sheet: str | None = None, most: int = MAX_ROWS
) -> Report:
    """Return the object of every row, or the reason why there is none; a blank row is skipped.

    Raises:
        UnknownFormatError: if the media type is none of ours.
        SheetError: if there is no such sheet.
        TableError: if the table as a whole cannot be read, has more than `most` rows, no column describes an
            object, or its numbers can be read in two ways.
    """
    table, numbers = _opened(content, media_type, domain, sheet, most)
    headers = object_headers(table.columns, domain)
    return Report(tuple(_parsed(row, headers, domain, numbers) for row in table.rows), table.warnings)


def open_objects(
    content: bytes, media_type: str, domain: Domain, sheet: str | None = None, most: int = MAX_ROWS
) -> Table:
    """Return a table of objects before any object is read; raises as `read_objects`."""
    return _opened(content, media_type, domain, sheet, most)[0]


def _opened(
    content: bytes, media_type: str, domain: Domain, sheet: str | None, most: int
) -> tuple[Table, NumberFormat]:
    table = read_table(content, media_type, domain.object_columns, sheet)
    if len(table.rows) > most:
        raise TableError(
            f"{len(table.rows)} rows; at most {most} are read here at once", row=table.rows[most].number
        )
    table, changes = under_domain_names(table, domain)
    table = warn_of_absent_columns(table, domain)
    headers = object_headers(table.columns, domain)
    if table.rows and not headers:
        raise TableError(f"no column describes an object: add {' or '.join(domain.object_columns[:5])}")
    check_names(table, headers.values())
    numbers = _number_format(table, headers, domain)
    return in_domain_units(table, changes, numbers), numbers


def _number_format(table: Table, headers: Mapping[str, str], domain: Domain) -> NumberFormat:
    """Return how the columns that hold numbers write them.

    Raises:
        TableError: if there may be two; nothing can answer the question here.
    """
    numbers = [header for name, header in headers.items() if name in domain.quantity_columns]
    try:
        return decide_number_format(table, numbers, None)
    except QuestionError as error:
        detail = error.detail.rpartition(": ")[0]
        raise TableError(
            f"{detail}: write all numbers with a decimal point, as 1234.5", row=error.row
        ) from error


def _parsed(row: RawRow, headers: Mapping[str, str], domain: Domain, numbers: NumberFormat) -> ParsedRow:
    fields = picked(row, headers)
    if row.problem is not None:
        return ParsedRow(row.number, "rejected", row.problem, verbatim=fields)
    if not domain.names_object(fields):
        return ParsedRow(row.number, "skipped", "the row describes no object")
    try:
        found = domain.read_object(with_points(fields, domain, numbers))
    except InvalidObjectError as error:
        column = headers.get(error.column, error.column)
        return ParsedRow(row.number, "rejected", error.detail, column, verbatim=fields)
    return ParsedRow(row.number, "accepted", warnings=found.warnings, object=found.text, verbatim=fields)
