"""The last step of a round: every choice with its numbers in the campaign's units and one plain sentence.

Knows what was chosen and what was believed; decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.gflownet.sampler import log_probability
from models.proxies.choice import INTERVAL_90
from models.proxies.dataset import restored
from models.records import Nearest, Prediction, ProposedCandidate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.gflownet.trainer import Trainer
    from models.rounds.choosing import Choice
    from models.rounds.fitting import Fitted
    from models.rounds.sampling import Pool
    from models.specs import Objective, Transform


def explain(
    choices: Sequence[Choice], pool: Pool, fitted: Fitted, trainer: Trainer, seed: int
) -> tuple[ProposedCandidate, ...]:
    """Return the candidates in order of rank."""
    if not choices:
        return ()
    chosen = pool.at([choice.row for choice in choices])
    spec, reward = fitted.beliefs.spec, fitted.reward
    names = [objective.name for objective in spec.objectives]
    beta, preference = chosen.condition.beta, chosen.condition.preference
    generator = torch.Generator(device=trainer.environment.device).manual_seed(seed)
    log_pf = log_probability(trainer.policy, trainer.environment, chosen.states, chosen.condition, generator).tolist()
    log_reward = reward(chosen.texts, beta, preference).tolist()
    acquisition = reward.value(chosen.texts, preference.cpu()).tolist()
    nearest = _nearest(chosen.texts, fitted)
    computed = fitted.domain.properties(chosen.texts, list(fitted.domain.computed)) if fitted.domain.computed else {}
    candidates = []
    for row, choice in enumerate(choices):
        predictions = _predictions(chosen, row, fitted)
        candidates.append(
            ProposedCandidate(
                rank=row + 1,
                object=chosen.texts[row],
                predictions=predictions,
                computed={name: float(values[row]) for name, values in computed.items()},
                acquisition=acquisition[row],
                feasibility=float(chosen.feasibility[row]),
                guardrails={
                    rail.name: float(bound) for rail, bound in zip(spec.guardrails, chosen.bounds[row], strict=True)
                },
                beta=float(beta[row]),
                preference=dict(zip(names, preference[row].tolist(), strict=True)),
                log_reward=log_reward[row],
                log_pf=log_pf[row],
                nearest_measured=nearest[row],
                reason=reason(
                    choice,
                    spec.objectives,
                    predictions,
                    _neighbour(nearest[row], fitted),
                    float(chosen.feasibility[row]),
                ),
            )
        )
    return tuple(candidates)


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
