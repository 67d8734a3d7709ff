"""What a round wants, as a log-reward: beta times the scalarised, optimistic utility, plus the log of feasibility.

The one place where beta multiplies and where utilities become a reward. Knows beliefs and preferences; not the
training loop. Letters: N objects, M objectives. 0 is poor and 1 as good as hoped for on every utility.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from models.proxies.dataset import transformed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from models.acquisition.contract import Acquisition
    from models.beliefs import Beliefs
    from models.proxies.contract import Posterior
    from models.specs import Objective, Transform

    Scalarise = Callable[[Tensor, Tensor], Tensor]

LOG_FLOOR = -20.0
"""The least log-reward of an object that may be proposed."""
LOG_CEILING = 300.0
LEAST_PROBABILITY = 1e-4
AUGMENTATION = 0.05
QUANTILES = (0.05, 0.95)
"""Part of the known values that a learned range spans."""


@final
@dataclass(frozen=True, slots=True)
class Utility:
    """How the modelled values of one objective become utilities: `low` and `high` of its range map to 0 and 1.

    With a target, the utility is 1 there and falls to 0 at the farther end of the range.
    """

    low: float
    high: float
    direction: str
    target: float | None = None

    def moments(self, mean: Tensor, sd: Tensor) -> tuple[Tensor, Tensor]:
        """Return expectation and deviation [N] of the utility for Gaussian beliefs [N] about the value.

        The distance to a target is folded normal (Leone et al., Technometrics 3, 1961).
        """
        width = self.high - self.low
        if self.direction == "maximize":
            return (mean - self.low) / width, sd / width
        if self.direction == "minimize":
            return (self.high - mean) / width, sd / width
        assert self.target is not None
        reach = max(abs(self.target - self.low), abs(self.high - self.target))
        offset, spread = mean - self.target, sd.clamp_min(1e-12)
        ratio = offset / spread
        tail = torch.erf(ratio / math.sqrt(2))
        distance = spread * math.sqrt(2 / math.pi) * torch.exp(-0.5 * ratio.square()) + offset * tail
        variance = (offset.square() + spread.square() - distance.square()).clamp_min(0.0)
        return 1 - distance / reach, variance.sqrt() / reach


def utility(
    objective: Objective, transform: Transform, reference: Tensor, usual: tuple[float, float] | None = None
) -> Utility:
    """Return how an objective is normalised: by its own range, else the `usual` one, else modelled values [R].

    Raises:
        ValueError: if the range or target has no logarithm although the assay's values are modelled as log10.
    """
    target = None if objective.target is None else transformed(objective.target, transform)
    known = reference[reference.isfinite()]
    given = objective.range or usual
    if given is not None:
        low, high = (transformed(edge, transform) for edge in given)
    elif len(known) > 0:
        low, high = (float(known.quantile(q)) for q in QUANTILES)
    else:
        low, high = (-1.0, 1.0) if target is None else (target - 1.0, target + 1.0)
    if not low < high:
        low, high = low - 0.5, high + 0.5
    if math.isnan(low + high) or (target is not None and math.isnan(target)):
        raise ValueError(f"objective {objective.name!r}: range and target must be positive, its values are log10")
    return Utility(low, high, objective.direction, target)


def weighted_sum(utilities: Tensor, preference: Tensor) -> Tensor:
    """Return sum_m w_m u_m [N]: simple, but blind to the concave parts of a front."""
    return (utilities * preference).sum(dim=-1)


def augmented_chebyshev(utilities: Tensor, preference: Tensor) -> Tensor:
    """Return the augmented Chebyshev scalarisation [N] of utilities and preferences [N, M] (Steuer & Choo, 1983).

    1 - max_m l_m (1 - u_m) - rho sum_m l_m (1 - u_m), with l = w / max w, divided so that utilities of 0 give 0 and
    of 1 give 1 whatever the preference; with one objective it is the utility itself. Every point of a front, convex or
    not, is the best for some preference.
    """
    weights = preference / preference.amax(dim=-1, keepdim=True)
    lost = weights * (1 - utilities)
    scale = 1 + AUGMENTATION * weights.sum(dim=-1)
    return 1 - (lost.amax(dim=-1) + AUGMENTATION * lost.sum(dim=-1)) / scale


@final
class LogReward:
    """Scores objects by text; what does not depend on the condition is computed once for each object.

    An object without text (an invalid one, or an alias of another), one that breaks a rule and one whose computed
    objective does not exist get -inf. Values are rounded to six decimals, so that they do not depend on which
    objects happened to be scored together.
    """

    def __init__(
        self,
        beliefs: Beliefs,
        utilities: Sequence[Utility],
        acquisition: Acquisition,
        scalarise: Scalarise = augmented_chebyshev,
    ) -> None:
        self._beliefs = beliefs
        self._utilities = tuple(utilities)
        self._acquisition = acquisition
        self._scalarise = scalarise
        self._rows: dict[str, int] = {"": 0}
        self._known = torch.zeros(1, len(self._utilities) + 2, dtype=torch.float64)
        self._known[0, -1] = 1.0

    @property
    def n_scored(self) -> int:
        """How many distinct objects the proxies were asked about."""
        return len(self._rows) - 1

    def __call__(self, texts: Sequence[str], beta: Tensor, preference: Tensor) -> Tensor:
        """Return log-rewards [N] (float32) for inverse temperatures [N] and preferences [N, M]."""
        known = self._lookup(texts)
        value = self._scalarise(known[:, :-2], preference.to(known))
        log_reward = beta.to(known) * value + known[:, -2]
        log_reward = log_reward.clamp(LOG_FLOOR, LOG_CEILING)
        return log_reward.masked_fill(known[:, -1] > 0, -torch.inf).float().to(beta.device)

    def utilities(self, texts: Sequence[str]) -> Tensor:
        """Return the acquisition's score of each objective [N, M]."""
        return self._lookup(texts)[:, :-2]

    def value(self, texts: Sequence[str], preference: Tensor) -> Tensor:
        """Return the scalarised utilities [N]: what beta multiplies."""
        known = self._lookup(texts)[:, :-2]
        return self._scalarise(known, preference.to(known))

    def scores(self, objectives: Posterior) -> Tensor:
        """Return the acquisition's score [N, M] of beliefs about objectives."""
        return self._acquisition.score(*self._moments(objectives))

    def deviations(self, objectives: Posterior) -> Tensor:
        """Return how uncertain each utility is [N, M]."""
        return self._moments(objectives)[1]

    def _moments(self, objectives: Posterior) -> tuple[Tensor, Tensor]:
        columns = enumerate(self._utilities)
        moments = [item.moments(objectives.mean[:, i], objectives.sd[:, i]) for i, item in columns]
        mean, sd = (torch.stack(part, dim=-1) for part in zip(*moments, strict=True))
        return mean, sd

    def _lookup(self, texts: Sequence[str]) -> Tensor:
        """Return [N, M + 2]: scores, log feasibility, and 1 for what may not be proposed."""
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if new:
            rows = self._score(new)
            start = len(self._known)
            self._rows.update(zip(new, range(start, start + len(new)), strict=True))
            self._known = torch.cat([self._known, rows])
        return self._known[[self._rows[text] for text in texts]]

    def _score(self, texts: Sequence[str]) -> Tensor:
        assessment = self._beliefs.assess(texts)
        scores = self.scores(assessment.objectives)
        probabilities = torch.cat([assessment.feasibility.unsqueeze(-1), assessment.within], dim=1)
        log_feasibility = probabilities.clamp_min(LEAST_PROBABILITY).log().sum(dim=1)
        breaks_rules = torch.tensor([bool(self._beliefs.domain.check(text)) for text in texts])
        refused = breaks_rules | ~assessment.is_allowed | ~scores.isfinite().all(dim=1)
        scores = scores.masked_fill(refused.unsqueeze(-1), 0.0)
        rows = torch.cat([scores, log_feasibility.unsqueeze(-1), refused.unsqueeze(-1).to(scores)], dim=1)
        return rows.round(decimals=6)
