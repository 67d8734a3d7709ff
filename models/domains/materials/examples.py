"""Example specifications: two small enough to enumerate in each space, one realistic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Example = tuple["Mapping[str, Any]", tuple["Mapping[str, str]", ...]]

_CATIONS = {
    **dict.fromkeys(("Cu", "Ag"), (1, 2)),
    **dict.fromkeys(("Mg", "Ca", "Ba", "Zn", "Cd", "Hg"), (2,)),
    **dict.fromkeys(("Al", "Ga", "In"), (3,)),
    **dict.fromkeys(("Ge", "Sn", "Pb"), (2, 4)),
    **dict.fromkeys(("Ti", "Si"), (4,)),
    "Sb": (-3, 3),
    "Bi": (3,),
}
_ANIONS = {
    **dict.fromkeys(("N", "P", "As"), (-3,)),
    **dict.fromkeys(("O", "S", "Se", "Te"), (-2,)),
    **dict.fromkeys(("Cl", "Br", "I"), (-1,)),
}

_TINY_COMPOSITION: Example = (
    {
        "kind": "materials",
        "space": "composition",
        "elements": ["Zn", "Ga", "Cu", "S", "As", "Cl"],
        "max_elements": 3,
        "max_atoms": 6,
        "oxidation_states": "common",
    },
    ({"formula": "ZnS"}, {"formula": "As Ga"}, {"formula": "Cu2Cl4"}, {"formula": "Al0.5Ga0.5As"}),
)

_SEMICONDUCTORS: Example = (
    {
        "kind": "materials",
        "space": "composition",
        "elements": [*_CATIONS, *_ANIONS],
        "max_elements": 4,
        "max_atoms": 12,
        "oxidation_states": "custom",
        "custom_oxidation_states": {**_CATIONS, **_ANIONS},
    },
    ({"formula": "CuInSe2"}, {"formula": "GaN"}, {"formula": "Cu2ZnSnS4"}, {"formula": "CdTe"}, {"formula": "KBr"}),
)

_TINY_MIXTURE: Example = (
    {
        "kind": "materials",
        "space": "mixture",
        "components": ["ethanol", "water", "glycerol"],
        "grid": 4,
        "max_components": 2,
        "process": [
            {"name": "temperature", "type": "ordinal", "values": [20, 40, 60], "units": "°C"},
            {"name": "stirring", "type": "categorical", "values": ["off", "on"]},
        ],
    },
    (
        {"ethanol": "0.25", "water": "0.75", "temperature": "40", "stirring": "on"},
        {"glycerol": "1", "temperature": "20", "stirring": "off"},
        {"ethanol": "0.31", "water": "0.69", "glycerol": "0", "temperature": "25.5", "stirring": "on"},
    ),
)

_REACTION: Example = (
    {
        "kind": "materials",
        "space": "mixture",
        "process": [
            {
                "name": "base",
                "type": "categorical",
                "values": ["KOAc", "KOPiv", "CsOAc", "CsOPiv"],
                "descriptors": {
                    "KOAc": [1.38, 4.76],
                    "KOPiv": [1.38, 5.03],
                    "CsOAc": [1.67, 4.76],
                    "CsOPiv": [1.67, 5.03],
                },
            },
            {
                "name": "solvent",
                "type": "categorical",
                "values": ["DMAc", "BuOAc", "BuCN", "p-xylene"],
                "smiles": {"DMAc": "CC(=O)N(C)C", "BuOAc": "CCCCOC(C)=O", "BuCN": "CCCC#N", "p-xylene": "Cc1ccc(C)cc1"},
            },
            {"name": "concentration", "type": "ordinal", "values": [0.057, 0.1, 0.153], "units": "mol/L"},
            {"name": "temperature", "type": "continuous", "low": 90, "high": 120, "resolution": 15, "units": "°C"},
        ],
    },
    (
        {"base": "KOAc", "solvent": "BuCN", "concentration": "0.1", "temperature": "105"},
        {"base": "CsOPiv", "solvent": "dmac", "concentration": "0.153", "temperature": "120"},
    ),
)

_ALLOY: Example = (
    {
        "kind": "materials",
        "space": "mixture",
        "components": ["Al", "Co", "Cr", "Cu", "Fe", "Mn", "Mo", "Ni", "Ti"],
        "grid": 20,
        "max_components": 6,
        "process": [
            {"name": "route", "type": "categorical", "values": ["as cast", "annealed", "wrought"]},
            {"name": "anneal_temperature", "type": "continuous", "low": 600, "high": 1200, "resolution": 50},
        ],
    },
    (
        {
            "Co": "0.2",
            "Cr": "0.2",
            "Fe": "0.2",
            "Mn": "0.2",
            "Ni": "0.2",
            "route": "as cast",
            "anneal_temperature": "900",
        },
        {
            "Al": "0.077",
            "Co": "0.3077",
            "Fe": "0.3077",
            "Ni": "0.3076",
            "route": "wrought",
            "anneal_temperature": "600",
        },
    ),
)

EXAMPLES: tuple[Example, ...] = (_TINY_COMPOSITION, _TINY_MIXTURE, _REACTION, _SEMICONDUCTORS, _ALLOY)
