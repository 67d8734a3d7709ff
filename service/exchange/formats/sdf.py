"""SDF: every record's structure becomes the column `smiles`, its data fields become columns by name.

Knows nothing of what the other columns mean, and reads only: the molecules' domain writes its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from service.exchange.tables import MAX_COLUMNS, MAX_ROWS, RawRow, Table, TableError, TableFormat
from service.exchange.texts import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMN = "smiles"
MAX_RECORD = 500_000
"""Longest record, in characters."""
MAX_ATOMS = 999
"""Most atoms of a structure, as in a V2000 connection table."""
_END = "$$$$"
_SHOWN = 5


@dataclass(slots=True)
class _Notes:
    """Records of which the person who sent them should hear."""

    mixtures: list[int] = field(default_factory=list)
    other_smiles: list[int] = field(default_factory=list)

    def warnings(self) -> list[str]:
        found = []
        if self.mixtures:
            found.append(f"{_records(self.mixtures)} a mixture of stereoisomers, read as the one that is drawn")
        if self.other_smiles:
            found.append(f"{_records(self.other_smiles)} a field {COLUMN} that differs; the structure was read")
        return found


def read(content: bytes, charset: str | None) -> Table:
    """Read the records of an SDF, or one MDL molfile; rows are counted in records.

    A record that RDKit cannot read is a row with a problem and stops no other.

    Raises:
        TableError: if there is no record, or too many.
    """
    text, warnings = decode(content, charset)
    notes = _Notes()
    rows = []
    columns: dict[str, None] = {}
    for number, record in enumerate(_split(text), 1):
        row = _row(number, record, notes)
        columns |= dict.fromkeys(row.cells)
        rows.append(row)
        if number > MAX_ROWS or len(columns) > MAX_COLUMNS:
            raise TableError(f"at most {MAX_ROWS} records with {MAX_COLUMNS} fields are read at once", row=number)
    if not rows:
        raise TableError("the file holds no record")
    return Table(tuple(columns or {COLUMN: None}), tuple(rows), (*warnings, *notes.warnings()), decimal="point")


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

    if len(record) > MAX_RECORD:
        return RawRow(number, {}, f"the record is longer than {MAX_RECORD} characters")
    with rdBase.BlockLogs():
        mol = _molecule(record)
        if mol is None:
            return RawRow(number, {}, f"the structure cannot be read: {_why(record)}")
        fields = {name.strip(): mol.GetProp(name).strip() for name in mol.GetPropNames()}
        problem = _problem(mol)
        if problem is not None:
            return RawRow(number, fields, problem)
        smiles = Chem.MolToSmiles(mol)
    if any(kind.GetGroupType() != Chem.StereoGroupType.STEREO_ABSOLUTE for kind in mol.GetStereoGroups()):
        notes.mixtures.append(number)
    written = [fields.pop(name) for name in list(fields) if name.casefold() == COLUMN]
    if smiles and any(text and not _is_same(text, smiles) for text in written):
        notes.other_smiles.append(number)
    return RawRow(number, {COLUMN: smiles or next(iter(written), ""), **fields})


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


FORMAT = TableFormat("sdf", ("chemical/x-mdl-sdfile",), read, object_column=COLUMN)
