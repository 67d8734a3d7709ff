"""What is told of objects, chosen, sampled or judged: their numbers in the campaign's units and the reason.

Knows beliefs, bounds and how the policy came to an object; not why anybody asks. Letters: N objects, M
objectives, G guardrails.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from models.data.tables import to_units
from models.gflownet.density import log_density
from models.messages.message import Message, message, records, texts
from models.records import (
    MatchedMeasured,
    NearestMeasured,
    ObjectPrediction,
    Prediction,
    ProposedCandidate,
)
from models.reward.combined import combined_interval
from models.rounds.reporting.reasons import SelectionReason, evidence_messages, reason
from models.rounds.sampling.evaluated import evaluate_objects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from models.domains.contract import Floats
    from models.proxies.contract import Posterior
    from models.reward.evaluation import CampaignModel
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.sampling.candidate_pool import CandidatePool, TrainedSampler
    from models.rounds.sampling.evaluated import EvaluatedObjects
    from models.rounds.sampling.filters import Refusal
    from models.specs.objectives import Objective


@final
@dataclass(frozen=True, slots=True)
class SamplingInfo:
    """How the policy came to an object: under which condition, how good it was for it and how likely."""

    beta: float | None = None
    preference: tuple[float, ...] = ()
    log_reward: float | None = None
    log_pf: float | None = None


NOT_SAMPLED = SamplingInfo()
"""Of an object that is measured again."""


@final
@dataclass(frozen=True, slots=True)
class CandidateTable:
    """N objects with why each was selected, how it was sampled, and the acquisition's value [N]."""

    objects: EvaluatedObjects
    reasons: Sequence[SelectionReason]
    sampled: Sequence[SamplingInfo]
    acquisition: Tensor
    n_estimated: int = 0
    """Objects whose `log_pf` is an estimate: there are too many ways to build them to count them out."""


MOST_COMPARED = 32
"""Most similar measured objects among which a matched pair is sought."""


@final
@dataclass(frozen=True, slots=True)
class Neighbours:
    """What was measured near an object: the most similar one, and one that differs by a single exchange."""

    nearest: NearestMeasured | None = None
    matched: MatchedMeasured | None = None


@final
@dataclass(frozen=True, slots=True)
class DerivedValues:
    """What follows for N objects from their texts alone.

    Means and intervals [N, types], neighbours, computed properties [N], alerts.
    """

    mean: Tensor
    low: Tensor
    high: Tensor
    neighbours: Sequence[Neighbours]
    computed: Mapping[str, Floats]
    alerts: Sequence[tuple[str, ...]]
    evidence: Sequence[Sequence[Message]] = ()
    """Whether predictions held there, where that was tested."""


def build_candidates(table: CandidateTable, fitted: RoundModel, first: int = 1) -> list[ProposedCandidate]:
    """Return N candidates, ranked from `first` in the order in which they come."""
    numbers = derived_values(table.objects.texts, fitted)
    return [_candidate(row, table, numbers, fitted, first + row) for row in range(len(table.objects))]


def candidate_table(
    pool: CandidatePool,
    reasons: Sequence[SelectionReason],
    fitted: RoundModel,
    source: TrainedSampler,
    seed: int,
) -> CandidateTable:
    """Return what is told of every object of a pool, each under the condition under which it was sampled."""
    condition, texts = pool.condition, pool.texts
    generator = torch.Generator(device=source.environment.device).manual_seed(seed)
    log_pf, is_exact = log_density(source.policy, source.environment, pool.states, condition, generator)
    log_reward = fitted.reward(texts, condition.beta, condition.preference, condition.function).tolist()
    shares = [tuple(row) for row in condition.preference.tolist()]
    return CandidateTable(
        pool.objects,
        reasons,
        [
            SamplingInfo(*row)
            for row in zip(condition.beta.tolist(), shares, log_reward, log_pf.tolist(), strict=True)
        ],
        fitted.reward.value(texts, condition.preference.cpu(), condition.function),
        n_estimated=int((~is_exact).sum()),
    )


