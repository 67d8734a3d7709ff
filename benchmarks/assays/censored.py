"""Censor values at a threshold, and compare three ways of learning from the rest."""

import math
from dataclasses import dataclass, replace
from typing import final

import torch

from benchmarks.assays.scoring import split
from benchmarks.assays.tables import read
from models.proxies.contract import TrainingTable
from models.proxies.deep_ensemble import DeepEnsemble
from models.proxies.gaussian_process import GaussianProcess

METHODS = ("Tobit", "dropping", "clamping")
SHARE = 0.4


@final
@dataclass(frozen=True, slots=True)
class CensoredJob:
    """One random split of a table's first assay type."""

    table: str
    n: int
    seed: int


def hidden_above(table: TrainingTable, edge: float) -> dict[str, TrainingTable]:
    """Return the training data of each method when an assay reports '> edge' for every value beyond it."""
    is_hidden = table.values > edge
    seen = table.values.masked_fill(is_hidden, math.nan)
    noise = table.noise.masked_fill(is_hidden, math.nan)
    nothing = torch.full_like(seen, math.nan)
    lower, upper = nothing.masked_fill(is_hidden, edge), nothing.masked_fill(is_hidden, math.inf)
    answers = (
        replace(table, values=seen, noise=noise, lower=lower, upper=upper),
        replace(table, values=seen, noise=noise),
        replace(table, values=table.values.clamp_max(edge)),
    )
    return dict(zip(METHODS, answers, strict=True))


def censored(job: CensoredJob) -> dict[tuple[str, str], float]:
    """Return the error on uncensored test values by proxy and method."""
    table = read(job.table)
    rows = split(table, job.n, "random", job.seed)
    assert rows is not None
    training = table.training(rows[0]).columns([0])
    training = training.rows(training.measured[:, 0])
    edge = float(training.values.quantile(1 - SHARE))
    truth, features = table.values[rows[1], 0], table.features[rows[1]]
    measured = ~truth.isnan()
    errors = {}
    for name, proxy in (("gaussian_process", GaussianProcess(table.kernel)), ("deep_ensemble", DeepEnsemble())):
        for method, seen in hidden_above(training, edge).items():
            mean = proxy.fit(seen, seed=job.seed).posterior(features).mean[:, 0]
            errors[name, method] = float((mean - truth)[measured].square().mean().sqrt())
    return errors
