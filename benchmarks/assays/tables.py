"""Measured tables as training data: objects, the domain's features and kernel, pooled values, known noise.

Paths are relative to the folder of measured tables. Callers skip tables whose file is absent. Letters: N
objects, M assay types.
"""

import csv
import gzip
import io
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from torch import Tensor

from benchmarks.tables.catalogue import DATA
from models.data.tables import SHRINKAGE
from models.domains import open_domain
from models.domains.contract import Domain, InvalidObjectError
from models.domains.materials.spec import CompositionSpec
from models.domains.molecules.spec import MoleculesSpec
from models.domains.peptides.spec import PeptidesSpec
from models.proxies.contract import TrainingTable

if TYPE_CHECKING:
    from gpytorch.kernels import Kernel

MOST_OBJECTS = 3000
"""Larger tables are reduced to a fixed random sample."""
N_CLUSTERS = 20
ROOM_TEMPERATURE = (15.0, 30.0)
"""Range of test temperatures, in degrees Celsius, of yield strengths."""
Rows = Iterable[tuple[str, str, float, float]]
"""Object, assay type, value and known variance (NaN when unknown)."""


@final
@dataclass(frozen=True)
class AssayTable:
    """One table: `groups` [N] are scaffolds or clusters, for splits that are harder than random ones."""

    name: str
    objects: tuple[str, ...]
    types: tuple[str, ...]
    features: Tensor
    values: Tensor
    noise: Tensor
    groups: Tensor
    kernel: Callable[[], "Kernel"]

    def training(self, rows: Tensor) -> TrainingTable:
        """Return the proxies' training table of some rows; the prior of each type is uninformed."""
        values = self.values[rows]
        one = torch.ones(len(self.types), dtype=torch.float64)
        return TrainingTable(self.types, self.features[rows], values, self.noise[rows], 0 * one, one)


def _lines(path: Path) -> Iterator[Mapping[str, str]]:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    yield from csv.DictReader(io.StringIO(text.decode("utf-8-sig")))


