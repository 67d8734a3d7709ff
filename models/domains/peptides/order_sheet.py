"""The order sheet of peptides: short names for labels, sequences, end groups and masses. Torch-free."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from models.domains.peptides import properties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.peptides.notation import Peptide

COLUMNS = (
    *("name", "sequence", "n_terminus", "c_terminus", "length", "molecular_weight"),
    *("amount_mg", "purity_percent", "salt_form", "candidate_id", "remarks"),
)
"""Amount, purity and salt form are left blank for the buyer."""
NOT_MADE = frozenset(("rejected", "withdrawn"))
"""Statuses of candidates that are not ordered."""
_ENDS = {"n_terminus": {"free": "H", "acetyl": "Ac"}, "c_terminus": {"free": "OH", "amide": "NH2"}}
_ID_LETTERS = 8


def write_order(peptides: Sequence[tuple[Mapping[str, Any], Peptide]]) -> bytes:
    """Return the rows and peptides as CSV: one-letter codes, end groups in chemists' notation."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    masses = properties.compute([peptide for _, peptide in peptides], ["molecular_weight"])["molecular_weight"]
    for (row, peptide), mass in zip(peptides, masses, strict=True):
        writer.writerow(_line(row, peptide, float(mass)))
    return out.getvalue().encode()


def _line(row: Mapping[str, Any], peptide: Peptide, mass: float) -> dict[str, Any]:
    identity, rank, purpose = str(row.get("candidate_id") or ""), row.get("rank"), row.get("purpose")
    label = (f"{rank:03}" if isinstance(rank, int) else "", identity[:_ID_LETTERS])
    return {
        "name": "-".join(filter(None, label)),
        "sequence": peptide.sequence,
        "n_terminus": _ENDS["n_terminus"][peptide.ends.n_terminus],
        "c_terminus": _ENDS["c_terminus"][peptide.ends.c_terminus],
        "length": len(peptide.sequence),
        "molecular_weight": f"{mass:.2f}",
        "candidate_id": identity,
        "remarks": f"{purpose}: may be in stock" if purpose in ("control", "replicate") else "",
    }