def build_predictions(
    objects: EvaluatedObjects, rejections: Sequence[tuple[Refusal, ...]], fitted: RoundModel
) -> list[ObjectPrediction]:
    """Return the predictions of objects that a client brought, with what speaks against each.

    Preferences are even.
    """
    texts = objects.texts
    numbers = derived_values(texts, fitted)
    acquisition = fitted.reward.value(texts, even_preference(len(texts), fitted))
    return [
        ObjectPrediction(
            object=text,
            predictions=_predictions(row, objects.objectives, numbers, fitted),
            computed=_computed(row, numbers),
            acquisition=float(acquisition[row]),
            feasibility=float(objects.feasibility[row]),
            guardrails=_guardrails(row, objects.bounds, fitted),
            nearest_measured=numbers.neighbours[row].nearest,
            in_domain=objects.is_inside(row),
            refused=tuple(refusal.key for refusal in rejections[row]),
            messages=tuple(records(refusal.message for refusal in rejections[row])),
            alerts=numbers.alerts[row],
            matched_pair=numbers.neighbours[row].matched,
        )
        for row, text in enumerate(texts)
    ]


def predicted_values(texts: Sequence[str], fitted: RoundModel) -> dict[str, dict[str, Prediction]]:
    """Return the predictions of every objective of objects, by object."""
    if not texts:
        return {}
    objects, _ = evaluate_objects(fitted.model, texts)
    numbers = derived_values(texts, fitted)
    return {text: _predictions(row, objects.objectives, numbers, fitted) for row, text in enumerate(texts)}


def even_preference(n: int, fitted: RoundModel) -> Tensor:
    """Return n times the preference [n, M] that weighs all objectives the same."""
    n_objectives = len(fitted.model.spec.objectives)
    return torch.full((n, n_objectives), 1.0 / n_objectives, dtype=torch.float64)


def derived_values(texts: Sequence[str], fitted: RoundModel) -> DerivedValues:
    """Return what follows from texts alone."""
    model = fitted.model
    features = model.features(texts)
    mean = model.proxies.posterior(features).mean
    low, high = model.proxies.interval(features)
    reported = set(model.spec.reported())
    names = [name for name in fitted.domain.computed if name in reported]
    computed = fitted.domain.properties(texts, names) if names else {}
    alerts = [fitted.domain.alerts(text) for text in texts]
    evidence = evidence_messages(model.evidence, texts)
    return DerivedValues(mean, low, high, _neighbours(texts, fitted), computed, alerts, evidence)


def _candidate(
    row: int, table: CandidateTable, numbers: DerivedValues, fitted: RoundModel, rank: int
) -> ProposedCandidate:
    spec, objects = fitted.model.spec, table.objects
    sampled, selected, near = table.sampled[row], table.reasons[row], numbers.neighbours[row]
    text, feasibility, inside = objects.texts[row], float(objects.feasibility[row]), objects.is_inside(row)
    predictions = _predictions(row, objects.objectives, numbers, fitted)
    names = [objective.name for objective in spec.objectives]
    nearby = _nearby(text, near, fitted)
    nearby += numbers.evidence[row] if numbers.evidence else _outside(inside)
    reasons = reason(selected, spec.objectives, predictions, nearby, feasibility)
    alerts = numbers.alerts[row]
    reasons += [message("structural_alerts", alerts=list(alerts))] if alerts else []
    return ProposedCandidate(
        rank=rank,
        object=text,
        predictions=predictions,
        computed=_computed(row, numbers),
        acquisition=float(table.acquisition[row]),
        feasibility=feasibility,
        guardrails=_guardrails(row, objects.bounds, fitted),
        beta=sampled.beta,
        preference=dict(zip(names, sampled.preference, strict=True)) if sampled.preference else {},
        log_reward=sampled.log_reward,
        log_pf=sampled.log_pf,
        nearest_measured=near.nearest,
        reason=" ".join(texts(reasons)),
        purpose=selected.purpose,
        in_domain=inside,
        messages=tuple(records(reasons)),
        alerts=alerts,
        matched_pair=near.matched,
    )


