"""All routes to a molecule. Torch-free.

Reversed templates propose reactants, the stock has to hold the partner, and the reaction confirms each step.
Canonical texts cost the most: they are made only of reactants with the elements of a block.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, final

from cachetools import LRUCache
from rdkit.Chem import rdMolDescriptors

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.reactions.execution import proposals, reaction, text_of
from models.domains.molecules.reactions.route import Route

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rdkit import Chem

    from models.domains.molecules.reactions.chemistry import Reactions

REMEMBERED = 50_000
_NO_ELEMENT = re.compile(r"H(?![a-z])\d*|[+-]\d*")
"""Hydrogens and the charge of a formula, which a normal form may change."""


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
        self._origins: LRUCache[tuple[str, bool], tuple[Origin, ...]] = LRUCache(REMEMBERED)
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
            for origin in self._origins_of(smiles, is_first_step=n_steps == 1):
                for route in self._within(origin.smiles, n_steps - 1):
                    yield Route(route.first, (*route.steps, (origin.step, origin.partner)))

    def _origins_of(self, smiles: str, *, is_first_step: bool) -> tuple[Origin, ...]:
        """Return the last steps that make a molecule; of a route's first step only those from a block."""
        key = (smiles, is_first_step)
        if key not in self._origins:
            self._origins[key] = tuple(self._confirmed(smiles, is_first_step=is_first_step))
        return self._origins[key]

    def _confirmed(self, smiles: str, *, is_first_step: bool) -> Iterator[Origin]:
        """Yield the last steps that make a molecule, each once."""
        space, index_of = self._space, self._space.stock.index
        mol = molecule(smiles)
        for index, template in enumerate(space.templates):
            if not mol.HasSubstructMatch(_product(template.retro)):
                continue
            n = len(template.guards)
            for reactants in self._split(template.retro, smiles, n, n if is_first_step else n - 1):
                for role in range(n):
                    partner = index_of.get(reactants[1 - role]) if n > 1 else None
                    if n > 1 and partner is None:
                        continue
                    step = self._steps[index, role]
                    if space.apply(reactants[role], step, partner) == smiles:
                        yield Origin(reactants[role], step, partner)

    def _split(self, retro: str, smiles: str, n_reactants: int, n_blocks: int) -> set[tuple[str, ...]]:
        """Return the distinct reactants that a template proposes, at least so many of them blocks."""
        found: set[tuple[str, ...]] = set()
        for parts in proposals(retro, [smiles]):
            like_block = [_elements(part) in self._block_elements for part in parts]
            if len(parts) != n_reactants or sum(like_block) < n_blocks:
                continue
            texts = self._texts(parts, like_block, n_blocks)
            if texts is not None:
                found.add(texts)
        return found

    def _texts(
        self, parts: Sequence[Chem.Mol], like_block: Sequence[bool], n_blocks: int
    ) -> tuple[str, ...] | None:
        """Return the canonical texts of reactants; None if one is no molecule or too few are blocks."""
        texts: dict[int, str] = {}
        n_left = n_blocks
        for place in sorted(range(len(parts)), key=lambda place: not like_block[place]):
            if n_left > 0 and not like_block[place]:
                return None
            text = text_of(parts[place])
            if not text:
                return None
            texts[place] = text
            n_left -= text in self._space.stock.index
        return tuple(texts[place] for place in range(len(parts))) if n_left <= 0 else None

    @cached_property
    def _block_elements(self) -> frozenset[str]:
        return frozenset(_elements(molecule(block.smiles)) for block in self._space.stock.blocks)

    @cached_property
    def _steps(self) -> dict[tuple[int, int], int]:
        return {(kind.template, kind.role): step for step, kind in enumerate(self._space.steps)}


def _elements(mol: Chem.Mol) -> str:
    """Return the heavy atoms of a molecule as a formula; it need not be sanitised."""
    mol.UpdatePropertyCache(strict=False)
    return _NO_ELEMENT.sub("", rdMolDescriptors.CalcMolFormula(mol))


def _product(retro: str) -> Chem.Mol:
    return reaction(retro).GetReactantTemplate(0)
