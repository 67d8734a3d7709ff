"""What a round wants, as a log-reward: beta times the expected value of an attempt, plus the log of feasibility.

A failed attempt is worth what is poor, 0, so that the acquisition's value counts with the probability of success
(docs/decisions/0015). The one place where beta multiplies and where utilities become a reward. Nothing is cut off:
values beyond what was hoped for are compressed, and so are log-rewards of what is poor, but all still rise
(docs/decisions/0020). Knows beliefs and preferences; not the training loop. Letters: N objects, M objectives, S
statistics, L constraints that multipliers enforce, P preferences. 0 is poor and 1 as good as hoped for on every
utility.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, final

import torch

from models.acquisition import get_acquisition
from models.acquisition.contract import SCALARISATIONS, empty_context
from models.reward.lagrange_multipliers import MOST, LagrangeMultipliers, constraint_cost, greatest_multiplier
from models.reward.score_table import ObjectScores, ScoreTable
from models.reward.utility import utility_moments

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from models.acquisition.contract import Acquisition
    from models.data.utility import Utility
    from models.proxies.contract import Posterior
    from models.proxies.pathwise_samples import Path
    from models.reward.evaluation import CampaignModel

SOFT_FLOOR = -20.0
"""Log-rewards below this, before multipliers, fall ever more slowly: what is poor should not rule the loss."""
LEAST_PROBABILITY = 1e-4
LIKELY = 0.5
"""An incumbent keeps to every measured bound with at least this probability."""
DECIMALS = 6
"""To which scores are rounded."""
MOST_MEASURED = 256
"""Measured objects, evenly picked, that are part of an acquisition's yardstick."""


