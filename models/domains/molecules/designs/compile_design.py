"""Designs from specifications: positions, their lists and R-group tables, with errors that name the field.

Torch-free.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from models.domains.collections import CollectionMissingError, CollectionReference, rows, texts
from models.domains.molecules.chemistry.molecules import shown
from models.domains.molecules.designs.design import (
    HYDROGEN,
    Design,
    Linker,
    Position,
    fixed_fragment,
    refuses_hydrogen,
    site_permutations,
)
from models.domains.molecules.designs.marked import (
    Mark,
    MarkedStructure,
    MarkedStructureError,
    capped,
    read_marked,
)
from models.domains.molecules.designs.spec import GrowSpec, LinkSpec, ScaffoldSpec
from models.domains.molecules.fragments.rules import RULES
from models.domains.molecules.limits import MAX_POSITIONS
from models.specs.base import field_error, json_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from models.domains.molecules.designs.settings import Settings
    from models.domains.molecules.fragments.rules import RulesName


_NUMBER = re.compile(r"\*:\d+")
_POSITION = re.compile(r"r\d+")


@dataclass
class _Groups:
    """The listed substituents of all positions, each once."""

    structures: dict[str, MarkedStructure] = field(default_factory=dict)

    def index(self, structure: MarkedStructure) -> int:
        """Return the index of a substituent, which is added if it is new."""
        self.structures.setdefault(structure.text, structure)
        return list(self.structures).index(structure.text)


def compile_design(spec: Settings) -> Design | None:
    """Return the design of a specification, or None where molecules are built freely.

    Raises:
        PydanticCustomError: names the field, and the place in a list.
    """
    stated = [(kind, getattr(spec, kind)) for kind in _COMPILERS if getattr(spec, kind) is not None]
    if not stated:
        return None
    kind, part = stated[0]
    return _compiled(kind, part.model_dump_json(), spec.fragmentation)


@lru_cache(maxsize=64)  # a specification is opened many times while it is validated
def _compiled(kind: str, content: str, rules: RulesName) -> Design:
    model, compiler = _COMPILERS[kind]
    return compiler(model.from_stored(json.loads(content)), rules)


def _scaffold(spec: ScaffoldSpec, rules: RulesName) -> Design:
    structure = _read(spec.smiles, ("scaffold", "smiles"))
    labels = [mark.label for mark in structure.marks]
    if not labels:
        detail = "has no numbered position: mark where substituents stand, as [*:1]"
        raise field_error("/scaffold/smiles", detail)
    _check_number(labels, "/scaffold/smiles")
    listed = {label: group for label, group in spec.r_groups.items() if group is not None}
    from_table = {} if spec.table is None else _columns(spec.table)
    for label in [*spec.r_groups, *from_table, *spec.filled]:
        if label not in labels:
            at = ("scaffold", "r_groups", label) if label in spec.r_groups else ("scaffold", "filled")
            at = ("scaffold", "table") if label in from_table else at
            detail = f"the scaffold has no position {label}; it has {', '.join(labels)}"
            raise field_error(json_pointer(*at), detail)
        if label in listed and label in from_table:
            raise field_error(
                json_pointer("scaffold", "r_groups", label), f"the table has a column r{label} as well"
            )
        if label in spec.filled and (label in listed or label in from_table):
            detail = f"position {label} has a list, in which H says whether it may keep its hydrogen"
            raise field_error("/scaffold/filled", detail)
    groups = _Groups()
    lists: dict[str, tuple[tuple[int, ...], bool]] = {}
    for label, group in listed.items():
        lists[label] = _listed(_texts(group, label), ("scaffold", "r_groups", label), groups)
    for label, column in from_table.items():
        lists[label] = _listed(column, ("scaffold", "table"), groups)
    positions = _positions(structure, lists, set(spec.filled), rules)
    return _design(structure, positions, groups, rules, "/scaffold/smiles")


def _texts(group: Sequence[str] | CollectionReference, label: str) -> Sequence[str]:
    try:
        return texts(group if isinstance(group, CollectionReference) else tuple(group), is_sent=True)
    except CollectionMissingError as error:
        raise field_error(json_pointer("scaffold", "r_groups", label), str(error)) from error


def _columns(table: CollectionReference) -> dict[str, list[str]]:
    """Return the entries of the columns r1, r2 ... of a table by number, blank cells left out."""
    try:
        content = rows(table)
    except CollectionMissingError as error:
        raise field_error("/scaffold/table", str(error)) from error
    names = [name for name in (content[0] if content else {}) if is_position(name)]
    if not names:
        raise field_error("/scaffold/table", "has no column r1, r2 ... with substituents")
    return {
        str(int(name[1:])): [row[name].strip() for row in content if row.get(name, "").strip()]
        for name in names
    }


def _listed(listed: Iterable[str], at: tuple[str, ...], groups: _Groups) -> tuple[tuple[int, ...], bool]:
    """Return the indices of a position's substituents, and whether it may keep its hydrogen."""
    found: dict[int, None] = {}
    has_hydrogen = False
    for row, text in enumerate(listed):
        if _is_hydrogen(text):
            has_hydrogen = True
            continue
        structure = _read(_bonded(text), (*at, row))
        if len(structure.marks) != 1:
            detail = (
                f"{shown(text)}: a substituent has one [*], where it is bonded, not {len(structure.marks)}"
            )
            raise field_error(json_pointer(*at, row), detail)
        found[groups.index(MarkedStructure(structure.mol, (Mark("1", structure.marks[0].star),)))] = None
    if not found:
        raise field_error(json_pointer(*at), "lists no substituent: leave the position out of the scaffold")
    return tuple(sorted(found)), has_hydrogen


