"""The readings of one plate in a file of several: blocks by number or label, one of which is meant. Knows no format."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.exchange.cells import NumberFormat
from service.exchange.reading import decide_number_format
from service.exchange.tables import QuestionError, RawRow, Table, TableError
from service.exchange.values import Decimal, ValueTextError, is_missing

MAX_LABEL = 80
MAX_CHOICES = 100
LARGEST_SIGNAL = 1e30
"""No detector counts further, and squares of signals must stay numbers."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands for one well, and in which row of the file."""

    text: str
    row: int


@dataclass(frozen=True, slots=True)
class Block:
    """One reading of one plate: the cells of its wells; `plate` is the plate's name where the file has one for it."""

    label: str
    cells: Mapping[str, Cell]
    plate: str = ""


@dataclass(frozen=True, slots=True)
class Signals:
    """Numbers by well, and why other wells have none."""

    source: str
    values: Mapping[str, float]
    unread: Mapping[str, str]


def choose(blocks: Sequence[Block], plate: str, wanted: str | None) -> Block:
    """Return the block that is meant: the requested one, the only one, or the only one with the plate's name.

    A file that names its plates and has none of this name is not read as this plate's unless its block is named.

    Raises:
        QuestionError: if several may be meant; `block` answers, by number, label or both as listed.
        TableError: if there is none.
    """
    names = [f"{number}: {block.label}" for number, block in enumerate(blocks, 1)]
    if not blocks:
        raise TableError(
            "no wells are in the file: send a table with the columns well and signal, or a grid with the numbers "
            "of its columns above and the letters of its rows beside it"
        )
    if wanted is not None:
        text = wanted.strip().casefold()
        for number, (block, name) in enumerate(zip(blocks, names, strict=True), 1):
            if text in (str(number), name.casefold()):
                return block
        alike = [block for block in blocks if block.label.casefold() == text]
        if len(alike) == 1:
            return alike[0]
        problem = "names several blocks" if alike else "is no block of the file"
        raise QuestionError("block", names[:MAX_CHOICES], f"{wanted[:MAX_LABEL]!r} {problem}: {_listed(names)}")
    possible = [block for block in blocks if block.plate.casefold() in ("", plate.casefold())]
    if len(possible) == 1:
        return possible[0]
    named = [block for block in possible if _names(block.label, plate)]
    if len(named) == 1:
        return named[0]
    known = f"the file holds {len(blocks)} readings" if possible else f"the file names no plate {plate}"
    detail = f"{known}: which is plate {plate}? send block= with one of {_listed(names)}"
    raise QuestionError("block", names[:MAX_CHOICES], detail)


def read_signals(block: Block, delimiter: str, typed: Decimal | None, answer: Decimal | None) -> Signals:
    """Return the numbers of a block, all with one decimal sign.

    Args:
        block: of texts.
        delimiter: of the file, if it is a text.
        typed: the decimal sign where the format says which it is.
        answer: the decimal sign that the sender names.

    Raises:
        QuestionError: if numbers can be read in two ways.
    """
    rows = tuple(RawRow(cell.row, {"signal": cell.text}) for cell in block.cells.values())
    number_format = None if typed is None else NumberFormat(typed)
    table = Table(("signal",), rows, delimiter=delimiter, number_format=number_format)
    numbers = decide_number_format(table, ("signal",), answer)
    values: dict[str, float] = {}
    unread: dict[str, str] = {}
    for well, cell in block.cells.items():
        if is_missing(cell.text):
            unread[well] = "the file has no reading of it"
            continue
        try:
            value = numbers.read_number(cell.text)
        except ValueTextError:
            unread[well] = f"{cell.text[:40]!r} is no number"
            continue
        if abs(value) <= LARGEST_SIGNAL:
            values[well] = value
        else:
            unread[well] = f"{cell.text[:40]!r} is no signal: it is beyond {LARGEST_SIGNAL:g}"
    return Signals(block.label, values, unread)


def _names(label: str, plate: str) -> bool:
    """Return whether a label has the plate's name as a word of its own: P1 is not in P10."""
    return re.search(rf"(?<![\w-]){re.escape(plate)}(?![\w-])", label, re.IGNORECASE) is not None


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names[:10]) + ("; ..." if len(names) > 10 else "")  # noqa: PLR2004 - part of a sentence
