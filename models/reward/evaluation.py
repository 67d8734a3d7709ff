"""Predictions for objects in one round: computed properties, proxies and feasibility.

Knows the campaign's specification, domain and applicability domain, but neither preferences (the reward) nor
filters. Letters: N objects, M objectives, C measured bounds (constraints, then guardrails).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from models.data.tables import limits
from models.proxies.contract import Posterior
from models.proxies.model_selection import MINIMUM_TO_VALIDATE
from models.reward.combined import combined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from models.proxies.feasibility import Feasibility
    from models.proxies.model_selection import SelectedProxies
    from models.reward.applicability import Applicability
    from models.reward.evidence import Evidence
    from models.specs.objectives import Constraint, Guardrail, Objective, Transform

MOST_KNOWN = 1_000_000
"""Objects with cached computed properties: some hundred megabytes."""


@final
@dataclass(frozen=True, slots=True)
class Evaluation:
    """Predictions for N objects: `objectives` [N, M] on the modelled scale, probabilities [N] and [N, C]."""

    features: Tensor
    objectives: Posterior
    feasibility: Tensor
    constraint_probabilities: Tensor
    is_allowed: Tensor
    """[N] (bool): within the constraints on computed properties."""
    max_similarity: Tensor
    """[N]: similarity to the nearest measured object."""
    window_weight: Tensor
    """[N]: the factor of the similarity window, 1 inside it."""
    uncertainty_weight: Tensor
    """[N]: the weight of uncertainty in optimism, 1 inside the applicability domain."""


@final
class CampaignModel:
    """The fitted models of one round, evaluated by object text."""

    def __init__(
        self,
        spec: CampaignSpec,
        domain: Domain,
        proxies: SelectedProxies,
        feasibility: Feasibility,
        applicability: Applicability,
        evidence: Evidence | None = None,
    ) -> None:
        self.spec = spec
        self.domain = domain
        self.proxies = proxies
        self.feasibility = feasibility
        self.applicability = applicability
        self.evidence = evidence
        """Where predictions held; None where that was not tested, or the campaign states a similarity."""
        self.transforms: dict[str, Transform] = {k: q.transform for k, q in spec.quantities().items()}
        measured = [
            c
            for c in spec.constraints
            if c.type is not None and proxies.n_values[c.type] >= MINIMUM_TO_VALIDATE
        ]
        self.enforced_constraints: tuple[Constraint, ...] = tuple(measured)
        """Measured constraints whose assay has enough results; the others are not enforced yet."""
        self.required = torch.tensor(
            [item.probability or 0.0 for item in self.enforced_constraints], dtype=torch.float64
        )
        """The required probability [C] of each of them."""
        is_weighted = [item.enforcement == "lagrangian" for item in self.enforced_constraints]
        self.lagrangian_columns = [column for column, is_so in enumerate(is_weighted) if is_so]
        """Columns of `constraint_probabilities` that multipliers enforce."""
        others = [column for column, is_so in enumerate(is_weighted) if not is_so]
        self.probability_columns = [
            *others,
            *range(len(self.enforced_constraints), len(self.enforced_constraints) + len(spec.guardrails)),
        ]
        """The other columns of `constraint_probabilities`: their probability is a plain weight."""
        self.guarded_columns = list(
            range(len(self.enforced_constraints), len(self.enforced_constraints) + len(spec.guardrails))
        )
        """Those of guardrails: an object that violates one is not proposed, whatever its utility."""
        self.combinations = [spec.combination_of(objective) for objective in spec.objectives]
        """How each objective [M] follows from parts; None where it does not."""
        self.scales: list[Transform] = [spec.transform_of(objective) for objective in spec.objectives]
        """The scale on which each objective [M] is modelled."""
        computed = [name for objective in spec.objectives for name in spec.properties_of(objective)]
        computed += [item.property for item in spec.constraints if item.property is not None]
        self._computed = list(dict.fromkeys(computed))
        self._known: dict[str, tuple[float, ...]] = {}

    def features(self, texts: Sequence[str]) -> Tensor:
        """Return proxy inputs [N, D] (float64)."""
        return torch.from_numpy(self.domain.features(texts)).to(torch.float64)

    def limits(self, bound: Constraint | Guardrail) -> tuple[float, float]:
        """Return a measured bound on its assay's modelled scale."""
        assert bound.type is not None
        return limits(bound.min, bound.max, self.transforms[bound.type])

    def evaluate(self, texts: Sequence[str]) -> Evaluation:
        """Return the predictions for N valid objects."""
        features = self.features(texts)
        posterior = self.proxies.posterior(features)
        values = self._computed_values(texts)
        nearest = self.applicability.nearest(texts)
        return Evaluation(
            features=features,
            objectives=self._objectives(posterior, values),
            feasibility=self.feasibility.probability(features),
            constraint_probabilities=self._constraint_probabilities(posterior),
            is_allowed=self._is_allowed(values, len(texts)),
            max_similarity=nearest,
            window_weight=self.applicability.window_weight(nearest),
            uncertainty_weight=self.applicability.uncertainty_weight(nearest),
        )

    def _computed_values(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """Return the computed properties [N] that the campaign uses; values of each object are cached."""
        if not self._computed:
            return {}
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            columns = self.domain.properties(new, self._computed)
            rows = zip(*[columns[name].tolist() for name in self._computed], strict=True)
            self._known.update(zip(new, rows, strict=True))
        values = torch.tensor([self._known[text] for text in texts], dtype=torch.float64)
        return dict(
            zip(self._computed, values.reshape(len(texts), len(self._computed)).unbind(dim=1), strict=True)
        )

    def _objectives(self, posterior: Posterior, values: dict[str, Tensor]) -> Posterior:
        columns: list[Posterior] = []
        for objective, found in zip(self.spec.objectives, self.combinations, strict=True):
            if objective.assay_type is not None:
                columns.append(posterior.at(self.proxies.types.index(objective.assay_type)))
                continue
            if found is not None:
                parts = {kind: posterior.at(self.proxies.types.index(kind)) for kind, _ in found.measured}
                columns.append(combined(found, parts, values))
                continue
            value = self._computed_objective(objective, values)
            columns.append(Posterior(value, torch.zeros_like(value), torch.zeros_like(value)))
        stacks = zip(*[(column.mean, column.sd, column.noise_sd) for column in columns], strict=True)
        mean, sd, noise = (torch.stack(stack, dim=-1) for stack in stacks)
        return Posterior(mean, sd, noise)

    def sampled_objectives(self, values: Tensor, texts: Sequence[str]) -> Tensor:
        """Return the objectives [..., N, M] of N objects under sampled functions.

        `values` [..., N, types] are those of all assay types. Computed objectives are the same under all
        functions, and derived ones follow from their parts.
        """
        of_types = dict(zip(self.proxies.types, values.unbind(dim=-1), strict=True))
        properties, columns = self._computed_values(texts), []
        for objective, found in zip(self.spec.objectives, self.combinations, strict=True):
            if objective.assay_type is not None:
                columns.append(of_types[objective.assay_type])
            elif found is not None:
                columns.append(found.of(of_types, properties).expand(values.shape[:-1]))
            else:
                columns.append(self._computed_objective(objective, properties).expand(values.shape[:-1]))
        return torch.stack(columns, dim=-1)

    def _computed_objective(self, objective: Objective, values: dict[str, Tensor]) -> Tensor:
        """Return a computed objective [N] on its modelled scale."""
        assert objective.computed is not None
        value = values[objective.computed]
        return value if objective.transform == "none" else value.log10()

    def _constraint_probabilities(self, posterior: Posterior) -> Tensor:
        """Return the probabilities [N, C] of satisfying measured bounds, constraints as reported."""
        bounds: list[Constraint | Guardrail] = [*self.enforced_constraints, *self.spec.guardrails]
        is_of_values = [False] * len(self.enforced_constraints) + [
            rail.applies_to == "value" for rail in self.spec.guardrails
        ]
        probabilities = [torch.ones(len(posterior.mean), 0, dtype=torch.float64)]
        for item, is_of_value in zip(bounds, is_of_values, strict=True):
            assert item.type is not None
            of_type = posterior.at(self.proxies.types.index(item.type))
            judged = of_type.without_noise() if is_of_value else of_type
            probabilities.append(judged.probability_within(*self.limits(item)).unsqueeze(-1))
        return torch.cat(probabilities, dim=1)

    def _is_allowed(self, values: dict[str, Tensor], n: int) -> Tensor:
        allowed = torch.ones(n, dtype=torch.bool)
        for constraint in self.spec.constraints:
            if constraint.property is not None:
                low, high = limits(constraint.min, constraint.max, "none")
                allowed &= (values[constraint.property] >= low) & (values[constraint.property] <= high)
        return allowed