@final
class ObjectLogReward:
    """Scores objects by text; what does not depend on the condition is computed once for each object.

    An object without text (an invalid one, or an alias of another), one that breaks a rule and one whose computed
    objective does not exist get -inf. Statistics are rounded to six decimals, so that they do not depend on which
    objects happened to be scored together. What breaks a rule is shown to no proxy and to no scorer of a campaign.

    Args:
        model: the fitted models of the round.
        utilities: how each objective is normalised.
        acquisition: what beta multiplies, weighted by the probability of success.
        kappa: deviations of optimism in `scores`.
        path: the function drawn for this round, for acquisitions that use one.
        greatest: what no multiplier exceeds.

    Attributes:
        multipliers: of the constraints that multipliers enforce; whoever moves them changes the reward of every object.
    """

    def __init__(
        self,
        model: CampaignModel,
        utilities: Sequence[Utility],
        acquisition: Acquisition,
        kappa: float = 1.0,
        path: Path | None = None,
        greatest: float = MOST,
    ) -> None:
        self._model = model
        self._utilities = tuple(utilities)
        self._acquisition = acquisition
        self._kappa = kappa
        self._path = path
        nothing = torch.zeros(1, len(self._utilities), dtype=torch.float64)
        self._shape = (acquisition.statistics(nothing, nothing, nothing).shape[1], len(model.lagrangian_columns))
        self.multipliers = LagrangeMultipliers(self._shape[1], greatest)
        self._known = ScoreTable(*self._shape)

    @property
    def n_scored(self) -> int:
        """How many distinct objects the proxies were asked about."""
        return len(self._known)

    def __call__(self, texts: Sequence[str], beta: Tensor, preference: Tensor) -> Tensor:
        """Return log-rewards [N] (float32) for inverse temperatures [N] and preferences [N, M]."""
        known = self._lookup(texts)
        value = compressed(self._acquisition.value(known.statistics, preference.to(known.statistics)))
        expected = expected_value(value, known.success)
        log_reward = softly_floored(beta.to(expected) * expected + known.log_probability)
        # below the floor: where nearly everything violates, the costs alone tell the way to what does not
        log_reward = log_reward - self.multipliers.penalty(known.costs)
        return log_reward.masked_fill(known.is_refused, -torch.inf).float().to(beta.device)

    def value(self, texts: Sequence[str], preference: Tensor) -> Tensor:
        """Return the acquisition's values [N] for preferences [N, M], should the objects be made."""
        statistics = self._lookup(texts).statistics
        return self._acquisition.value(statistics, preference.to(statistics))

    def violations(self, texts: Sequence[str]) -> Tensor:
        """Return which of the constraints that multipliers enforce each object violates [N, L] (bool)."""
        return self._lookup(texts).costs > 0

    def utilities(self, values: Tensor) -> Tensor:
        """Return the utilities [..., M] of values [..., M] that are known exactly, on the modelled scale."""
        return torch.stack([item.of(values[..., i]) for i, item in enumerate(self._utilities)], dim=-1)

    def optimistic_utilities(self, objectives: Posterior, uncertainty_weight: Tensor) -> Tensor:
        """Return utilities [N, M] of predicted objectives: kappa deviations above the expectation.

        Of each deviation counts the share `uncertainty_weight` [N].
        """
        mean, sd = utility_moments(self._utilities, objectives)
        return mean + self._kappa * sd * uncertainty_weight.unsqueeze(-1)

    def utility_sd(self, objectives: Posterior) -> Tensor:
        """Return how uncertain each utility is [N, M]."""
        return utility_moments(self._utilities, objectives)[1]

    def acquired(self, texts: Sequence[str], objectives: Posterior, trust: Tensor, preferences: Tensor) -> Tensor:
        """Return the acquisition's values [N, P] of objects for each of the preferences [P, M], should they be made.

        Args:
            texts: the objects [N]; asked for only by acquisitions that draw a function.
            objectives: what is believed of them [N, M].
            trust: the share [N] of each deviation that counts.
            preferences: on the simplex.
        """
        features = self._model.features(texts) if self._path is not None else None
        statistics = self._statistics(features, objectives, trust)
        n = len(texts)
        columns = [self._acquisition.value(statistics, preference.expand(n, -1)) for preference in preferences]
        return torch.stack(columns, dim=1)

    def prepare(self, texts: Sequence[str]) -> None:
        """Ask about all new objects in one go, which costs less than in parts."""
        self._lookup(texts)

    def _lookup(self, texts: Sequence[str]) -> ObjectScores:
        """Return the scores of objects [N]; new ones are evaluated."""
        if new := self._known.missing(texts):
            self._known.add(new, self._score(new))
        return self._known.get(texts)

    def _score(self, texts: Sequence[str]) -> ObjectScores:
        """Return the scores of new objects; one that breaks a rule is refused like what is no object."""
        scores = ObjectScores.refused(len(texts), *self._shape)
        keeps_rules = [row for row, text in enumerate(texts) if not self._model.domain.check(text)]
        if keeps_rules:
            scores.put(torch.tensor(keeps_rules), self._evaluate_new([texts[row] for row in keeps_rules]))
        return scores

    def _evaluate_new(self, texts: Sequence[str]) -> ObjectScores:
        """Return the scores of objects that keep to the rules."""
        evaluation = self._model.evaluate(texts)
        statistics = self._statistics(evaluation.features, evaluation.objectives, evaluation.uncertainty_weight)
        probabilities = evaluation.constraint_probabilities
        success = evaluation.feasibility * probabilities[:, self._model.guarded_columns].prod(dim=1)
        weighing = torch.cat(
            [evaluation.feasibility.unsqueeze(-1), probabilities[:, self._model.probability_columns]], dim=1
        )
        columns = self._model.lagrangian_columns
        costs = constraint_cost(probabilities[:, columns], self._model.required[columns], LEAST_PROBABILITY)
        is_refused = ~evaluation.is_allowed | ~statistics.isfinite().all(dim=1)
        return ObjectScores(
            statistics=statistics.masked_fill(is_refused.unsqueeze(-1), 0.0).round(decimals=DECIMALS),
            costs=costs.round(decimals=DECIMALS),
            success=success.round(decimals=DECIMALS),
            log_probability=weighing.clamp_min(LEAST_PROBABILITY).log().sum(dim=1).round(decimals=DECIMALS),
            is_refused=is_refused,
        )

    def _statistics(self, features: Tensor | None, objectives: Posterior, trust: Tensor) -> Tensor:
        """Return the acquisition's statistics [N, S]; features [N, D] are needed where a function was drawn.

        Outside the applicability domain hope fades: deviations and draws shrink towards what is expected.
        """
        mean, sd = utility_moments(self._utilities, objectives)
        share, drawn = trust.unsqueeze(-1), None
        if self._path is not None:
            assert features is not None
            drawn = mean + share * (self._utilities_under_path(self._path(features), objectives) - mean)
        return self._acquisition.statistics(mean, share * sd, drawn)

    def _utilities_under_path(self, values: Tensor, objectives: Posterior) -> Tensor:
        """Return the utilities [N, M] under a drawn function's values; computed objectives are what they are."""
        types = self._model.proxies.types
        columns = [
            objectives.mean[:, i] if item.assay_type is None else values[:, types.index(item.assay_type)]
            for i, item in enumerate(self._model.spec.objectives)
        ]
        pairs = zip(self._utilities, columns, strict=True)
        return torch.stack([item.of(column) for item, column in pairs], dim=-1)


