"""Files of molecules. Torch-free."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from rdkit import Chem

from models.domains.contract import FileFormat
from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.stereoisomers import DEFINED, statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def write_sdf(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return an SDF (V3000, 2D coordinates), one record per row with every column but `object` as data.

    V3000 holds stereo groups and large molecules, which V2000 cannot. The chiral flag is set for molecules of
    one known configuration.
    """
    from rdkit.Chem import rdDepictor

    text = io.StringIO()
    writer = Chem.SDWriter(text)
    writer.SetForceV3000(True)
    for row in rows:
        mol = Chem.Mol(molecule(str(row["object"])))
        rdDepictor.Compute2DCoords(mol)
        mol.SetIntProp("_MolFileChiralFlag", int(statement(str(row["object"])) == DEFINED))
        mol.SetProp("_Name", str(row.get("candidate_id") or ""))
        for name, value in row.items():
            if name != "object":
                mol.SetProp(name, "" if value is None else " ".join(str(value).split()))
        writer.write(mol)
    writer.close()
    return text.getvalue().encode()


FORMATS = {"sdf": FileFormat("chemical/x-mdl-sdfile", write_sdf)}
MISSING_FORMATS = {"cif": "the crystal structure of a new molecule is unknown; sdf has its atoms and bonds"}
