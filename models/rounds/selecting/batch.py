"""The fourth step of a round.

A diverse batch out of the pool, the best for every trade-off and some to learn from. Knows which steps make a
batch and when it falls short; not how the reasons are told. Letters: N objects, M objectives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from models.campaign.batch_limits import shared_value
from models.messages.message import Message, message
from models.rounds.selecting.limits import build_limits, with_cluster_shares
from models.rounds.selecting.picks import rows_of_best_shared_value, run_selector
from models.rounds.selecting.replicates import Remeasurement, controls, replicates
from models.rounds.selecting.reserves import select_reserves
from models.rounds.selecting.scoring import preference_grid, relative_utility, scalarised, score_pool
from models.selection.contract import min_max_scale
from models.selection.limits import Grouping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.records import History
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.sampling.candidate_pool import CandidatePool
    from models.rounds.selecting.limits import NamedLimits
    from models.rounds.selecting.scoring import ScoredPool
    from models.selection.contract import Pick, Purpose


@final
@dataclass(frozen=True, slots=True)
class SelectedCandidate:
    """One chosen row of the pool: what for, and the trade-off [M] that it serves best."""

    row: int
    purpose: Purpose
    trade_off: tuple[float, ...]


@final
@dataclass(frozen=True, slots=True)
class Batch:
    """New candidates in order of rank, remeasurements, and messages about the selection.

    `reserves` would come next, in this order, if a candidate were given up. `is_space_filling`: nothing told
    objects apart, so the candidates cover the space. `shortfall` says why there are fewer candidates than
    asked for although the pool holds enough; `notes` what else is worth telling.
    """

    choices: tuple[SelectedCandidate, ...] = ()
    repeats: tuple[Remeasurement, ...] = ()
    reserves: tuple[SelectedCandidate, ...] = ()
    is_space_filling: bool = False
    shortfall: tuple[Message, ...] = ()
    notes: tuple[Message, ...] = ()


def select_batch(
    pool: CandidatePool, fitted: RoundModel, history: History, seed: int, n_reserves: int = 0
) -> Batch:
    """Return the batch.

    Min(size, pool) distinct new candidates, or as many as its limits admit, and the repeats.
    Beside it, at most `n_reserves` objects that could take the place of one of them.

    When nothing tells objects apart yet (no results, nothing computed), the candidates fill the space
    instead.
    """
    batch = fitted.model.spec.batch
    again = controls(fitted.domain, batch.controls, history.pending)
    if not pool.texts:
        return Batch(repeats=(*again, *_replicates(fitted, history, again, None, seed)))
    scored = score_pool(pool, fitted, seed)
    limits = build_limits(
        batch, fitted.domain, pool.texts, [item.object for item in again], _outside_limits(scored, fitted)
    )
    rows = rows_of_best_shared_value(scored, limits, fitted)
    part, within = scored.at(rows), limits.at(rows)
    is_shared = scored.is_informative and not pool.stats.listed
    picked, within = _pick(part, within, fitted, history, seed, is_shared=is_shared)
    further = select_reserves(part, within, [item.index for item in picked], fitted, n_reserves)
    preferences = scored.trade_offs[scored.best_for[rows]].tolist()
    choices, reserves = (
        tuple(
            SelectedCandidate(int(rows[item.index]), item.purpose, tuple(preferences[item.index]))
            for item in items
        )
        for items in (picked, further)
    )
    shared = None if limits.shared is None else limits.shared[int(rows[0])]
    return Batch(
        choices,
        (*again, *_replicates(fitted, history, again, shared, seed)),
        reserves,
        is_space_filling=not scored.is_informative,
        shortfall=_shortfall(limits, shared, (batch.size, len(choices), len(rows), len(pool.texts))),
        notes=_notes(scored, choices, fitted),
    )


def _pick(
    part: ScoredPool,
    limits: NamedLimits,
    fitted: RoundModel,
    history: History,
    seed: int,
    *,
    is_shared: bool,
) -> tuple[list[Pick], NamedLimits]:
    """Return picks, by row of the part, and the limits that they keep to; `is_shared` among clusters."""
    if is_shared:
        batch, values = fitted.model.spec.batch, min_max_scale(part.value)
        for shared, goal in with_cluster_shares(limits, batch, fitted.domain, part.texts, values):
            picked = run_selector(part, shared, fitted, history, seed)
            if len(picked) >= goal:
                return picked, shared
    return run_selector(part, limits, fitted, history, seed), limits


def _outside_limits(scored: ScoredPool, fitted: RoundModel) -> Grouping | None:
    """Return the limit on candidates outside the applicability domain.

    A share that the campaign names is kept to; the default one yields where the pool holds too few inside.
    """
    inside = scored.objects.in_domain
    if inside is None:
        return None
    spec = fitted.model.spec
    named = spec.applicability.outside_share
    most = round((fitted.settings.exploration if named is None else named) * spec.batch.size)
    if named is None:
        most = max(most, spec.batch.size - int(inside.sum()))
    return Grouping(torch.where(inside, -1, 0), most)


def _replicates(
    fitted: RoundModel, history: History, again: Sequence[Remeasurement], shared: str | None, seed: int
) -> list[Remeasurement]:
    """Return the replicates of a batch, which share with it what all must share."""
    batch = fitted.model.spec.batch
    closed = {item.object for item in again}
    if shared is not None:
        closed |= {text for text in fitted.measured if shared_value(batch, fitted.domain, text) != shared}

    def merit(texts: Sequence[str]) -> Tensor:
        mean = fitted.model.evaluate(texts).objectives.mean
        utilities = fitted.reward.utilities(mean)
        exists = utilities.isfinite().all(dim=1)
        values = torch.full((len(texts),), -1.0, dtype=torch.float64)
        if bool(exists.any()):
            values[exists], _ = relative_utility(
                scalarised(utilities[exists], preference_grid(utilities.shape[1], seed))
            )
        return values

    return replicates(fitted, history, closed, merit, batch.replicates)


def _shortfall(
    limits: NamedLimits, shared: str | None, counts: tuple[int, int, int, int]
) -> tuple[Message, ...]:
    """Return why the limits made a batch smaller: counts are asked, chosen, sharing the value, allowed."""
    requested, chosen, sharing, allowed = counts
    if chosen >= min(requested, allowed):
        return ()
    reasons = []
    if shared is not None and sharing < min(requested, allowed):
        reasons.append(
            message("batch_short_of_shared_value", sharing=sharing, allowed=allowed, shared=shared)
        )
    if chosen < min(requested, sharing):
        reasons.append(
            message("batch_short_by_limits", limits=limits.names, chosen=chosen, allowed=sharing)
            if shared is None
            else message(
                "batch_short_by_limits_within_shared_value",
                limits=limits.names,
                chosen=chosen,
                allowed=sharing,
                shared=shared,
            )
        )
    return tuple(reasons)


def _notes(
    scored: ScoredPool, choices: Sequence[SelectedCandidate], fitted: RoundModel
) -> tuple[Message, ...]:
    """Return what a reader should know of how the batch was made."""
    notes = []
    if not scored.is_informative:
        notes.append(message("batch_space_filling"))
    batch, inside = fitted.model.spec.batch, scored.objects.in_domain
    if inside is not None and fitted.model.spec.applicability.outside_share is None:
        n_outside = sum(not bool(inside[choice.row]) for choice in choices)
        if n_outside > round(fitted.settings.exploration * batch.size):
            notes.append(message("batch_outside_applicability", outside=n_outside, inside=int(inside.sum())))
    return tuple(notes)
