"""Plate grids as readers export them.

Numbers of columns above, letters of rows beside, several blocks in a file.
"""

from collections.abc import Iterator, Sequence

from service.exchange.tables import TableError
from service.exchange.values import is_missing
from service.plates.blocks import MAX_LABEL, Block, Cell
from service.plates.geometry import COUNT_OF, SHAPES, row_number, well_name

Rows = Sequence[Sequence[str]]
MIN_COLUMNS = 3
"""Numbers in a row that are taken for those of columns."""


def find_grids(rows: Rows, wells: int) -> list[Block]:
    """Return every block of a file.

    Raises:
        TableError: if one is of a plate of another size.
    """
    found: list[Block] = []
    place, free_from = 0, 0
    while place < len(rows):
        head = _header(rows[place], SHAPES[1536][1])
        block = None if head is None else _block(rows, place, head, wells)
        if block is None:
            place += 1
            continue
        cells, end = block
        found.append(Block(_label(rows[free_from : place + 1], len(found) + 1), cells))
        place = free_from = end
    return found or list(_bare(rows, wells))


def _header(cells: Sequence[str], most: int) -> tuple[int, int, int] | None:
    """Return where the numbers of columns begin, the first of them and how many there are.

    None without them.
    """
    for start in range(len(cells)):
        first = _number(cells[start])
        if first is None or not 1 <= first <= most:
            continue
        length = 1
        while start + length < len(cells) and _number(cells[start + length]) == first + length:
            length += 1
        return (start, first, length) if length >= MIN_COLUMNS and first + length - 1 <= most else None
    return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 2 else None  # noqa: PLR2004 - up to 48


def _block(
    rows: Rows, place: int, head: tuple[int, int, int], wells: int
) -> tuple[dict[str, Cell], int] | None:
    """Return the cells below a header, and the row after them; None if none stand there."""
    start, first, length = head
    lettered = list(_lettered(rows, place + 1, start))
    found = lettered or list(_unlettered(rows, place + 1, head))
    if not found:
        return None
    n_rows = found[-1][1] + 1
    _check_shape(n_rows, first + length - 1, wells, place + 1)
    cells = {
        well_name((row, first - 1 + offset)): Cell(text, number + 1)
        for number, row in found
        for offset, text in enumerate(_padded(rows[number], start, length))
    }
    return cells, found[-1][0] + 1


def _lettered(rows: Rows, place: int, start: int) -> Iterator[tuple[int, int]]:
    """Yield (row of the file, row of the plate) while row letters are consecutive, blank lines or not."""
    expected: int | None = None
    for number in range(place, len(rows)):
        cells = rows[number]
        if not any(cells):
            continue
        letters = next((text for text in reversed(cells[:start]) if text), "")
        row = row_number(letters) if letters else None
        if row is None or (expected is not None and row != expected):
            return
        yield number, row
        expected = row + 1


def _unlettered(rows: Rows, place: int, head: tuple[int, int, int]) -> Iterator[tuple[int, int]]:
    """Yield the rows of a whole plate that are not named.

    They count from A, and are exactly as many as it has.
    """
    start, first, length = head
    if first != 1 or length not in {columns for _, columns in COUNT_OF}:
        return
    n_rows = next(rows for rows, columns in COUNT_OF if columns == length)
    body = range(place, min(place + n_rows, len(rows)))
    if len(body) == n_rows and all(_is_full(rows[number], start, length) for number in body):
        yield from ((number, row) for row, number in enumerate(body))


def _is_full(cells: Sequence[str], start: int, length: int) -> bool:
    return all(
        text and (is_missing(text) or any(map(str.isdigit, text))) for text in _padded(cells, start, length)
    )


def _padded(cells: Sequence[str], start: int, length: int) -> list[str]:
    part = list(cells[start : start + length])
    return part + [""] * (length - len(part))


def _check_shape(n_rows: int, n_columns: int, wells: int, row: int) -> None:
    """Check that a block is of this plate: a whole smaller one would be read as a corner of it.

    Raises:
        TableError: if it is of another size.
    """
    rows, columns = SHAPES[wells]
    is_larger = n_rows > rows or n_columns > columns
    is_smaller = COUNT_OF.get((n_rows, n_columns), wells) != wells
    if is_larger or is_smaller:
        raise TableError(
            f"the block of {n_rows} x {n_columns} below row {row} is no plate of {wells} wells ({rows} x "
            f"{columns})",
            row=row,
        )


def _label(above: Rows, number: int) -> str:
    """Return the last line with words above a block, or what stands in its corner."""
    for cells in reversed(above):
        words = " ".join(text for text in cells if text and any(map(str.isalpha, text)))
        if words:
            return " ".join(words.split())[:MAX_LABEL]
    return f"block {number}"


def _bare(rows: Rows, wells: int) -> Iterator[Block]:
    """Yield the only block of a file that has nothing but the numbers of a whole plate."""
    body = [(number, cells) for number, cells in enumerate(rows, 1) if any(cells)]
    n_rows, n_columns = SHAPES[wells]
    if body and _header(body[0][1], n_columns) is not None:
        return  # numbers of columns above an incomplete plate
    if len(body) == n_rows and all(
        len(cells) == n_columns and _is_full(cells, 0, n_columns) for _, cells in body
    ):
        cells = {
            well_name((row, column)): Cell(text, number)
            for row, (number, texts) in enumerate(body)
            for column, text in enumerate(texts)
        }
        yield Block("the whole file", cells)
