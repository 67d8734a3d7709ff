"""Rules of a campaign on finished molecules: substructures, sizes, lists and leads."""

from collections.abc import Mapping
from typing import Any

import pytest

from models.domains.molecules.chemistry.fingerprints import tanimoto
from models.domains.molecules.chemistry.reading import canonical_smiles
from models.domains.molecules.designs.edits import edits
from models.domains.molecules.designs.nearest import NearestIndex
from models.domains.molecules.designs.parts import is_inside
from models.domains.molecules.designs.spec import ForbiddenPattern
from models.domains.molecules.domain import Molecules
from models.domains.molecules.fragments.vocabulary import compile_fragments
from models.domains.molecules.spec import MoleculesSpec

NO_ALERTS: Mapping[str, Any] = {"alerts": {"block": [], "flag": []}}
BENZYL_ALCOHOL = "C[C@H](O)c1ccccc1"
RULES = [
    ({"min_heavy_atoms": 8}, "Cc1ccccc1", "CCc1ccccc1", "min_heavy_atoms"),
    ({"max_rings": 1}, "c1ccc(-c2ccccc2)cc1", "c1ccccc1", "max_rings"),
    ({"max_rotatable_bonds": 1}, "CCCCC", "CCCC", "max_rotatable_bonds"),
    ({"required": ["[#6]F"]}, "CCCl", "CCF", "required [#6]F"),
    ({"required": [{"smarts": "F", "min": 2, "max": 3}]}, "CCF", "CC(F)F", "required F"),
    ({"required": [{"smarts": "F", "max": 1}]}, "CC(F)F", "CCF", "required F"),
    ({"forbidden": ["[NX3;H2]c"]}, "Nc1ccccc1", "CNc1ccccc1", "forbidden [NX3;H2]c"),
    (
        {"forbidden": [{"smarts": "c1ccccc1", "max": 1}]},
        "c1ccc(-c2ccccc2)cc1",
        "c1ccccc1",
        "forbidden c1ccccc1",
    ),
    ({"exclude": [BENZYL_ALCOHOL]}, "C[C@@H](O)c1ccccc1", "CC(C)c1ccccc1", "excluded"),
    ({"exclude": ["OC(C)c1ccccc1.Cl"]}, BENZYL_ALCOHOL, "CC(N)c1ccccc1", "excluded"),
    (
        {"exclude": {"smiles": [BENZYL_ALCOHOL], "stereoisomers": False}},
        BENZYL_ALCOHOL,
        "C[C@@H](O)c1ccccc1",
        "excluded",
    ),
    (
        {"exclude": {"smiles": ["CCCc1ccccc1"], "max_similarity": 0.6}},
        "CCCCc1ccccc1",
        "OC1CCNCC1",
        "excluded_similarity",
    ),
    ({"known": ["CCO"]}, "CCO", "CCCO", "known"),
    (
        {"leads": {"smiles": ["CCCc1ccccc1", "OCCN1CCOCC1"], "min_similarity": 0.5}},
        "CC(=O)NC",
        "CCCCc1ccccc1",
        "min_similarity",
    ),
    (
        {"leads": {"smiles": ["CCCc1ccccc1"], "max_similarity": 0.9}},
        "CCCc1ccccc1",
        "CCCCc1ccccc1",
        "max_similarity",
    ),
    (
        {"leads": {"smiles": ["COc1ccc(-c2ccncc2)cc1"], "max_edits": 1}},
        "CCc1ccc(-c2ccccc2)cc1",
        "COc1ccc(-c2ccccc2)cc1",
        "max_edits",
    ),
]


@pytest.mark.parametrize(("settings", "broken", "kept", "code"), RULES)
def test_a_rule_refuses_one_molecule_by_its_code_and_keeps_the_other(
    settings: Mapping[str, Any], broken: str, kept: str, code: str
):
    domain = Molecules(MoleculesSpec.model_validate(NO_ALERTS | settings))
    assert [item.code for item in domain.check(canonical_smiles(broken))] == [code]
    assert domain.check(canonical_smiles(kept)) == []


def test_what_is_refused_for_novelty_still_counts_among_the_best():
    domain = Molecules(MoleculesSpec.model_validate(NO_ALERTS | {"known": ["CCO"], "forbidden": ["F"]}))
    assert [item.is_of_novelty for item in domain.check("CCO")] == [True]
    assert [item.is_of_novelty for item in domain.check("CCF")] == [False]


def test_known_compounds_may_be_proposed_if_asked_and_their_similarity_is_computed():
    domain = Molecules(MoleculesSpec.model_validate({"known": {"smiles": ["CCO"], "propose": True}}))
    assert domain.check("CCO") == []
    assert domain.properties(["CCO", "CCC"], ["known_similarity", "heavy_atoms"])["known_similarity"][0] == 1
    assert "lead_similarity" not in domain.computed


def test_the_index_finds_the_same_similarities_as_the_domain():
    listed = ["CCO", "c1ccccc1", "CCOc1ccccc1", "CC(C)NCC(O)c1ccc(O)cc1", "OC1CCNCC1"]
    asked = ["CCO", "COc1ccccc1", "CCNCC(O)c1ccc(O)cc1", "FC(F)F"]
    index, expected = NearestIndex(listed), tanimoto(asked, listed)
    for row, text in enumerate(asked):
        assert index.similarities(text).tolist() == expected[row].tolist()
        assert index.nearest(text).similarity == expected[row].max()


@pytest.mark.parametrize(
    ("left", "right", "n"),
    [
        ("COc1ccc(-c2ccncc2)cc1", "COc1ccc(-c2ccncc2)cc1", 0),
        ("COc1ccc(-c2ccncc2)cc1", "COc1ccc(-c2ccccc2)cc1", 1),
        ("COc1ccc(-c2ccncc2)cc1", "COc1cccc(-c2ccncc2)c1", 1),
        ("COc1ccc(-c2ccncc2)cc1", "c1cc(-c2ccccc2)ccn1", 1),
        ("c1ccc(OCCOc2ccncc2)cc1", "c1ccc(NCCNc2ccncc2)cc1", 2),
        ("COc1ccc(-c2ccncc2)cc1", "CCN1CCN(C2CC2)CC1", None),
    ],
)
def test_edits_count_fragments_replaced_added_removed_or_moved(left: str, right: str, n: int | None):
    assert edits(canonical_smiles(left), canonical_smiles(right), 2, "brics") == n
    assert edits(canonical_smiles(right), canonical_smiles(left), 2, "brics") == n


def test_a_fragment_that_holds_a_forbidden_substructure_by_itself_is_not_offered():
    nitrile, methoxy, _ = compile_fragments(["[*]CC#N", "[*]OC", "[*]c1ccccc1"])
    assert is_inside(nitrile, ForbiddenPattern(smarts="C#N"))
    assert is_inside(nitrile, ForbiddenPattern(smarts="CC#N"))
    assert not is_inside(nitrile, ForbiddenPattern(smarts="[CH3]C#N"))
    assert not is_inside(nitrile, ForbiddenPattern(smarts="C#N", max=1))
    assert not is_inside(methoxy, ForbiddenPattern(smarts="[OX2H]"))
    spec = MoleculesSpec.model_validate(
        {"fragments": ["[*]CC#N", "[*]OC", "[*]c1ccccc1"], "forbidden": ["C#N"]}
    )
    assert not any("N" in name for name in Molecules(spec).environment([]).vocabulary())
