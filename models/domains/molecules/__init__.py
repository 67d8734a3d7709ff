"""Molecules: trees of drug-like fragments, read and written as SMILES."""

from models.domains.contract import Plugin
from models.domains.molecules.domain import Molecules
from models.domains.molecules.spec import MoleculesSpec

PLUGIN = Plugin(
    kind="molecules",
    summary="small organic molecules, built as trees of drug-like fragments",
    spec=MoleculesSpec,
    open=Molecules,
    examples=(
        (
            {"kind": "molecules", "max_heavy_atoms": 32, "max_fragments": 12},
            ({"smiles": "CC(=O)Nc1ccc(O)cc1"}, {"smiles": "c1ccc(-c2ccccn2)cc1"}, {"smiles": "CCO"}),
        ),
        (
            {
                "kind": "molecules",
                "max_heavy_atoms": 14,
                "max_fragments": 6,
                "fragments": ["[*]c1ccccc1", "[*]N1CCN([*])CC1", "[*]C([*])=O", "[*]OC", "[*]NC([*])=O"],
            },
            ({"smiles": "c1ccccc1"}, {"smiles": "COc1cccc(OC)c1"}, {"smiles": "NC(=O)N1CCNCC1"}),
        ),
    ),
)
