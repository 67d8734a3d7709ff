"""All routes to a molecule. Torch-free.

Reversed templates propose reactants, the stock has to hold the partner, and the reaction confirms each step.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple, final

from cachetools import LRUCache
from rdkit.Chem import rdMolDescriptors, rdMolHash

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.reactions.execution import reaction, run, text_of
from models.domains.molecules.reactions.route import Route

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    from rdkit import Chem

    from models.domains.molecules.reactions.steps import RouteSpace


REMEMBERED = 50_000
_ELEMENTS = 120


class Origin(NamedTuple):
    """The last step of a route: the molecule before it, the step, and its partner."""

    smiles: str
    step: int
    partner: int | None


@final
class Retro:
    """Routes of one space backwards; molecules that were taken apart are remembered."""

    def __init__(self, reactions: RouteSpace) -> None:
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
        for origin in self._origins_of(smiles, is_first=n_steps == 1) if n_steps else ():
            for route in self._within(origin.smiles, n_steps - 1):
                yield Route(route.first, (*route.steps, (origin.step, origin.partner)))

    def _origins_of(self, smiles: str, *, is_first: bool) -> tuple[Origin, ...]:
        """Return the last steps that make a molecule; those from a block alone if it is the first step."""
        key = (smiles, is_first)
        if key not in self._origins:
            proposed = dict.fromkeys(self._proposed(smiles, is_first=is_first))
            self._origins[key] = tuple(origin for origin in proposed if self._space.apply(*origin) == smiles)
        return self._origins[key]

    def _proposed(self, smiles: str, *, is_first: bool) -> Iterator[Origin]:
        mol, counts = molecule(smiles), self._space.count(smiles)
        for retro, templates in self._templates.items():
            if mol.HasSubstructMatch(_product(retro)):
                for reactants in run(retro, [smiles]):
                    yield from self._from(templates, reactants, counts, is_first=is_first)

    def _from(
        self,
        templates: Sequence[int],
        reactants: Sequence[Chem.Mol],
        counts: npt.NDArray[np.int16],
        *,
        is_first: bool,
    ) -> Iterator[Origin]:
        """Yield the steps that may join reactants, of which the partner is in the stock."""
        stock = self._space.stock.index
        is_block = [self._is_like_a_block(mol) for mol in reactants]
        text = cache(lambda place: text_of(reactants[place]) or "")
        for role, other in enumerate(reversed(range(len(reactants)))):
            is_single = len(reactants) == 1
            if (is_first and not is_block[role]) or not (is_single or is_block[other]):
                continue
            partner = None if is_single else stock.get(text(other))
            if not is_single and partner is None:
                continue
            steps = [self._steps[index, role] for index in templates]
            possible = [step for step in steps if self._may_be(counts, step, partner)]
            if possible and text(role) and (not is_first or text(role) in stock):
                yield from (Origin(text(role), step, partner) for step in possible)

    def _may_be(self, counts: npt.NDArray[np.int16], step: int, partner: int | None) -> bool:
        """Return whether guards may hold before a step, told by the counts [G] after it."""
        space = self._space
        if partner is not None and not space.partners[step, partner]:
            return False
        if not space.is_tracked[step]:
            return True
        before = counts - space.change[step]
        if partner is not None:
            before = before - space.counts[partner]
        return bool((before >= 0).all()) and bool(space.allowed(before[None], step)[0])

    def _is_like_a_block(self, mol: Chem.Mol) -> bool:
        """Return whether a block has the same atoms and degrees: most fragments are seen to be none."""
        degrees = self._sizes.get(_size(mol))
        return degrees is not None and _degrees(mol) in degrees

    @cached_property
    def _sizes(self) -> dict[tuple[int, int, str], set[tuple[int, ...]]]:
        """Return the degrees of blocks by their size."""
        result: dict[tuple[int, int, str], set[tuple[int, ...]]] = {}
        for mol in (molecule(block.smiles) for block in self._space.stock.blocks):
            result.setdefault(_size(mol), set()).add(_degrees(mol))
        return result

    @cached_property
    def _templates(self) -> dict[str, list[int]]:
        """Return the templates of each reversed reaction: variants often share one."""
        result: dict[str, list[int]] = {}
        for index, template in enumerate(self._space.templates):
            result.setdefault(template.retro, []).append(index)
        return result

    @cached_property
    def _steps(self) -> dict[tuple[int, int], int]:
        return {(kind.template, kind.role): step for step, kind in enumerate(self._space.steps)}


def _product(retro: str) -> Chem.Mol:
    return reaction(retro).GetReactantTemplate(0)


def _size(mol: Chem.Mol) -> tuple[int, int, str]:
    degrees = rdMolHash.MolHash(mol, rdMolHash.HashFunction.DegreeVector)
    return mol.GetNumAtoms(), rdMolDescriptors.CalcNumHeteroatoms(mol), degrees


def _degrees(mol: Chem.Mol) -> tuple[int, ...]:
    """Return element and degree of each atom, in ascending order; defined before a product is sanitised."""
    return tuple(sorted(_ELEMENTS * atom.GetDegree() + atom.GetAtomicNum() for atom in mol.GetAtoms()))
