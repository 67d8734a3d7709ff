"""The rows of a sheet with what openpyxl's own reader drops.

Raised and struck letters, and rows that are hidden.
Knows no header and no meaning of a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_RAISED = str.maketrans("0123456789+-\u2212", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """The cells of one row, without those that are blank at its end."""

    cells: Sequence[Any]
    is_hidden: bool = False


def sheet_rows(sheet: Any) -> Iterator[SheetRow]:
    """Yield all rows of a sheet that is read row by row, the missing ones between others as well."""
    from openpyxl.worksheet._reader import WorkSheetParser  # what openpyxl's own rows are made by

    book, below = sheet.parent, 1
    with sheet._get_source() as source:  # noqa: SLF001 - rows with their marks have no public name
        parser = WorkSheetParser(
            source,
            sheet._shared_strings,  # noqa: SLF001
            data_only=book.data_only,
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001
            rich_text=True,
        )
        for number, cells in parser.parse():
            if number < below:
                continue
            yield from repeat(SheetRow(()), number - below)
            below = number + 1
            marks = parser.row_dimensions.pop(str(number), {})
            yield SheetRow(sheet._get_row(cells), marks.get("hidden") in ("1", "true"))  # noqa: SLF001


def notes_below(sheet: Any, row: int) -> list[tuple[str, str]]:
    """Return the cells below a row that have notes, each with its coordinate and what the note says."""
    from openpyxl.packaging.relationship import get_dependents, get_rels_path
    from openpyxl.xml.constants import COMMENTS_NS, SHEET_MAIN_NS
    from openpyxl.xml.functions import fromstring

    archive, relations = sheet.parent._archive, get_rels_path(sheet._worksheet_path)  # noqa: SLF001 - as sheet_rows
    parts = set(archive.namelist())
    if relations not in parts:
        return []
    found = []
    for part in get_dependents(archive, relations).find(COMMENTS_NS):
        notes = fromstring(archive.read(part.target)) if part.target in parts else ()
        for note in (item for kept in notes for item in kept if item.tag == f"{{{SHEET_MAIN_NS}}}comment"):
            where = note.get("ref", "")
            if int("0" + "".join(filter(str.isdecimal, where))) > row:
                found.append((where, " ".join("".join(note.itertext()).split())))
    return found


def text_of(value: Any) -> str:
    """Return a text with its raised digits as such: a footnote mark is no digit, and 10³ is a thousand."""
    if isinstance(value, str):
        return value
    return "".join(part if isinstance(part, str) else _block(part) for part in value)


def is_partly_struck(value: Any) -> bool:
    """Return whether some letters of a text are struck through."""
    return isinstance(value, list) and any(
        not isinstance(part, str) and bool(part.font.strike) for part in value
    )


def _block(part: Any) -> str:
    text = str(part.text)
    return text.translate(_RAISED) if part.font.vertAlign == "superscript" else text


class StruckCells:
    """Tells cells that are struck through as a whole, by their fonts, of which a book has few."""

    def __init__(self) -> None:
        self._struck: dict[int, bool] = {}

    def __contains__(self, cell: Any) -> bool:
        if cell.value is None or not cell.has_style:
            return False
        font = cell.style_array.fontId
        if font not in self._struck:
            self._struck[font] = bool(cell.font.strike)
        return self._struck[font]
