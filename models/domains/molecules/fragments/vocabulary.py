"""The fragments of one campaign: common or custom ones, and those of measured molecules. Torch-free."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from itertools import chain, islice
from typing import TYPE_CHECKING

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.fragments.attachments import (
    InvalidFragmentError,
    OpenCore,
    read_fragment,
    write_attachments,
)
from models.domains.molecules.fragments.common import common_fragments
from models.domains.molecules.fragments.compatibility import keep_completable
from models.domains.molecules.fragments.fragmentation import cut
from models.domains.molecules.fragments.fragments import Fragment, compile_open_core, required_sites
from models.domains.molecules.fragments.pieces_of_fragments import aza_analogues, split_up
from models.domains.molecules.fragments.placement import settled
from models.domains.molecules.fragments.rules import BRICS, UNITS, Rules
from models.domains.molecules.fragments.symmetry import canonical, closed, is_unambiguous

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rdkit import Chem

    from models.domains.molecules.fragments.configuration import Centre

MAX_FRAGMENT_ATOMS = 26
MAX_EXTRA_FRAGMENTS = 500
"""Fragments that measured molecules may add."""
MAX_ANALOGUES = 100
"""Ring systems that may be added because they have one nitrogen more than a measured one."""
NITRO = ("[N+](=O)[O-]", "O=[N+]([O-])", "O=[NH+][O-]")

Sites = Counter[int]
Key = tuple[str, tuple["Centre", ...]]
"""A core with its centres: one fragment has all sites of both."""


@dataclass(slots=True)
class Uses:
    """How many molecules hold a fragment, and how often each atom held so many bonds at once."""

    molecules: int = 0
    sites: Counter[tuple[int, int]] = dataclass_field(default_factory=Counter)

    def wished(self) -> list[tuple[int, int]]:
        """Return atoms with numbers of bonds, the most frequent first."""
        return sorted(self.sites, key=lambda use: (-self.sites[use], use))

    def union(self) -> Sites:
        """Return the most bonds that each atom held."""
        return Counter({atom: max(n for other, n in self.sites if other == atom) for atom, _ in self.sites})


def compile_fragments(texts: Iterable[str], rules: Rules = BRICS) -> tuple[Fragment, ...]:
    """Return the fragments of these SMILES with [*], one per core and configuration.

    Under `brics` all atoms that a symmetry of the core relates get a site. Under `units` sites are where the
    [*] are, and everywhere only where two choices of them would make one molecule; a text that the rules cut
    is taken as its pieces.

    Raises:
        InvalidFragmentError: if one of them cannot be part of exactly one tree, or no molecule can be
            completed.
    """
    cores: dict[Key, Sites] = {}
    for text in texts:
        for opened in _opened(text, rules):
            core, sites, centres = opened
            cores[core, centres] = cores.get((core, centres), Counter()) | sites
    fragments = tuple(
        fragment
        for (core, centres), sites in cores.items()
        for fragment in compile_open_core(_settled(OpenCore(core, sites, centres), rules), rules)
    )
    kept = keep_completable(fragments)
    for fragment in fragments:
        if fragment not in kept:
            raise InvalidFragmentError(
                f"fragment {fragment.core!r} must be substituted, but no other fragment fits it"
            )
    return fragments


def vocabulary(
    size: int,
    max_heavy_atoms: int,
    known: Sequence[str],
    max_ring_size: int,
    is_refused: Callable[[Chem.Mol], bool],
) -> tuple[Fragment, ...]:
    """Return the common fragments and those of known molecules, under the rules `units`.

    Args:
        size: how many of the common ones.
        max_heavy_atoms: of known molecules that are cut.
        known: canonical texts of measured molecules.
        max_ring_size: of any fragment.
        is_refused: whether nothing with this group may be proposed.
    """
    cores: dict[Key, Sites] = {}
    for entry in common_fragments()[:size]:
        core, sites, centres = read_fragment(entry.smiles)
        if is_usable(core, sites, max_ring_size, is_refused):
            cores[core, centres] = sites
    small = [text for text in known if molecule(text).GetNumHeavyAtoms() <= max_heavy_atoms]
    _widen(cores, count_uses(small), max_ring_size, is_refused)
    return keep_completable(
        tuple(
            fragment
            for (core, centres), sites in cores.items()
            for fragment in compile_open_core(OpenCore(core, sites, centres), UNITS)
        )
    )


def count_uses(texts: Sequence[str]) -> dict[Key, Uses]:
    """Return the fragments of molecules with how many molecules hold each, and how its sites are used."""
    found: dict[Key, Uses] = defaultdict(Uses)
    for text in texts:
        fragments = used_fragments(text)
        for key in {key for key, _ in fragments}:
            found[key].molecules += 1
        for key, sites in fragments:
            found[key].sites.update(sites.items())
    return found


def used_fragments(text: str) -> list[tuple[Key, Sites]]:
    """Return the core and centres of each fragment of a molecule, with the bonds that held its atoms."""
    pieces = cut(text, UNITS.name)
    result: list[tuple[Key, Sites]] = []
    for core, used, centres in zip(pieces.cores, pieces.uses(), pieces.centres, strict=True):
        sites, own = canonical(core, used, settled(centres))
        result.append(((core, own), sites))
    return result


def is_usable(core: str, sites: Sites, max_ring_size: int, is_refused: Callable[[Chem.Mol], bool]) -> bool:
    """Return whether a fragment may be in a vocabulary that no user listed."""
    bare = molecule(core)
    charges = sum(abs(atom.GetFormalCharge()) for atom in bare.GetAtoms())
    rings = bare.GetRingInfo().AtomRings()
    return (
        bare.GetNumHeavyAtoms() <= MAX_FRAGMENT_ATOMS
        and charges == 2 * sum(core.count(text) for text in NITRO)
        and max(map(len, rings), default=0) <= max_ring_size
        and not any(atom.GetIsotope() for atom in bare.GetAtoms())
        and not is_refused(capped(core, sites))
    )


def capped(core: str, sites: Sites) -> Chem.Mol:
    """Return a core with a methyl on one free bond of each site's atom, as within a molecule."""
    return molecule(write_attachments(core, sites).replace("*", "C"))


