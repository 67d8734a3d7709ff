"""The fragments of one campaign: common or custom ones, and those of measured molecules.

Torch-free. `build_vocabulary` makes the committed file; this module only reads it.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.structural_alerts import alerts
from models.domains.molecules.fragments.compatibility import keep_completable
from models.domains.molecules.fragments.fragmentation import cut, environments
from models.domains.molecules.fragments.fragments import (
    MAX_SITES,
    Fragment,
    InvalidFragmentError,
    automorphisms,
    closed,
    compile_fragment,
    read_attachments,
    split_variants,
    write_attachments,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rdkit import Chem

FILE = "vocabulary.json"
MAX_FRAGMENT_ATOMS = 16
MAX_EXTRA_FRAGMENTS = 200
SAFE_TO_SUBSTITUTE = frozenset({"aromatic", "ring_amine", "amine"})

Sites = Counter[int]


def compile_fragments(texts: Iterable[str]) -> tuple[Fragment, ...]:
    """Return the fragments of these SMILES with [*], one per core (two if its ends exclude each other).

    Raises:
        InvalidFragmentError: if one of them cannot be part of exactly one tree, or no molecule can be
            completed.
    """
    cores: dict[str, Sites] = {}
    for text in texts:
        core, sites = read_attachments(text)
        cores[core] = cores.get(core, Counter()) | closed(core, sites)
    fragments = tuple(fragment for core, sites in cores.items() for fragment in _variants(core, sites))
    kept = keep_completable(fragments)
    for fragment in fragments:
        if fragment not in kept:
            raise InvalidFragmentError(f"fragment {fragment.core!r} must be substituted, but no other fragment fits it")
    return fragments


def vocabulary(
    own: Sequence[str] | None, size: int, max_heavy_atoms: int, known: Sequence[str]
) -> tuple[Fragment, ...]:
    """Return the campaign's fragments.

    Args:
        own: SMILES with [*] that the campaign names; None for the common ones and those of known molecules.
        size: how many of the common ones.
        max_heavy_atoms: of known molecules that are cut.
        known: canonical texts of measured molecules.
    """
    if own is not None:
        return compile_fragments(own)
    cores: dict[str, Sites] = {}
    for text in common_fragments()[:size]:
        core, sites = read_attachments(text)
        cores[core] = cores.get(core, Counter()) | closed(core, sites)
    _widen(cores, known, max_heavy_atoms)
    return keep_completable(tuple(fragment for core, sites in cores.items() for fragment in _variants(core, sites)))


@cache
def common_fragments() -> tuple[str, ...]:
    """Return the committed fragments, the most frequent first."""
    content = json.loads((files(__package__) / FILE).read_text())
    return tuple(entry["smiles"] for entry in content["fragments"])


def capped(core: str, sites: Sites) -> Chem.Mol:
    """Return a core with a methyl on one free bond of each site's atom, as within a molecule."""
    return molecule(write_attachments(core, sites).replace("*", "C"))


def _variants(core: str, sites: Sites) -> list[Fragment]:
    parts = split_variants(core, sites)
    return [compile_fragment(core, part, needs_a_bond=index > 0) for index, part in enumerate(parts)]


def _widen(cores: dict[str, Sites], known: Sequence[str], max_heavy_atoms: int) -> None:
    """Add the cores and sites of known molecules by frequency, bounded, only where they compile."""
    n_most = len(cores) + MAX_EXTRA_FRAGMENTS
    seen: Counter[str] = Counter()
    used: dict[str, Sites] = defaultdict(Counter)
    small = [text for text in known if molecule(text).GetNumHeavyAtoms() <= max_heavy_atoms]
    for core, sites in (pair for text in small for pair in used_sites(text)):
        seen[core] += 1
        used[core] |= sites
    # Cores that join come before whole molecules, which serve replay only.
    for core in sorted(seen, key=lambda core: (not used[core], -seen[core], core)):
        if core in cores:
            _try(cores, core, cores[core] | closed(core, used[core]))
        elif len(cores) < n_most and _is_clean(core, used[core]):
            # Whole molecules come last; a measured molecule becomes a building block if it compiles.
            for sites in (used[core],) if used[core] else (Counter(), _safe_sites(core)):
                _try(cores, core, closed(core, sites))


def used_sites(text: str) -> list[tuple[str, Sites]]:
    """Return the cores of a molecule, each with the number of bonds that held every atom of it."""
    pieces = cut(text)
    used: list[Sites] = [Counter() for _ in pieces.cores]
    for join in pieces.joins:
        used[join.left][join.left_atom] += 1
        used[join.right][join.right_atom] += 1
    return list(zip(pieces.cores, used, strict=True))


def _try(cores: dict[str, Sites], core: str, sites: Sites) -> None:
    try:
        _variants(core, sites)
    except InvalidFragmentError:
        return
    cores[core] = sites


def _safe_sites(core: str) -> Sites:
    """Return sites for a molecule that was measured whole: as many orbits of safe atoms as fit."""
    mol = molecule(core)
    kinds = environments(mol)
    sites: Sites = Counter()
    orbits = {frozenset(images) for images in zip(*automorphisms(core), strict=True)}
    for orbit in sorted(orbits, key=min):
        atom = mol.GetAtomWithIdx(min(orbit))
        is_safe = kinds[min(orbit)] in SAFE_TO_SUBSTITUTE and atom.GetTotalNumHs() and atom.GetDegree() > 1
        if is_safe and len(orbit) + sites.total() <= MAX_SITES:
            sites.update(orbit)
    return sites


def _is_clean(core: str, sites: Sites) -> bool:
    mol = capped(core, sites)
    if any(atom.GetIsotope() for atom in mol.GetAtoms()):
        return False
    charges = sum(abs(atom.GetFormalCharge()) for atom in mol.GetAtoms())
    nitro_charges = 2 * core.count("[N+](=O)[O-]") + 2 * core.count("O=[N+]([O-])")
    return molecule(core).GetNumHeavyAtoms() <= MAX_FRAGMENT_ATOMS and charges == nitro_charges and not alerts(mol)
