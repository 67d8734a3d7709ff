"""The sheet with which peptides are ordered."""

import csv
import io

import pytest
from rdkit.Chem import MolFromSequence
from rdkit.Chem.Descriptors import MolWt

from models.domains import installed


def test_what_is_to_be_made_is_ordered_with_its_ends_and_mass() -> None:
    plugin = installed()["peptides"]
    spec = {"kind": "peptides", "min_length": 2, "max_length": 6, "c_terminus": "amide"}
    domain = plugin.open(plugin.spec.model_validate(spec))
    told = [
        ("KLAK", "approved", "exploit", "0a1b2c3d-0000-4000-8000-000000000000"),
        ("Ac-MAR-OH", "proposed", "control", "1a1b2c3d-0000-4000-8000-000000000000"),
        ("GG", "rejected", "exploit", "2a1b2c3d-0000-4000-8000-000000000000"),
    ]
    rows = [
        {
            "candidate_id": key,
            "rank": rank,
            "status": status,
            "purpose": purpose,
            "object": domain.parse({"sequence": text}),
        }
        for rank, (text, status, purpose, key) in enumerate(told, 1)
    ]
    item = domain.formats["order"]
    assert (item.media_type, item.extension) == ("text/csv", "csv")
    first, second = csv.DictReader(io.StringIO(item.write(rows).decode(), newline=""))
    assert (first["name"], first["sequence"], first["length"]) == ("001-0a1b2c3d", "KLAK", "4")
    assert (first["n_terminus"], first["c_terminus"]) == ("H", "NH2")
    assert float(first["molecular_weight"]) == pytest.approx(MolWt(MolFromSequence("KLAK")) - 0.984, abs=0.01)
    assert first["amount_mg"] == first["purity_percent"] == first["remarks"] == ""
    assert first["candidate_id"] == told[0][3]
    assert (second["n_terminus"], second["c_terminus"]) == ("Ac", "OH")
    assert second["remarks"] == "control: may be in stock"
