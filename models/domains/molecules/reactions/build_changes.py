"""Make the committed changes: `python -m models.domains.molecules.reactions.build_changes`. Torch-free.

Runs each of our templates on our stock and on a few further reactants, and on random routes. A template
whose change is not constant is an error of its guards.
"""

from __future__ import annotations

import csv
from pathlib import Path

from models.domains.molecules.reactions.chemistry import Reactions
from models.domains.molecules.reactions.groups import tracked_groups
from models.domains.molecules.reactions.stock import Stock, own_stock
from models.domains.molecules.reactions.templates import CHANGES_FILE, Template, own_templates
from models.domains.molecules.reactions.tracking import observed_templates

N_PAIRS = 12
N_WALKS = 3000
MAX_STEPS = 4
MAX_HEAVY_ATOMS = 60

FURTHER = """
CN(C(=O)OC(C)(C)C)c1ccccc1 CCN(C(=O)OC(C)(C)C)c1ccc(F)cc1 CN(C(=O)OC(C)(C)C)c1cccnc1
O=C(Nc1ccccc1)OCc1ccccc1 O=C(Nc1ccc(F)cc1)OCc1ccccc1 O=C(Nc1cccc(Br)c1)OCc1ccccc1
CN(C(=O)OCc1ccccc1)c1ccccc1 CN(C(=O)OCc1ccccc1)c1ccc(F)cc1 CCN(C(=O)OCc1ccccc1)c1ccccc1
O=C(N1CCCCC1)OCC1c2ccccc2-c2ccccc21 O=C(N1CCOCC1)OCC1c2ccccc2-c2ccccc21
O=C(O)C1CCN(C(=O)OCC2c3ccccc3-c3ccccc32)CC1
CC(O[Si](C)(C)C(C)(C)C)c1ccccc1 CC(C)(C)[Si](C)(C)OC1CCCC1 CC(C)(C)[Si](C)(C)OC1CCNCC1
CC(C)(C)[Si](C)(C)Oc1ccccc1 CC(C)(C)[Si](C)(C)Oc1ccc(Br)cc1 CC(C)(C)[Si](C)(C)Oc1ccc(F)cc1
CC(C)(C)[Si](C)(C)OCCCBr CC(C)(C)[Si](C)(C)OCc1ccc(Br)cc1 CCCI ICCc1ccccc1
O=C1c2ccccc2C(=O)N1CCCO O=C1c2ccccc2C(=O)N1Cc1ccccc1 NNC(=O)c1cccnc1 Nc1cc(F)ccc1S CC(=O)C(CC)C(C)=O
O=[N+]([O-])c1ccccc1 O=[N+]([O-])c1ccc(Br)cc1 CCOC(=O)c1ccc(Br)cc1 Cc1ccc(C#N)nc1
"""
"""Reactants of templates that our stock hardly serves."""


def observed() -> list[Template]:
    """Return our templates with the changes that were observed.

    Raises:
        ValueError: if the change of a template is not constant, or was not seen often enough.
    """
    rows = [{"smiles": smiles} for smiles in FURTHER.split()]
    stock = Stock.from_rows([*({"smiles": block.smiles} for block in own_stock().blocks), *rows])
    reactions = Reactions(own_templates(), tracked_groups(), stock, MAX_STEPS, MAX_HEAVY_ATOMS)
    templates, exceptions = observed_templates(reactions, N_PAIRS, N_WALKS)
    if missing := [template.name for template in templates if template.change is None]:
        raise ValueError(f"not constant: {exceptions}; not seen or not constant: {missing}")
    return list(templates)


def main() -> None:
    """Write the file."""
    templates = observed()
    with Path(__file__).with_name(CHANGES_FILE).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["template", "change"])
        for template in templates:
            change = (template.change or {}).items()
            writer.writerow([template.name, " ".join(f"{name}:{number:+d}" for name, number in change)])


if __name__ == "__main__":
    main()
