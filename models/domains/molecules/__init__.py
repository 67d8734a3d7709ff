"""Molecules: built of fragments, made by reactions, or chosen from a list; written as SMILES."""

from models.domains.contract import Plugin
from models.domains.molecules.domain import Molecules
from models.domains.molecules.spec import MoleculesSpec

PLUGIN = Plugin(
    kind="molecules",
    summary="small organic molecules: built of fragments, made by reactions, or chosen from a list",
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
        (
            {
                "kind": "molecules",
                "builder": "reactions",
                "max_heavy_atoms": 24,
                "reactions": {
                    "max_steps": 2,
                    "templates": ["amide coupling", "removal of Boc"],
                    "stock": [
                        "CC(=O)O",
                        "OC(=O)c1ccccn1",
                        "CC(C)(C)OC(=O)N1CCNCC1",
                        "NCc1ccccc1",
                        "C1COCCN1",
                    ],
                },
            },
            ({"smiles": "CC(=O)NCc1ccccc1"}, {"smiles": "O=C(c1ccccn1)N1CCOCC1"}),
        ),
    ),
)
