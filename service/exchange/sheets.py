"""Workbooks to download: sheets under a header that stays in view, in which no text is run as a formula.

Knows nothing of what the columns mean; which may be filled in, and with what, it is told.
"""

from __future__ import annotations

import io
import math
import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from service.exchange.formula_injection import looks_like_formula

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openpyxl.worksheet.worksheet import Worksheet

RESULTS, SAMPLES = "Results", "Samples"
PLATE_MAP, REQUEST = "Plate map", "Request"
"""The sheets of a batch: the first is read back, the others hold nothing that is."""
BESIDE_RESULTS = frozenset((SAMPLES, PLATE_MAP, REQUEST))
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_WIDTHS = (10, 45)
"""Narrowest and widest column, in characters."""
_WRAPPED_WIDTH, _LINE_POINTS = 70, 15
"""Characters in a line of texts that go on below each other, and the height of a line."""
_MEASURED_ROWS = 100
"""Rows by which the width of a column is found."""
_HEADER, _TO_FILL_IN, _CHANGEABLE = "DDE3EA", "FFF3C4", "FFFBEE"
"""Fill of a header, of cells that wait to be filled in, and of those that may be overwritten."""
_LINE = "BFC7D1"
_MOST_LETTERS = 255
"""Longest list of choices, and longest prompt, that a spreadsheet program keeps in a cell's rule."""


@dataclass(frozen=True, slots=True)
class WrittenSheet:
    """A table of rows that share their keys, and how it looks.

    A sheet with `to_fill_in` is protected without a password, so that nothing but these columns and what is
    `changeable` is written to by accident; `choices` are offered there, others taken as well, and `prompts`
    shown. `folded` columns wait behind a plus sign. `frozen` names the first column that scrolls. Where there
    is no header, rows at `headings` look like one, the first column stands out, and the others are `width`
    characters wide. Texts of `wrapped` columns go on below each other, so that a printed page shows them
    whole.
    """

    title: str
    rows: Sequence[Mapping[str, Any]]
    to_fill_in: frozenset[str] = frozenset()
    changeable: frozenset[str] = frozenset()
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)
    folded: frozenset[str] = frozenset()
    wrapped: frozenset[str] = frozenset()
    frozen: str | None = None
    has_header: bool = True
    headings: frozenset[int] = frozenset()
    width: int | None = None


