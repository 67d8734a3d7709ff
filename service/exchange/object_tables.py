"""A table of objects alone: which rows describe one, and why the others do not. No column but the object's is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domains.contract import InvalidObjectError
from service.exchange.columns import object_headers
from service.exchange.entries import picked
from service.exchange.object_units import in_domain_units, with_absent_told
from service.exchange.report import ParsedRow, Report
from service.exchange.tables import MAX_ROWS, TableError, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.domains.contract import Domain
    from service.exchange.tables import RawRow, Table


def read_objects(
    content: bytes, media_type: str, domain: Domain, sheet: str | None = None, most: int = MAX_ROWS
) -> Report:
    """Return the object of every row, or the reason why there is none; a blank row is skipped.

    Raises:
        UnknownFormatError: if the media type is none of ours.
        SheetError: if there is no such sheet.
        TableError: if the table as a whole cannot be read, has more than `most` rows, or no column describes an object.
    """
    table = open_objects(content, media_type, domain, sheet, most)
    headers = object_headers(table.columns, domain)
    return Report(tuple(_parsed(row, headers, domain) for row in table.rows), table.warnings)


def open_objects(
    content: bytes, media_type: str, domain: Domain, sheet: str | None = None, most: int = MAX_ROWS
) -> Table:
    """Return a table of objects before any object is read; raises as `read_objects`."""
    table = read_table(content, media_type, domain.object_columns, sheet)
    if len(table.rows) > most:
        raise TableError(f"{len(table.rows)} rows; at most {most} are read here at once", row=table.rows[most].number)
    table = with_absent_told(in_domain_units(table, domain), domain)
    if table.rows and not object_headers(table.columns, domain):
        raise TableError(f"no column describes an object: add {' or '.join(domain.object_columns[:5])}")
    return table


def _parsed(row: RawRow, headers: Mapping[str, str], domain: Domain) -> ParsedRow:
    fields = picked(row, headers)
    if row.problem is not None:
        return ParsedRow(row.number, "rejected", row.problem, verbatim=fields)
    if not domain.names_object(fields):
        return ParsedRow(row.number, "skipped", "the row describes no object")
    try:
        found = domain.read_object(fields)
    except InvalidObjectError as error:
        column = headers.get(error.column, error.column)
        return ParsedRow(row.number, "rejected", error.detail, column, verbatim=fields)
    return ParsedRow(row.number, "accepted", warnings=found.warnings, object=found.text, verbatim=fields)
