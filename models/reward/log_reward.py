"""The log-reward of a round: beta times the expected value of an attempt, plus the log of feasibility.

A failed attempt has value 0 (poor), so the acquisition's value is multiplied by the probability of success
(docs/decisions/0015). The factor of the similarity window is treated in the same way: what lies outside is
worth less, at every beta (docs/decisions/0052). Only here is beta applied and are utilities turned into a
reward. Nothing is clipped: values above the ideal and log-rewards of poor objects are compressed, but remain
strictly increasing (docs/decisions/0020). Knows predictions and preferences, but no training loop. Letters: N
objects, M objectives, S statistics, K sampled functions, L constraints that multipliers enforce, P
preferences. Every utility is 0 for poor and 1 for the ideal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, final

import torch

from models.acquisition import get_acquisition
from models.acquisition.contract import SCALARISATIONS, empty_context
from models.domains.contract import beside_novelty
from models.reward.compression import root_compressed
from models.reward.lagrange_multipliers import LagrangeMultipliers, constraint_cost
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
"""Log-rewards below this, before multipliers, are compressed: poor objects must not dominate the loss."""
LEAST_PROBABILITY = 1e-4
LIKELY = 0.5
"""An incumbent satisfies every measured bound with at least this probability."""
DECIMALS = 6
"""Decimals to which scores are rounded."""
BETWEEN_FUNCTIONS = 1_000_003
"""Distance of the seeds of two sampled functions; a function takes one seed for each proxy."""
MOST_MEASURED = 256
"""Evenly picked measured objects in the reference of an acquisition."""


@final
class ObjectLogReward:
    """Scores objects by text; values that do not depend on the condition are cached per object.

    An object without text (an invalid one, or an alias of another), one that breaks a rule and one whose
    computed objective does not exist get -inf. Statistics are rounded to six decimals, so they do not depend
    on the composition of batches. An object that breaks a rule is passed to no proxy and no scorer.

    Args:
        model: the fitted models of the round.
        utilities: how each objective is normalised.
        acquisition: the function that beta multiplies, weighted by the probability of success.
        kappa: deviations of optimism in `scores`.
        paths: the K functions sampled for this round, for acquisitions that use them.

    Attributes:
        multipliers: of the constraints that multipliers enforce; a change affects the reward of every object.
    """

    def __init__(
        self,
        model: CampaignModel,
        utilities: Sequence[Utility],
        acquisition: Acquisition,
        kappa: float = 1.0,
        paths: Sequence[Path] = (),
    ) -> None:
        self._model = model
        self._utilities = tuple(utilities)
        self._acquisition = acquisition
        self._kappa = kappa
        self._paths = tuple(paths)
        nothing = torch.zeros(1, len(self._utilities), dtype=torch.float64)
        n_statistics = acquisition.statistics(nothing, nothing, nothing).shape[1]
        self._shape = (n_statistics * self.n_functions, len(model.lagrangian_columns))
        self.multipliers = LagrangeMultipliers(self._shape[1])
        self._known = ScoreTable(*self._shape)

    @property
    def n_scored(self) -> int:
        """The number of distinct objects evaluated by the proxies."""
        return len(self._known)

    @property
    def n_functions(self) -> int:
        """How many functions K the reward knows: the sampled ones, or 1 where none is sampled."""
        return max(1, len(self._paths))

    def __call__(
        self, texts: Sequence[str], beta: Tensor, preference: Tensor, function: Tensor | None = None
    ) -> Tensor:
        """Return log-rewards [N] (float32) under conditions [N].

        Args:
            texts: the objects [N].
            beta: inverse temperatures [N].
            preference: weights [N, M] on the simplex.
            function: which sampled function is rewarded [N]; without it the mean value over all of them is.
        """
        known = self._lookup(texts)
        expected = self._expected(known, preference, function)
        log_reward = softly_floored(beta.to(expected) * expected + known.log_probability)
        # applied below the floor: if nearly all objects are in violation, costs must guide the sampler
        log_reward = log_reward - self.multipliers.penalty(known.costs, beta)
        return log_reward.masked_fill(known.is_refused, -torch.inf).float().to(beta.device)

    def factors(self, texts: Sequence[str], preference: Tensor) -> tuple[Tensor, Tensor]:
        """Return what beta multiplies [N], and the log-probabilities [N] that it does not; -inf if refused.

        For preferences [N, M], on average over sampled functions. The log-reward without multipliers is
        `softly_floored` of beta times the first, plus the second.
        """
        known = self._lookup(texts)
        return self._expected(known, preference, None), known.log_probability.masked_fill(
            known.is_refused, -torch.inf
        )

    def _expected(self, known: ObjectScores, preference: Tensor, function: Tensor | None) -> Tensor:
        """Return the expected values of attempts [N]."""
        return expected_value(compressed(self._value(known.statistics, preference, function)), known.success)

    def value(self, texts: Sequence[str], preference: Tensor, function: Tensor | None = None) -> Tensor:
        """Return the acquisition's values [N] for preferences [N, M], given success.

        Under the sampled functions [N], or on average over all of them.
        """
        return self._value(self._lookup(texts).statistics, preference, function)

    def _value(self, statistics: Tensor, preference: Tensor, function: Tensor | None) -> Tensor:
        """Return the acquisition's values [N] of statistics [N, K * S]."""
        preference = preference.to(statistics)
        each = self._by_function(statistics)
        if function is not None:
            rows = torch.arange(len(each), device=each.device)
            return self._acquisition.value(each[rows, function.to(rows)], preference)
        values = [self._acquisition.value(part, preference) for part in each.unbind(1)]
        return torch.stack(values).mean(dim=0)

    def violations(self, texts: Sequence[str]) -> Tensor:
        """Return which of the constraints that multipliers enforce each object violates [N, L] (bool)."""
        return self._lookup(texts).costs > 0

    def uncertainty(self, texts: Sequence[str]) -> Tensor:
        """Return the mean deviation of the predicted utilities [N], at most 1; 1 for refused objects.

        The applicability domain does not shrink it: far from the measured objects little is known.
        """
        return self._lookup(texts).uncertainty

    def utilities(self, values: Tensor) -> Tensor:
        """Return the utilities [..., M] of values [..., M] that are known exactly, on the modelled scale."""
        return torch.stack([item.of(values[..., i]) for i, item in enumerate(self._utilities)], dim=-1)

    def optimistic_utilities(self, objectives: Posterior, uncertainty_weight: Tensor) -> Tensor:
        """Return utilities [N, M] of predicted objectives: kappa deviations above the expectation.

        Each deviation is multiplied by `uncertainty_weight` [N].
        """
        mean, sd = utility_moments(self._utilities, objectives)
        return mean + self._kappa * sd * uncertainty_weight.unsqueeze(-1)

    def utility_sd(self, objectives: Posterior) -> Tensor:
        """Return the deviation of each utility [N, M]."""
        return utility_moments(self._utilities, objectives)[1]

    def _by_function(self, statistics: Tensor) -> Tensor:
        """Return statistics [N, K, S] of columns [N, K * S]."""
        return statistics.view(len(statistics), self.n_functions, statistics.shape[1] // self.n_functions)

    def acquired(
        self, texts: Sequence[str], objectives: Posterior, trust: Tensor, preferences: Tensor
    ) -> Tensor:
        """Return the acquisition's values [N, P * K] for each of the preferences [P, M], given success.

        The K sampled functions of one preference follow one another.

        Args:
            texts: the objects [N]; used only by acquisitions that sample a function.
            objectives: their predictions [N, M].
            trust: the weight [N] of each deviation.
            preferences: on the simplex.
        """
        features = self._model.features(texts) if self._paths else None
        statistics = self._by_function(self._statistics(texts, features, objectives, trust))
        n = len(texts)
        columns = [
            self._acquisition.value(part, preference.expand(n, -1))
            for preference in preferences
            for part in statistics.unbind(1)
        ]
        return torch.stack(columns, dim=1)

    def prepare(self, texts: Sequence[str]) -> None:
        """Evaluate all new objects at once, which costs less than in parts."""
        self._lookup(texts)

    def _lookup(self, texts: Sequence[str]) -> ObjectScores:
        """Return the scores of objects [N]; new ones are evaluated."""
        if new := self._known.missing(texts):
            self._known.add(new, self._score(new))
        return self._known.get(texts)

    def _score(self, texts: Sequence[str]) -> ObjectScores:
        """Return the scores of new objects; one that breaks a rule is refused like an invalid object."""
        scores = ObjectScores.refused(len(texts), *self._shape)
        keeps_rules = [row for row, text in enumerate(texts) if not self._model.domain.check(text)]
        if keeps_rules:
            scores.put(torch.tensor(keeps_rules), self._evaluate_new([texts[row] for row in keeps_rules]))
        return scores

    def _evaluate_new(self, texts: Sequence[str]) -> ObjectScores:
        """Return the scores of objects that satisfy the rules."""
        evaluation = self._model.evaluate(texts)
        statistics = self._statistics(
            texts, evaluation.features, evaluation.objectives, evaluation.uncertainty_weight
        )
        probabilities = evaluation.constraint_probabilities
        worth = evaluation.feasibility * evaluation.window_weight
        success = worth * probabilities[:, self._model.guarded_columns].prod(dim=1)
        weighing = torch.cat(
            [
                evaluation.feasibility.unsqueeze(-1),
                evaluation.window_weight.unsqueeze(-1),
                probabilities[:, self._model.probability_columns],
            ],
            dim=1,
        )
        columns = self._model.lagrangian_columns
        costs = constraint_cost(probabilities[:, columns], self._model.required[columns], LEAST_PROBABILITY)
        uncertainty = self.utility_sd(evaluation.objectives).mean(dim=1).clamp_max(1.0)
        is_refused = ~evaluation.is_allowed | ~statistics.isfinite().all(dim=1)
        return ObjectScores(
            statistics=statistics.masked_fill(is_refused.unsqueeze(-1), 0.0).round(decimals=DECIMALS),
            costs=costs.round(decimals=DECIMALS),
            success=success.round(decimals=DECIMALS),
            log_probability=weighing.clamp_min(LEAST_PROBABILITY).log().sum(dim=1).round(decimals=DECIMALS),
            uncertainty=uncertainty.masked_fill(is_refused, 1.0).round(decimals=DECIMALS),
            is_refused=is_refused,
        )

    def _statistics(
        self, texts: Sequence[str], features: Tensor | None, objectives: Posterior, trust: Tensor
    ) -> Tensor:
        """Return the acquisition's statistics [N, K * S]; features [N, D] are needed with sampled functions.

        Outside the applicability domain, deviations and samples shrink towards the expectation.
        """
        mean, sd = utility_moments(self._utilities, objectives)
        share = trust.unsqueeze(-1)
        if not self._paths:
            return self._acquisition.statistics(mean, share * sd, None)
        assert features is not None
        sampled = [self._utilities_under_path(path(features), texts) for path in self._paths]
        parts = [mean + share * (utilities - mean) for utilities in sampled]
        return torch.cat([self._acquisition.statistics(mean, share * sd, drawn) for drawn in parts], dim=1)

    def _utilities_under_path(self, values: Tensor, texts: Sequence[str]) -> Tensor:
        """Return the utilities [N, M] under a sampled function's values [N, types]."""
        return self.utilities(self._model.sampled_objectives(values, texts))


def compressed(value: Tensor) -> Tensor:
    """Return values [N] unchanged up to 1 and as 1 + log v above: increasing with decreasing slope.

    Value and slope are continuous at 1, and distinct values stay distinct. A range far exceeded by results
    therefore gives the reward neither a step at its end nor a sharp peak beyond it.
    """
    return value.clamp_max(1.0) + value.clamp_min(1.0).log()


def softly_floored(log_reward: Tensor) -> Tensor:
    """Return log-rewards [N], those below `SOFT_FLOOR` compressed by a square root, injectively."""
    return -root_compressed(-log_reward, -SOFT_FLOOR)


def expected_value(value: Tensor, success: Tensor) -> Tensor:
    """Return expected values of attempts [N], for values [N] and probabilities of success [N].

    A failure has value 0 (poor), or the value itself where that is less, so no object gains by failing. As
    with constrained expected improvement (Gardner et al., ICML 2014; Gelbart, Snoek & Adams, UAI 2014),
    infeasible objects have no value.
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
        random_objects: ordinary objects of the space; evaluated only for acquisitions that need them.
        seed: of the functions that Thompson sampling samples.
        pending: proposed objects without a result yet; they count as measured at their expectation
            (Ginsbourger et al., Computational Intelligence in Expensive Optimization Problems, 2010), so the
            same improvement is not proposed twice.
    """
    spec = model.spec.acquisition
    kind = get_acquisition(spec.kind)
    context = empty_context(len(utilities), SCALARISATIONS[spec.scalarisation], spec.kappa)
    if kind.uses_incumbents:
        picked = list(measured)[:: -(-len(measured) // MOST_MEASURED) or 1]
        reference = _reference(model, utilities, [*picked, *random_objects()])
        reached = list(dict.fromkeys([*measured, *pending]))
        context = replace(context, incumbents=_incumbents(model, utilities, reached), reference=reference)
    paths = []
    if kind.uses_draws:
        anchors = model.features(random_objects())
        paths = [
            model.proxies.path(anchors, seed + index * BETWEEN_FUNCTIONS) for index in range(spec.functions)
        ]
    return ObjectLogReward(model, utilities, kind(context), spec.kappa, paths)


def _reference(
    model: CampaignModel, utilities: Sequence[Utility], texts: Sequence[str]
) -> tuple[Tensor, Tensor]:
    """Return expectations and deviations [R, M] of the utilities of the objects that have all of them."""
    evaluation = model.evaluate(list(dict.fromkeys(texts)))
    mean, sd = utility_moments(utilities, evaluation.objectives)
    sd = sd * evaluation.uncertainty_weight.unsqueeze(-1)
    exists = (mean + sd).isfinite().all(dim=1)
    return mean[exists], sd[exists]


def _incumbents(model: CampaignModel, utilities: Sequence[Utility], reached: Sequence[str]) -> Tensor:
    """Return the expected utilities [I, M] of the objects that satisfy bounds and rules, new or not."""
    kept = [text for text in reached if not beside_novelty(model.domain.check(text))]
    if not kept:
        return torch.zeros(0, len(utilities), dtype=torch.float64)
    evaluation = model.evaluate(kept)
    mean, _ = utility_moments(utilities, evaluation.objectives)
    return mean[
        evaluation.is_allowed
        & (evaluation.constraint_probabilities >= LIKELY).all(dim=1)
        & mean.isfinite().all(dim=1)
    ]
