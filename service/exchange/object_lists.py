"""A list of objects with what is said of each: catalogue number, supplier, price. Read part after part.

Every row becomes an object in normal form with its other cells, or has a reason why not. The content that is
kept is CSV under the names below. Knows no store and no campaign.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, final

from models.domains.collections import sent_column, with_normal_form
from models.domains.contract import InvalidObjectError
from models.specs.columns import key
from service.exchange.entries import picked
from service.exchange.object_headers import object_headers
from service.exchange.tables import TableError, check_names
from service.exchange.values import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.domains.contract import Domain
    from service.exchange.list_parts import Part
    from service.exchange.tables import RawRow, Table

MAX_CONTENT = 256 * 2**20
"""Most bytes of a content."""
MOST_REMARKS = 1_000
"""Rows with a remark that a report shows."""
TICK = 20
"""Objects between two signs of progress."""
SYNONYMS = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *("catalogue_no", "catalog_number", "catalog_no", "cat_no", "cat_number", "catno"),
                *("catalogue", "catalog", "catalog_id", "catalogue_id", "product_id", "product_number"),
                *("product_no", "product_code", "sku", "order_number", "order_no", "item_number", "item_no"),
            ),
            "catalogue_number",
        ),
        **dict.fromkeys(("vendor", "supplier_name", "vendor_name", "manufacturer"), "supplier"),
        **dict.fromkeys(
            ("price_per_g", "price_per_gram", "price_g", "price_usd_g", "price_eur_g", "price_gbp_g"), "price"
        ),
        **dict.fromkeys(("quantity", "amount_in_stock", "stock_amount"), "amount"),
        **dict.fromkeys(("mol_id", "zinc_id", "vendor_id", "idnumber", "id_number"), "id"),
    }
)
"""Other names of a list's columns, as `key` writes them."""
Status = Literal["accepted", "rejected", "skipped"]


