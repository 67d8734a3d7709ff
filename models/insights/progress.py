"""What each round brought: best values and hypervolume, beside what chance would have brought. Torch-free.

Chance draws as many objects as the rounds measured from those that were measured without being proposed.
Stage 0 is what was measured without being proposed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.data.tables import to_units
from models.insights.random_baseline import ENOUGH, bootstrap, order_statistics
from models.metrics.hypervolume import CampaignHypervolume

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from models.insights.measured_table import MeasuredObjects

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]


def progress(everything: MeasuredObjects, numbers: Sequence[int], seed: int) -> dict[int, dict[str, Any]]:
    """Return stage 0 and every round by its number, as plain JSON.

    Args:
        everything: what was measured.
        numbers: of the rounds, ascending.
        seed: of the bootstrap.
    """
    stages = (0, *numbers)
    by_round: dict[int, dict[str, Any]] = {
        number: {"measured": int((everything.rounds[everything.counts] == number).sum()), "best": {}}
        for number in stages
    }
    for m, scale in enumerate(everything.scales):
        usable = everything.is_allowed & np.isfinite(everything.utilities[:, m])
        for number, best in _bests(everything, everything.utilities[:, m], usable, stages).items():
            by_round[number]["best"][scale.objective.name] = _in_units(best, everything, m)
    for number, best in _bests(everything, everything.utility, everything.counts, stages).items():
        by_round[number]["utility"] = best
    for number, volume in _volumes(everything.at(everything.counts), stages, seed).items():
        by_round[number]["hypervolume"] = volume
    return by_round


def _bests(
    everything: MeasuredObjects, utility: Floats, usable: Flags, stages: Sequence[int]
) -> dict[int, dict[str, Any]]:
    """Return the best of each stage, of everything so far, and of random draws, as utilities."""
    initial = utility[usable & (everything.rounds == 0)]
    by_round: dict[int, dict[str, Any]] = {}
    so_far: int | None = None
    n_proposed = 0
    for number in stages:
        mine = np.flatnonzero(usable & (everything.rounds == number))
        best = int(mine[utility[mine].argmax()]) if len(mine) else None
        if best is not None and (so_far is None or utility[best] > utility[so_far]):
            so_far = best
        n_proposed += len(mine) if number else 0
        by_round[number] = {
            "n": len(mine),
            "best": None if best is None else float(utility[best]),
            "row": best,
            "so_far": None if so_far is None else float(utility[so_far]),
            "row_so_far": so_far,
            "random": _random(initial, len(mine)) if number else None,
            "random_so_far": _random(initial, n_proposed) if number else None,
        }
    return {number: _named(item, everything) for number, item in by_round.items()}


def _named(item: dict[str, Any], everything: MeasuredObjects) -> dict[str, Any]:
    row = item.pop("row")
    row_so_far = item.pop("row_so_far")
    name = everything.objects
    return item | {
        "object": None if row is None else name[row],
        "object_so_far": None if row_so_far is None else name[row_so_far],
    }


def _random(initial: Floats, n: int) -> dict[str, float] | None:
    """Return what the best of n random objects would be.

    None where too few are known, or none was measured.
    """
    if len(initial) < ENOUGH or n == 0:
        return None
    return dict(zip(("expected", "low", "high"), order_statistics(initial, n), strict=True))


def _in_units(best: dict[str, Any], everything: MeasuredObjects, m: int) -> dict[str, Any]:
    """Return utilities as what a reader compares: values in units, or distances from the target."""
    scale = everything.scales[m]
    ascending = scale.objective.direction == "maximize"

    def by_round(utility: float | None) -> float | None:
        return None if utility is None else scale.measure(utility)

    def chance(random: dict[str, float] | None) -> dict[str, float] | None:
        if random is None:
            return None
        ends = [scale.measure(random["low"]), scale.measure(random["high"])]
        low, high = ends if ascending else ends[::-1]
        return {"expected": scale.measure(random["expected"]), "low": low, "high": high}

    places = {name: row for row, name in enumerate(everything.objects)}
    row = places.get(best["object"])
    return best | {
        "best": by_round(best["best"]),
        "so_far": by_round(best["so_far"]),
        "value": None if row is None else to_units(float(everything.values[row, m]), scale.transform),
        "is_bound": row is not None and bool(everything.is_bound[row, m]),
        "random": chance(best["random"]),
        "random_so_far": chance(best["random_so_far"]),
    }


def _volumes(placed: MeasuredObjects, stages: Sequence[int], seed: int) -> dict[int, dict[str, Any]]:
    """Return the hypervolume of everything measured so far, and of the proposals beside random draws."""
    volume = CampaignHypervolume(placed.utilities)
    initial = placed.utilities[placed.rounds == 0]
    counts = [int((placed.rounds == number).sum()) for number in stages if number]
    drawn = bootstrap(volume, initial, counts, seed) if len(initial) >= ENOUGH and any(counts) else None
    by_round = {}
    for index, number in enumerate(stages):
        is_known, is_proposed = placed.rounds <= number, (placed.rounds <= number) & (placed.rounds > 0)
        random = None
        if number and drawn is not None:
            random = dict(zip(("expected", "low", "high"), drawn[index - 1], strict=True))
        by_round[number] = {
            "so_far": volume.of(placed.utilities[is_known]),
            "proposed": volume.of(placed.utilities[is_proposed]) if number else None,
            "random": random,
            "is_exact": volume.is_exact,
        }
    return by_round
