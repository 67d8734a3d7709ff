"""Echo transfer reports: which wells of a plate did not get what the pick list says, and why.

A report has a head, the sections [EXCEPTIONS] and [DETAILS], each a table, and a foot; an exception report is the table
alone. Knows no layout.
"""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from service.exchange.tables import TableError
from service.exchange.texts import decode
from service.plates.geometry import plain_name

WELL = "destination well"
STATUS = "transfer status"
WANTED = "transfer volume"
MOVED = "actual volume"
_PLATES = ("destination plate barcode", "destination plate name")
MIN_DELIVERED = 0.9
"""Less than this share of a volume is no dose."""
MAX_LISTED = 5
MAX_STATUS = 200


@dataclass(frozen=True, slots=True)
class TransferReport:
    """What a report says of one plate: wells with the reason why they failed, and how many transfers it lists.

    `failed_from` and `moved` are the source wells of the transfers into a well that failed, and of those that did not;
    a report without source wells has one that is empty.
    """

    failed: Mapping[str, str]
    n_transfers: int
    warnings: tuple[str, ...] = ()
    failed_from: Mapping[str, frozenset[str]] = field(default_factory=dict)
    moved: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Line:
    row: int
    section: str
    cells: Mapping[str, str]


def read_transfer_report(content: bytes, plate: str, wells: int) -> TransferReport:
    """Return which wells of a plate failed.

    Args:
        content: the report, as the Echo's software writes it (CSV).
        plate: its name or barcode; transfers into others are passed over.
        wells: how many wells it has.

    Raises:
        TableError: if the file is no such report, has nothing of this plate, or names a well that it does not have.
    """
    text, warnings, _ = decode(content, None)
    lines = list(_lines(text))
    if not lines:
        raise TableError("no table with a column 'Destination Well' is in the file: send the Echo's transfer report")
    mine = [line for line in lines if _is_into(line, plate)]
    others = {_named(line) for line in lines if not _is_into(line, plate)}
    if not mine:
        raise TableError(f"no transfer into plate {plate!r} is in the report; it has {_listed(others)}")
    if others:
        warnings.append(f"transfers into other plates were passed over: {_listed(others)}")
    failed: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    lost: set[tuple[str, str]] = set()
    for line in mine:
        well = plain_name(line.cells.get(WELL, ""), wells)
        if well is None:
            shown = line.cells.get(WELL, "")[:20]
            raise TableError(f"{shown!r} is no well of a plate of {wells}", row=line.row, column="Destination Well")
        transfer = (well, line.cells.get("source well", ""))
        seen.add(transfer)
        reason, warning = _failure_or_warning(line)
        if reason is not None:
            lost.add(transfer)
            failed.setdefault(well, reason)
        warnings += [f"row {line.row}: {well}: {warning}"] if warning else []
    return TransferReport(failed, len(seen), tuple(warnings), _sources(lost), _sources(seen - lost))


def _sources(transfers: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Return the source wells of transfers by the well that they go into."""
    found: dict[str, set[str]] = {}
    for well, source in transfers:
        found.setdefault(well, set()).add(source)
    return {well: frozenset(names) for well, names in found.items()}


def _failure_or_warning(line: _Line) -> tuple[str | None, str | None]:
    """Return why a transfer failed, or else what should be looked at."""
    status = line.cells.get(STATUS, "")
    wanted, moved = (_volume(line, name) for name in (WANTED, MOVED))
    short = wanted is not None and moved is not None and moved < MIN_DELIVERED * wanted
    shortfall = f"{moved:g} of {wanted:g} nL moved" if short else ""
    if short or line.section == "exceptions":
        return "; ".join(filter(None, ("transfer failed", status[:MAX_STATUS], shortfall))), None
    return None, f"moved, with the status {status[:MAX_STATUS]!r}" if status else None


def _volume(line: _Line, name: str) -> float | None:
    text = line.cells.get(name, "")
    if not text:
        return None
    try:
        volume = float(text)
    except ValueError:
        volume = math.nan
    if not 0 <= volume < math.inf:
        detail = f"{text[:20]!r} is no volume: write nL as a number with a decimal point, or leave the cell blank"
        raise TableError(detail, row=line.row, column=name.title())
    return volume


def _lines(text: str) -> Iterator[_Line]:
    """Yield the rows of all tables that have a column of destination wells."""
    section, header = "", None
    for row, cells in enumerate(_records(text), 1):
        first = cells[0].strip() if cells else ""
        if first.startswith("[") and first.endswith("]"):
            section, header = first[1:-1].strip().casefold(), None
        elif not any(cell.strip() for cell in cells):
            header = None  # a blank line ends a table
        elif header is None:
            names = [" ".join(cell.split()).casefold() for cell in cells]
            header = names if WELL in names else None
            _check_header(header, row)
        else:
            yield _Line(row, section, dict(zip(header, (cell.strip() for cell in cells), strict=False)))


def _records(text: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""))
    except csv.Error as error:
        raise TableError(f"the file is not valid CSV: {error}") from error


def _check_header(header: Sequence[str] | None, row: int) -> None:
    if header is None:
        return
    if not {*_PLATES} & {*header}:
        raise TableError("no column says into which plate: 'Destination Plate Barcode' is missing", row=row)
    if STATUS not in header and not {WANTED, MOVED} <= {*header}:
        raise TableError("no column says what became of a transfer: 'Transfer Status' is missing", row=row)


def _is_into(line: _Line, plate: str) -> bool:
    return any(line.cells.get(name, "").casefold() == plate.casefold() for name in _PLATES)


def _named(line: _Line) -> str:
    return next((line.cells[name] for name in _PLATES if line.cells.get(name)), "no plate")


def _listed(names: set[str]) -> str:
    shown = sorted(names)[:MAX_LISTED]
    return ", ".join(repr(name[:40]) for name in shown) + (", ..." if len(names) > MAX_LISTED else "")