@dataclass(frozen=True, slots=True)
class ListRow:
    """What became of one row. `sent` is the cell that described the object, `cells` are all others.

    A kept row without an object has parts of objects in its cells.
    """

    row: int
    status: Status
    object: str | None = None
    sent: str = ""
    cells: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    column: str | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the content has the row."""
        return self.status == "accepted"


@dataclass(frozen=True, slots=True)
class ListPart:
    """Rows of one part; `columns` are the names of their cells."""

    columns: tuple[str, ...]
    rows: tuple[ListRow, ...]
    warnings: tuple[str, ...] = ()


def read_part(part: Part, domain: Domain, tick: Any, sheet: str | None = None) -> ListPart:
    """Return what becomes of every row of a part.

    Args:
        part: of the file.
        domain: whose objects they are.
        tick: called with the share of the part that is done.
        sheet: of a workbook.

    Raises:
        TableError: if it cannot be read, or no column describes an object or parts of objects.
    """
    table = part.read(domain.object_columns, sheet)
    headers = object_headers(table.columns, domain)
    parts = {} if headers else _part_headers(table, domain)
    if table.rows and not headers and not parts:
        raise TableError(f"no column describes an object: add {' or '.join(domain.object_columns[:5])}")
    check_names(table, headers.values())
    others = _other_columns(table, headers, domain)
    rows = []
    for index, row in enumerate(table.rows):
        found = _read_parts(row, parts, domain) if parts else _read(row, headers, domain)
        cells = tuple(str(row.cells.get(header, "")) for header in others) if found.is_kept else ()
        rows.append(replace(found, row=row.number + part.offset, cells=cells))
        if index % TICK == 0:
            tick(index / len(table.rows))
    return ListPart(tuple(others.values()), tuple(rows), table.warnings)


def _other_columns(table: Table, headers: Mapping[str, str], domain: Domain) -> dict[str, str]:
    """Return the header of every further column with the name under which it is kept."""
    taken = {domain.object_columns[0], sent_column(domain.object_columns[0])}
    named: dict[str, str] = {}
    for header in table.columns:
        if header in headers.values():
            continue
        plain = key(header) or "column"
        name = wanted = SYNONYMS.get(plain, plain)
        for number in range(2, len(table.columns) + 3):
            if name not in taken:
                break
            name = f"{wanted}_{number}"
        taken.add(name)
        named[header] = name
    return named


def _part_headers(table: Table, domain: Domain) -> dict[str, str]:
    """Return the columns of parts with their headers, of a table that names no objects."""
    by_key = {key(header): header for header in table.columns}
    return {name: by_key[name] for name in domain.part_columns(by_key)}


def _read_parts(row: RawRow, headers: Mapping[str, str], domain: Domain) -> ListRow:
    """Return what becomes of a row of parts, which are kept as they were sent."""
    number, fields = row.number, picked(row, headers)
    if row.problem is not None:
        return ListRow(number, "rejected", reason=row.problem)
    stated = {name: text for name, text in fields.items() if text.strip()}
    for name, text in stated.items():
        if not domain.reads_part(name, text):
            detail = f"{shortened(text)} is no part of an object, such as [*]OC or OC"
            return ListRow(number, "rejected", sent=text, reason=detail, column=headers[name])
    if not stated:
        return ListRow(number, "skipped", reason="the row describes no part of an object")
    return ListRow(number, "accepted")


def _read(row: RawRow, headers: Mapping[str, str], domain: Domain) -> ListRow:
    number, fields = row.number, picked(row, headers)
    sent = next(iter(fields.values()), "")
    if row.problem is not None:
        return ListRow(number, "rejected", sent=sent, reason=row.problem)
    if not domain.names_object(fields):
        return ListRow(number, "skipped", reason="the row describes no object")
    try:
        found = domain.read_object(fields)
    except InvalidObjectError as error:
        if domain.reads_part(error.column, sent):
            return ListRow(number, "accepted", sent.strip(), sent)
        column = headers.get(error.column, error.column)
        return ListRow(number, "rejected", sent=sent, reason=error.detail, column=column)
    return ListRow(number, "accepted", found.text, str(sent), warnings=found.warnings)


@final
@dataclass(slots=True)
class ListReport:
    """Collects parts: the content that is kept of them, and what became of their rows.

    `columns` are those of the content, `remarks` the rows of which the sender should hear.
    """

    column: str
    normal_form: str
    warnings: list[str] = field(default_factory=list)
    remarks: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("accepted", "rejected", "skipped", "repeated", "remarked"), 0)
    )
    _names: dict[str, int] = field(default_factory=dict)
    _seen: dict[bytes, int] = field(default_factory=dict)
    _pieces: list[bytes] = field(default_factory=list)

    def add(self, part: ListPart) -> None:
        """Take the rows of the next part.

        Raises:
            TableError: if the content becomes too large.
        """
        self.warnings += [text for text in part.warnings if text not in self.warnings]
        places = [self._names.setdefault(name, len(self._names)) for name in part.columns]
        piece = io.StringIO(newline="")
        writer = csv.writer(piece, lineterminator="\n")
        for row in part.rows:
            warnings = [*row.warnings, *self._repeated(row)]
            self._count(row, warnings)
            if row.is_kept:
                cells = [""] * len(self._names)
                for place, cell in zip(places, row.cells, strict=True):
                    cells[place] = cell
                text = row.object or ""
                writer.writerow([text, row.sent if row.sent != text else "", *cells])
        self._pieces.append(piece.getvalue().encode())
        if sum(map(len, self._pieces)) > MAX_CONTENT:
            raise TableError(
                f"the list holds more than {MAX_CONTENT >> 20} MiB: leave columns out, or split it"
            )

    def content(self) -> bytes:
        """Return what is kept: CSV under a header, which is the same for the same rows."""
        header = io.StringIO(newline="")
        csv.writer(header, lineterminator="\n").writerow(self.columns)
        table = b"".join((header.getvalue().encode(), *self._pieces))
        return with_normal_form(self.normal_form, table)

    @property
    def columns(self) -> list[str]:
        """The names of the content's columns."""
        return [self.column, sent_column(self.column), *self._names]

    def as_json(self) -> dict[str, Any]:
        """Return the report: counts, and the first rows with a remark."""
        return {**self.counts, "warnings": self.warnings, "rows": self.remarks}

    def _repeated(self, row: ListRow) -> list[str]:
        """Return the warning of an object that stood before; its row may be another product, and is kept."""
        if row.object is None:
            return []
        digest = hashlib.blake2b(row.object.encode(), digest_size=8).digest()
        first = self._seen.setdefault(digest, row.row)
        if first == row.row:
            return []
        self.counts["repeated"] += 1
        return [f"the same object as row {first}"]

    def _count(self, row: ListRow, warnings: list[str]) -> None:
        self.counts[row.status] += 1
        if row.status != "rejected" and not warnings:
            return
        self.counts["remarked"] += 1
        if len(self.remarks) < MOST_REMARKS:
            self.remarks.append(
                {
                    "row": row.row,
                    "status": row.status,
                    "reason": row.reason,
                    "column": row.column,
                    "warnings": warnings,
                    "object": row.object,
                    "sent": row.sent,
                }
            )
