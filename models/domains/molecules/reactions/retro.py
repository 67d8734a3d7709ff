"""All routes to a molecule. Torch-free.

Reversed templates propose reactants, the stock has to hold the partner, and the reaction confirms each step.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, final

from cachetools import LRUCache

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.reactions.execution import products, reaction
from models.domains.molecules.reactions.route import Route

if TYPE_CHECKING:
    from rdkit import Chem
    from collections.abc import Iterator

    from models.domains.molecules.reactions.chemistry import Reactions

REMEMBERED = 50_000


class Origin(NamedTuple):
    """The last step of a route: the molecule before it, the step, and its partner."""

    smiles: str
    step: int
    partner: int | None


@final
class Retro:
    """Routes of one space backwards; molecules that were taken apart are remembered."""

    def __init__(self, reactions: Reactions) -> None:
        self._space = reactions
        self._origins: LRUCache[str, tuple[Origin, ...]] = LRUCache(REMEMBERED)
        self._routes: LRUCache[tuple[str, int], tuple[Route, ...]] = LRUCache(REMEMBERED)

    def routes(self, smiles: str) -> tuple[Route, ...]:
        """Return all routes of at most the space's number of steps."""
        return self._within(smiles, self._space.max_steps)

    def _within(self, smiles: str, n_steps: int) -> tuple[Route, ...]:
        key = (smiles, n_steps)
        if key not in self._routes:
            self._routes[key] = tuple(self._search(smiles, n_steps))
        return self._routes[key]

    def _search(self, smiles: str, n_steps: int) -> Iterator[Route]:
        first = self._space.stock.index.get(smiles)
        if first is not None and self._space.firsts[first]:
            yield Route(first)
        if n_steps:
            for origin in self._origins_of(smiles):
                for route in self._within(origin.smiles, n_steps - 1):
                    yield Route(route.first, (*route.steps, (origin.step, origin.partner)))

    def _origins_of(self, smiles: str) -> tuple[Origin, ...]:
        if smiles not in self._origins:
            self._origins[smiles] = tuple(self._confirmed(smiles))
        return self._origins[smiles]

    def _confirmed(self, smiles: str) -> Iterator[Origin]:
        """Yield the last steps that make a molecule, each once."""
        space = self._space
        mol = molecule(smiles)
        for index, template in enumerate(space.templates):
            if not mol.HasSubstructMatch(_product(template.retro)):
                continue
            for reactants in products(template.retro, [smiles]):
                for role in range(len(template.guards)):
                    if len(reactants) != len(template.guards):
                        continue
                    others = [text for place, text in enumerate(reactants) if place != role]
                    partner = space.stock.index.get(others[0]) if others else None
                    if others and partner is None:
                        continue
                    step = self._steps[index, role]
                    if space.apply(reactants[role], step, partner) == smiles:
                        yield Origin(reactants[role], step, partner)

    @cached_property
    def _steps(self) -> dict[tuple[int, int], int]:
        return {(kind.template, kind.role): step for step, kind in enumerate(self._space.steps)}


def _product(retro: str) -> Chem.Mol:
    return reaction(retro).GetReactantTemplate(0)
