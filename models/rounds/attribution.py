"""Which parts of objects carry the predictions: Shapley values of the fitted proxies over the domain's own parts.

Measured objects are explained against other measured ones, in the proxies' features: the parts that explain
them best each by itself, all other columns together as one. Knows the fitted models; not the policy.
Letters: N objects, G groups, M assay types, D features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from models.calibration import rank_correlation
from models.domains.contract import Part
from models.insights.shapley import shapley
from models.insights.statements import REST
from models.proxies.choice import MINIMUM_TO_VALIDATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from models.rounds.fitting import Fitted

    Floats = npt.NDArray[np.float64]

MOST_READ = 300
"""Measured objects, evenly picked, that tell which parts there are."""
EXPLAINED = 64
BACKGROUND = 8
PARTS = 20
EXPLAINED_ENOUGH = 1e-6
"""Share of the predictions' variance below which no further part is looked for."""


def importance(fitted: Fitted, seed: int) -> dict[str, Any] | None:
    """Return for every measured objective how much each part moves its prediction, as plain JSON.

    Numbers are on the modelled scale (decades for log10): the mean of the contributions where the part is present, the
    mean of their absolute values over all explained objects, each with its standard error over objects, and the rank
    correlation of the contribution with how much of the part there is (None for parts of several columns). None where
    no objective has enough values.
    """
    objectives = {
        item.name: fitted.beliefs.proxies.types.index(item.assay_type)
        for item in fitted.beliefs.spec.objectives
        if item.assay_type is not None and fitted.beliefs.proxies.n_values[item.assay_type] >= MINIMUM_TO_VALIDATE
    }
    texts = list(fitted.table.objects)[:: -(-len(fitted.table.objects) // MOST_READ) or 1]
    if not objectives or len(texts) < MINIMUM_TO_VALIDATE:
        return None
    columns = list(objectives.values())

    def predict(rows: Floats) -> Floats:
        with torch.inference_mode():
            mean = fitted.beliefs.proxies.posterior(torch.from_numpy(rows)).mean[:, columns]
        return np.asarray(mean.double().numpy())

    features = fitted.domain.features(texts)
    parts = _telling(fitted.domain.parts(texts), features, predict(features))
    order = np.random.default_rng(seed).permutation(len(texts))
    background, explained = features[order[:BACKGROUND]], features[order[BACKGROUND:][:EXPLAINED]]
    if len(explained) == 0:
        return None
    found = shapley(predict, explained, background, [part.columns for part in parts], seed)
    return {
        "explained": len(explained),
        "background": len(background),
        "objectives": {
            name: {
                "transform": fitted.beliefs.transform(objective),
                "units": objective.units,
                "baseline": float(predict(background)[:, place].mean()),
                "parts": _told(parts, explained, found[:, :, place]),
            }
            for place, (name, objective) in enumerate(
                (item.name, item) for item in fitted.beliefs.spec.objectives if item.name in objectives
            )
        },
    }


def _telling(parts: Sequence[Part], features: Floats, predicted: Floats) -> list[Part]:
    """Return the parts that explain predictions [N, M] best together, and one more of all other columns.

    One after the other, as in orthogonal matching pursuit: the next part is the one that correlates most with what a
    linear model of those before leaves open, so that near copies of a part do not crowd out the others.
    """
    wanted = predicted - predicted.mean(axis=0)
    left, basis, chosen = wanted, features[:, :0], list[Part]()
    open_parts = list(parts)
    while open_parts and len(chosen) < PARTS and np.square(left).sum() > EXPLAINED_ENOUGH * np.square(wanted).sum():
        strength = [float(np.abs(_correlation(features[:, part.columns], left)).max()) for part in open_parts]
        chosen.append(open_parts.pop(int(np.argmax(strength))))
        columns = features[:, chosen[-1].columns]
        basis = np.hstack([basis, columns - columns.mean(axis=0)])
        left = wanted - basis @ np.linalg.lstsq(basis, wanted, rcond=None)[0]
    owned = {column for part in chosen for column in part.columns}
    varying = np.flatnonzero((features != features[0]).any(axis=0)).tolist()
    rest = tuple(column for column in varying if column not in owned)
    return [*chosen, Part(REST, rest)] if rest else chosen


def _correlation(left: Floats, right: Floats) -> Floats:
    """Return the correlations [d, M] of columns [N, d] and [N, M], 0 where one does not vary."""
    ours, theirs = left - left.mean(axis=0), right - right.mean(axis=0)
    norm = np.sqrt(np.square(ours).sum(axis=0))[:, None] * np.sqrt(np.square(theirs).sum(axis=0))[None]
    return np.asarray((ours.T @ theirs) / np.where(norm > 0, norm, np.inf))


def _told(parts: Sequence[Part], explained: Floats, found: Floats) -> list[dict[str, Any]]:
    """Return the parts with contributions [N, G], the strongest first."""
    told: list[dict[str, Any]] = []
    for place, part in enumerate(parts):
        amount = explained[:, part.columns]
        present = (amount != 0).any(axis=1)
        mean, mean_error = _mean(found[present, place])
        absolute, absolute_error = _mean(np.abs(found[:, place]))
        is_single = amount.shape[1] == 1
        told.append(
            {
                "part": part.name,
                "present": int(present.sum()),
                "mean": mean,
                "mean_error": mean_error,
                "absolute": absolute,
                "absolute_error": absolute_error,
                "trend": rank_correlation(amount[:, 0], found[:, place]) if is_single else None,
            }
        )
    return sorted(told, key=lambda item: -float(item["absolute"] or 0.0))


def _mean(values: Floats) -> tuple[float | None, float | None]:
    """Return the mean of [n] and its standard error: nothing has no mean, and a single value no error."""
    error = float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else None
    return (float(values.mean()) if len(values) else None), error
