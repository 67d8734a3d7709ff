"""The last step of a round: every choice with its numbers in the campaign's units and one plain sentence.

Knows what was chosen and what was believed; decides nothing. Letters: N objects, M objectives, G guardrails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from models import guardrail
from models.gflownet.sampler import log_probability
from models.proxies.dataset import restored
from models.records import Nearest, Prediction, ProposedCandidate
from models.rounds.reasons import Aim, reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from models.domains.contract import Floats
    from models.gflownet.trainer import Trainer
    from models.proxies.contract import Posterior
    from models.rounds.choosing import Batch, Choice
    from models.rounds.fitting import Fitted
    from models.rounds.repeating import Repeat
    from models.rounds.sampling import Pool
    from models.specs import Objective


@final
@dataclass(frozen=True, slots=True)
class Drawn:
    """How the policy came to an object: under which condition, how good it was for it and how likely."""

    beta: float | None = None
    preference: tuple[float, ...] = ()
    log_reward: float | None = None
    log_pf: float | None = None


NOT_DRAWN = Drawn()
"""Of an object that is measured again."""


@final
@dataclass(frozen=True, slots=True)
class Told:
    """What is told of N objects, row by row: aims, beliefs, bounds [N, G], acquisition [N] and where they lie."""

    texts: Sequence[str]
    aims: Sequence[Aim]
    drawn: Sequence[Drawn]
    objectives: Posterior
    feasibility: Tensor
    bounds: Tensor
    acquisition: Tensor
    inside: Sequence[bool | None]


@final
@dataclass(frozen=True, slots=True)
class Numbers:
    """What follows for N objects from their texts alone: intervals [N, types], neighbours, computed properties [N]."""

    low: Tensor
    high: Tensor
    nearest: Sequence[Nearest | None]
    computed: Mapping[str, Floats]


def explain(batch: Batch, pool: Pool, fitted: Fitted, trainer: Trainer, seed: int) -> tuple[ProposedCandidate, ...]:
    """Return the candidates in order of rank: the new ones, then what is measured again."""
    new = _new(batch, pool, fitted, trainer, seed) if batch.choices else ()
    again = _again(batch.repeats, fitted) if batch.repeats else ()
    parts = [part for part in (new, again) if part]
    candidates: list[ProposedCandidate] = []
    for told in parts:
        numbers = _numbers(told.texts, fitted)
        first = len(candidates) + 1
        candidates += [_candidate(row, told, numbers, fitted, first + row) for row in range(len(told.texts))]
    return tuple(candidates)


def _new(batch: Batch, pool: Pool, fitted: Fitted, trainer: Trainer, seed: int) -> Told:
    """Return what is told of the choices from the pool."""
    chosen = pool.at([choice.row for choice in batch.choices])
    condition, texts = chosen.condition, chosen.texts
    generator = torch.Generator(device=trainer.environment.device).manual_seed(seed)
    log_pf = log_probability(trainer.policy, trainer.environment, chosen.states, condition, generator).tolist()
    log_reward = fitted.reward(texts, condition.beta, condition.preference).tolist()
    shares = [tuple(row) for row in condition.preference.tolist()]
    inside = chosen.in_domain
    return Told(
        texts,
        [_aim(choice, is_space_filling=batch.is_space_filling) for choice in batch.choices],
        [Drawn(*row) for row in zip(condition.beta.tolist(), shares, log_reward, log_pf, strict=True)],
        chosen.objectives,
        chosen.feasibility,
        chosen.bounds,
        fitted.reward.value(texts, condition.preference.cpu()),
        [None] * len(texts) if inside is None else inside.tolist(),
    )


def _aim(choice: Choice, *, is_space_filling: bool) -> Aim:
    return Aim(choice.purpose, choice.trade_off, is_space_filling=is_space_filling)


def _again(repeats: Sequence[Repeat], fitted: Fitted) -> Told:
    """Return what is told of objects that are measured again: no policy drew them; all trade-offs weigh the same."""
    texts = [item.object for item in repeats]
    beliefs = fitted.beliefs
    assessed = beliefs.assess(texts)
    columns = [torch.zeros(len(texts), 0, dtype=torch.float64)]
    columns += [
        guardrail.bound(beliefs.proxies, rail, beliefs.limits(rail), assessed.features).unsqueeze(-1)
        for rail in beliefs.spec.guardrails
    ]
    n_objectives = len(beliefs.spec.objectives)
    even = torch.full((len(texts), n_objectives), 1.0 / n_objectives, dtype=torch.float64)
    inside = beliefs.applicability.is_inside(assessed.nearest).tolist()
    return Told(
        texts,
        [Aim(item.purpose, why=item.why) for item in repeats],
        [NOT_DRAWN] * len(texts),
        assessed.objectives,
        assessed.feasibility,
        torch.cat(columns, dim=1),
        fitted.reward.value(texts, even),
        [None] * len(texts) if beliefs.applicability.threshold is None else inside,
    )


def _numbers(texts: Sequence[str], fitted: Fitted) -> Numbers:
    beliefs = fitted.beliefs
    low, high = beliefs.proxies.interval(beliefs.features(texts))
    names = list(fitted.domain.computed)
    computed = fitted.domain.properties(texts, names) if names else {}
    return Numbers(low, high, _nearest(texts, fitted), computed)


def _candidate(row: int, told: Told, numbers: Numbers, fitted: Fitted, rank: int) -> ProposedCandidate:
    spec, drawn, aim, nearest = fitted.beliefs.spec, told.drawn[row], told.aims[row], numbers.nearest[row]
    text, feasibility, inside = told.texts[row], float(told.feasibility[row]), told.inside[row]
    predictions = _predictions(row, told, numbers, fitted)
    names = [objective.name for objective in spec.objectives]
    neighbour = _neighbour(text, nearest, fitted)
    return ProposedCandidate(
        rank=rank,
        object=text,
        predictions=predictions,
        computed={name: float(values[row]) for name, values in numbers.computed.items()},
        acquisition=float(told.acquisition[row]),
        feasibility=feasibility,
        guardrails={rail.name: float(bound) for rail, bound in zip(spec.guardrails, told.bounds[row], strict=True)},
        beta=drawn.beta,
        preference=dict(zip(names, drawn.preference, strict=True)) if drawn.preference else {},
        log_reward=drawn.log_reward,
        log_pf=drawn.log_pf,
        nearest_measured=nearest,
        reason=reason(aim, spec.objectives, predictions, neighbour, feasibility, is_outside=inside is False),
        purpose=aim.purpose,
        in_domain=inside,
    )


def _predictions(row: int, told: Told, numbers: Numbers, fitted: Fitted) -> dict[str, Prediction]:
    """Return the prediction of every objective that something is known about."""
    beliefs = fitted.beliefs
    answers = {}
    for column, objective in enumerate(beliefs.spec.objectives):
        kind, mean = objective.assay_type, float(told.objectives.mean[row, column])
        if kind is None:
            answers[objective.name] = _exact(mean, objective)
        elif beliefs.proxies.n_values[kind] > 0 or objective.range is not None:
            place, transform = beliefs.proxies.types.index(kind), beliefs.transform(objective)
            ends = (float(numbers.low[row, place]), float(numbers.high[row, place]))
            middle, low, high = (restored(value, transform) for value in (mean, *ends))
            answers[objective.name] = Prediction(middle, float(told.objectives.predictive_sd[row, column]), low, high)
    return answers


def _exact(value: float, objective: Objective) -> Prediction:
    """Return the value of a computed objective, which is known."""
    restored_value = restored(value, objective.transform)
    return Prediction(restored_value, 0.0, restored_value, restored_value)


def _nearest(texts: Sequence[str], fitted: Fitted) -> list[Nearest | None]:
    measured = fitted.measured
    if not measured:
        return [None] * len(texts)
    similarity = fitted.domain.similarity(texts, measured)
    places = similarity.argmax(axis=1)
    return [Nearest(measured[place], float(similarity[row, place])) for row, place in enumerate(places)]


def _neighbour(text: str, nearest: Nearest | None, fitted: Fitted) -> str:
    if nearest is None:
        return "nothing has been measured yet"
    if nearest.object == text:
        return "it has been measured before"
    return (
        f"the nearest measured object is {fitted.domain.display(nearest.object)} (similarity {nearest.similarity:.2f})"
    )
