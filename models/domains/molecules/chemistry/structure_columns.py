"""Tables with several structure columns per row: the most detailed one is read, unless they differ.

Public databases list a compound with and without its stereochemistry and isotopes in separate columns.
Torch-free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domains.contract import InvalidObjectError, ParsedObject
from models.domains.molecules.chemistry.molecules import COLUMN, molecule, shown
from models.domains.molecules.chemistry.normal_form import unlabelled
from models.domains.molecules.chemistry.reading import Tautomers, read_smiles
from models.domains.molecules.chemistry.stereo import flat, write_groups

if TYPE_CHECKING:
    from collections.abc import Mapping

FURTHER_COLUMNS = (
    *("isomeric_smiles", "isomericsmiles", "iso_smiles", "isosmiles", "smiles_isomeric", "stereo_smiles"),
    *(
        "smiles_stereo",
        "chiral_smiles",
        "absolute_smiles",
        "cxsmiles",
        "pubchem_openeye_iso_smiles",
        "pubchem_smiles",
    ),
    *("canonical_smiles", "canonicalsmiles", "can_smiles", "cansmiles", "smiles_canonical", "flat_smiles"),
    *(
        "connectivity_smiles",
        "connectivitysmiles",
        "pubchem_openeye_can_smiles",
        "pubchem_connectivity_smiles",
    ),
)
"""Headers, beside that of the object's own column, of structure columns."""
_UNSTATED = frozenset(("", "-", "?", "n/a", "na", "nan", "none", "null"))


def read_structure(fields: Mapping[str, str], tautomers: Tautomers = "as_drawn") -> ParsedObject:
    """Return the compound of a row from all its structure columns; `tautomers` as in `read_smiles`.

    Raises:
        InvalidObjectError: if one cannot be read, or two hold different compounds; the error names the
            column.
    """
    result = {
        column: _read(column, fields[column], tautomers)
        for column in (COLUMN, *FURTHER_COLUMNS)
        if fields.get(column, "").strip().casefold() not in _UNSTATED
    }
    if len({read.text for read in result.values()}) <= 1:
        return next(iter(result.values()), None) or read_smiles(fields.get(COLUMN, ""), tautomers)
    poorer = {column: _less_complete(read.text, tautomers) for column, read in result.items()}
    best = max(result, key=lambda column: len(poorer[column]))
    richest = result[best]
    others = {column: read.text for column, read in result.items() if read.text != richest.text}
    for column, text in others.items():
        if text not in poorer[best]:
            detail = f"{shown(text)} is another compound than {shown(richest.text)} in {best}: which is it?"
            raise InvalidObjectError(column, detail)
    lacking = ", ".join(others)
    message = f"{best} was read, which has stereochemistry or isotopes that are not in {lacking}"
    return ParsedObject(richest.text, (*richest.warnings, message))


def _read(column: str, text: str, tautomers: Tautomers) -> ParsedObject:
    try:
        return read_smiles(text, tautomers)
    except InvalidObjectError as error:
        raise InvalidObjectError(column, error.detail) from error


def _less_complete(text: str, tautomers: Tautomers) -> set[str]:
    """Return the texts of a compound without its stereochemistry, its isotopic labels, and both."""
    mol = molecule(text)
    forms = {write_groups(form) for form in (flat(mol), unlabelled(mol), flat(unlabelled(mol)))}
    return {read_smiles(form, tautomers).text for form in forms} - {text}
