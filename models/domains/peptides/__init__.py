"""The peptides plug-in. Torch-free."""

from models.domains.contract import Plugin
from models.domains.peptides.domain import Peptides
from models.domains.peptides.spec import PeptidesSpec

PLUGIN = Plugin(
    kind="peptides",
    summary="Linear peptides of the proteinogenic residues, with end groups and fixed positions",
    spec=PeptidesSpec,
    open=Peptides,
    examples=(
        (
            {"kind": "peptides", "min_length": 1, "max_length": 4, "alphabet": "AKW"},
            (
                {"sequence": "A"},
                {"sequence": "KW"},
                {"helm": "PEPTIDE1{A.K.W.A}$$$$V2.0"},
                {"sequence": "Trp-Lys"},
            ),
        ),
        (
            {
                "kind": "peptides",
                "min_length": 3,
                "max_length": 5,
                "alphabet": ["G", "L", "R"],
                "n_terminus": "acetyl",
                "c_terminus": "amide",
                "fixed": {"1": "C", "3": "L"},
            },
            (
                {"sequence": "CGL"},
                {"sequence": "Ac-CRLG-NH2"},
                {"helm": "PEPTIDE1{[ac].C.L.L.R.R.[am]}$$$$V2.0"},
            ),
        ),
        (
            {
                "kind": "peptides",
                "min_length": 1,
                "max_length": 3,
                "alphabet": "GL",
                "fixed": {"1": "C"},
                "construction": "any_order",
            },
            ({"sequence": "C"}, {"sequence": "CL"}, {"sequence": "CGL"}),
        ),
        (
            {
                "kind": "peptides",
                "min_length": 4,
                "max_length": 4,
                "alphabet": "AKW",
                "construction": "any_order",
            },
            ({"sequence": "AKWA"}, {"sequence": "KKWW"}),
        ),
        (
            {"kind": "peptides", "min_length": 8, "max_length": 20},
            ({"sequence": "GIGKFLHSAKKFGKAFVGEI"}, {"sequence": "KLAKLAKKLAKLAK"}, {"sequence": "RRWQWRMKK"}),
        ),
    ),
)
