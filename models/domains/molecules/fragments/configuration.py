"""Configurations of centres within fragments, independent of what is attached. Torch-free.

A centre is described by the order of its neighbours: first those within the core by their numbers, then what
its sites hold in the order of the sites. Seen from the first of them the others run counter-clockwise or
clockwise, as in SMILES. Where a centre has several sites, exchanging what two of them hold gives the other
configuration, so one fragment stands for both; else the two configurations are two fragments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rdkit import Chem

from models.domains.molecules.chemistry.molecules import molecule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_COUNTER_CLOCKWISE = Chem.ChiralType.CHI_TETRAHEDRAL_CCW
_CLOCKWISE = Chem.ChiralType.CHI_TETRAHEDRAL_CW


class Centre(NamedTuple):
    """A centre of a core; `is_counter_clockwise` is true wherever it has several sites."""

    atom: int
    n_sites: int
    is_counter_clockwise: bool


def has_configuration(atom: Chem.Atom) -> bool:
    """Return whether an atom is a tetrahedral centre of known configuration."""
    return atom.GetChiralTag() in (_COUNTER_CLOCKWISE, _CLOCKWISE)


def read_configuration(atom: Chem.Atom, neighbours: Sequence[int]) -> bool:
    """Return whether the neighbours of a centre, in the given order, run counter-clockwise."""
    is_counter_clockwise = atom.GetChiralTag() == _COUNTER_CLOCKWISE
    return is_counter_clockwise != is_odd(_neighbours(atom), neighbours)


def write_configuration(atom: Chem.Atom, neighbours: Sequence[int], *, is_counter_clockwise: bool) -> None:
    """Set the configuration in which these neighbours of an atom run counter-clockwise, or do not."""
    flag = is_counter_clockwise != is_odd(_neighbours(atom), neighbours)
    atom.SetChiralTag(_COUNTER_CLOCKWISE if flag else _CLOCKWISE)


def core_neighbours(core: str, atom: int) -> list[int]:
    """Return the neighbours of a core's atom, ascending."""
    return sorted(_neighbours(molecule(core).GetAtomWithIdx(atom)))


def is_turned(core: str, atom: int, automorphism: Sequence[int]) -> bool:
    """Return whether a symmetry of the core reverses the order of an atom's core neighbours."""
    images = [automorphism[other] for other in core_neighbours(core, atom)]
    return is_odd(images, sorted(images))


def moved(core: str, centres: Iterable[Centre], automorphism: Sequence[int]) -> tuple[Centre, ...]:
    """Return the centres after a symmetry of the core, in order."""
    return tuple(
        sorted(
            Centre(
                automorphism[centre.atom],
                centre.n_sites,
                centre.n_sites > 1
                or centre.is_counter_clockwise != is_turned(core, centre.atom, automorphism),
            )
            for centre in centres
        )
    )


def is_odd(order: Sequence[int], reference: Sequence[int]) -> bool:
    """Return whether an odd number of exchanges turns one order of the same items into the other."""
    places = [reference.index(item) for item in order]
    n_inversions = sum(left > right for index, left in enumerate(places) for right in places[index + 1 :])
    return n_inversions % 2 == 1


def _neighbours(atom: Chem.Atom) -> list[int]:
    return [bond.GetOtherAtomIdx(atom.GetIdx()) for bond in atom.GetBonds()]
