"""The routes of one campaign: templates and stock compiled to arrays, and their execution. Torch-free.

Letters: `N` blocks, `S` steps, `G` groups.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np
from cachetools import LRUCache
from rdkit import Chem

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.reactions.counting import block_counts, counts_of
from models.domains.molecules.reactions.description import best, describe
from models.domains.molecules.reactions.execution import lost_atoms, products
from models.domains.molecules.reactions.retro import Retro
from models.domains.molecules.reactions.steps import StepKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from models.domains.molecules.reactions.groups import Group
    from models.domains.molecules.reactions.route import Route
    from models.domains.molecules.reactions.stock import Stock
    from models.domains.molecules.reactions.templates import Template

REMEMBERED = 200_000
"""Molecules whose groups are remembered, and executed steps."""


@final
class Reactions:
    """Templates and stock, with the arrays that tell without RDKit which steps are possible.

    A step is possible where each group of `needs` occurs once in the growing molecule and none of `forbids`
    does, the partner is one of `partners`, and the product has at most `max_heavy_atoms`. The counts of a
    product are those of both reactants plus `change`, where the step `is_tracked`; elsewhere they are
    `count(product)`. Its heavy atoms are those of both reactants minus `lost_atoms`, for all steps.
    """

    def __init__(
        self,
        templates: Sequence[Template],
        groups: Sequence[Group],
        stock: Stock,
        max_steps: int,
        max_heavy_atoms: int,
    ) -> None:
        """Compile templates and stock.

        Args:
            templates: guards name only `groups`.
            groups: those that are tracked.
            stock: the building blocks.
            max_steps: of one route.
            max_heavy_atoms: of blocks and products of a route.
        """
        self.templates = tuple(templates)
        self.tracked = tuple(groups)
        self.groups = tuple(group.name for group in groups)
        self.stock = stock
        self.max_steps = max_steps
        self.max_heavy_atoms = max_heavy_atoms
        self.steps = tuple(
            StepKind(index, role, len(template.guards) == 1)
            for index, template in enumerate(self.templates)
            for role in range(len(template.guards))
        )
        self._counts: LRUCache[str, npt.NDArray[np.int16]] = LRUCache(REMEMBERED)
        self._products: LRUCache[tuple[str, int, int | None], str | None] = LRUCache(REMEMBERED)
        self._retro = Retro(self)

    @cached_property
    def counts(self) -> npt.NDArray[np.int16]:
        """Return how often each group occurs in each block [N, G]."""
        return block_counts(self.stock, self.tracked)

    @cached_property
    def heavy_atoms(self) -> npt.NDArray[np.int16]:
        """Return the size of each block [N]."""
        return np.array([_size(block.smiles) for block in self.stock.blocks], dtype=np.int16)

    @cached_property
    def firsts(self) -> npt.NDArray[np.bool_]:
        """Return the blocks with which a route may begin [N]: those within the limit of size."""
        return self.heavy_atoms <= self.max_heavy_atoms

    @cached_property
    def needs(self) -> npt.NDArray[np.bool_]:
        """Return the groups that occur once in the growing molecule of each step [S, G]."""
        return self._marks(self.templates[step.template].guards[step.role].needs for step in self.steps)

    @cached_property
    def forbids(self) -> npt.NDArray[np.bool_]:
        """Return the groups that are absent in the growing molecule of each step [S, G]."""
        return self._marks(self.templates[step.template].guards[step.role].forbids for step in self.steps)

    @cached_property
    def partners(self) -> npt.NDArray[np.bool_]:
        """Return the blocks that may be the partner of each step [S, N]; none of unimolecular ones."""
        result = np.zeros((len(self.steps), len(self.stock.blocks)), dtype=np.bool_)
        for index, step in enumerate(self.steps):
            if not step.is_unimolecular:
                result[index] = self._may_react(self.counts, step.template, 1 - step.role)
        return result

    @cached_property
    def change(self) -> npt.NDArray[np.int16]:
        """Return what each step adds to the summed counts [S, G]; zeros where it is not tracked."""
        result = np.zeros((len(self.steps), len(self.groups)), dtype=np.int16)
        places = {name: place for place, name in enumerate(self.groups)}
        for index, step in enumerate(self.steps):
            for name, number in (self.templates[step.template].change or {}).items():
                if name in places:
                    result[index, places[name]] = number
        return result

    @cached_property
    def is_tracked(self) -> npt.NDArray[np.bool_]:
        """Return the steps after which `change` tells the counts [S]."""
        return np.array([self.templates[step.template].change is not None for step in self.steps])

    @cached_property
    def lost_atoms(self) -> npt.NDArray[np.int16]:
        """Return how many heavy atoms leave in each step [S]; negative where a reagent adds some."""
        return np.array(
            [lost_atoms(self.templates[step.template].smarts) for step in self.steps], dtype=np.int16
        )

    def count(self, smiles: str) -> npt.NDArray[np.int16]:
        """Return how often each group occurs in a molecule [G], counted by RDKit and remembered."""
        place = self.stock.index.get(smiles)
        if place is not None:
            block: npt.NDArray[np.int16] = self.counts[place]
            return block
        if smiles not in self._counts:
            self._counts[smiles] = counts_of(smiles, self.tracked)
        return self._counts[smiles]

    def apply(self, smiles: str, step: int, partner: int | None = None) -> str | None:
        """Return the canonical text of a step's product; None if the step is not possible.

        Args:
            smiles: canonical text of the growing molecule.
            step: index of the step.
            partner: index of the partner block; None for a unimolecular step.
        """
        key = (smiles, step, partner)
        if key not in self._products:
            self._products[key] = self._apply(smiles, step, partner)
        return self._products[key]

    def execute(self, route: Route) -> str | None:
        """Return the molecule that a route makes; None if any of its steps is not possible."""
        if len(route.steps) > self.max_steps or not self.firsts[route.first]:
            return None
        smiles: str | None = self.stock.blocks[route.first].smiles
        for step, partner in route.steps:
            smiles = None if smiles is None else self.apply(smiles, step, partner)
        return smiles

    def routes(self, smiles: str) -> tuple[Route, ...]:
        """Return all routes of this space that make the molecule of a canonical text."""
        return self._retro.routes(smiles)

    def describe(self, route: Route) -> Mapping[str, Any]:
        """Return the JSON of a route that can be executed."""
        smiles = self.execute(route)
        return describe(self, route, 0 if smiles is None else len(self.routes(smiles)))

    def best_route(self, smiles: str) -> Route | None:
        """Return the shortest of the routes that make a molecule, the cheapest of those; None without any."""
        routes = self.routes(smiles)
        return best(self, routes) if routes else None

    def allowed(self, counts: npt.NDArray[np.int16], step: int) -> npt.NDArray[np.bool_]:
        """Return which rows of counts [R, G] satisfy the guards of a step's growing molecule [R]."""
        kind = self.steps[step]
        return self._may_react(counts, kind.template, kind.role)

    def may_react(self, smiles: str, step: int) -> bool:
        """Return whether the guards of a step's growing molecule hold."""
        return bool(self.allowed(self.count(smiles)[None], step)[0])

    def _apply(self, smiles: str, step: int, partner: int | None) -> str | None:
        kind = self.steps[step]
        if kind.is_unimolecular != (partner is None) or not self.may_react(smiles, step):
            return None
        reactants = [smiles]
        if partner is not None:
            if not self.partners[step, partner]:
                return None
            reactants.insert(1 - kind.role, self.stock.blocks[partner].smiles)
        size = sum(map(_size, reactants)) - int(self.lost_atoms[step])
        if size > self.max_heavy_atoms:
            return None
        results = products(self.templates[kind.template].smarts, reactants)
        if len(results) != 1:
            return None
        (product,) = results
        return product if _size(product) == size else None

    def _may_react(self, counts: npt.NDArray[np.int16], template: int, role: int) -> npt.NDArray[np.bool_]:
        """Return which rows of counts [R, G] satisfy the guards of a reactant [R]."""
        needs, forbids = self._places[template][role]
        allowed: npt.NDArray[np.bool_] = np.logical_and(
            (counts[:, needs] == 1).all(axis=1), (counts[:, forbids] == 0).all(axis=1)
        )
        return allowed

    @cached_property
    def _places(self) -> tuple[tuple[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], ...], ...]:
        """Return the positions of what each reactant of each template needs and forbids."""
        return tuple(
            tuple(
                (np.flatnonzero(marks[0]), np.flatnonzero(marks[1]))
                for guard in template.guards
                for marks in [self._marks([guard.needs, guard.forbids])]
            )
            for template in self.templates
        )

    def _marks(self, names: Iterable[frozenset[str]]) -> npt.NDArray[np.bool_]:
        """Return which groups each set of names has [R, G]."""
        return np.array([[group in members for group in self.groups] for members in names], dtype=np.bool_)


def _size(smiles: str) -> int:
    return int(Chem.Mol.GetNumHeavyAtoms(molecule(smiles)))