def _objects(
    domain: Domain, lines: Iterable[Mapping[str, str]], column: str
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield each line with its canonical object; lines outside the domain (salts, mixtures) are skipped."""
    for line in lines:
        try:
            yield domain.parse({domain.object_columns[0]: line[column]}), line
        except InvalidObjectError:
            continue


def _molecules(path: Path, column: str) -> tuple[Domain, Rows]:
    domain = open_domain(MoleculesSpec(fragments=None))
    rows = [(text, column, float(line[column]), math.nan) for text, line in _objects(domain, _lines(path), "smiles")]
    return domain, rows


def _aqsoldb(path: Path) -> tuple[Domain, Rows]:
    """Read mean solubilities; variances pool each compound's replicates with all others, as in a round."""
    domain = open_domain(MoleculesSpec(fragments=None))
    lines = list(_lines(path))
    chosen = np.random.default_rng(0).permutation(len(lines))[:MOST_OBJECTS]
    freedom = [(int(line["Occurrences"]) - 1, float(line["SD"]) ** 2) for line in lines]
    common = sum(n * square for n, square in freedom) / sum(n for n, _ in freedom)
    rows = []
    for text, line in _objects(domain, (lines[i] for i in chosen), "SMILES"):
        n, square = int(line["Occurrences"]), float(line["SD"]) ** 2
        variance = (SHRINKAGE * common + (n - 1) * square) / (SHRINKAGE + n - 1) / n
        rows.append((text, "log S", float(line["Solubility"]), variance))
    return domain, rows


def _peptides(path: Path) -> tuple[Domain, Rows]:
    """Read activity against bacteria, 0 or 1, where a species was tested: the table has no concentrations."""
    domain = open_domain(PeptidesSpec(min_length=5, max_length=30))
    rows = []
    for line in _lines(path):
        ends = ("Ac" if line["N terminus"] == "ACT" else "H", "NH2" if line["C terminus"] == "AMD" else "OH")
        if not line["targetSpecies"] or not 5 <= len(line["Sequence"]) <= 30:  # noqa: PLR2004 - the campaign's lengths
            continue
        try:
            text = domain.parse({"sequence": f"{ends[0]}-{line['Sequence']}-{ends[1]}"})
        except InvalidObjectError:  # D-residues are written in lower case
            continue
        rows.append((text, "activity", float(line["activity"]), math.nan))
    return domain, rows


def _alloys(path: Path) -> tuple[Domain, Rows]:
    """Read hardness and room-temperature yield strength of alloys, as logarithms; processing is ignored."""
    lines = list(_lines(path))
    elements = sorted({symbol for line in lines for symbol in re.findall("[A-Z][a-z]?", line["FORMULA"])})
    fields = {"kind": "materials", "space": "composition", "oxidation_states": "off", "elements": elements}
    domain = open_domain(CompositionSpec.model_validate({**fields, "max_elements": 8, "max_atoms": 40}))
    rows = []
    for text, line in _objects(domain, lines, "FORMULA"):
        temperature = line[r"PROPERTY: Test temperature ($^\circ$C)"]
        if hardness := line["PROPERTY: HV"]:
            rows.append((text, "log10 hardness", math.log10(float(hardness)), math.nan))
        low, high = ROOM_TEMPERATURE
        if (strength := line["PROPERTY: YS (MPa)"]) and temperature and low <= float(temperature) <= high:
            rows.append((text, "log10 yield strength", math.log10(float(strength)), math.nan))
    return domain, rows


READERS: Mapping[str, tuple[str, Callable[[Path], tuple[Domain, Rows]]]] = {
    "ESOL": ("molecules/ESOL.csv", partial(_molecules, column="measured log solubility in mols per litre")),
    "FreeSolv": ("molecules/FreeSolv.csv", partial(_molecules, column="expt")),
    "Lipophilicity": ("molecules/Lipophilicity.csv", partial(_molecules, column="exp")),
    "AqSolDB": ("aqsoldb/aqsoldb.csv.gz", _aqsoldb),
    "DBAASP": ("peptides/DAASP_RNN_dataset.csv.gz", _peptides),
    "MPEA": ("mpea/MPEA_dataset.csv", _alloys),
}


def present() -> list[str]:
    """Return the names of the tables that are present."""
    return [name for name, (path, _) in READERS.items() if (DATA / path).exists()]


def _pooled(rows: Rows) -> tuple[tuple[str, ...], tuple[str, ...], Tensor, Tensor]:
    """Return objects, types, mean values [N, M] and the known variances [N, M] of those means."""
    cells: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for text, kind, value, variance in rows:
        cells[text, kind].append((value, variance))
    objects = tuple(dict.fromkeys(text for text, _ in cells))
    if len(objects) > MOST_OBJECTS:
        chosen = sorted(np.random.default_rng(0).permutation(len(objects))[:MOST_OBJECTS])
        objects = tuple(objects[i] for i in chosen)
    types = tuple(dict.fromkeys(kind for _, kind in cells))
    values, noise = (torch.full((len(objects), len(types)), math.nan, dtype=torch.float64) for _ in range(2))
    index = {text: i for i, text in enumerate(objects)}
    for j, kind in enumerate(types):
        own = {text: replicates for (text, of), replicates in cells.items() if of == kind and text in index}
        common = _pooled_variance([[value for value, _ in replicates] for replicates in own.values()])
        for text, replicates in own.items():
            mean = sum(value for value, _ in replicates) / len(replicates)
            values[index[text], j] = mean
            squares = sum((value - mean) ** 2 for value, _ in replicates)
            known = sum(variance for _, variance in replicates) / len(replicates) ** 2
            replicated = (SHRINKAGE * common + squares) / (SHRINKAGE + len(replicates) - 1) / len(replicates)
            noise[index[text], j] = replicated if math.isnan(known) else known
    return objects, types, values, noise


def _pooled_variance(groups: Iterable[Sequence[float]]) -> float:
    replicated = [np.asarray(group) for group in groups if len(group) > 1]
    freedom = sum(len(group) - 1 for group in replicated)
    return sum(float(((group - group.mean()) ** 2).sum()) for group in replicated) / freedom if freedom else math.nan


def _scaffolds(objects: Sequence[str]) -> Tensor:
    """Return the index of each molecule's Bemis-Murcko scaffold [N]; molecules without a ring share one."""
    from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

    names = [MurckoScaffoldSmiles(smiles=text) for text in objects]  # type: ignore[no-untyped-call] # RDKit's
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return torch.tensor([numbers[name] for name in names])


def _clusters(features: Tensor) -> Tensor:
    """Return the k-means cluster of each object [N], on standardised features."""
    from sklearn.cluster import KMeans

    deviation = features.std(dim=0)
    standard = (features - features.mean(dim=0)) / torch.where(deviation > 0, deviation, 1.0)
    return torch.from_numpy(KMeans(N_CLUSTERS, n_init=1, random_state=0).fit_predict(standard.numpy())).long()


@cache
def read(name: str) -> AssayTable:
    """Return one table, ready for training.

    Raises:
        FileNotFoundError: if its file is missing.
    """
    path, reader = READERS[name]
    domain, rows = reader(DATA / path)
    objects, types, values, noise = _pooled(rows)
    features = torch.from_numpy(domain.features(objects)).to(torch.float64)
    is_molecules = domain.object_columns == ("smiles",)
    groups = _scaffolds(objects) if is_molecules else _clusters(features)
    return AssayTable(name, objects, types, features, values, noise, groups, domain.kernel)
