"""Predictors: the proxies of a round, and two peers on the same features.

Depends on no splits and no metrics.

Peers: scikit-learn's random forest with its defaults, the trees' spread as standard deviation, and BoTorch's
`SingleTaskGP` with its defaults. The latter cannot handle thousands of columns (a lengthscale each). It gets
the leading principal components of standardised or count features, at most 32 and at most a quarter of the
values, scaled to the unit cube.
"""

import warnings
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from benchmarks.assays.scoring import LEVELS, Prediction, gaussian
from benchmarks.assays.tables import AssayTable
from models.proxies.contract import Proxy, TrainingTable
from models.proxies.deep_ensemble import DeepEnsemble
from models.proxies.gaussian_process import GaussianProcess
from models.proxies.model_selection import SelectedProxies, fit_best
from models.proxies.multi_task_gaussian_process import MultiTaskGaussianProcess
from models.proxies.random_forest import RandomForest

COMPONENTS = 32
VALUES_PER_COMPONENT = 4
Answer = dict[str, Prediction]
"""A prediction of every assay type."""


def proxies(table: AssayTable) -> Mapping[str, Proxy]:
    """Return the proxies that a round compares."""
    return {
        "gaussian_process": GaussianProcess(table.kernel),
        "multi_task_gaussian_process": MultiTaskGaussianProcess(table.kernel),
        "deep_ensemble": DeepEnsemble(),
        "random_forest": RandomForest(),
    }


def fitted(table: AssayTable, training: TrainingTable, seed: int) -> SelectedProxies:
    """Return the proxies of a round with this training table."""
    return fit_best(training, proxies(table), seed=seed, tick=lambda *_: None)


def ours(chosen: SelectedProxies, features: Tensor) -> Answer:
    """Return the selected proxies' predictions for features [N, D], with conformal intervals."""
    posterior = chosen.posterior(features)
    intervals = {level: chosen.interval(features, level) for level in LEVELS}
    return {
        kind: Prediction(
            posterior.mean[:, j],
            posterior.predictive_sd[:, j],
            {level: (low[:, j], high[:, j]) for level, (low, high) in intervals.items()},
        )
        for j, kind in enumerate(chosen.types)
    }


def _forest(features: Tensor, values: Tensor, new: Tensor, seed: int) -> Prediction:
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(random_state=seed).fit(features.numpy(), values.numpy())
    trees = torch.from_numpy(np.stack([tree.predict(new.numpy()) for tree in forest.estimators_]))
    return gaussian(trees.mean(dim=0), trees.std(dim=0), float(values.std()))


def _single_task(features: Tensor, values: Tensor, new: Tensor, seed: int) -> Prediction:
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Normalize
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from sklearn.decomposition import PCA

    width = min(COMPONENTS, len(values) // VALUES_PER_COMPONENT, features.shape[1])
    reduction = PCA(width, random_state=seed).fit(features.numpy())
    inputs, new_inputs = (torch.from_numpy(reduction.transform(part.numpy())) for part in (features, new))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # BoTorch warns about every retry of its optimiser
        model = SingleTaskGP(inputs, values.unsqueeze(-1), input_transform=Normalize(width))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        posterior = model.posterior(new_inputs, observation_noise=True)
    return gaussian(posterior.mean[:, 0].detach(), posterior.variance[:, 0].detach().sqrt(), float(values.std()))


PEERS: Mapping[str, Callable[[Tensor, Tensor, Tensor, int], Prediction]] = {
    "random forest (scikit-learn)": _forest,
    "SingleTaskGP (BoTorch)": _single_task,
}


def peer(name: str, training: TrainingTable, new: Tensor, seed: int) -> Answer:
    """Return a peer's predictions, type by type from that type's own values."""
    answers = {}
    for column, kind in enumerate(training.types):
        rows = training.measured[:, column]
        answers[kind] = PEERS[name](training.features[rows], training.values[rows, column], new, seed)
    return answers
