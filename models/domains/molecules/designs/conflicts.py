"""Settings of a specification that exclude each other, found before anything is stored. Torch-free."""

from __future__ import annotations

import math
from collections import Counter
from itertools import islice, product
from typing import TYPE_CHECKING

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from models.domains.molecules.chemistry.matching import read_smarts
from models.domains.molecules.chemistry.molecules import check, molecule
from models.domains.molecules.designs.compile_design import compile_design
from models.domains.molecules.designs.joining import join, with_bonds
from models.domains.molecules.designs.lists import check_listed
from models.domains.molecules.designs.parts import is_inside
from models.domains.molecules.designs.rules import CampaignRules
from models.specs.base import field_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.domains.molecules.designs.design import Design
    from models.domains.molecules.designs.settings import Settings

_CARBONS = ("C", "C=C", "C#C", "c1ccccc1")
"""Every molecule has an atom like those of one of these."""
MOST_TRIED = 200
"""Molecules of a listed design that are tried against the campaign's rules; larger ones are not listed."""


def check_design(spec: Settings) -> None:
    """Check designs, lists and substructures of a specification against each other.

    Raises:
        PydanticCustomError: names the field, and the other one of a conflict.
    """
    _check_one_design(spec)
    if spec.min_heavy_atoms > spec.max_heavy_atoms:
        raise field_error("/min_heavy_atoms", f"must be at most max_heavy_atoms, {spec.max_heavy_atoms}")
    _check_substructures(spec)
    for field, stated in (("leads", spec.leads), ("exclude", spec.exclude), ("known", spec.known)):
        if stated is not None:
            check_listed(stated.smiles, field)
    design = compile_design(spec)
    if design is not None:
        _check_kept_part(spec, design)
        _check_some_molecule(spec, design)


def _check_substructures(spec: Settings) -> None:
    """Check that some molecule may have all required substructures, and none of the forbidden ones."""
    required = {item.smarts for item in spec.required}
    for index, item in enumerate(spec.forbidden):
        if item.smarts in required and item.max == 0:
            raise field_error(f"/forbidden/{index}/smarts", "is among the required substructures as well")
        query = read_smarts(item.smarts)
        if item.max == 0 and all(molecule(text).HasSubstructMatch(query) for text in _CARBONS):
            raise field_error(f"/forbidden/{index}/smarts", f"{item.smarts} is in every molecule")
    for index, pattern in enumerate(spec.required):
        query = read_smarts(pattern.smarts)
        atoms = query.GetNumAtoms()
        if spec.builder != "library" and atoms > spec.max_heavy_atoms:
            detail = f"has {atoms} atoms, and max_heavy_atoms is {spec.max_heavy_atoms}"
            raise field_error(f"/required/{index}/smarts", detail)
        rings = query.GetNumBonds() - atoms + len(Chem.GetMolFrags(query))
        if spec.max_rings is not None and rings > spec.max_rings:
            detail = f"has {rings} ring{'s' * (rings > 1)}, and max_rings is {spec.max_rings}"
            raise field_error(f"/required/{index}/smarts", detail)


def _check_one_design(spec: Settings) -> None:
    stated = [name for name in ("scaffold", "grow", "link") if getattr(spec, name) is not None]
    if len(stated) > 1:
        raise field_error(f"/{stated[1]}", f"cannot be combined with {stated[0]}: keep one of them")
    if stated and spec.builder != "fragments":
        raise field_error(f"/{stated[0]}", f"needs the builder 'fragments', and builder is {spec.builder!r}")


def _check_kept_part(spec: Settings, design: Design) -> None:
    """Check that what every molecule has keeps to limits and substructures."""
    name = "scaffold" if spec.scaffold is not None else "grow" if spec.grow is not None else "link"
    kept = [design.root, *(design.groups if design.linker is not None else ())]
    heavy = sum(part.heavy_atoms for part in kept)
    if heavy > spec.max_heavy_atoms:
        raise field_error(
            "/max_heavy_atoms",
            f"must be at least {heavy}, the heavy atoms that {name} keeps in every molecule",
        )
    rings = sum(rdMolDescriptors.CalcNumRings(molecule(part.core)) for part in kept)
    if spec.max_rings is not None and rings > spec.max_rings:
        raise field_error("/max_rings", f"must be at least {rings}, the rings that {name} keeps")
    for index, pattern in enumerate(spec.forbidden):
        if any(is_inside(part, pattern) for part in kept):
            detail = f"{pattern.smarts} is in every molecule, because {name} keeps it"
            raise field_error(f"/forbidden/{index}/smarts", detail)
    if spec.fragments is not None and not design.uses_vocabulary:
        raise field_error("/fragments", f"are not used: every position of {name} has a list of its own")


def _check_some_molecule(spec: Settings, design: Design) -> None:
    """Check that some molecule of a short listed design keeps all rules."""
    if design.uses_vocabulary:
        return
    sizes = [len(position.groups or ()) + position.may_stay_open for position in design.positions]
    if math.prod(sizes) > MOST_TRIED:
        return
    rules, broken = CampaignRules(spec), Counter[str]()
    for text in islice(_listed(design), MOST_TRIED):
        wrong = [*check(text, spec.max_heavy_atoms, spec.alerts), *rules.violations(text)]
        if not wrong:
            return
        broken.update({item.code for item in wrong})
    counted = ", ".join(f"{code} ({n})" for code, n in broken.most_common(4))
    detail = f"none of its {math.prod(sizes)} molecules keeps the campaign's rules; refused by {counted}"
    raise field_error("/scaffold", detail)


def _listed(design: Design) -> Iterator[str]:
    """Yield the molecules of a design whose positions all have lists; equal ones are repeated."""
    choices = [
        [*(position.groups or ()), *([None] if position.may_stay_open else [])]
        for position in design.positions
    ]
    for chosen in product(*choices):
        used = {site: site + 1 for site, group in enumerate(chosen) if group is not None}
        groups = [
            with_bonds(design.group_structures[group], {0: site + 1})
            for site, group in enumerate(chosen)
            if group is not None
        ]
        if text := join([with_bonds(design.root_structure, used), *groups]):
            yield text