def compressed(value: Tensor) -> Tensor:
    """Return values [N] that are themselves up to 1 and 1 + log v above: they still rise, but ever more slowly.

    Neither value nor slope jumps at 1, and no two different values become equal. So a range that results leave far
    behind makes the reward no step at its end and no needle beyond it.
    """
    return value.clamp_max(1.0) + value.clamp_min(1.0).log()


def softly_floored(log_reward: Tensor) -> Tensor:
    """Return log-rewards [N] of which those below `SOFT_FLOOR` fall as a square root: no two become equal."""
    below = (SOFT_FLOOR - log_reward).clamp_min(0.0)
    return log_reward.clamp_min(SOFT_FLOOR) - ((1 + 2 * below).sqrt() - 1)


def expected_value(value: Tensor, success: Tensor) -> Tensor:
    """Return what attempts [N] are expected to be worth, for values [N] and probabilities of success [N].

    A failure is worth 0, which is poor, or the value itself where that is less: no object gains by failing. As with
    constrained expected improvement (Gardner et al., ICML 2014; Gelbart, Snoek & Adams, UAI 2014), what cannot be made
    is worth nothing however good it would be.
    """
    return success * value.clamp_min(0.0) + value.clamp_max(0.0)


def log_reward(
    model: CampaignModel,
    utilities: Sequence[Utility],
    measured: Sequence[str],
    random_objects: Callable[[], Sequence[str]],
    seed: int,
    pending: Sequence[str] = (),
) -> ObjectLogReward:
    """Return the reward of a round with the acquisition that its campaign names.

    Args:
        model: the fitted models of the round.
        utilities: how each objective is normalised.
        measured: objects with at least one result.
        random_objects: ordinary objects of the space; asked only by acquisitions that need them.
        seed: of the function that Thompson sampling draws.
        pending: proposed objects without a result yet; they count as reached at what is expected of them (Ginsbourger
            et al., Computational Intelligence in Expensive Optimization Problems, 2010), so that improving on the same
            spot is not worth proposing twice.
    """
    spec = model.spec.acquisition
    kind = get_acquisition(spec.kind)
    context = empty_context(len(utilities), SCALARISATIONS[spec.scalarisation], spec.kappa)
    if kind.uses_incumbents:
        picked = list(measured)[:: -(-len(measured) // MOST_MEASURED) or 1]
        reference = _reference(model, utilities, [*picked, *random_objects()])
        reached = list(dict.fromkeys([*measured, *pending]))
        context = replace(context, incumbents=_incumbents(model, utilities, reached), reference=reference)
    path = model.proxies.path(model.features(random_objects()), seed) if kind.uses_draws else None
    greatest = greatest_multiplier(model.spec.sampler.beta[1])
    return ObjectLogReward(model, utilities, kind(context), spec.kappa, path, greatest)


def _reference(model: CampaignModel, utilities: Sequence[Utility], texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return expectations and deviations [R, M] of the utilities of those objects that have all of them."""
    evaluation = model.evaluate(list(dict.fromkeys(texts)))
    mean, sd = utility_moments(utilities, evaluation.objectives)
    sd = sd * evaluation.uncertainty_weight.unsqueeze(-1)
    exists = (mean + sd).isfinite().all(dim=1)
    return mean[exists], sd[exists]


def _incumbents(model: CampaignModel, utilities: Sequence[Utility], reached: Sequence[str]) -> Tensor:
    """Return the expected utilities [I, M] of those objects that might be proposed, were they new."""
    kept = [text for text in reached if not model.domain.check(text)]
    if not kept:
        return torch.zeros(0, len(utilities), dtype=torch.float64)
    evaluation = model.evaluate(kept)
    mean, _ = utility_moments(utilities, evaluation.objectives)
    return mean[
        evaluation.is_allowed & (evaluation.constraint_probabilities >= LIKELY).all(dim=1) & mean.isfinite().all(dim=1)
    ]
