"""A sheet's rows of texts as a table.

Which sheet, which row names the columns, and what the marks of cells mean.
Knows no file format: whoever reads one gives the texts of its cells.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING

from service.exchange.cells import WITH_POINT
from service.exchange.sheets import BESIDE_RESULTS, RESULTS
from service.exchange.tables import (
    MAX_TITLE_ROWS,
    QuestionError,
    RawRow,
    SheetError,
    Table,
    TableError,
    check_is_no_plate,
    check_size,
    column_letter,
    distinct_names,
    header_index,
    names_columns,
    only_counts,
    title_warning,
    with_remarks_named,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from service.exchange.tables import Layout

MAX_CELLS = 1_000_000
"""Most cells that are looked at, the blank ones between others among them."""
LAST_ROW = 2**20
_TOLD_SHEETS = 50
_TOLD_MARKS = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the sheet as texts, with never calculated formulas and struck cells.

    Of `partly_struck` cells some letters are; index -> coordinate, as of those that are `uncalculated`.
    """

    number: int
    texts: Sequence[str]
    uncalculated: Mapping[int, str] = field(default_factory=dict)
    partly_struck: Mapping[int, str] = field(default_factory=dict)
    struck: Sequence[str] = ()
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that may be read: `first_rows` are looked at only where there are several."""

    title: str
    is_visible: bool
    first_rows: Callable[[], Iterable[Sequence[str]]]


def choose_sheet(sheets: Sequence[Sheet], layout: Layout) -> tuple[int, list[str]]:
    """Return the index of the sheet that holds the table, and a warning if there are others.

    Without a name it is the first visible one, unless only another one names what was measured.

    Raises:
        SheetError: if there is none of the name.
        QuestionError: if several others than the first may be it.
        TableError: if none is visible.
    """
    if layout.sheet is not None:
        return _named(sheets, layout.sheet), []
    visible = [index for index, sheet in enumerate(sheets) if sheet.is_visible]
    if not visible:
        raise TableError("the workbook has no visible sheet")
    if len(visible) == 1:
        return visible[0], []
    if (of_batch := _results_of_batch(sheets, visible)) is not None:
        return of_batch
    fitting = [index for index in visible if _has_header(sheets[index], layout)]
    if visible[0] in fitting or not fitting:
        others = _shortened([sheets[index] for index in visible[1:]], 4)
        title = sheets[visible[0]].title
        return visible[0], [
            f"only the first sheet, {title!r}, was read, not {others}; the parameter sheet chooses another"
        ]
    if len(fitting) > 1:
        titles = [sheets[index].title for index in fitting]
        shown = _shortened([sheets[index] for index in fitting], 4)
        raise QuestionError(
            "sheet", titles, f"which sheet holds the results? {shown} may: send sheet with one of them"
        )
    others, title = (
        _shortened([sheets[each] for each in visible if each != fitting[0]], 4),
        sheets[fitting[0]].title,
    )
    told = f"the sheet {title!r} was read, which alone names what was measured, not {others}"
    return fitting[0], [f"{told}; the parameter sheet chooses another"]


def _results_of_batch(sheets: Sequence[Sheet], visible: Sequence[int]) -> tuple[int, list[str]] | None:
    """Return the results sheet of a downloaded batch, wherever it is, with a warning of new sheets."""
    titles = {sheets[index].title: index for index in visible}
    if RESULTS not in titles or not titles.keys() & BESIDE_RESULTS:
        return None
    others = [sheets[index] for index in visible if sheets[index].title not in {RESULTS, *BESIDE_RESULTS}]
    shown = _shortened(others, 4)
    warning = f"the sheet {RESULTS!r} was read, not {shown}; the parameter sheet chooses another"
    return titles[RESULTS], [warning] if others else []


def _has_header(sheet: Sheet, layout: Layout) -> bool:
    return any(names_columns(texts, layout) for texts in islice(sheet.first_rows(), MAX_TITLE_ROWS))


def _named(sheets: Sequence[Sheet], name: str) -> int:
    """Return the sheet of a name, a hidden one as well.

    Without its equal, the one that differs in capitals alone.
    """
    exact = [index for index, sheet in enumerate(sheets) if sheet.title == name]
    alike = [i for i, sheet in enumerate(sheets) if sheet.title.strip().casefold() == name.strip().casefold()]
    if found := exact or alike:
        return found[0]
    raise SheetError(f"the workbook has no sheet {name!r}; it has {_shortened(sheets, _TOLD_SHEETS)}")


def _shortened(sheets: Sequence[Sheet], most: int) -> str:
    return ", ".join(repr(sheet.title[:40]) for sheet in sheets[:most]) + (", ..." if sheets[most:] else "")


def table_of_lines(
    title: str,
    lines: Iterable[Line],
    layout: Layout,
    warnings: Sequence[str],
    notes: Callable[[int], list[str]],
) -> Table:
    """Return the rows of a sheet as a table under its header.

    Args:
        title: the name of the sheet.
        lines: its rows.
        layout: what is said of the file.
        warnings: those of before.
        notes: returns the warnings of notes below the header, whose row it gets.

    Raises:
        TableError: if the sheet is blank, the header does not name a column, or there is too much of it.
    """
    filled = (line for line in lines if any(line.texts) or line.uncalculated)
    first = list(islice(filled, max(MAX_TITLE_ROWS, layout.header_row or 0)))
    check_is_no_plate([list(line.texts) for line in first[:MAX_TITLE_ROWS]])
    index = header_index([(line.number, line.texts) for line in first], layout)
    head = first[index] if first else None
    if head is None:
        raise TableError(f"the sheet {title!r} is empty; its first row must name the columns")
    body: list[Line] = []
    marked = _Marked()
    for line in chain(first[index + 1 :], filled):
        check_size(len(body) + 1, 0, line.number)
        body.append(line)
        marked.note(line)
    width = max(len(line.texts) for line in (head, *body))
    if not head.texts[0] and only_counts([line.texts[0] if line.texts else "" for line in body]):
        head, body, width = _shifted(head), [_shifted(line) for line in body], width - 1
    names = distinct_names(
        [*(" ".join(text.split()) for text in head.texts), *[""] * (width - len(head.texts))]
    )
    header = with_remarks_named(names, [line.texts for line in body])
    above = tuple(" ".join(filter(None, line.texts)) for line in first[:index])
    told = (*warnings, *title_warning(above, head.number), *marked.warnings(), *notes(head.number))
    return Table(
        tuple(name for name in header if name),
        tuple(_row(line, header, head.number) for line in body),
        told,
        number_format=WITH_POINT,
        title=(title, *above),
        header_row=head.number,
        sheet=title,
    )


def _shifted(line: Line) -> Line:
    """Return a row without its first cell, which only counts."""
    return replace(
        line,
        texts=line.texts[1:],
        uncalculated={index - 1: where for index, where in line.uncalculated.items() if index},
        partly_struck={index - 1: where for index, where in line.partly_struck.items() if index},
    )


class _Marked:
    """Collects which rows are hidden and which cells are struck through.

    Whoever made the sheet may not mean them.
    """

    def __init__(self) -> None:
        self._hidden: list[str] = []
        self._struck: list[str] = []

    def note(self, line: Line) -> None:
        """Take the marks of a row."""
        self._hidden += [str(line.number)] if line.is_hidden else []
        self._struck += line.struck

    def warnings(self) -> list[str]:
        """Return a sentence on each kind of mark."""
        kinds = (("rows that are hidden", self._hidden), ("cells that are struck through", self._struck))
        return [
            f"{what} were read as well "
            f"({', '.join(found[:_TOLD_MARKS])}{', ...' if found[_TOLD_MARKS:] else ''}): "
            "delete what does not count"
            for what, found in kinds
            if found
        ]


def _row(line: Line, header: Sequence[str], header_row: int) -> RawRow:
    n_missing = max(0, len(header) - len(line.texts))
    named = {name: text for name, text in zip(header, (*line.texts, *[""] * n_missing), strict=False) if name}
    for index, text in enumerate(line.texts):
        if text and (index >= len(header) or not header[index]):
            _refuse_unnamed(line.number, index, text, header_row)
    unread = {
        index: where for index, where in line.uncalculated.items() if index < len(header) and header[index]
    }
    if unread:
        where = " and ".join(unread.values())
        problem = (
            f"the formula in {where} was never calculated: open the file in a spreadsheet program and save it"
        )
        return RawRow(line.number, named, problem, tuple(header[index] for index in unread))
    if lacks := tuple(header[index] for index in line.partly_struck if index < len(header) and header[index]):
        where = " and ".join(line.partly_struck.values())
        problem = (
            f"some letters in {where} are struck through: delete them, or take the line through them away"
        )
        return RawRow(line.number, named, problem, lacks)
    return RawRow(line.number, named)


def _refuse_unnamed(row: int, index: int, text: str, header_row: int) -> None:
    column = column_letter(index)
    shown = repr(text if len(text) <= 40 else f"{text[:37]}...")  # noqa: PLR2004 - part of a sentence
    raise TableError(
        f"column {column} has no name in row {header_row}, but {column}{row} holds {shown}: name every "
        f"column there "
        "(a merged cell names only its first)",
        row=header_row,
        column=column,
    )
