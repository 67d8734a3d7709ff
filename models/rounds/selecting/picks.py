"""From the pool's worth to picks.

What may share a batch, which objects are compared, what the selector says of them.
Knows worth, similarities and limits; not how picks are told. Letters: N objects.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from models.rounds.selecting.joint_samples import joint_utilities
from models.rounds.selecting.space_filling import maximin_design
from models.selection import get_selector
from models.selection.contract import Candidates, Pick, SelectionRequest, min_max_scale
from models.selection.greedy import select as select_greedily
from models.selection.limits import largest_batch
from models.specs.decisions import JOINT_SELECTOR

if TYPE_CHECKING:
    from torch import Tensor

    from models.records import History
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.selecting.limits import NamedLimits
    from models.rounds.selecting.scoring import ScoredPool

SHORT_LIST = (8, 1500)
"""Objects compared with each other: so many for each one to be chosen, and at most so many."""
UNKNOWN_SHARE = 0.25
"""Least part of a list for joint draws that is there for being unknown: what may improve most need not look
best."""
MOST_VALUES = 12
"""Values of shared columns that are tried, those with the most and best objects first."""


def run_selector(
    part: ScoredPool, limits: NamedLimits, fitted: RoundModel, history: History, seed: int
) -> list[Pick]:
    """Return picks, by row of the part.

    As many as were asked for, or a largest batch that its limits admit.
    """
    size, settings = fitted.model.spec.batch.size, fitted.settings
    if not part.is_informative:
        return _fill_space(part, limits, fitted, history)
    rows = _short_list(part, limits, fitted)
    candidates = _compared(part, rows, fitted)
    within = limits.at(rows)
    if settings.selector == JOINT_SELECTOR:
        from models.selection.hypervolume import n_draws

        n, texts = n_draws(len(fitted.model.spec.objectives)), [part.texts[row] for row in rows.tolist()]
        candidates = replace(candidates, utilities=joint_utilities(fitted, texts, history.pending, n, seed))
    request = SelectionRequest(size, settings.diversity, settings.exploration, seed)
    picks = get_selector(settings.selector)(candidates, request, within.tracker(len(rows), size))
    picks = complete_batch(picks, candidates.values, size, within)
    return [Pick(int(rows[item.index]), item.purpose) for item in picks]


def complete_batch(picks: list[Pick], values: Tensor, k: int, limits: NamedLimits) -> list[Pick]:
    """Return a largest batch within the limits that keeps as many of the picks as it can.

    One by one, several limits at once may leave no way on although a larger batch exists.
    """
    if len(picks) >= min(k, len(values)) or not limits:
        return picks
    chosen = {item.index: item for item in picks}
    liked = torch.zeros(len(values), dtype=torch.float64)
    liked[list(chosen)] = 1.0
    largest = largest_batch(k, (min_max_scale(values) + liked) / 2, *limits.all())
    if len(largest) <= len(picks):
        return picks
    kept = [item for item in picks if item.index in set(largest)]
    new = sorted(set(largest) - set(chosen), key=lambda row: (-float(values[row]), row))
    found = [*kept, *(Pick(row, "exploit") for row in new)]
    return sorted(found, key=lambda item: item.purpose == "explore")


def _fill_space(part: ScoredPool, limits: NamedLimits, fitted: RoundModel, history: History) -> list[Pick]:
    """Return picks that fill the space between what was tried or is pending."""
    k = fitted.model.spec.batch.size
    known = list(dict.fromkeys([*fitted.attempted, *history.pending]))
    found = maximin_design(
        fitted.domain, part.texts, part.objects.worth, known, k, limits.tracker(len(part.texts), k)
    )
    picks = complete_batch([Pick(row, "explore") for row in found], part.objects.worth, k, limits)
    return [Pick(item.index, "explore") for item in picks]


def _compared(part: ScoredPool, rows: Tensor, fitted: RoundModel) -> Candidates:
    """Return the objects in `rows` with their similarities."""
    listed = part.at(rows)
    similarity = torch.from_numpy(fitted.domain.similarity(listed.texts, listed.texts)).to(torch.float64)
    objects = listed.objects
    return Candidates(listed.value, listed.uncertainty, similarity, objects.in_domain, objects.worth)


def _short_list(part: ScoredPool, limits: NamedLimits, fitted: RoundModel) -> Tensor:
    """Return the rows worth comparing.

    The most valuable, and as many of the least known as exploration asks for.
    Under limits also a largest batch that they admit, so that the list is never what makes a batch small.
    """
    size, settings = fitted.model.spec.batch.size, fitted.settings
    each, most = SHORT_LIST
    wanted, share = min(most, each * size), settings.exploration
    if settings.selector == JOINT_SELECTOR:
        from models.selection.hypervolume import LIST_LENGTH, least_length

        wanted = min(max(each * size, least_length(len(fitted.model.spec.objectives))), LIST_LENGTH)
        share = max(share, UNKNOWN_SHARE)
    n = min(len(part.texts), max(size, wanted))
    n_unknown = round(share * n)
    best = part.value.argsort(descending=True, stable=True)[: n - n_unknown]
    others = part.uncertainty.index_fill(0, best, -1.0).argsort(descending=True, stable=True)[:n_unknown]
    rows = torch.cat([best, others])
    if limits and n < len(part.texts):
        needed = largest_batch(size, min_max_scale(part.value), *limits.all())
        rows = torch.tensor(sorted({*rows.tolist(), *needed}), dtype=torch.int64)
    return rows.sort().values


def rows_of_best_shared_value(scored: ScoredPool, limits: NamedLimits, fitted: RoundModel) -> Tensor:
    """Return the rows of the pool that may be in one batch.

    Of the shared value whose best batch is worth most. The largest batch wins, then the greatest sum of what
    greedy picks score; only the most promising values are tried.
    """
    everything = torch.arange(len(scored.texts))
    if limits.shared is None:
        return everything
    by_value: dict[str, list[int]] = {}
    for row, text in enumerate(limits.shared):
        by_value.setdefault(text, []).append(row)
    parts = [torch.tensor(rows) for rows in by_value.values()]
    size = fitted.model.spec.batch.size
    counts = [min(len(rows), size) for rows in parts]
    bounds = [
        (n, float(scored.value[rows].topk(n).values.sum())) for rows, n in zip(parts, counts, strict=True)
    ]
    order = sorted(range(len(parts)), key=lambda place: bounds[place], reverse=True)[:MOST_VALUES]
    return max(
        (parts[place] for place in order),
        key=lambda rows: _batch_value(scored.at(rows), limits.at(rows), fitted),
    )


def _batch_value(part: ScoredPool, limits: NamedLimits, fitted: RoundModel) -> tuple[int, float]:
    """Return the size of the batch that greedy picks, and what it is worth.

    Its values and its spread, as weighed.
    """
    size, settings = fitted.model.spec.batch.size, fitted.settings
    rows = _short_list(part, limits, fitted)
    candidates = _compared(part, rows, fitted)
    within = limits.at(rows)
    request = SelectionRequest(size, settings.diversity, settings.exploration)
    picks = select_greedily(candidates, request, within.tracker(len(rows), size))
    picks = complete_batch(picks, candidates.values, size, within)
    chosen = torch.tensor([item.index for item in picks], dtype=torch.int64)
    likeness = candidates.similarity[chosen][:, chosen].fill_diagonal_(0.0)
    spread = (1 - likeness.amax(dim=1)).sum() if len(chosen) else torch.zeros(())
    return len(picks), float(
        (1 - settings.diversity) * candidates.values[chosen].sum() + settings.diversity * spread
    )
