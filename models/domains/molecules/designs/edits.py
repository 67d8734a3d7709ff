"""How many fragments of a molecule were edited to make another. Torch-free.

Both molecules are cut into their fragments. The fragments that both have, bonded to one another in the same
places, are kept; an edit adds, removes, replaces or moves one of the others. Exact: the largest kept part is
searched by branch and bound, and trees of a dozen fragments are small.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from models.domains.molecules.fragments.attachments import InvalidFragmentError
from models.domains.molecules.fragments.fragmentation import cut
from models.domains.molecules.fragments.symmetry import automorphisms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.molecules.fragments.rules import RulesName

    Links = Mapping[tuple[int, int], int]


class FragmentGraph(NamedTuple):
    """Cores of a molecule, and by ordered pair of bonded pieces the atom of the first that is bonded."""

    cores: tuple[str, ...]
    links: Links


@lru_cache(maxsize=20_000)
def fragment_graph(text: str, rules: RulesName) -> FragmentGraph:
    """Return the fragments of a canonical text with their bonds."""
    pieces = cut(text, rules)
    links: dict[tuple[int, int], int] = {}
    for join in pieces.joins:
        links[join.left, join.right] = join.left_atom
        links[join.right, join.left] = join.right_atom
    return FragmentGraph(pieces.cores, links)


def edits(left: str, right: str, most: int, rules: RulesName) -> int | None:
    """Return the number of edits between two molecules, or None if they are more than `most`."""
    first, second = fragment_graph(left, rules), fragment_graph(right, rules)
    n = max(len(first.cores), len(second.cores))
    kept = _most_kept(first, second, n - most)
    return n - kept if n - kept <= most else None


def _most_kept(first: FragmentGraph, second: FragmentGraph, at_least: int) -> int:
    """Return the most fragments that both keep, or anything less than `at_least` if they are fewer."""
    order = sorted(range(len(first.cores)), key=lambda piece: (-_degree(first, piece), piece))
    places = defaultdict(list)
    for place, core in enumerate(second.cores):
        places[core].append(place)
    best = max(0, at_least - 1)
    chosen: dict[int, int] = {}

    def search(index: int) -> None:
        nonlocal best
        if len(chosen) + len(order) - index <= best:
            return
        if index == len(order):
            best = len(chosen)
            return
        piece = order[index]
        for place in places[first.cores[piece]]:
            if place not in chosen.values() and _agrees(first, second, chosen, piece, place):
                chosen[piece] = place
                search(index + 1)
                del chosen[piece]
        search(index + 1)

    search(0)
    return best


def _degree(graph: FragmentGraph, piece: int) -> int:
    return sum(start == piece for start, _ in graph.links)


def _agrees(
    first: FragmentGraph, second: FragmentGraph, chosen: Mapping[int, int], piece: int, place: int
) -> bool:
    """Return whether a further kept piece has its bonds with the other kept pieces in the same places."""
    together = {**chosen, piece: place}
    for other in chosen:
        if ((piece, other) in first.links) != ((place, chosen[other]) in second.links):
            return False
    touched = [piece, *(other for other in chosen if (piece, other) in first.links)]
    return all(_is_symmetric(first, second, together, one) for one in touched)


def _is_symmetric(
    first: FragmentGraph, second: FragmentGraph, together: Mapping[int, int], piece: int
) -> bool:
    """Return whether one symmetry of a core moves all its bonds with kept pieces onto those of the other."""
    atoms = [
        (first.links[piece, other], second.links[together[piece], place])
        for other, place in together.items()
        if (piece, other) in first.links
    ]
    return any(all(image[left] == right for left, right in atoms) for image in _images(first.cores[piece]))


def _images(core: str) -> Sequence[tuple[int, ...]]:
    try:
        return automorphisms(core)
    except InvalidFragmentError:  # too symmetric to list: only the same numbering counts as the same place
        return (tuple(range(len(core))),)
