"""The last step of a round: every choice with its numbers in the campaign's units and one plain sentence.

Knows what was chosen and what was believed; decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from models.gflownet.sampler import log_probability
from models.proxies.choice import INTERVAL_90
from models.proxies.dataset import restored
from models.records import Nearest, Prediction, ProposedCandidate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.contract import Floats
    from models.gflownet.trainer import Trainer
    from models.rounds.choosing import Choice
    from models.rounds.fitting import Fitted
    from models.rounds.sampling import Pool
    from models.specs import Objective, Transform


@final
@dataclass(frozen=True, slots=True)
class Numbers:
    """What is told of every chosen object beside its predictions, row by row."""

    log_pf: list[float]
    log_reward: list[float]
    acquisition: list[float]
    nearest: list[Nearest | None]
    computed: Mapping[str, Floats]


def explain(
    choices: Sequence[Choice], pool: Pool, fitted: Fitted, trainer: Trainer, seed: int
) -> tuple[ProposedCandidate, ...]:
    """Return the candidates in order of rank."""
    if not choices:
        return ()
    chosen = pool.at([choice.row for choice in choices])
    condition, texts = chosen.condition, chosen.texts
    generator = torch.Generator(device=trainer.environment.device).manual_seed(seed)
    log_pf = log_probability(trainer.policy, trainer.environment, chosen.states, condition, generator)
    numbers = Numbers(
        log_pf=log_pf.tolist(),
        log_reward=fitted.reward(texts, condition.beta, condition.preference).tolist(),
        acquisition=fitted.reward.value(texts, condition.preference.cpu()).tolist(),
        nearest=_nearest(texts, fitted),
        computed=fitted.domain.properties(texts, list(fitted.domain.computed)) if fitted.domain.computed else {},
    )
    return tuple(_candidate(row, choice, chosen, numbers, fitted) for row, choice in enumerate(choices))


def _candidate(row: int, choice: Choice, chosen: Pool, numbers: Numbers, fitted: Fitted) -> ProposedCandidate:
    spec = fitted.beliefs.spec
    predictions = _predictions(chosen, row, fitted)
    feasibility = float(chosen.feasibility[row])
    nearest = numbers.nearest[row]
    names = [objective.name for objective in spec.objectives]
    return ProposedCandidate(
        rank=row + 1,
        object=chosen.texts[row],
        predictions=predictions,
        computed={name: float(values[row]) for name, values in numbers.computed.items()},
        acquisition=numbers.acquisition[row],
        feasibility=feasibility,
        guardrails={rail.name: float(bound) for rail, bound in zip(spec.guardrails, chosen.bounds[row], strict=True)},
        beta=float(chosen.condition.beta[row]),
        preference=dict(zip(names, chosen.condition.preference[row].tolist(), strict=True)),
        log_reward=numbers.log_reward[row],
        log_pf=numbers.log_pf[row],
        nearest_measured=nearest,
        reason=reason(choice, spec.objectives, predictions, _neighbour(nearest, fitted), feasibility),
    )


def _predictions(pool: Pool, row: int, fitted: Fitted) -> dict[str, Prediction]:
    """Return the prediction of every objective that something is known about."""
    beliefs = fitted.beliefs
    answers = {}
    for column, objective in enumerate(beliefs.spec.objectives):
        kind = objective.assay_type
        if kind is not None and beliefs.proxies.n_values[kind] == 0 and objective.range is None:
            continue
        belief = pool.objectives.at(column)
        mean, sd = float(belief.mean[row]), float(belief.predictive_sd[row])
        answers[objective.name] = predict(mean, sd, beliefs.transform(objective))
    return answers


def predict(mean: float, sd: float, transform: Transform) -> Prediction:
    """Return what an assay would report, in the objective's units, from a Gaussian belief on the modelled scale."""
    half = INTERVAL_90 * sd
    return Prediction(
        mean=restored(mean, transform),
        sd=sd,
        low=restored(mean - half, transform),
        high=restored(mean + half, transform),
    )


def _nearest(texts: Sequence[str], fitted: Fitted) -> list[Nearest | None]:
    measured = fitted.measured
    if not measured:
        return [None] * len(texts)
    similarity = fitted.domain.similarity(texts, measured)
    places = similarity.argmax(axis=1)
    return [Nearest(measured[place], float(similarity[row, place])) for row, place in enumerate(places)]


def _neighbour(nearest: Nearest | None, fitted: Fitted) -> str:
    if nearest is None:
        return "nothing has been measured yet"
    return (
        f"the nearest measured object is {fitted.domain.display(nearest.object)} (similarity {nearest.similarity:.2f})"
    )


def reason(
    choice: Choice,
    objectives: Sequence[Objective],
    predictions: Mapping[str, Prediction],
    neighbour: str,
    feasibility: float,
) -> str:
    """Return the one sentence that tells why this object was chosen."""
    told = [_told(objective, predictions.get(objective.name)) for objective in objectives]
    if choice.purpose == "explore":
        purpose = "chosen to explore: its values are among the least known"
    else:
        purpose = "chosen to exploit: among the most promising" + _trade_off(choice, objectives)
    doubt = f"; it can be made and measured with probability {feasibility:.0%}" if feasibility < 0.9 else ""  # noqa: PLR2004 - worth telling
    return f"Expected {', '.join(told)}; {purpose}; {neighbour}{doubt}."


def _told(objective: Objective, prediction: Prediction | None) -> str:
    if prediction is None:
        return f"{objective.name} unknown (no results yet)"
    units = f" {objective.units}" if objective.units else ""
    if objective.assay_type is None:
        return f"{objective.name} {prediction.mean:.3g}{units} (computed)"
    return (
        f"{objective.name} {prediction.mean:.3g}{units} (90 % between {prediction.low:.3g} and {prediction.high:.3g})"
    )


def _trade_off(choice: Choice, objectives: Sequence[Objective]) -> str:
    if len(objectives) == 1:
        return ""
    shares = [f"{objective.name} {share:.0%}" for objective, share in zip(objectives, choice.trade_off, strict=True)]
    return f" when weighing {' and '.join(shares)}"
