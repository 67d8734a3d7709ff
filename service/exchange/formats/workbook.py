"""XLSX: a sheet under a header row, the first or a named one, and flat rows as a sheet whose header stays in view.

Knows nothing of what the columns mean.
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from datetime import datetime, time
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any

from service.exchange.cells import WITH_POINT, Digits
from service.exchange.formula_injection import looks_like_formula, unprotected
from service.exchange.number_formats import shown
from service.exchange.tables import (
    MAX_TITLE_ROWS,
    RawRow,
    SheetError,
    Table,
    TableError,
    TableFormat,
    check_size,
    distinct_names,
    header_index,
    title_warning,
)
from service.exchange.workbook_rows import StruckCells, is_partly_struck, notes_below, sheet_rows, text_of
from service.exchange.workbook_safety import check_archive, count_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_CELLS = 1_000_000
"""Most cells that are looked at, the blank ones between others among them."""
LAST_ROW = 2**20
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TOLD_SHEETS = 50
_TOLD_MARKS = 20
_TOLD_NOTES = 5
_WIDTHS = (10, 45)
"""Narrowest and widest column of a written sheet, in characters."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of the sheet as texts, with the formulas that were never calculated and the cells that are struck through.

    Of `partly_struck` cells some letters are; place -> coordinate, as of those that are `uncalculated`.
    """

    number: int
    texts: Sequence[str]
    uncalculated: Mapping[int, str]
    partly_struck: Mapping[int, str]
    struck: Sequence[str] = ()
    is_hidden: bool = False


def read(content: bytes, charset: str | None) -> Table:
    """Read the first visible sheet under a header row; formulas count as the values last calculated.

    Raises:
        TableError: if the file is no workbook, protected, broken or too large, or its header does not name
            a column.
    """
    del charset  # XML says by itself which encoding it is in
    return _read(content, None)


def read_sheet(content: bytes, name: str) -> Table:
    """Read the sheet of this name, whatever its capitals, as `read` does the first.

    Raises:
        SheetError: if there is none; it names those that there are.
        TableError: as in `read`.
    """
    return _read(content, name)


def _read(content: bytes, name: str | None) -> Table:
    has_formulas = check_archive(content)
    try:
        return _table(content, name, has_formulas=has_formulas)
    except TableError:
        raise
    except Exception as error:  # openpyxl raises whatever its parsers meet in a damaged part
        raise TableError("the workbook is damaged: open it in a spreadsheet program and save it again") from error


def write(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the rows as a workbook of one sheet, in which no text is run as a formula."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Table")
    sheet.freeze_panes = "A2"
    header = list(rows[0]) if rows else []
    for index, name in enumerate(header, 1):
        longest = max(len(str(value)) for value in (name, *(row[name] for row in rows[:100])) if value is not None)
        sheet.column_dimensions[get_column_letter(index)].width = min(max(longest + 2, _WIDTHS[0]), _WIDTHS[1])
    if header:
        sheet.append([_written(sheet, name, Font(bold=True)) for name in header])
    for row in rows:
        sheet.append([_written(sheet, value) for value in row.values()])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _written(sheet: Any, value: Any, font: Any = None) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return float(f"{value:.8g}") if math.isfinite(value) else None
    text = _ILLEGAL.sub("\ufffd", str(value))
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"  # else openpyxl would take what starts like a formula for one
    cell.quotePrefix = looks_like_formula(text)
    if font is not None:
        cell.font = font
    return cell


def _table(content: bytes, name: str | None, *, has_formulas: bool) -> Table:
    sheet, warnings = _sheet(content, name)
    raw = _sheet(content, name, data_only=False)[0] if has_formulas else None
    lines = (line for line in _lines(sheet, raw) if any(line.texts) or line.uncalculated)
    first = list(islice(lines, MAX_TITLE_ROWS))
    index = header_index([line.texts for line in first])
    head = first[index] if first else None
    if head is None:
        raise TableError(f"the sheet {sheet.title!r} is empty; its first row must name the columns")
    header = distinct_names([" ".join(text.split()) for text in head.texts])
    rows: list[RawRow] = []
    marked = _Marked()
    for line in chain(first[index + 1 :], lines):
        check_size(len(rows) + 1, 0, line.number)
        rows.append(_row(line, header, head.number))
        marked.note(line)
    title = tuple(" ".join(filter(None, line.texts)) for line in first[:index])
    warnings += (*title_warning(title, head.number), *marked.warnings(), *_note_warnings(sheet, head.number))
    names = tuple(name for name in header if name)
    return Table(
        names,
        tuple(rows),
        tuple(warnings),
        number_format=WITH_POINT,
        title=(sheet.title, *title),
        header_row=head.number,
    )


def _sheet(content: bytes, name: str | None, *, data_only: bool = True) -> tuple[Any, list[str]]:
    """Return a sheet, and a warning if there are others that nobody chose it from."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True, data_only=data_only, keep_links=False, rich_text=True)
    sheet, others = _first(book) if name is None else (_named(book, name), [])
    sheet.reset_dimensions()  # what a file declares of its size may be wrong, or a trap
    if not others:
        return sheet, []
    shown = _shortened(others, 4)
    return sheet, [f"only the first sheet, {sheet.title!r}, was read, not {shown}; the parameter sheet chooses another"]