def is_position(column: str) -> bool:
    """Return whether a column of a table lists substituents: r1, r2 ..."""
    return _POSITION.fullmatch(column) is not None


def is_substituent(text: str) -> bool:
    """Return whether a list of substituents may hold a text; H stands for the hydrogen."""
    if _is_hydrogen(text):
        return True
    try:
        return len(read_marked(_bonded(text)).marks) == 1
    except MarkedStructureError:
        return False


def _is_hydrogen(text: str) -> bool:
    return _NUMBER.sub("*", text.strip()) in HYDROGEN


def _bonded(text: str) -> str:
    """Return a substituent with its [*]; without one its first atom is bonded, as in F, OC or C#N."""
    return text if "*" in text or "M  END" in text or "R" in text else f"[*]{text.strip()}"


def _grown(spec: GrowSpec, rules: RulesName) -> Design:
    structure = _read(spec.core, ("grow", "core"))
    if not structure.marks:
        structure = _marked_everywhere(structure, rules)
    _check_number([mark.label for mark in structure.marks], "/grow/core")
    return _design(structure, _positions(structure, {}, set(), rules), _Groups(), rules, "/grow/core")


def _marked_everywhere(structure: MarkedStructure, rules: RulesName) -> MarkedStructure:
    """Return a core with one position at each atom that has a hydrogen and may be bonded to fragments."""
    from rdkit import Chem

    editable = Chem.RWMol(structure.mol)
    kinds = RULES[rules].kinds(structure.mol)
    number = 0
    for atom in list(structure.mol.GetAtoms()):
        if kinds[atom.GetIdx()] is not None and atom.GetTotalNumHs():
            number += 1
            star = Chem.Atom(0)
            star.SetAtomMapNum(number)
            here = editable.GetAtomWithIdx(atom.GetIdx())
            here.SetNumExplicitHs(max(0, here.GetNumExplicitHs() - 1))
            editable.AddBond(atom.GetIdx(), editable.AddAtom(star), Chem.BondType.SINGLE)
    if not number:
        raise field_error("/grow/core", "has no position with a hydrogen at which a fragment may be bonded")
    Chem.SanitizeMol(editable)
    return read_marked(Chem.MolToSmiles(editable))


def _linked(spec: LinkSpec, rules: RulesName) -> Design:
    ends = []
    for place, text in enumerate(spec.ends):
        structure = _read(text, ("link", "ends", place))
        if len(structure.marks) != 1:
            detail = (
                f"{shown(text)}: an end has one [*], where the linker is bonded, not {len(structure.marks)}"
            )
            raise field_error(json_pointer("link", "ends", place), detail)
        ends.append(structure)
    root, end = ends
    return Design(
        root=fixed_fragment(root, rules),
        root_structure=root,
        positions=(Position("1", None, may_stay_open=False),),
        groups=(fixed_fragment(end, rules),),
        group_structures=(end,),
        linker=Linker(spec.min_fragments, spec.max_fragments, spec.max_atoms),
    )


def _positions(
    structure: MarkedStructure,
    lists: Mapping[str, tuple[tuple[int, ...], bool]],
    filled: set[str],
    rules: RulesName,
) -> tuple[Position, ...]:
    plain = fixed_fragment(structure, rules)
    positions = []
    for site, mark in enumerate(structure.marks):
        indices, has_hydrogen = lists.get(mark.label, (None, mark.label not in filled))
        if indices is None and refuses_hydrogen(plain, site):
            has_hydrogen = False
        positions.append(Position(mark.label, indices, has_hydrogen))
    return tuple(positions)


def _design(
    structure: MarkedStructure,
    positions: tuple[Position, ...],
    groups: _Groups,
    rules: RulesName,
    pointer: str,
) -> Design:
    kinds = {site: (item.groups, item.may_stay_open) for site, item in enumerate(positions)}
    try:
        permutations = site_permutations(structure, kinds)
    except MarkedStructureError as error:
        raise field_error(pointer, str(error)) from error
    structures = tuple(groups.structures.values())
    return Design(
        root=fixed_fragment(structure, rules, permutations),
        root_structure=structure,
        positions=positions,
        groups=tuple(fixed_fragment(item, rules) for item in structures),
        group_structures=structures,
    )


def _check_number(labels: Sequence[str], pointer: str) -> None:
    if len(labels) > MAX_POSITIONS:
        detail = f"has {len(labels)} positions, and at most {MAX_POSITIONS} are served: mark fewer"
        raise field_error(pointer, detail)


def _read(text: str, at: tuple[str | int, ...]) -> MarkedStructure:
    try:
        structure = read_marked(text)
        capped(structure)
    except (MarkedStructureError, ValueError) as error:
        raise field_error(json_pointer(*at), str(error)) from error
    return structure


_COMPILERS: Mapping[str, tuple[Any, Callable[[Any, RulesName], Design]]] = {
    "scaffold": (ScaffoldSpec, _scaffold),
    "grow": (GrowSpec, _grown),
    "link": (LinkSpec, _linked),
}