def fitted_sites(core: str, centres: tuple[Centre, ...], wished: Sequence[tuple[int, int]]) -> Sites | None:
    """Return the sites of a fragment: the wished ones in order, then any other, as far as they fit.

    Args:
        core: canonical SMILES.
        centres: have all their sites.
        wished: atoms, each with how many bonds it may take.

    None if the core has no site, or is no fragment.
    """
    mol, kinds = molecule(core), UNITS.kinds(molecule(core))
    fixed = Counter({centre.atom: centre.n_sites for centre in centres})
    sites = closed(core, required_sites(core, UNITS) | fixed, centres)
    others = ((a.GetIdx(), 1) for a in mol.GetAtoms() if a.GetTotalNumHs() and kinds[a.GetIdx()] is not None)
    for atom, n in chain(wished, others):
        wider = closed(core, sites | Counter({atom: n}), centres) if sites[atom] < n else sites
        if wider.total() <= UNITS.max_sites and atom not in fixed:
            sites = wider
    if not _compiles(core, sites, centres):
        # Too many symmetric sites: one is enough for a substituent.
        sites = Counter(atom for atom, _ in islice(wished, 1)) if not centres else Counter()
    return sites if sites.total() and _compiles(core, sites, centres) else None


def _compiles(core: str, sites: Sites, centres: tuple[Centre, ...]) -> bool:
    try:
        compile_open_core(OpenCore(core, sites, centres), UNITS)
    except InvalidFragmentError:
        return False
    return True


def _widen(
    cores: dict[Key, Sites],
    found: Mapping[Key, Uses],
    max_ring_size: int,
    is_refused: Callable[[Chem.Mol], bool],
) -> None:
    """Add the fragments and sites of known molecules by frequency, bounded."""
    n_most = len(cores) + MAX_EXTRA_FRAGMENTS
    ordered = sorted(found, key=lambda key: (-found[key].molecules, key))
    for key in ordered:
        core, centres = key
        before, uses = cores.get(key, Counter()), found[key]
        usable = bool(before) or (
            len(cores) < n_most and is_usable(core, uses.union(), max_ring_size, is_refused)
        )
        sites = fitted_sites(core, centres, (*uses.wished(), *before.items())) if usable else None
        if sites:
            cores[key] = sites
    n_most = len(cores) + MAX_ANALOGUES
    for text in (text for core, centres in ordered if not centres for text in aza_analogues(core)):
        if len(cores) < n_most and (text, ()) not in cores:
            sites = fitted_sites(text, (), ())
            if sites and is_usable(text, Counter(), max_ring_size, is_refused):
                cores[text, ()] = sites


def _opened(text: str, rules: Rules) -> list[OpenCore]:
    if rules is BRICS:
        core, sites, _ = read_fragment(text)
        return [OpenCore(core, closed(core, sites))]
    opened = [OpenCore(*part) for part in split_up(read_fragment(text, is_substituent=True), rules)]
    return [OpenCore(o.core, *canonical(o.core, o.sites, o.centres)) for o in opened]


def _settled(opened: OpenCore, rules: Rules) -> OpenCore:
    """Return a core with a site on all symmetric atoms where the given ones would be ambiguous."""
    if rules is BRICS or is_unambiguous(opened.core, opened.sites, opened.centres):
        return opened
    return opened._replace(sites=closed(opened.core, opened.sites, opened.centres))
