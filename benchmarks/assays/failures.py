"""A simulated campaign on a measured table with infeasible objects: does a feasibility model pay?

The values are measured (ESOL). Feasibility is simulated: objects on one side of a plane through their leading
principal components cannot be made. Each seed has its own plane, and one object in twenty is flipped.
"""

import torch
from torch import Generator, Tensor

from benchmarks.assays.tables import AssayTable, read
from models.proxies.feasibility import fit_feasibility
from models.proxies.gaussian_process import GaussianProcess

TABLE = "ESOL"
POOL = 1000
FIRST = 40
BATCH = 20
ROUNDS = 5
TOP = 0.1
"""Share of the feasible objects that counts as hits."""
COMPONENTS = 5
FLIPPED = 0.05
KAPPA = 1.0


def _feasible(features: Tensor, generator: Generator) -> Tensor:
    """Return which objects [N] are feasible."""
    centred = features - features.mean(dim=0)
    axes = torch.linalg.svd(centred, full_matrices=False)[0][:, :COMPONENTS]
    direction = torch.randn(COMPONENTS, generator=generator, dtype=features.dtype)
    score = (axes / axes.std(dim=0)) @ direction
    flipped = torch.rand(len(features), generator=generator) < FLIPPED
    is_above: Tensor = score > score.median()
    return is_above ^ flipped


def _next_batch(table: AssayTable, made: Tensor, tried: Tensor, *, with_model: bool, seed: int) -> Tensor:
    """Return the untried rows with the best upper confidence bound, weighted by feasibility if modelled."""
    measured = tried & made
    proxy = GaussianProcess(table.kernel).fit(table.training(measured.nonzero().squeeze(-1)), seed=seed)
    posterior = proxy.posterior(table.features).at(0)
    bound = posterior.mean + KAPPA * posterior.sd
    reward = (bound - bound.min()) / (bound.max() - bound.min())
    if with_model:
        model = fit_feasibility(table.features[tried], made[tried].to(reward), table.kernel, seed=seed)
        reward = reward * model.probability(table.features)
    return reward.masked_fill(tried, -torch.inf).topk(BATCH).indices


def campaign(job: tuple[int, bool]) -> tuple[float, float]:
    """Return the shares of hits and failures among five rounds' proposals, for (seed, with the model)."""
    seed, with_model = job
    whole = read(TABLE)
    generator = Generator().manual_seed(seed)
    rows = torch.randperm(len(whole.objects), generator=generator)[:POOL]
    table = AssayTable(
        whole.name,
        tuple(whole.objects[row] for row in rows.tolist()),
        whole.types,
        whole.features[rows],
        whole.values[rows],
        whole.noise[rows],
        whole.groups[rows],
        whole.kernel,
    )
    made = _feasible(table.features, generator)
    edge = table.values[made, 0].quantile(1 - TOP)
    is_hit = made & (table.values[:, 0] >= edge)
    tried = torch.zeros(POOL, dtype=torch.bool)
    tried[torch.randperm(POOL, generator=generator)[:FIRST]] = True
    first = tried.clone()
    for _ in range(ROUNDS):
        tried[_next_batch(table, made, tried, with_model=with_model, seed=seed)] = True
    proposed = tried & ~first
    return float(is_hit[proposed].double().mean()), float((~made)[proposed].double().mean())
