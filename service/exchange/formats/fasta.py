"""FASTA.

Every record's letters become the column `sequence`, or its HELM the column `helm` where the header has one.
White space inside a record is a line wrap. The first word becomes `candidate_id` where it is one, else
`name`. Reads only: the peptides' domain writes its own.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from service.exchange.tables import MAX_ROWS, Layout, RawRow, Table, TableError, TableFormat
from service.exchange.texts import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMN = "sequence"
COLUMNS = ("candidate_id", "name", COLUMN, "helm")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HELM = re.compile(r"PEPTIDE1\{(?P<monomers>[^{}]*)\}\$\S*")
_CAP = re.compile(r"\[[^\[\]]*\]")


def named(name: str) -> dict[str, str]:
    """Return the column in which a record's name stands."""
    return {"candidate_id" if _ID.fullmatch(name) else "name": name} if name else {}


def table_of(rows: Iterator[RawRow], warnings: list[str]) -> Table:
    """Return rows as a table with the columns that they have.

    Raises:
        TableError: if there are none, or too many.
    """
    found: list[RawRow] = []
    for row in rows:
        if len(found) == MAX_ROWS:
            raise TableError(f"at most {MAX_ROWS} records are read at once", row=row.number)
        found.append(row)
    if not found:
        raise TableError("the file holds no record")
    used = {name for row in found for name in row.cells}
    return Table(tuple(name for name in COLUMNS if name in used), tuple(found), tuple(warnings))


def read(content: bytes, layout: Layout) -> Table:
    """Read the records of a FASTA file; rows are counted in records.

    Raises:
        TableError: if there is no record or too many, or text stands before the first.
    """
    text, warnings, _ = decode(content, layout.charset)
    return table_of((_row(number, lines) for number, lines in enumerate(_records(text), 1)), warnings)


def _records(text: str) -> Iterator[list[str]]:
    """Yield the lines of each record, its header first and without its sign."""
    record: list[str] = []
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if line.startswith(">"):
            if record:
                yield record
            record = [line[1:].strip()]
        elif record:
            record.append(line)
        elif line.strip():
            raise TableError(
                "a FASTA record begins with a line '>name'; this file begins otherwise", row=number
            )
    if record:
        yield record


def _row(number: int, lines: list[str]) -> RawRow:
    name, _, rest = lines[0].partition(" ")
    letters = "".join("".join(lines[1:]).split()).removesuffix("*")
    cells = named(name) | {COLUMN: letters}
    helm = _HELM.search(rest)
    if helm is None:
        return RawRow(number, cells)
    if _CAP.sub("", helm["monomers"]).replace(".", "") != letters:
        return RawRow(
            number, cells, "the HELM in the header is not that of the sequence below it: which is it?"
        )
    return RawRow(number, named(name) | {"helm": helm[0]})


FORMAT = TableFormat("fasta", ("text/x-fasta",), read, object_column=COLUMN, aliases=("fa", "faa"))
