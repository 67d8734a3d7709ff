"""Evaluate objects once, for every step after sampling.

Predictions, feasibility, guardrail bounds and applicability.
Letters: N objects, M objectives, G guardrails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from models.proxies.contract import Posterior
from models.safety import guardrails

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.reward.evaluation import CampaignModel, Evaluation


@final
@dataclass(frozen=True, slots=True)
class EvaluatedObjects:
    """N objects with what the campaign's model predicts of them, row by row.

    `objectives` [N, M] are on the modelled scale, `feasibility` [N] is a probability, `bounds` [N, G] are
    each guardrail's bound on the probability of a violation. `uncertainty_weight` [N] is the share of each
    deviation that optimism may count on, `window_weight` [N] the factor of the similarity window. `in_domain`
    [N] (bool) tells the applicability domain, None when nothing defines one.
    """

    texts: list[str]
    objectives: Posterior
    feasibility: Tensor
    bounds: Tensor
    uncertainty_weight: Tensor
    in_domain: Tensor | None
    window_weight: Tensor

    @property
    def worth(self) -> Tensor:
        """The factor [N] on what objects promise: their feasibility times that of the similarity window."""
        return self.feasibility * self.window_weight

    def __len__(self) -> int:
        """Return N."""
        return len(self.texts)

    def is_inside(self, row: int) -> bool | None:
        """Return whether an object is in the applicability domain; None when nothing defines one."""
        return None if self.in_domain is None else bool(self.in_domain[row])

    def at(self, rows: Sequence[int]) -> EvaluatedObjects:
        """Return the objects in `rows`, in that order."""
        index = torch.tensor(list(rows), dtype=torch.int64)
        belief = self.objectives
        return EvaluatedObjects(
            [self.texts[row] for row in rows],
            Posterior(belief.mean[index], belief.sd[index], belief.noise_sd[index]),
            self.feasibility[index],
            self.bounds[index],
            self.uncertainty_weight[index],
            None if self.in_domain is None else self.in_domain[index],
            self.window_weight[index],
        )


def concat(parts: Sequence[EvaluatedObjects]) -> EvaluatedObjects:
    """Return the objects of all parts (at least one) in order."""
    beliefs = [part.objectives for part in parts]
    inside = [part.in_domain for part in parts if part.in_domain is not None]
    return EvaluatedObjects(
        [text for part in parts for text in part.texts],
        Posterior(
            torch.cat([belief.mean for belief in beliefs]),
            torch.cat([belief.sd for belief in beliefs]),
            torch.cat([belief.noise_sd for belief in beliefs]),
        ),
        torch.cat([part.feasibility for part in parts]),
        torch.cat([part.bounds for part in parts]),
        torch.cat([part.uncertainty_weight for part in parts]),
        torch.cat(inside) if inside else None,
        torch.cat([part.window_weight for part in parts]),
    )


def evaluate_objects(model: CampaignModel, texts: Sequence[str]) -> tuple[EvaluatedObjects, Evaluation]:
    """Return N valid objects with their predictions, and the evaluation that these were read from."""
    evaluation = model.evaluate(texts)
    objects = EvaluatedObjects(
        list(texts),
        evaluation.objectives,
        evaluation.feasibility,
        guardrail_bounds(model, evaluation.features),
        evaluation.uncertainty_weight,
        _in_domain(model, texts, evaluation),
        evaluation.window_weight,
    )
    return objects, evaluation


def _in_domain(model: CampaignModel, texts: Sequence[str], evaluation: Evaluation) -> Tensor | None:
    """Return which objects [N] (bool) lie where predictions held, or near enough; None if nothing tells."""
    if model.evidence is not None:
        return model.evidence.judge(texts).is_inside()
    if model.applicability.threshold is None:
        return None
    return model.applicability.is_inside(evaluation.max_similarity)


def guardrail_bounds(model: CampaignModel, features: Tensor) -> Tensor:
    """Return the bound of each guardrail [N, G] for proxy inputs [N, D]."""
    columns = [torch.zeros(len(features), 0, dtype=torch.float64)]
    columns += [
        guardrails.bound(model.proxies, rail, model.limits(rail), features).unsqueeze(-1)
        for rail in model.spec.guardrails
    ]
    return torch.cat(columns, dim=1)
