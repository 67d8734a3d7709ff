"""Which parts of objects carry the predictions.

Shapley values of the fitted proxies over the domain's own parts.
Measured objects are explained against other measured ones, in the proxies' features: the parts that
move them most each by itself, all other columns together as one. Knows the fitted models; not the policy.

Letters: N objects, G groups, M assay types, D features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from models.domains.contract import FeatureGroup
from models.metrics.calibration import rank_correlation
from models.proxies.model_selection import MINIMUM_TO_VALIDATE
from models.rounds.reporting.shapley import shapley
from models.summaries.importance import UNNAMED_PART

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from models.rounds.fitting.fit import RoundModel

    Floats = npt.NDArray[np.float64]
    Predict = Callable[[Floats], Floats]

MOST_READ = 300
"""Measured objects, evenly picked, that tell which parts there are."""
EXPLAINED = 64
BACKGROUND = 8
SCREENED = 2
"""Background rows that parts are taken from, one by one, to find those that move predictions most."""
PARTS = 20


def importance(fitted: RoundModel, seed: int) -> dict[str, Any] | None:
    """Return for every measured objective how much each part moves its prediction, as plain JSON.

    Numbers are on the modelled scale (decades for log10): the mean of the contributions where the part is
    present, the mean of their absolute values over all explained objects, each with its standard error over
    objects, and the rank correlation of the contribution with how much of the part there is (None for parts
    of several columns). None where no objective has enough values.
    """
    objectives = {
        item.name: fitted.model.proxies.types.index(item.assay_type)
        for item in fitted.model.spec.objectives
        if item.assay_type is not None
        and fitted.model.proxies.n_values[item.assay_type] >= MINIMUM_TO_VALIDATE
    }
    texts = list(fitted.table.objects)[:: -(-len(fitted.table.objects) // MOST_READ) or 1]
    if not objectives or len(texts) < MINIMUM_TO_VALIDATE:
        return None
    columns = list(objectives.values())

    def predict(rows: Floats) -> Floats:
        if len(rows) == 0:
            return np.zeros((0, len(columns)))
        with torch.inference_mode():
            mean = fitted.model.proxies.posterior(torch.from_numpy(rows)).mean[:, columns]
        return np.asarray(mean.double().numpy())

    features = fitted.domain.features(texts)
    order = np.random.default_rng(seed).permutation(len(texts))
    background, explained = features[order[:BACKGROUND]], features[order[BACKGROUND:][:EXPLAINED]]
    parts = _screen_parts(fitted.domain.parts(texts), predict, explained, background, features)
    found = shapley(predict, explained, background, [part.columns for part in parts], seed)
    return {
        "explained": len(explained),
        "background": len(background),
        "objectives": {
            name: {
                "transform": fitted.model.spec.transform_of(objective),
                "units": objective.units,
                "baseline": float(predict(background)[:, place].mean()),
                "parts": _part_rows(parts, explained, found[:, :, place]),
            }
            for place, (name, objective) in enumerate(
                (item.name, item) for item in fitted.model.spec.objectives if item.name in objectives
            )
        },
    }


def _screen_parts(
    parts: Sequence[FeatureGroup], predict: Predict, explained: Floats, background: Floats, rest: Floats
) -> list[FeatureGroup]:
    """Return the parts that move predictions most when they alone change, and one more of all other columns.

    Args:
        parts: all that the domain names.
        predict: features [n, D] -> predictions [n, M].
        explained: objects whose parts are exchanged [N, D].
        background: rows they are taken from; the first `SCREENED` serve.
        rest: all objects [.., D]: a column in which none differs belongs to no part.
    """
    before = predict(explained)
    spread = np.where((size := before.std(axis=0)) > 0, size, 1.0)
    moved = []
    for part in parts:
        columns = list(part.columns)
        differs = (background[:SCREENED, None, columns] != explained[None, :, columns]).any(axis=2)
        others, rows = np.nonzero(differs)
        changed = explained[rows]
        changed[:, columns] = background[others][:, columns]
        change = np.abs(predict(changed) - before[rows]).sum(axis=0) / differs.size
        moved.append(float((change / spread).max()))
    best = sorted(range(len(parts)), key=lambda place: -moved[place])[:PARTS]
    chosen = [parts[place] for place in best if moved[place] > 0]
    owned = {column for part in chosen for column in part.columns}
    varying = np.flatnonzero((rest != rest[0]).any(axis=0)).tolist()
    unowned = tuple(column for column in varying if column not in owned)
    return [*chosen, FeatureGroup(UNNAMED_PART, unowned)] if unowned else chosen


def _part_rows(parts: Sequence[FeatureGroup], explained: Floats, found: Floats) -> list[dict[str, Any]]:
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