def _first(book: Any) -> tuple[Any, list[Any]]:
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        raise TableError("the workbook has no visible sheet")
    return visible[0], visible[1:]


def _named(book: Any, name: str) -> Any:
    """Return the sheet of a name, a hidden one as well; without its equal, the one that differs in capitals alone."""
    exact = [sheet for sheet in book.worksheets if sheet.title == name]
    alike = [sheet for sheet in book.worksheets if sheet.title.strip().casefold() == name.strip().casefold()]
    if found := exact or alike:
        return found[0]
    raise SheetError(f"the workbook has no sheet {name!r}; it has {_shortened(book.worksheets, _TOLD_SHEETS)}")


def _shortened(sheets: Sequence[Any], most: int) -> str:
    return ", ".join(repr(sheet.title[:40]) for sheet in sheets[:most]) + (", ..." if sheets[most:] else "")


class _Marked:
    """Collects which rows are hidden and which cells are struck through: whoever made the sheet may not mean them."""

    def __init__(self) -> None:
        self._hidden: list[str] = []
        self._struck: list[str] = []

    def note(self, line: _Line) -> None:
        """Take the marks of a row."""
        self._hidden += [str(line.number)] if line.is_hidden else []
        self._struck += line.struck

    def warnings(self) -> list[str]:
        """Return a sentence on each kind of mark."""
        kinds = (("rows that are hidden", self._hidden), ("cells that are struck through", self._struck))
        return [
            f"{what} were read as well ({', '.join(found[:_TOLD_MARKS])}{', ...' if found[_TOLD_MARKS:] else ''}): "
            "delete what does not count"
            for what, found in kinds
            if found
        ]


def _note_warnings(sheet: Any, header_row: int) -> list[str]:
    notes = notes_below(sheet, header_row)
    shown = ", ".join(f"{where}: {text[:40]!r}" for where, text in notes[:_TOLD_NOTES])
    more = ", ..." if notes[_TOLD_NOTES:] else ""
    return [f"notes at cells were not read ({shown}{more}): delete what does not count"] if notes else []


def _lines(sheet: Any, raw: Any | None) -> Iterator[_Line]:
    n_cells = 0
    formulas: Iterable[Any] = repeat(()) if raw is None else raw.iter_rows()
    struck = StruckCells()
    for number, (row, unread) in enumerate(zip(sheet_rows(sheet), formulas, strict=False), 1):
        n_cells += len(row.cells)
        if number > LAST_ROW or n_cells > MAX_CELLS:
            raise TableError(f"the sheet has more than {MAX_CELLS} cells: split it or send CSV", row=number)
        uncalculated = {
            index: item.coordinate
            for index, (item, cell) in enumerate(zip(unread, row.cells, strict=False))
            # A formula whose value is an empty text says so in its type.
            if item.data_type == "f" and cell.value is None and cell.data_type != "str"
        }
        partly = {index: cell.coordinate for index, cell in enumerate(row.cells) if is_partly_struck(cell.value)}
        crossed = [cell.coordinate for cell in row.cells if cell in struck]
        yield _Line(number, [_text(cell) for cell in row.cells], uncalculated, partly, crossed, row.is_hidden)


def _row(line: _Line, header: Sequence[str], header_row: int) -> RawRow:
    missing = repeat("", max(0, len(header) - len(line.texts)))
    named = {name: text for name, text in zip(header, chain(line.texts, missing), strict=False) if name}
    for index, text in enumerate(line.texts):
        if text and (index >= len(header) or not header[index]):
            _refuse_unnamed(line.number, index, text, header_row)
    for index, where in line.uncalculated.items():
        if index < len(header) and header[index]:
            problem = f"the formula in {where} was never calculated: open the file in a spreadsheet program and save it"
            return RawRow(line.number, named, problem)
    if lacks := tuple(header[index] for index in line.partly_struck if index < len(header) and header[index]):
        where = " and ".join(line.partly_struck.values())
        problem = f"some letters in {where} are struck through: delete them, or take the line through them away"
        return RawRow(line.number, named, problem, lacks)
    return RawRow(line.number, named)


def _refuse_unnamed(row: int, index: int, text: str, header_row: int) -> None:
    from openpyxl.utils import get_column_letter

    column = get_column_letter(index + 1)
    shown = repr(text if len(text) <= 40 else f"{text[:37]}...")  # noqa: PLR2004 - part of a sentence
    raise TableError(
        f"column {column} has no name in row {header_row}, but {column}{row} holds {shown}: name every column there "
        "(a merged cell names only its first)",
        row=header_row,
        column=column,
    )


def _text(cell: Any) -> str:
    """Return what a person sees in a cell, without rounding."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str | list):
        return unprotected(text_of(value).strip())
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _digits(value, cell.number_format)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _digits(value: float, number_format: str | None) -> str:
    found = shown(value, number_format)
    if found.exact is not None:
        return Digits(found.exact, found.padded)
    return Digits(found.text) if any(letter.isdigit() for letter in found.text) else found.text


FORMAT = TableFormat(
    "xlsx",
    (MEDIA_TYPE, "application/vnd.ms-excel.sheet.macroenabled.12"),
    read,
    write,
    aliases=("xlsm",),
    read_sheet=read_sheet,
    count_rows=count_rows,
)
