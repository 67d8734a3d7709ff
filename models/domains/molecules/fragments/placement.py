"""The pieces of a molecule placed onto the fragments of a vocabulary. Torch-free; knows no trees."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from models.domains.molecules.fragments.configuration import Centre, is_turned, moved
from models.domains.molecules.fragments.symmetry import automorphisms

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Sequence

    from models.domains.molecules.fragments.fragmentation import Pieces
    from models.domains.molecules.fragments.fragments import Fragment

_MANY_ATOMS = 10_000


class Place(NamedTuple):
    """The fragment of a piece, where its atoms lie there, and each atom's free sites in order."""

    fragment: int
    atoms: Sequence[int]
    sites: dict[int, list[int]]

    def take(self, atom: int) -> int:
        """Return the next free site for a join at an atom of the piece."""
        return self.sites[self.atoms[atom]].pop(0)


class Places:
    """Finds the fragment of each piece."""

    def __init__(self, fragments: Sequence[Fragment]) -> None:
        self.fragments = fragments
        self.rules = fragments[0].rules
        self._by_core: dict[str, list[int]] = defaultdict(list)
        for index, fragment in enumerate(fragments):
            self._by_core[fragment.core].append(index)

    def of(self, pieces: Pieces) -> list[Place | None]:
        """Return the place of each piece; None without a fragment that has its sites and configuration."""
        each = zip(pieces.cores, pieces.uses(), pieces.centres, strict=True)
        return [self._place(core, used, centres) for core, used, centres in each]

    def has_core(self, core: str) -> bool:
        """Return whether some fragment has this core, whatever its sites and configuration."""
        return core in self._by_core

    def _place(self, core: str, used: Counter[int], centres: tuple[Centre, ...]) -> Place | None:
        for index in self._by_core.get(core, ()):
            fragment = self.fragments[index]
            for atoms in self._embeddings(fragment):
                if all(fragment.atoms.count(atoms[atom]) >= n for atom, n in used.items()) and (
                    moved(core, settled(centres), atoms) == fragment.centres
                ):
                    return _placed(index, fragment, atoms, centres)
        return None

    def _embeddings(self, fragment: Fragment) -> Iterable[Sequence[int]]:
        # Sites of the older rules, and of most fragments, are closed under the symmetries.
        return (range(_MANY_ATOMS),) if self.rules == "brics" else automorphisms(fragment.core)


def settled(centres: tuple[Centre, ...]) -> tuple[Centre, ...]:
    """Return centres of a piece as a fragment has them: any order of joins where there are several."""
    return tuple(c._replace(is_counter_clockwise=c.is_counter_clockwise or c.n_sites > 1) for c in centres)


def _placed(index: int, fragment: Fragment, atoms: Sequence[int], centres: tuple[Centre, ...]) -> Place:
    sites: dict[int, list[int]] = defaultdict(list)
    for site, atom in enumerate(fragment.atoms):
        sites[atom].append(site)
    for centre in centres:
        own = sites[atoms[centre.atom]]
        # Two joins of a centre change places where they run the other way round.
        if centre.n_sites > 1 and centre.is_counter_clockwise == is_turned(fragment.core, centre.atom, atoms):
            own[0], own[1] = own[1], own[0]
    return Place(index, atoms, sites)
