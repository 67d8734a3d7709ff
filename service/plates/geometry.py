"""Microplates as grids: their sizes, and the names of wells. Knows no content of a well."""

import re
from collections.abc import Iterator
from typing import Literal

WellCount = Literal[96, 384, 1536]
SHAPES: dict[int, tuple[int, int]] = {96: (8, 12), 384: (16, 24), 1536: (32, 48)}
"""Wells -> rows and columns (ANSI/SLAS 4)."""
COUNT_OF: dict[tuple[int, int], WellCount] = {(8, 12): 96, (16, 24): 384, (32, 48): 1536}
_NAME = re.compile(r"\s*([A-Za-z]{1,2})\s*[-:]?\s*0*([0-9]{1,2})\s*")
_LETTERS = 26

Place = tuple[int, int]
"""Row and column of a well, both from 0."""


def row_name(row: int) -> str:
    """Return the letters of a row from 0: A to Z, then AA to AF."""
    return chr(65 + row) if row < _LETTERS else f"A{chr(65 + row - _LETTERS)}"


def row_number(letters: str) -> int | None:
    """Return which row letters name, from 0; None if no plate has it."""
    text = letters.strip().upper()
    rows = SHAPES[1536][0]
    return next((row for row in range(rows) if row_name(row) == text), None)


def well_name(place: Place) -> str:
    """Return the name of a well, such as B2 or AF48."""
    return f"{row_name(place[0])}{place[1] + 1}"


def read_well(text: str, wells: int) -> Place | None:
    """Return the place that a name such as `B2`, `b02` or `AA-48` stands for.

    None if the plate has no such well.
    """
    match = _NAME.fullmatch(text)
    if match is None:
        return None
    row, column = row_number(match[1]), int(match[2]) - 1
    return (row, column) if row is not None and is_on(row, column, wells) else None


def plain_name(text: str, wells: int) -> str | None:
    """Return a well's name in our spelling, or None if the plate has no such well."""
    place = read_well(text, wells)
    return None if place is None else well_name(place)


def is_on(row: int, column: int, wells: int) -> bool:
    """Tell whether a plate has this place."""
    rows, columns = SHAPES[wells]
    return 0 <= row < rows and 0 <= column < columns


def inner(wells: int, edge: int) -> list[Place]:
    """Return the places that are left when `edge` rings of outer wells are not used, row by row."""
    rows, columns = SHAPES[wells]
    return [(row, column) for row in range(edge, rows - edge) for column in range(edge, columns - edge)]


def by_columns(wells: int) -> Iterator[Place]:
    """Yield all places column by column, as multichannel pipettes fill plates."""
    rows, columns = SHAPES[wells]
    return ((row, column) for column in range(columns) for row in range(rows))
