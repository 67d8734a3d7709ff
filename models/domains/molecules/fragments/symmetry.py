"""Symmetries of a core, and of its sites. Torch-free."""

from __future__ import annotations

from collections import Counter
from itertools import permutations, product
from threading import Lock

from cachetools import LRUCache, cached

from models.domains.molecules.chemistry.matching import TooComplexError, matches
from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.fragments.attachments import InvalidFragmentError
from models.domains.molecules.fragments.configuration import Centre, is_odd, is_turned, moved

MAX_PERMUTATIONS = 12
_MAX_MATCHES = 4096
_KEPT_IMAGES = 2_000_000
"""Atoms of the cached symmetries."""

Images = tuple[int, ...]


@cached(LRUCache(_KEPT_IMAGES, getsizeof=lambda images: sum(map(len, images)) + 10), lock=Lock())
def automorphisms(core: str) -> tuple[Images, ...]:
    """Return the symmetries of a core as images of its atoms.

    Raises:
        InvalidFragmentError: if there are too many to list, or their search takes too long.
    """
    mol = molecule(core)
    try:
        result = matches(mol, mol, _MAX_MATCHES)
    except TooComplexError as error:
        raise InvalidFragmentError(
            f"the symmetries of fragment {core[:80]!r} take too long to find"
        ) from error
    if len(result) == _MAX_MATCHES:
        raise InvalidFragmentError(f"fragment {core!r} is too symmetric")
    # Matching ignores hydrogens, so it would map an azole's NH to its N.
    kinds = [(atom.GetTotalNumHs(), atom.GetFormalCharge()) for atom in mol.GetAtoms()]
    return tuple(
        match
        for match in result
        if all(kinds[image] == kind for image, kind in zip(match, kinds, strict=True))
    )


def preserving(core: str, centres: tuple[Centre, ...]) -> tuple[Images, ...]:
    """Return the symmetries of a core that keep the configuration of its centres."""
    found = automorphisms(core)
    return found if not centres else tuple(a for a in found if moved(core, centres, a) == centres)


def canonical(
    core: str, sites: Counter[int], centres: tuple[Centre, ...]
) -> tuple[Counter[int], tuple[Centre, ...]]:
    """Return sites and centres as the symmetry places them that gives the centres the least numbers."""
    if not centres:
        return sites, centres
    placed = {moved(core, centres, a): a for a in reversed(automorphisms(core))}
    least = min(placed)
    return Counter({placed[least][atom]: n for atom, n in sites.items()}), least


def closed(core: str, sites: Counter[int], centres: tuple[Centre, ...] = ()) -> Counter[int]:
    """Return the sites with equal numbers on symmetric atoms."""
    total: Counter[int] = Counter()
    for automorphism in preserving(core, centres):
        for atom, count in sites.items():
            total[automorphism[atom]] = max(total[automorphism[atom]], count)
    return total


def is_unambiguous(core: str, sites: Counter[int], centres: tuple[Centre, ...]) -> bool:
    """Return whether no two choices of sites give one molecule, but those that a symmetry of all sites maps.

    A symmetry of the core that maps some sites onto others must agree there with one that keeps all of them.
    """
    symmetries = preserving(core, centres)
    keeping = [a for a in symmetries if all(sites[a[atom]] == count for atom, count in sites.items())]
    for automorphism in symmetries:
        inside = [atom for atom in sites if sites[automorphism[atom]]]
        if not any(all(a[atom] == automorphism[atom] for atom in inside) for a in keeping):
            return False
    return True


def site_group(core: str, atoms: tuple[int, ...]) -> tuple[Images, ...]:
    """Return the symmetries of a core as permutations of the sites on these atoms, the identity first."""
    by_atom = _by_atom(atoms)
    result = {tuple(range(len(atoms)))}
    for images in {tuple(automorphism[atom] for atom in by_atom) for automorphism in automorphisms(core)}:
        for choice in product(*(permutations(by_atom[image]) for image in images)):
            result.add(_permutation(by_atom, choice))
            if len(result) > MAX_PERMUTATIONS:
                raise InvalidFragmentError(f"fragment {core!r} with these sites is too symmetric")
    return tuple(sorted(result))


def atom_group(core: str, atoms: tuple[int, ...], centres: tuple[Centre, ...]) -> tuple[Images, ...]:
    """Return permutations of sites that, with all exchanges of sites alike, are the symmetries of a fragment.

    Sites of one atom are alike unless it is a centre, whose sites may only be permuted as its configuration
    allows.
    """
    by_atom = _by_atom(atoms)
    chiral = {centre.atom for centre in centres if centre.n_sites > 1}
    counts = {atom: len(sites) for atom, sites in by_atom.items()}
    result = {tuple(range(len(atoms)))}
    for automorphism in preserving(core, centres):
        if any(len(by_atom.get(automorphism[atom], ())) != n for atom, n in counts.items()):
            continue
        options = []
        for atom, sites in by_atom.items():
            images = by_atom[automorphism[atom]]
            is_reversed = atom in chiral and is_turned(core, atom, automorphism)
            orders = permutations(images) if atom in chiral else (images,)
            options.append([o for o in orders if len(sites) == 1 or is_odd(o, images) == is_reversed])
        for choice in product(*options):
            result.add(_permutation(by_atom, choice))
            if len(result) > MAX_PERMUTATIONS:
                raise InvalidFragmentError(f"fragment {core!r} with these sites is too symmetric")
    return tuple(sorted(result))


def _by_atom(atoms: tuple[int, ...]) -> dict[int, list[int]]:
    return {
        atom: [site for site, owner in enumerate(atoms) if owner == atom] for atom in dict.fromkeys(atoms)
    }


def _permutation(by_atom: dict[int, list[int]], choice: tuple[tuple[int, ...] | list[int], ...]) -> Images:
    image_of = {
        site: image
        for sites, images in zip(by_atom.values(), choice, strict=True)
        for site, image in zip(sites, images, strict=True)
    }
    return tuple(image_of[site] for site in range(len(image_of)))
