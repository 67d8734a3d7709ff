"""What is told of samples beside their numbers: the sentence of each, and the summary of all.

Knows what was asked and what was drawn; decides nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import torch

from models.rounds.reporting.reasons import SelectionReason
from models.rounds.reporting.summary import diversity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.campaign.requests import SampleRequest
    from models.campaign.spec import CampaignSpec
    from models.inference.conditional_sampler import SampleResult
    from models.inference.requests import ConditionRequest
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.sampling.candidate_pool import CandidatePool, TrainedSampler
    from models.rounds.sampling.filters import CandidateFilter

NOT_THE_DENSITY = (
    "The samples are neighbours of the given object: taken apart a little and rebuilt by the policy, not drawn from "
    "its distribution, whose density log_pf nevertheless is."
)


def reason_for(spec: CampaignSpec, pool: CandidatePool, row: int, likeness: float | None) -> SelectionReason:
    """Return why a sample is shown, in words; `likeness` is to the object that it was to resemble."""
    at = f"at inverse temperature {float(pool.condition.beta[row]):.3g}"
    if len(spec.objectives) > 1:
        shares = zip(spec.objectives, pool.condition.preference[row].tolist(), strict=True)
        at += f" when weighing {' and '.join(f'{item.name} {share:.0%}' for item, share in shares)}"
    drawn = "drawn" if likeness is None else f"drawn near the given object (similarity {likeness:.2f})"
    return SelectionReason("exploit", why=f"{drawn} {at}")


def sampling_summary(
    fitted: RoundModel,
    source: TrainedSampler,
    request: SampleRequest,
    requested: Sequence[ConditionRequest],
    drawn: SampleResult,
    candidate_filter: CandidateFilter,
) -> dict[str, Any]:
    """Return what drawing samples was like, as plain JSON: counts that add up, conditions, diversity, sentences."""
    spec, served = fitted.model.spec, Counter(drawn.owners)
    texts = drawn.pool(request.n).texts if drawn.rows else []
    return {
        "asked": request.n,
        "chosen": len(texts),
        "sampled": drawn.n_drawn,
        "unique": candidate_filter.n_unique,
        "refused": candidate_filter.counts(),
        "surplus": drawn.n_surplus,
        "ended": drawn.ended,
        "conditions": [_condition(ask, served[place], spec, source) for place, ask in enumerate(requested)],
        "diversity": diversity(fitted.domain, texts) if texts else None,
        **candidate_filter.summary(),
        "statements": [*_statements(spec, request, requested, drawn), *candidate_filter.statements()],
    }


def _condition(ask: ConditionRequest, served: int, spec: CampaignSpec, source: TrainedSampler) -> dict[str, Any]:
    """Return a condition with its share; `log_z` is what the policy learned, where the condition is a single one."""
    log_z = preference = None
    if ask.preference is not None:
        names = [item.name for item in spec.objectives]
        preference = dict(zip(names, ask.preference, strict=True))
    is_single = ask.preference is not None or len(spec.objectives) == 1
    if ask.beta is not None and is_single:
        with torch.inference_mode():
            condition = source.conditions.fixed(ask.beta, ask.preference or (1.0,))
            log_z = float(source.policy.log_z(condition)[0])
    return {"beta": ask.beta, "preference": preference, "asked": ask.n, "served": served, "log_z": log_z}


def _statements(
    spec: CampaignSpec, request: SampleRequest, requested: Sequence[ConditionRequest], drawn: SampleResult
) -> list[str]:
    lines = []
    low, high = spec.sampler.beta
    if outside := sorted({ask.beta for ask in requested if ask.beta is not None and not low <= ask.beta <= high}):
        named = ", ".join(f"{beta:g}" for beta in outside)
        lines.append(
            f"The policy was trained at inverse temperatures from {low:g} to {high:g}: at {named} it extrapolates, and "
            "what it draws may be far from what is asked."
        )
    if request.like is not None:
        lines.append(NOT_THE_DENSITY)
    if len(drawn.rows) < request.n:
        why = "nothing new came any more" if drawn.ended == "nothing new" else "which is the limit for one request"
        lines.append(
            f"There are {len(drawn.rows)} of the {request.n} samples asked for: of {drawn.n_drawn} objects drawn, no "
            f"more were new, allowed and as asked, and {why}; `refused` counts the reasons."
        )
    return lines
