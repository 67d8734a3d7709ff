"""Refit the proxies of an earlier round from the same results and its held-out predictions, without folds.

Knows no domain and no objective, and no storage.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from models.proxies.model_selection import (
    MINIMUM_TO_VALIDATE,
    SelectedProxies,
    counts,
    learnable_columns,
    make_part,
)
from models.proxies.selection_rules import USUAL, SelectionSettings
from models.proxies.validation import HasEmbedding, OtherResultsError, held_out_posteriors, kept_posteriors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.proxies.contract import Posterior, Proxy, TrainingTable
    from models.proxies.proxy_fit import ProxyFit


def _refit(
    name: str,
    proxy: Proxy,
    table: TrainingTable,
    kept: Mapping[str, Posterior],
    seed: int,
    *,
    has_folds: bool,
) -> ProxyFit | None:
    """Return what `_fit` returned on the same table, from its stored held-out predictions."""
    columns, validated = (
        learnable_columns(proxy, table, 0),
        learnable_columns(proxy, table, MINIMUM_TO_VALIDATE),
    )
    if set(kept) != {table.types[column] for column in validated}:
        raise OtherResultsError(
            f"the stored predictions of {name} belong to other assay types or other results"
        )
    if not columns:
        return None
    fit = cache(partial(proxy.fit, table.columns(columns), seed=seed))
    if has_folds and kept and isinstance(fit(), HasEmbedding):
        posteriors = held_out_posteriors(proxy, table, columns, seed=seed, tick=lambda: None)
        return make_part(name, fit, columns, table.types, {kind: posteriors[kind] for kind in kept})
    held_out = {
        kind: kept_posteriors(table, table.types.index(kind), posterior) for kind, posterior in kept.items()
    }
    return make_part(name, fit, columns, table.types, held_out)


def refit(
    table: TrainingTable,
    proxies: Mapping[str, Proxy],
    kept: Mapping[str, Mapping[str, Posterior]],
    *,
    seed: int,
    settings: SelectionSettings = USUAL,
    failures: Mapping[str, str] | None = None,
) -> SelectedProxies:
    """Return what `fit_best` returned for the same table, proxies and seed, without its cross-validation.

    Args:
        table: what was measured.
        proxies: candidates, in the same order.
        kept: `SelectedProxies.held_out` of the earlier round.
        seed: of the fits.
        settings: as before; feature-conformal intervals need the networks of the folds, which are trained
            again.
        failures: `SelectedProxies.failures` of the earlier round; those proxies are not tried again.

    Raises:
        OtherResultsError: if `kept` belongs to other results.
    """
    has_folds = settings.intervals == "feature_conformal"
    failures = {} if failures is None else failures
    parts = [
        _refit(name, proxy, table, kept.get(name, {}), seed, has_folds=has_folds)
        for name, proxy in proxies.items()
        if name not in failures
    ]
    result = [part for part in parts if part is not None]
    return SelectedProxies(
        counts(table, table.measured), result, settings, counts(table, table.known), failures
    )
