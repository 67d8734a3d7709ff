"""What is reported of samples beside their numbers: why each is shown, and the summary of all.

Knows what was asked and what was drawn; decides nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import torch

from models.messages.message import Message, message
from models.rounds.reporting.reasons import SelectionReason
from models.rounds.reporting.summary import diversity
from models.summaries.sampling import SUMMARY_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.campaign.requests import SampleRequest
    from models.campaign.spec import CampaignSpec
    from models.inference.conditional_sampler import SampleResult
    from models.inference.requests import ConditionRequest
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.sampling.candidate_pool import CandidatePool, TrainedSampler
    from models.rounds.sampling.filters import CandidateFilter


def reason_for(spec: CampaignSpec, pool: CandidatePool, row: int, likeness: float | None) -> SelectionReason:
    """Return why a sample is shown; `likeness` is to the object that it was to resemble."""
    return SelectionReason("exploit", why=_drawn(spec, pool, row, likeness))


def _drawn(spec: CampaignSpec, pool: CandidatePool, row: int, likeness: float | None) -> Message:
    beta = float(pool.condition.beta[row])
    if len(spec.objectives) == 1:
        if likeness is None:
            return message("sample_drawn", beta=beta)
        return message("sample_drawn_near", beta=beta, similarity=likeness)
    names = [item.name for item in spec.objectives]
    preference = dict(zip(names, pool.condition.preference[row].tolist(), strict=True))
    if likeness is None:
        return message("sample_drawn_trade_off", beta=beta, preference=preference)
    return message("sample_drawn_near_trade_off", beta=beta, preference=preference, similarity=likeness)


def sampling_summary(
    fitted: RoundModel,
    source: TrainedSampler,
    request: SampleRequest,
    requested: Sequence[ConditionRequest],
    drawn: SampleResult,
    candidate_filter: CandidateFilter,
) -> dict[str, Any]:
    """Return what drawing samples was like, as plain JSON: counts that add up, conditions and diversity."""
    spec, served = fitted.model.spec, Counter(drawn.owners)
    texts = drawn.pool(request.n).texts if drawn.rows else []
    return {
        "version": SUMMARY_VERSION,
        "asked": request.n,
        "chosen": len(texts),
        "sampled": drawn.n_drawn,
        "unique": candidate_filter.n_unique,
        "refused": candidate_filter.counts(),
        "surplus": drawn.n_surplus,
        "ended": drawn.ended,
        "beta_range": list(source.conditions.beta_range),
        "conditions": [_condition(ask, served[place], spec, source) for place, ask in enumerate(requested)],
        "diversity": diversity(fitted.domain, texts) if texts else None,
        **candidate_filter.summary(),
    }


def _condition(
    ask: ConditionRequest, served: int, spec: CampaignSpec, source: TrainedSampler
) -> dict[str, Any]:
    """Return a condition with its share.

    `log_z` is what the policy learned, where the condition is a single one.
    """
    log_z = preference = None
    if ask.preference is not None:
        names = [item.name for item in spec.objectives]
        preference = dict(zip(names, ask.preference, strict=True))
    conditions = source.conditions
    is_single = (ask.preference is not None or len(spec.objectives) == 1) and conditions.n_functions == 1
    if ask.beta is not None and is_single:
        with torch.inference_mode():
            condition = conditions.fixed(ask.beta, ask.preference or (1.0,))
            log_z = float(source.policy.log_z(condition)[0])
    return {"beta": ask.beta, "preference": preference, "asked": ask.n, "served": served, "log_z": log_z}


def sampling_messages(
    source: TrainedSampler,
    request: SampleRequest,
    requested: Sequence[ConditionRequest],
    drawn: SampleResult,
) -> list[Message]:
    """Return what a reader of the samples should know of the conditions and of how many there are."""
    lines = []
    low, high = source.conditions.beta_range
    if outside := sorted(
        {ask.beta for ask in requested if ask.beta is not None and not low <= ask.beta <= high}
    ):
        lines.append(message("beta_outside_training", low=low, high=high, betas=outside))
    if request.like is not None:
        lines.append(message("samples_are_neighbours"))
    if len(drawn.rows) < request.n:
        counts = {"found": len(drawn.rows), "requested": request.n, "drawn": drawn.n_drawn}
        lines.append(
            message("samples_short_space_exhausted", **counts)
            if drawn.ended == "nothing new"
            else message("samples_short_limit_reached", **counts)
        )
    return lines
