"""Long files: a row for each well, with its name or its row and column, and the signal."""

from collections.abc import Iterator, Mapping, Sequence

from models.specs.columns import key
from service.exchange.tables import TableError
from service.plates.blocks import MAX_LABEL, Block, Cell
from service.plates.geometry import SHAPES, is_on, read_well, row_number, well_name

WELL = (
    "well",
    "wellid",
    "wellname",
    "wellposition",
    "position",
    "location",
    "destinationwell",
    "pos",
    "wells",
)
ROW, COLUMN = (
    ("row", "wellrow", "platerow"),
    ("column", "col", "wellcolumn", "wellcol", "platecolumn", "platecol"),
)
PLATE = ("plate", "plateid", "platename", "platebarcode", "barcode", "wellplate", "wellplateidentifier")
SIGNAL = (
    *(
        "signal",
        "value",
        "reading",
        "result",
        "raw",
        "rawdata",
        "rawvalue",
        "measurement",
        "response",
        "intensity",
    ),
    *(
        "rfu",
        "rlu",
        "od",
        "absorbance",
        "abs",
        "fluorescence",
        "luminescence",
        "counts",
        "cps",
        "data",
        "meas",
    ),
)
MAX_HEADER_ROW, MAX_WELLS = 200, max(SHAPES)
MIN_HEADLESS = 6
"""Rows of wells that are taken for a table without a header."""
MIN_SHARE = 0.5


def find_table(rows: Sequence[Sequence[str]], plate: str, wells: int) -> list[Block]:
    """Return a block for each column that may hold the signal; none if the file has no such table.

    A column with a known name is taken before all others.

    Raises:
        TableError: if a row names no well of the plate, or a well is there twice.
    """
    place = next((place for place, cells in enumerate(rows[:MAX_HEADER_ROW]) if _is_header(cells)), None)
    if place is not None:
        header = rows[place]
    elif _is_headless(rows):
        header, place = ["well", *(f"column {number}" for number in range(2, max(map(len, rows)) + 1))], -1
    else:
        return []
    names = [_plain(cell) for cell in header]
    body = [(number, cells) for number, cells in enumerate(rows[place + 1 :], place + 2) if any(cells)]
    used = {index for group in (WELL, ROW, COLUMN, PLATE) for index in _columns(names, group)}
    others = [index for index, name in enumerate(names) if name and index not in used]
    known = [index for index in others if names[index] in SIGNAL]
    chosen = known or [index for index in others if _is_numeric(body, index)]
    return [
        Block(
            f"{name} {header[index]}".strip()[:MAX_LABEL],
            {well: Cell(_cell(cells, index), row) for well, (row, cells) in at.items()},
            name,
        )
        for name, at in _by_plate(body, names, plate, wells)
        for index in chosen
    ]


def _is_header(cells: Sequence[str]) -> bool:
    names = [_plain(cell) for cell in cells]
    has_wells = bool(_columns(names, WELL)) or bool(_columns(names, ROW) and _columns(names, COLUMN))
    return has_wells and len([name for name in names if name]) > 1


def _is_headless(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether every row begins with the name of a well, with something behind it."""
    body = [cells for cells in rows if any(cells)]
    return len(body) >= MIN_HEADLESS and all(
        len(cells) > 1 and read_well(cells[0], MAX_WELLS) for cells in body
    )


def _plain(text: str) -> str:
    """Return a header without what stands in brackets, blanks and signs."""
    return key(text.partition("(")[0].partition("[")[0]).replace("_", "")


def _columns(names: Sequence[str], known: Sequence[str]) -> list[int]:
    return [index for index, name in enumerate(names) if name in known][:1]


def _cell(cells: Sequence[str], index: int) -> str:
    return cells[index] if index < len(cells) else ""


def _by_plate(
    body: Sequence[tuple[int, Sequence[str]]], names: Sequence[str], plate: str, wells: int
) -> Iterator[tuple[str, Mapping[str, tuple[int, Sequence[str]]]]]:
    """Yield the wells of the plate or, where a column names other plates, those of each of them."""
    column = _columns(names, PLATE)
    if not column:
        yield "", _wells(body, names, wells)
        return
    grouped: dict[str, list[tuple[int, Sequence[str]]]] = {}
    for row, cells in body:
        grouped.setdefault(_cell(cells, column[0]), []).append((row, cells))
    mine = [name for name in grouped if name.casefold() == plate.casefold()]
    for name in mine or grouped:
        yield name, _wells(grouped[name], names, wells)


def _wells(
    body: Sequence[tuple[int, Sequence[str]]], names: Sequence[str], wells: int
) -> Mapping[str, tuple[int, Sequence[str]]]:
    """Return well -> row of the file and its cells.

    Raises:
        TableError: if a row names no well of the plate, or one that another row named.
    """
    found: dict[str, tuple[int, Sequence[str]]] = {}
    for row, cells in body:
        well = _well(cells, names, wells)
        if well is None:
            shown = " ".join(
                _cell(cells, index) for group in (WELL, ROW, COLUMN) for index in _columns(names, group)
            )
            raise TableError(f"{shown[:40]!r} is no well of a plate of {wells}", row=row, column="well")
        if well in found:
            raise TableError(
                f"well {well} is in rows {found[well][0]} and {row}: send one reading of each well",
                row=row,
                column="well",
            )
        found[well] = (row, cells)
    return found


def _well(cells: Sequence[str], names: Sequence[str], wells: int) -> str | None:
    if column := _columns(names, WELL):
        place = read_well(_cell(cells, column[0]), wells)
        return None if place is None else well_name(place)
    text, number = _cell(cells, _columns(names, ROW)[0]), _cell(cells, _columns(names, COLUMN)[0])
    row = int(text) - 1 if text.isdecimal() and text.isascii() else row_number(text)
    if row is None or not (number.isdecimal() and number.isascii()) or not is_on(row, int(number) - 1, wells):
        return None
    return well_name((row, int(number) - 1))


def _is_numeric(body: Sequence[tuple[int, Sequence[str]]], index: int) -> bool:
    texts = [text for _, cells in body if (text := _cell(cells, index))]
    digits = [text for text in texts if text.lstrip("+-")[:1].isdigit()]
    return bool(texts) and len(digits) > MIN_SHARE * len(texts)
