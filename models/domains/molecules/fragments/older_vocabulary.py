"""The fragments of campaigns that keep the rules `brics`: common ones, and those of measured molecules.

Torch-free. What it returns is part of stored campaigns, so it does not change.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.structural_alerts import alerts
from models.domains.molecules.fragments.attachments import (
    InvalidFragmentError,
    OpenCore,
    read_attachments,
    write_attachments,
)
from models.domains.molecules.fragments.common import older_fragments
from models.domains.molecules.fragments.compatibility import keep_completable
from models.domains.molecules.fragments.fragmentation import cut
from models.domains.molecules.fragments.fragments import Fragment, compile_open_core
from models.domains.molecules.fragments.rules import BRICS
from models.domains.molecules.fragments.symmetry import automorphisms, closed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdkit import Chem

MAX_FRAGMENT_ATOMS = 16
MAX_EXTRA_FRAGMENTS = 200
SAFE_TO_SUBSTITUTE = frozenset({"aromatic", "ring_amine", "amine"})

Sites = Counter[int]


def older_vocabulary(size: int, max_heavy_atoms: int, known: Sequence[str]) -> tuple[Fragment, ...]:
    """Return the `size` most common fragments, and those of known molecules."""
    cores: dict[str, Sites] = {}
    for text in older_fragments()[:size]:
        core, sites = read_attachments(text)
        cores[core] = cores.get(core, Counter()) | closed(core, sites)
    _widen(cores, known, max_heavy_atoms)
    return keep_completable(
        tuple(
            fragment for core, sites in cores.items() for fragment in compile_open_core(OpenCore(core, sites))
        )
    )


def capped(core: str, sites: Sites) -> Chem.Mol:
    """Return a core with a methyl on one free bond of each site's atom, as within a molecule."""
    return molecule(write_attachments(core, sites).replace("*", "C"))


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
    return list(zip(pieces.cores, pieces.uses(), strict=True))


def _try(cores: dict[str, Sites], core: str, sites: Sites) -> None:
    try:
        compile_open_core(OpenCore(core, sites))
    except InvalidFragmentError:
        return
    cores[core] = sites


def _safe_sites(core: str) -> Sites:
    """Return sites for a molecule that was measured whole: as many orbits of safe atoms as fit."""
    mol = molecule(core)
    kinds = BRICS.kinds(mol)
    sites: Sites = Counter()
    orbits = {frozenset(images) for images in zip(*automorphisms(core), strict=True)}
    for orbit in sorted(orbits, key=min):
        atom = mol.GetAtomWithIdx(min(orbit))
        is_safe = kinds[min(orbit)] in SAFE_TO_SUBSTITUTE and atom.GetTotalNumHs() and atom.GetDegree() > 1
        if is_safe and len(orbit) + sites.total() <= BRICS.max_sites:
            sites.update(orbit)
    return sites


def _is_clean(core: str, sites: Sites) -> bool:
    mol = capped(core, sites)
    if any(atom.GetIsotope() for atom in mol.GetAtoms()):
        return False
    charges = sum(abs(atom.GetFormalCharge()) for atom in mol.GetAtoms())
    nitro_charges = 2 * core.count("[N+](=O)[O-]") + 2 * core.count("O=[N+]([O-])")
    return (
        molecule(core).GetNumHeavyAtoms() <= MAX_FRAGMENT_ATOMS
        and charges == nitro_charges
        and not alerts(mol)
    )
