"""Matched pairs: a measured molecule that differs by what one single bond holds."""

import pytest

from models.domains.molecules.chemistry.matched_pairs import matched_pair
from models.domains.molecules.chemistry.reading import canonical_smiles


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("c1ccc(-c2ccncc2)cc1", "Fc1ccc(-c2ccncc2)cc1", "H>>F"),
        ("Fc1ccc(-c2ccncc2)cc1", "c1ccc(-c2ccncc2)cc1", "F>>H"),
        ("COc1ccc(-c2ccncc2)cc1", "CN(C)c1ccc(-c2ccncc2)cc1", "OC>>N(C)C"),
        ("O=C(O)c1c[nH]c2ccccc12", "Cn1cc(C(=O)O)c2ccccc21", "H>>C"),
        ("C[C@H](N)c1ccccc1", "C[C@H](NC)c1ccccc1", "H>>C"),
        ("c1ccccc1", "c1ccncc1", None),
        ("CCO", "CCO", None),
    ],
)
def test_a_pair_says_what_was_exchanged(before: str, after: str, change: str | None):
    old, new = canonical_smiles(before), canonical_smiles(after)
    found = matched_pair(new, [old])
    assert (found.change if found else None) == change
    assert found is None or found.object == old


def test_the_first_of_several_partners_counts():
    partners = ["c1ccncc1", "Fc1ccc(-c2ccncc2)cc1", "c1ccc(-c2ccncc2)cc1"]
    found = matched_pair(canonical_smiles("Clc1ccc(-c2ccncc2)cc1"), list(map(canonical_smiles, partners)))
    assert found is not None
    assert (found.object, found.change) == (canonical_smiles(partners[1]), "F>>Cl")