def _computed(row: int, numbers: DerivedValues) -> dict[str, float]:
    """Return the computed properties that the object has."""
    values = {name: float(column[row]) for name, column in numbers.computed.items()}
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _guardrails(row: int, bounds: Tensor, fitted: RoundModel) -> dict[str, float]:
    rails = fitted.model.spec.guardrails
    return {rail.name: float(bound) for rail, bound in zip(rails, bounds[row], strict=True)}


def _predictions(
    row: int, believed: Posterior, numbers: DerivedValues, fitted: RoundModel
) -> dict[str, Prediction]:
    """Return the prediction of every objective that something is known about."""
    model = fitted.model
    answers = {}
    for column, objective in enumerate(model.spec.objectives):
        mean = float(believed.mean[row, column])
        if objective.computed is not None:
            if math.isfinite(mean):  # a control or somebody's own object may lack it
                answers[objective.name] = _exact(mean, objective)
        elif _is_known(column, model) and math.isfinite(mean):
            ends = _ends(row, column, mean, numbers, model)
            middle, low, high = (to_units(value, model.scales[column]) for value in (mean, *ends))
            answers[objective.name] = Prediction(
                middle, float(believed.predictive_sd[row, column]), low, high
            )
    return answers


def _is_known(column: int, model: CampaignModel) -> bool:
    """Return whether anything is known of a predicted objective: results of all it needs, or its range."""
    found, objective = model.combinations[column], model.spec.objectives[column]
    if found is not None:
        return all(model.proxies.n_values[kind] > 0 for kind, _ in found.measured)
    assert objective.assay_type is not None
    return model.proxies.n_values[objective.assay_type] > 0 or objective.range is not None


def _ends(
    row: int, column: int, mean: float, numbers: DerivedValues, model: CampaignModel
) -> tuple[float, float]:
    """Return the interval of one objective on its modelled scale."""
    found, objective = model.combinations[column], model.spec.objectives[column]
    if found is None:
        assert objective.assay_type is not None
        place = model.proxies.types.index(objective.assay_type)
        return float(numbers.low[row, place]), float(numbers.high[row, place])
    parts = {}
    for kind, _ in found.measured:
        place = model.proxies.types.index(kind)
        parts[kind] = (numbers.mean[row, place], numbers.low[row, place], numbers.high[row, place])
    low, high = combined_interval(found, torch.tensor(mean, dtype=torch.float64), parts)
    return float(low), float(high)


def _exact(value: float, objective: Objective) -> Prediction:
    """Return the value of a computed objective, which is known."""
    restored_value = to_units(value, objective.transform)
    return Prediction(restored_value, 0.0, restored_value, restored_value)


def _neighbours(texts: Sequence[str], fitted: RoundModel) -> list[Neighbours]:
    measured = fitted.measured
    if not measured:
        return [Neighbours()] * len(texts)
    similarity = fitted.domain.similarity(texts, measured)
    return [_neighbours_of(text, row, fitted) for text, row in zip(texts, similarity, strict=True)]


def _outside(inside: bool | None) -> list[Message]:  # noqa: FBT001 - what is known of one object
    return [message("outside_applicability_domain")] if inside is False else []


def _neighbours_of(text: str, similarity: Floats, fitted: RoundModel) -> Neighbours:
    """Return the neighbours of an object, by its similarities to what is measured [M]."""
    measured, place = fitted.measured, int(similarity.argmax())
    nearest = NearestMeasured(measured[place], float(similarity[place]))
    order = (-similarity).argsort(kind="stable")[:MOST_COMPARED]
    others = [measured[index] for index in order.tolist()]
    return Neighbours(nearest, None if text in others else fitted.domain.matched_pair(text, others))


def _nearby(text: str, near: Neighbours, fitted: RoundModel) -> list[Message]:
    """Return what is known near an object."""
    if near.nearest is None:
        return [message("nothing_measured")]
    if near.nearest.object == text:
        return [message("measured_before")]
    display = fitted.domain.display(near.nearest.object)
    lines = [message("nearest_measured", display=display, similarity=near.nearest.similarity)]
    if near.matched is not None:
        partner = fitted.domain.display(near.matched.object)
        lines.append(message("matched_pair", partner=partner, change=near.matched.change))
    return lines