def write_sheets(sheets: Sequence[WrittenSheet]) -> bytes:
    """Return the sheets as a workbook that opens with the first."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for sheet in sheets:
        _fill(book.create_sheet(sheet.title), sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(page: Worksheet, sheet: WrittenSheet) -> None:
    names = list(sheet.rows[0]) if sheet.rows else []
    if sheet.has_header:
        for place, name in enumerate(names, 1):
            _write(page, 1, place, name)
    first = 2 if sheet.has_header else 1
    for number, row in enumerate(sheet.rows, first):
        for place, value in enumerate(row.values(), 1):
            _write(page, number, place, value)
    _lay_out(page, sheet, names)
    _style(page, sheet, names, first)


def _write(page: Worksheet, row: int, place: int, value: Any) -> None:
    cell = page.cell(row, place)
    if value is None or isinstance(value, bool | int):
        cell.value = value
    elif isinstance(value, float):
        cell.value = float(f"{value:.8g}") if math.isfinite(value) else None
    else:
        text = _ILLEGAL.sub("\ufffd", str(value))
        cell.value = text
        cell.data_type = "s"  # else openpyxl would take what starts like a formula for one
        cell.quotePrefix = looks_like_formula(text)


def _lay_out(page: Worksheet, sheet: WrittenSheet, names: Sequence[str]) -> None:
    """Set widths, what scrolls, what is folded, and how the sheet is printed."""
    from openpyxl.utils import get_column_letter

    for place, name in enumerate(names, 1):
        column = page.column_dimensions[get_column_letter(place)]
        column.width = _width(sheet, name) if sheet.width is None or place == 1 else sheet.width
        if name in sheet.folded:
            column.outlineLevel, column.hidden = 1, True
    page.sheet_properties.outlinePr.summaryRight = False
    if sheet.has_header:
        scrolls = names.index(sheet.frozen) + 1 if sheet.frozen in names else 1
        page.freeze_panes = f"{get_column_letter(scrolls)}2"
        page.print_title_rows = "1:1"
    page.page_setup.orientation, page.page_setup.fitToHeight = "landscape", 0
    page.sheet_properties.pageSetUpPr.fitToPage = True


def _n_lines(value: Any) -> int:
    """Return how many lines a text takes; LibreOffice does not find out by itself."""
    return max(len(textwrap.wrap(str(value or ""), _WRAPPED_WIDTH)), 1)


def _width(sheet: WrittenSheet, name: str) -> int:
    if name in sheet.wrapped:
        return _WRAPPED_WIDTH
    shown: list[Any] = [name] if sheet.has_header else []
    shown += [row[name] for row in sheet.rows[:_MEASURED_ROWS]]
    longest = max(len(str(value)) for value in (*shown, "") if value is not None)
    return min(max(longest + 2, _WIDTHS[0]), _WIDTHS[1])


def _style(page: Worksheet, sheet: WrittenSheet, names: Sequence[str], first: int) -> None:
    """Mark headers, and lock all but what is to be filled in where anything is."""
    from openpyxl.styles import Alignment, Font, PatternFill

    for number, row in enumerate(sheet.rows, first) if sheet.wrapped else ():
        page.row_dimensions[number].height = _LINE_POINTS * max(_n_lines(row[name]) for name in sheet.wrapped)
        for place, name in enumerate(names, 1):
            page.cell(number, place).alignment = Alignment(wrap_text=name in sheet.wrapped, vertical="top")
    headers = {1} if sheet.has_header and names else {place + 1 for place in sheet.headings}
    for cell in () if sheet.has_header else page["A"]:
        cell.font = Font(bold=True)
    for cell in (cell for number in headers for cell in page[number]):
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor=_HEADER)
    if sheet.to_fill_in and sheet.rows:
        for place, name in enumerate(names, 1):
            _open_column(page, sheet, name, place, range(first, first + len(sheet.rows)))
        page.protection.sheet = True
        for allowed in ("formatCells", "formatColumns", "formatRows", "autoFilter"):
            setattr(page.protection, allowed, False)  # False in the file means that it is not forbidden


def _open_column(page: Worksheet, sheet: WrittenSheet, name: str, place: int, rows: range) -> None:
    from openpyxl.styles import Border, PatternFill, Protection, Side

    if name not in sheet.to_fill_in | sheet.changeable:
        return
    line = Side("thin", color=_LINE)
    for number in rows:
        cell = page.cell(number, place)
        cell.protection = Protection(locked=False)
        cell.border = Border(left=line, right=line, top=line, bottom=line)
        cell.fill = PatternFill("solid", fgColor=_TO_FILL_IN if name in sheet.to_fill_in else _CHANGEABLE)
    _offer(page, sheet.choices.get(name, ()), sheet.prompts.get(name), place, rows)


def _offer(page: Worksheet, choices: Sequence[str], prompt: str | None, place: int, rows: range) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    # A rule lists words between commas, in quotes: others are typed.
    listed = ",".join(word for word in choices if not set(word) & set(',"'))
    if len(listed) > _MOST_LETTERS:
        listed = ""
    if not listed and prompt is None:
        return
    rule = DataValidation(
        "list" if listed else None, formula1=f'"{listed}"' if listed else None, allow_blank=True
    )
    rule.showErrorMessage, rule.showInputMessage = False, prompt is not None
    rule.prompt = None if prompt is None else prompt[:_MOST_LETTERS]
    letter = get_column_letter(place)
    rule.add(f"{letter}{rows[0]}:{letter}{rows[-1]}")
    page.add_data_validation(rule)
