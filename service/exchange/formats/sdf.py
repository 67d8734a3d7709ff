"""SDF: every record's structure becomes the column `smiles`, its data fields become columns by name.

Knows nothing of what the other columns mean, and reads only: the molecules' domain writes its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from service.exchange.cells import WITH_POINT
from service.exchange.tables import (
    MAX_COLUMNS,
    MAX_ROWS,
    Layout,
    RawRow,
    Table,
    TableError,
    TableFormat,
    check_size,
)
from service.exchange.texts import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMN = "smiles"
MAX_RECORD = 500_000
"""Longest record, in characters."""
MAX_ATOMS = 999
"""Most atoms of a structure, as in a V2000 connection table."""
MAX_BONDS = 1_200
"""Most bonds: rings are looked for, which takes long where nearly every atom has many."""
_COUNTS = re.compile(
    r"^(?:M  V30 COUNTS +(\d{1,9}) +(\d{1,9})\b|([ \d]{3})([ \d]{3}).{27} V2000)", re.MULTILINE
)
_END = "$$$$"
_SHOWN = 5


@dataclass(slots=True)
class _Notes:
    """Records of which the person who sent them should hear."""

    other_smiles: list[int] = field(default_factory=list)

    def warnings(self) -> list[str]:
        found = []
        if self.other_smiles:
            found.append(
                f"{_records(self.other_smiles)} a field {COLUMN} that differs; the structure was read"
            )
        return found


def read(content: bytes, layout: Layout) -> Table:
    """Read the records of an SDF, or one MDL molfile; rows are counted in records.

    A record that RDKit cannot read is a row with a problem and stops no other.

    Raises:
        TableError: if there is no record, or too many.
    """
    count_rows(content)
    text, warnings, _ = decode(content, layout.charset)
    notes = _Notes()
    rows = []
    columns: dict[str, None] = {}
    n_cells = 0
    for number, record in enumerate(_split(text), 1):
        row = _row(number, record, notes)
        columns |= dict.fromkeys(row.cells)
        rows.append(row)
        n_cells += len(row.cells)
        check_size(0, n_cells, number)
        if number > MAX_ROWS or len(columns) > MAX_COLUMNS:
            raise TableError(
                f"at most {MAX_ROWS} records with {MAX_COLUMNS} fields are read at once", row=number
            )
    if not rows:
        raise TableError("the file holds no record")
    return Table(
        tuple(columns or {COLUMN: None}),
        tuple(rows),
        (*warnings, *notes.warnings()),
        number_format=WITH_POINT,
    )


def count_rows(content: bytes) -> int:
    """Return at least how many records there can be.

    Raises:
        TableError: if there are more than are read.
    """
    records = content.count(_END.encode()) + 1
    check_size(records - 1, 0)
    return records


def _split(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.rstrip() == _END:
            yield "\n".join(lines)
            lines = []
        else:
            lines.append(line)
    if any(line.strip() for line in lines):
        yield "\n".join(lines)


def _row(number: int, record: str, notes: _Notes) -> RawRow:
    from rdkit import Chem, rdBase

    problem = _too_large(record)
    if problem is not None:
        return RawRow(number, {}, problem)
    with rdBase.BlockLogs():
        mol = _molecule(record)
        if mol is None:
            return RawRow(number, {}, f"the structure cannot be read: {_why(record)}")
        fields = {name.strip(): mol.GetProp(name).strip() for name in mol.GetPropNames()}
        problem = _problem(mol)
        if problem is not None:
            return RawRow(number, fields, problem)
        smiles = Chem.MolToSmiles(mol)
    written = [fields.pop(name) for name in list(fields) if name.casefold() == COLUMN]
    if smiles and any(text and not _is_same(text, smiles) for text in written):
        notes.other_smiles.append(number)
    if mol.GetStereoGroups():
        smiles = Chem.MolToCXSmiles(mol, Chem.SmilesWriteParams(), Chem.CXSmilesFields.CX_ENHANCEDSTEREO)
    return RawRow(number, {COLUMN: smiles or next(iter(written), ""), **fields})


def _too_large(record: str) -> str | None:
    """Return why a record is not read, from what it says of its size: chemistry comes later."""
    if len(record) > MAX_RECORD:
        return f"the record is longer than {MAX_RECORD} characters"
    counts = [
        [int(part) for part in match.groups() if part and part.strip()] for match in _COUNTS.finditer(record)
    ]
    n_atoms = max((count[0] for count in counts if count), default=0)
    n_bonds = max((count[1] for count in counts if len(count) > 1), default=0)
    if n_atoms > MAX_ATOMS:
        return f"the structure has {n_atoms} atoms, more than {MAX_ATOMS}"
    return f"the structure has {n_bonds} bonds, more than {MAX_BONDS}" if n_bonds > MAX_BONDS else None


def _molecule(record: str, *, sanitize: bool = True) -> Any:
    from rdkit import Chem

    supplier = Chem.SDMolSupplier()
    supplier.SetData(f"{record}\n{_END}\n", sanitize=sanitize)
    return next(iter(supplier), None)


def _why(record: str) -> str:
    from rdkit import Chem

    mol = _molecule(record, sanitize=False)
    problems = Chem.DetectChemistryProblems(mol) if mol is not None else ()
    return str(problems[0].Message()) if problems else "it is no MDL connection table (V2000 or V3000)"


def _problem(mol: Any) -> str | None:
    """Return why a structure that RDKit reads is not one molecule."""
    if mol.GetNumAtoms() > MAX_ATOMS:
        return f"the structure has {mol.GetNumAtoms()} atoms, more than {MAX_ATOMS}"
    if any(part.HasQuery() for part in (*mol.GetAtoms(), *mol.GetBonds())):
        return "the structure is a query: it has atoms or bonds that stand for several"
    return None


def _is_same(text: str, smiles: str) -> bool:
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        mol: Chem.Mol | None = Chem.MolFromSmiles(text)
    return mol is not None and Chem.MolToSmiles(mol) == smiles


def _records(numbers: list[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:_SHOWN]) + (", ..." if numbers[_SHOWN:] else "")
    return f"record {shown} has" if len(numbers) == 1 else f"records {shown} have"


FORMAT = TableFormat(
    "sdf",
    ("chemical/x-mdl-sdfile", "chemical/x-mdl-sdf", "chemical/x-sdf"),
    read,
    object_column=COLUMN,
    count_rows=count_rows,
)
