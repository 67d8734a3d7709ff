"""The candidate proxies of a campaign: files that define `build_proxy`, sorted by their `ORDER`.

Knows how each is built, but not which one predicts best.

Letters: M assay types.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from models.proxies.model_selection import learnable_columns
from models.specs.decisions import PROXIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gpytorch.kernels import Kernel

    from models.proxies.contract import Proxy, TrainingTable

FOR_FEW, FOR_MANY = "gaussian_process", "random_forest"
"""Fallbacks for types that no wanted kind can learn: one without a minimum, one without a maximum."""


def proxy_named(name: str, kernel: Callable[[], Kernel]) -> Proxy:
    """Return the proxy of that name, fresh; those that need a kernel take the domain's."""
    made: Proxy = import_module(f"models.proxies.{name}").build_proxy(kernel)
    return made


def build_proxies(kernel: Callable[[], Kernel], kinds: Sequence[str], table: TrainingTable) -> dict[str, Proxy]:
    """Return the proxies of the wanted kinds; the first serves types with too few results to compare.

    If none of them can learn a type of the table, one that can is added: a Gaussian process for few values, a
    random forest for many.
    """
    opened = {name: proxy_named(name, kernel) for name in PROXIES if name in kinds}
    for name in (FOR_FEW, FOR_MANY):
        learned = {column for proxy in opened.values() for column in learnable_columns(proxy, table, 0)}
        missing = set(range(len(table.types))) - learned
        if missing & set(learnable_columns(joining := proxy_named(name, kernel), table, 0)):
            opened[name] = joining
    return {name: opened[name] for name in PROXIES if name in opened}


def build_fallbacks(kernel: Callable[[], Kernel], competing: Mapping[str, Proxy]) -> dict[str, Proxy]:
    """Return the fallback proxies for types whose candidates all failed."""
    return {name: proxy_named(name, kernel) for name in (FOR_FEW, FOR_MANY) if name not in competing}
