"""Peptides: bitter taste, from published thresholds of amino acids and dipeptides.

Bitterness is log10(1/T), T the lowest concentration (mol/L) that tastes bitter. Values: Soltani et al.,
BioMed Research International 2013, 501310, table 2 (CC BY 3.0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from service.demo.labs.case import Case, Floats, example, read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_TABLE = "bitter_peptides.csv"

# Side-chain transfer energies (kcal/mol) of Nozaki and Tanford (1971), extended by Jones (1975). With them
# Ney's rule predicts bitterness; the campaign's proxies do not see them.
_TRANSFER = {
    "G": 0.10,
    "A": 0.87,
    "V": 1.87,
    "L": 2.17,
    "I": 3.15,
    "P": 2.77,
    "F": 2.87,
    "M": 1.67,
    "W": 3.77,
    "Y": 2.67,
    "K": 1.64,
    "R": 0.85,
    "H": 0.87,
    "S": 0.07,
    "T": 0.07,
    "C": 1.52,
    "N": 0.09,
    "Q": 0.00,
    "D": 0.66,
    "E": 0.67,
}


def _measured() -> list[dict[str, str]]:
    return read_rows(example(_TABLE))


def _descriptors(sequences: Sequence[str]) -> Floats:
    """Return hydrophobic, aromatic and charged character of the ends and of the whole [N, 9]."""
    rows = []
    for sequence in sequences:
        energies = [_TRANSFER[residue] for residue in sequence]
        counts = [sum(residue in group for residue in sequence) for group in ("FWY", "KRH", "DE", "P")]
        rows.append([energies[0], energies[-1], sum(energies) / len(energies), sum(energies), len(sequence), *counts])
    return np.array(rows, dtype=np.float64)


def _fit() -> Callable[[Sequence[Mapping[str, str]]], Floats]:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = _measured()
    model = make_pipeline(StandardScaler(), Ridge(3.0))
    model.fit(_descriptors([row["sequence"] for row in rows]), [float(row["value"]) for row in rows])

    def read(candidates: Sequence[Mapping[str, str]]) -> Floats:
        return np.asarray(model.predict(_descriptors([row["sequence"] for row in candidates])), dtype=np.float64)

    return read


CASE = Case(
    title="short peptides that excite bitter taste receptors and dissolve in water",
    source=("55 published bitter-taste thresholds of amino acids and dipeptides (Soltani et al. 2013, CC BY 3.0)"),
    simulation="ridge regression on Nozaki-Tanford transfer energies and residue classes of the same table",
    example="peptides.json",
    measured=_measured,
    fit=_fit,
    noise=0.2,
    own=({"sequence": "LW"}, {"sequence": "RPFF"}, {"sequence": "VYPFPGPI"}),
)
