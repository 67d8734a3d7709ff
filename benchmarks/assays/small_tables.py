"""Small tables of molecules: our proxies beside a process with a plain Tanimoto kernel on the same counts.

The photoswitches are those with a measured wavelength of the E isomer's pi-pi* transition (Griffiths et al.,
Chem. Sci. 13, 2022). Depends on no campaign.
"""

import csv
import math
from collections import defaultdict
from functools import cache

import gpytorch
import torch
from torch import Tensor

from benchmarks.assays.tables import read
from benchmarks.tables.catalogue import DATA
from models.domains import open_domain
from models.domains.contract import InvalidObjectError
from models.domains.kernels import TanimotoKernel
from models.domains.molecules.chemistry.fingerprints import N_COUNTS
from models.domains.molecules.spec import MoleculesSpec
from models.proxies.contract import TrainingTable
from models.proxies.model_selection import SelectedProxies, fit_best
from models.proxies.registry import proxy_named
from models.proxies.selection_rules import SelectionSettings

PHOTOSWITCHES = "photoswitch/photoswitches.csv"
WAVELENGTH = "E isomer pi-pi* wavelength in nm"
MOST_TESTED = 250
KINDS = ("gaussian_process", "random_forest")
STEPS, RATE = 120, 0.1
"""Of Adam, for the plain process."""
HALF_90 = 1.6448536269514722
Intervals = tuple[Tensor, Tensor, Tensor]
"""Means and both ends."""


@cache
def _photoswitches() -> tuple[Tensor, Tensor]:
    domain, found = open_domain(MoleculesSpec(fragments=None)), defaultdict(list)
    with (DATA / PHOTOSWITCHES).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not row[WAVELENGTH] or not math.isfinite(value := float(row[WAVELENGTH])):
                continue
            try:
                found[domain.parse({"smiles": row["SMILES"]})].append(value)
            except InvalidObjectError:
                continue
    values = [sum(several) / len(several) for several in found.values()]
    return torch.from_numpy(domain.features(list(found))).double(), torch.tensor(values, dtype=torch.float64)


def molecules(name: str) -> tuple[Tensor, Tensor]:
    """Return features [N, D] and values [N] of a table."""
    if name == "photoswitches":
        return _photoswitches()
    table = read(name)
    return table.features, table.values[:, 0]


class _Process(gpytorch.models.ExactGP):  # type: ignore[misc] # gpytorch publishes no types
    def __init__(self, counts: Tensor, values: Tensor, likelihood: gpytorch.likelihoods.Likelihood) -> None:
        super().__init__(counts, values, likelihood)
        self.mean_module = gpytorch.means.ConstantMean()
        self.covar_module = gpytorch.kernels.ScaleKernel(TanimotoKernel())

    def forward(self, counts: Tensor) -> gpytorch.distributions.MultivariateNormal:
        return gpytorch.distributions.MultivariateNormal(self.mean_module(counts), self.covar_module(counts))


def plain_process(counts: Tensor, values: Tensor, new: Tensor) -> Intervals:
    """Return predictions by a Tanimoto process of maximum likelihood, with Gaussian 90 % intervals."""
    location, scale = values.mean(), values.std()
    likelihood = gpytorch.likelihoods.GaussianLikelihood().double()
    process = _Process(counts, (values - location) / scale, likelihood).double()
    likelihood_of_all = gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, process)
    optimiser = torch.optim.Adam(process.parameters(), lr=RATE)
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = -likelihood_of_all(process(counts), process.train_targets)
        loss.backward()
        optimiser.step()
    process.eval()
    likelihood.eval()
    with torch.no_grad():
        predicted = likelihood(process(new))
    mean, half = location + scale * predicted.mean, HALF_90 * scale * predicted.variance.sqrt()
    return mean, mean - half, mean + half


def _ours(proxies: SelectedProxies, new: Tensor) -> Intervals:
    low, high = proxies.interval(new)
    return proxies.posterior(new).mean[:, 0], low[:, 0], high[:, 0]


def small_table(job: tuple[str, int, int]) -> tuple[Tensor, dict[str, Intervals]]:
    """Return the values [N] of new molecules and everybody's predictions, for (table, n, seed)."""
    name, n, seed = job
    features, values = molecules(name)
    order = torch.randperm(len(values), generator=torch.Generator().manual_seed(seed))
    known, new = order[:n], order[n : n + MOST_TESTED]
    column = values[known, None]
    one = torch.ones(1, dtype=torch.float64)
    table = TrainingTable(
        ("value",), features[known], column, torch.full_like(column, math.nan), 0 * one, one
    )
    kernel = open_domain(MoleculesSpec(fragments=None)).kernel
    competing = {kind: proxy_named(kind, kernel) for kind in KINDS}
    settings = {
        "best score, held-out radius": SelectionSettings(rule="best", is_corrected=False),
        "ours": SelectionSettings(),
    }
    fitted = fit_best(table, competing, seed=seed, tick=lambda *_: None)
    answers = {who: _ours(fitted.under(how), features[new]) for who, how in settings.items()}
    counts = features[:, :N_COUNTS]
    answers["plain Tanimoto process"] = plain_process(counts[known], values[known], counts[new])
    return values[new], answers
