"""Trees of a design as molecules, and molecules as trees; their listed parts keep their stereochemistry.

Molecules are handled one by one here. Knows no mask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch
from rdkit import Chem

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.normal_form import add_hydrogens
from models.domains.molecules.designs.decomposition import ROOT, decompositions
from models.domains.molecules.designs.joining import CENTRE, join, with_bonds
from models.domains.molecules.environment.assembly import set_centre
from models.domains.molecules.environment.tree_states import NONE
from models.domains.molecules.fragments.placement import Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from models.domains.molecules.designs.design import Design
    from models.domains.molecules.environment.assembly import Disassembler
    from models.domains.molecules.fragments.fragments import Fragment
    from models.gflownet.environment import Environment


@final
class DesignedParts:
    """The parts of one design among the fragments of an environment, the kept part at `n_free`."""

    def __init__(
        self, design: Design, fragments: Sequence[Fragment], n_free: int, disassembler: Disassembler
    ) -> None:
        self._design = design
        self._disassembler = disassembler
        self._fragments = fragments
        structures = (design.root_structure, *design.group_structures)
        self._structures = {n_free + index: structure for index, structure in enumerate(structures)}
        self._fixed = {ROOT: n_free, **{index: n_free + 1 + index for index in range(len(design.groups))}}

    def assemble(self, row: Sequence[int]) -> str:
        """Return the canonical SMILES of a tree given as a row of integers, or "" if it is no molecule."""
        n = (len(row) - 2) // 4
        bonds: dict[int, dict[int, int]] = {node: {} for node in range(n) if row[node] != NONE}
        for node, used in bonds.items():
            if row[n + node] != NONE:
                bonds[row[n + node]][row[2 * n + node]] = node
                used[row[3 * n + node]] = node
        return join(self._with_bonds(row[node], used) for node, used in bonds.items())

    def rows(self, texts: Sequence[str], environment: Environment) -> list[list[int] | None]:
        """Return the tree that stands for each molecule, or None without one."""
        return [row for _, row in self._chosen(texts, environment)]

    def texts(self, rows: Mapping[int, list[int]], environment: Environment) -> dict[int, str]:
        """Return the molecules of trees by their keys, empty where another tree stands for the molecule."""
        texts = [self.assemble(row) for row in rows.values()]
        chosen = self._chosen(texts, environment)
        return {
            key: text if own in {key, None} else ""
            for key, text, (own, _) in zip(rows, texts, chosen, strict=True)
        }

    def _chosen(
        self, texts: Sequence[str], environment: Environment
    ) -> list[tuple[int | None, list[int] | None]]:
        """Return the least key with its row among the trees of each molecule that can be built."""
        found = [self._trees(text) for text in texts]
        every = list(dict.fromkeys(row for rows in found for row in rows))
        if not every:
            return [(None, None)] * len(texts)
        states = torch.tensor(every, device=environment.device)
        keys, reached = environment.key(states).tolist(), is_reached(states, environment).tolist()
        key_of = {row: key for row, key, is_kept in zip(every, keys, reached, strict=True) if is_kept}
        pairs = [[(key_of[row], list(row)) for row in rows if row in key_of] for rows in found]
        return [min(pair, default=(None, None)) for pair in pairs]

    def _trees(self, text: str) -> list[tuple[int, ...]]:
        """Return the distinct finished trees that may be a molecule, valid or not."""
        found: dict[tuple[int, ...], None] = {}
        for pieces, parts, sites in decompositions(text, self._design) if text else ():
            given = {index: self._place(part, sites[index]) for index, part in parts.items()}
            root = next(index for index, part in parts.items() if part == ROOT)
            row = self._disassembler.tree(pieces, given, root)
            if row is not None and self.assemble(row) == text:
                found[tuple(row)] = None
        return list(found)

    def _place(self, part: int, sites: Mapping[int, tuple[int, ...]]) -> Place:
        """Return the place of a part of the design, whose atoms have these sites in the order of joins."""
        free = {atom: list(own) for atom, own in sites.items()}
        return Place(self._fixed[part], range(len(free)), free)

    def _with_bonds(self, index: int, used: Mapping[int, int]) -> Chem.Mol:
        """Return a fragment with [*:n] at each used site, n being the number of the bond and not 0."""
        if index in self._structures:
            return with_bonds(self._structures[index], used)
        fragment = self._fragments[index]
        editable = Chem.RWMol(molecule(fragment.core))
        held: dict[int, int] = {}
        for site, bond in used.items():
            atom = fragment.atoms[site]
            add_hydrogens([editable.GetAtomWithIdx(atom)], -1)
            star = Chem.Atom(0)
            star.SetAtomMapNum(bond)
            held[site] = editable.AddAtom(star)
            editable.AddBond(atom, held[site], Chem.BondType.SINGLE)
        for centre in fragment.centres:
            set_centre(editable, 0, fragment, centre, held)
            editable.GetAtomWithIdx(centre.atom).SetBoolProp(CENTRE, True)
        return editable.GetMol()


def is_reached(states: Tensor, environment: Environment) -> Tensor:
    """Return which finished trees [N] the masks lead to, by taking one order of each apart."""
    reached = torch.ones(len(states), dtype=torch.bool, device=states.device)
    start = environment.key(environment.reset(1))
    for _ in range(environment.max_steps + 1):
        mask = environment.backward_mask(states)
        rows = (mask.any(dim=1) & reached).nonzero().squeeze(1)
        if not len(rows):
            break
        actions = mask[rows].long().argmax(dim=1)
        parents, forward = environment.backward_step_with_forward(states[rows], actions)
        reached[rows] = environment.forward_mask(parents).gather(1, forward[:, None]).squeeze(1)
        states = states.index_copy(0, rows, parents)
    return reached & (environment.key(states) == start)
