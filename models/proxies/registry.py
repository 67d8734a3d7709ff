"""The candidate proxies of a campaign, in order. Knows how each is built, but not which one predicts best.

Letters: M assay types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.proxies.deep_ensemble import DeepEnsemble
from models.proxies.gaussian_process import GaussianProcess
from models.proxies.model_selection import learnable_columns
from models.proxies.multi_task_gaussian_process import MultiTaskGaussianProcess
from models.proxies.random_forest import RandomForest
from models.specs.decisions import PROXIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gpytorch.kernels import Kernel

    from models.proxies.contract import Proxy, TrainingTable

FOR_FEW, FOR_MANY = "gaussian_process", "random_forest"
"""Fallbacks for types that no wanted kind can learn: one without a minimum, one without a maximum."""


def build_proxies(kernel: Callable[[], Kernel], kinds: Sequence[str], table: TrainingTable) -> dict[str, Proxy]:
    """Return the proxies of the wanted kinds; the first serves types with too few results to compare.

    If none of them can learn a type of the table, one that can is added: a Gaussian process for few values, a
    random forest for many.
    """
    makers: dict[str, Callable[[], Proxy]] = {
        "gaussian_process": lambda: GaussianProcess(kernel),
        "multi_task_gaussian_process": lambda: MultiTaskGaussianProcess(kernel),
        "deep_ensemble": DeepEnsemble,
        "random_forest": RandomForest,
    }
    opened = {name: makers[name]() for name in PROXIES if name in kinds}
    for name in (FOR_FEW, FOR_MANY):
        learned = {column for proxy in opened.values() for column in learnable_columns(proxy, table, 0)}
        missing = set(range(len(table.types))) - learned
        if missing & set(learnable_columns(joining := makers[name](), table, 0)):
            opened[name] = joining
    return {name: opened[name] for name in PROXIES if name in opened}


def build_fallbacks(kernel: Callable[[], Kernel], competing: Mapping[str, Proxy]) -> dict[str, Proxy]:
    """Return the fallback proxies for types whose candidates all failed."""
    makers: dict[str, Callable[[], Proxy]] = {FOR_FEW: lambda: GaussianProcess(kernel), FOR_MANY: RandomForest}
    return {name: make() for name, make in makers.items() if name not in competing}
