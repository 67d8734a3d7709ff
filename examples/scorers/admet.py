"""Serve a model trained from your own table: `python admet.py table.csv --value logS --port 9001`.

Extremely randomised trees on Morgan counts and descriptors, fitted at the start in seconds. A campaign takes
what they predict as exact; so use them for what you will not measure, and measure the rest. The model knows
what its table knows: molecules unlike all of it get no value.
"""

from __future__ import annotations

import argparse
import csv
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from http_scorer import server
from rdkit import Chem, RDLogger
from rdkit.Chem import Descriptors, rdFingerprintGenerator
from rdkit.DataStructs import BulkTanimotoSimilarity
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import cross_val_predict

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_ROWS = 50
NEAR = 0.25
"""Similarity to the nearest molecule of the table below which the model has no answer."""
_MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
_DESCRIPTORS = ("MolWt", "MolLogP", "TPSA", "NumHDonors", "NumHAcceptors", "NumRotatableBonds", "RingCount")


class TableError(ValueError):
    """The table cannot be learned from."""


class Model:
    """A regression with its error in cross-validation, which `skill` compares with guessing the mean."""

    def __init__(self, smiles: Sequence[str], values: Sequence[float]) -> None:
        mols = [Chem.MolFromSmiles(text) for text in smiles]
        if bad := [index + 2 for index, mol in enumerate(mols) if mol is None]:
            raise TableError(f"rows {bad[:5]}: no SMILES")
        if len(mols) < LEAST_ROWS:
            raise TableError(f"{len(mols)} rows are too few to learn from: give {LEAST_ROWS} or more")
        features, target = np.stack([_features(mol) for mol in mols]), np.array(values)
        trees = ExtraTreesRegressor(200, random_state=0, min_samples_leaf=2)
        left_out = cross_val_predict(trees, features, target, cv=5)
        self.error = float(np.sqrt(np.mean((left_out - target) ** 2)))
        self.skill = 1 - self.error**2 / float(target.var())
        self._trees: Any = trees.fit(features, target)
        self._known = [_MORGAN.GetCountFingerprint(mol) for mol in mols]
        self.predict = lru_cache(100_000)(self._predict)

    def _predict(self, smiles: str) -> float | None:
        mol = Chem.MolFromSmiles(smiles)
        if mol is None or max(BulkTanimotoSimilarity(_MORGAN.GetCountFingerprint(mol), self._known)) < NEAR:
            return None
        return float(self._trees.predict(_features(mol)[None])[0])


def read_table(path: Path, column: str) -> tuple[list[str], list[float]]:
    """Return the SMILES and numbers of a CSV file with a column `smiles`.

    Raises:
        TableError: naming the column or the row that is wrong.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"smiles", column} <= set(rows[0]):
        raise TableError(f"{path} needs the columns smiles and {column}")
    values = []
    for number, row in enumerate(rows, start=2):
        try:
            values.append(float(row[column]))
        except ValueError as error:
            raise TableError(f"row {number}: {row[column]!r} in {column} is no number") from error
    return [row["smiles"] for row in rows], values


def _features(mol: Chem.Mol) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    known = [float(getattr(Descriptors, name)(mol)) for name in _DESCRIPTORS]
    return np.concatenate([_MORGAN.GetCountFingerprintAsNumPy(mol).astype(np.float64), known])


def main() -> None:
    """Train, say how good the model is, and serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--value", required=True, help="column to learn")
    parser.add_argument("--port", type=int, default=9001)
    asked = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")
    try:
        model = Model(*read_table(asked.table, asked.value))
    except TableError as error:
        sys.exit(str(error))
    if model.skill <= 0:
        sys.exit(f"the model is no better than the mean of {asked.value}: nothing is served")
    print(f"R2 {model.skill:.2f}, error {model.error:.2g} on left-out rows; serving on {asked.port}")  # noqa: T201 - a command
    server(model.predict, asked.port).serve_forever()


if __name__ == "__main__":
    main()
