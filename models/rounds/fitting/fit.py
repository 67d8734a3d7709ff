"""The first step of a round: from the campaign's history to fitted beliefs and a log-reward.

Knows the specification, the domain and the results; not the policy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import torch

from models.campaign.round_settings import RoundSettings, Situation, round_settings
from models.data.derived import combined_values
from models.data.outliers import MOST_TOLD
from models.data.tables import relevant, success_rates, to_model_scale
from models.gflownet.genetic_operators import complete
from models.messages.message import Message, message
from models.metrics.past_predictions import past_predictions
from models.proxies.contract import Posterior, TrainingTable
from models.proxies.feasibility import fit_feasibility, unlearned
from models.proxies.guarded import ProxyError, guard
from models.proxies.intervals import BatchRecord
from models.proxies.model_selection import fit_best
from models.proxies.refit import refit
from models.proxies.registry import build_fallbacks, build_proxies
from models.proxies.selection_rules import SelectionSettings
from models.proxies.validation import HeldOut
from models.reward.applicability import applicability
from models.reward.evaluation import CampaignModel
from models.reward.log_reward import ObjectLogReward, log_reward
from models.reward.utility import fit_utility
from models.rounds.fitting.evidence import evidence_of, reliable_region
from models.rounds.fitting.inputs import FitInputs
from models.rounds.fitting.results import clean_results, flag_outliers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from models.campaign.spec import CampaignSpec
    from models.data.tables import MeasuredTable
    from models.data.utility import Utility
    from models.domains.contract import Domain
    from models.gflownet.environment import Environment
    from models.metrics.past_predictions import PastPrediction
    from models.proxies.feasibility import Feasibility
    from models.proxies.model_selection import SelectedProxies
    from models.proxies.reliability import Reliability
    from models.records import History
    from models.rounds.fitting.results import CleanedResults
    from models.specs.objectives import Objective

ENOUGH_OBJECTS = 20
"""Measured objects that tell the usual range of a computed property."""
RANDOM_WALKS = 256


@final
@dataclass(frozen=True, slots=True)
class RoundModel:
    """What the rest of the round needs of the data."""

    domain: Domain
    model: CampaignModel
    reward: ObjectLogReward
    table: MeasuredTable
    attempted: dict[str, float]
    """Every object somebody tried to make or measure, with the share of attempts that gave a result."""
    reading: CleanedResults
    n_listed: int | None = None
    """Objects of the space where all are scored; None where they are sampled."""
    proposed: frozenset[str] = frozenset()
    """Objects that earlier rounds predicted as candidates."""

    @property
    def settings(self) -> RoundSettings:
        """The settings of the round, with nothing left open."""
        return round_settings(self.model.spec, Situation(self.n_listed, len(self.table.objects)))

    @property
    def measured(self) -> list[str]:
        """Objects with at least one result."""
        return [name for name, share in self.attempted.items() if share > 0]

    def messages(self) -> list[Message]:
        """Return what a reader of the round should know of its results."""
        failures = self.model.proxies.failures.items()
        failed = [message("proxy_failed", proxy=name, error=reason) for name, reason in failures]
        return [*failed, *self.reading.messages()]

    def summary(self) -> dict[str, Any]:
        """Return counts and scores as plain JSON."""
        proxies = self.model.proxies.summary()
        for kind in self.table.types:
            proxies[kind] |= self.reading.of_type(kind)
        return {
            "proxies": proxies,
            "failed_proxies": self.model.proxies.failures,
            "cold_start": [kind for kind, counts in self.table.counts.items() if counts["objects"] == 0],
            "feasibility": {
                "learned": self.model.feasibility.is_learned,
                "objects": len(self.attempted),
                "failed": sum(share == 0 for share in self.attempted.values()),
                "by_kind": dict(self.reading.failures),
            },
            "outliers": [outlier.summary() for outlier in self.reading.outliers[:MOST_TOLD]],
            "n_outliers": len(self.reading.outliers),
            "applicability": self.model.applicability.summary(),
        }


def fit(  # noqa: PLR0913 - each is one thing that a round learns from
    spec: CampaignSpec,
    domain: Domain,
    environment: Environment,
    history: History,
    seed: int,
    tick: Callable[[float, str], None],
    *,
    n_listed: int | None = None,
) -> RoundModel:
    """Return the fitted models of the round; `tick` hears the share done and what is being done.

    The environment only serves as a source of random objects when nothing else tells the range of an
    objective. `n_listed` is the number of objects of a space that are all scored, None where they are
    sampled.
    """
    given = FitInputs(spec, domain, environment, history, seed, n_listed)
    tick(0.0, "reading the results")
    reading = clean_results(spec, domain, history.measurements, seed)
    training = _training_table(spec, domain, reading.table)
    reading = flag_outliers(reading, spec, domain, training, seed)
    competing = build_proxies(domain.kernel, given.settings(reading.table).kinds, training)
    proxies = fit_best(
        training,
        competing,
        seed=seed,
        tick=lambda share, message: tick(0.9 * share, message),
        settings=_settings(given, reading.table.objects, training),
        spare=build_fallbacks(domain.kernel, competing),
    )
    every = competing | build_fallbacks(domain.kernel, competing)
    reliability = reliable_region(given, reading.table, training, proxies, every)
    return _assemble(given, reading, proxies, tick, reliability)


def refit_model(
    given: FitInputs,
    kept: Mapping[str, Mapping[str, Posterior]],
    failures: Mapping[str, str],
    tick: Callable[[float, str], None],
    reliability: Mapping[str, Reliability] | None = None,
) -> RoundModel:
    """Return what `fit` returned to an earlier round, without cross-validation and outlier detection.

    Args:
        given: the same as then.
        kept: `held_out()` of its proxies.
        failures: of its proxies; they are not tried again.
        tick: hears the share done and what is being done.
        reliability: of the round; None where it had none.

    Raises:
        OtherResultsError: if `kept` is of other results.
    """
    tick(0.0, "reading the results")
    spec, domain = given.spec, given.domain
    reading = clean_results(spec, domain, given.history.measurements, given.seed)
    training = _training_table(spec, domain, reading.table)
    tick(0.3, "fitting the proxies")
    competing = build_proxies(domain.kernel, given.settings(reading.table).kinds, training)
    spare = build_fallbacks(domain.kernel, competing)
    competing |= {name: proxy for name, proxy in spare.items() if name in kept}
    settings = _settings(given, reading.table.objects, training)
    proxies = refit(training, competing, kept, seed=given.seed, settings=settings, failures=failures)
    return _assemble(given, reading, proxies, tick, reliability)


def _assemble(
    given: FitInputs,
    reading: CleanedResults,
    proxies: SelectedProxies,
    tick: Callable[[float, str], None],
    reliability: Mapping[str, Reliability] | None,
) -> RoundModel:
    """Return all that follows from fitted proxies."""
    spec, domain, seed = given.spec, given.domain, given.seed
    environment, history = given.environment, given.history
    attempted = success_rates(relevant(history.measurements, spec.quantities()))
    try:
        feasibility = guard(lambda: _feasibility(domain, reading.feasible, seed))
    except ProxyError as error:
        feasibility = unlearned()
        note = message("feasibility_not_learned", error=str(error))
        reading = replace(reading, failures_of_models=(*reading.failures_of_models, note))
    tick(1.0, "fitted the proxies")
    measured = [name for name, share in attempted.items() if share > 0]
    settings = given.settings(reading.table)
    near = applicability(settings.min_similarity, domain, measured, settings.similarity_window)
    evidence = evidence_of(domain, reading.table, reliability)
    model = CampaignModel(spec, domain, proxies, feasibility, near, evidence)
    utilities = [_utility(objective, model, reading.table, environment) for objective in spec.objectives]
    reward = log_reward(
        model, utilities, measured, lambda: random_objects(environment), seed, history.pending
    )
    proposed = frozenset(forecast.object for forecast in history.forecasts)
    return RoundModel(domain, model, reward, reading.table, attempted, reading, given.n_listed, proposed)


def _settings(given: FitInputs, objects: Sequence[str], table: TrainingTable) -> SelectionSettings:
    """Return how proxies are chosen and intervals are made, with the record of earlier batches."""
    spec = given.spec.proxies
    record = {
        kind: _record(rows, objects, table.known[:, table.types.index(kind)])
        for kind, rows in past_predictions(given.spec, given.history).items()
        if rows
    }
    return SelectionSettings(spec.intervals, spec.selection, record, is_corrected=given.is_corrected)


def _record(rows: Sequence[PastPrediction], objects: Sequence[str], known: Tensor) -> BatchRecord:
    """Return what earlier batches met; `known` [N] (bool) are the objects with held-out values."""
    columns = torch.tensor([[row.mean, row.sd, row.lower, row.upper] for row in rows], dtype=torch.float64)
    mean, sd, lower, upper = columns.unbind(dim=1)
    exact = lower == upper
    values = lower.masked_fill(~exact, torch.nan)
    lower, upper = (edge.masked_fill(exact, torch.nan) for edge in (lower, upper))
    held_out = [text for text, is_known in zip(objects, known.tolist(), strict=True) if is_known]
    place = {text: index for index, text in enumerate(held_out)}
    places = torch.tensor([place.get(row.object, -1) for row in rows])
    return BatchRecord(HeldOut(Posterior(mean, sd, torch.zeros_like(sd)), values, lower, upper), places)


def _training_table(spec: CampaignSpec, domain: Domain, table: MeasuredTable) -> TrainingTable:
    believed = torch.tensor(
        [_prior_location_scale(spec, kind) for kind in table.types], dtype=torch.float64
    ).reshape(-1, 2)
    return TrainingTable(
        types=table.types,
        features=torch.from_numpy(domain.features(table.objects)).to(torch.float64),
        values=torch.from_numpy(table.values),
        noise=torch.from_numpy(table.noise),
        lower=torch.from_numpy(table.lower),
        upper=torch.from_numpy(table.upper),
        centers=believed[:, 0],
        scales=believed[:, 1],
    )


def _prior_location_scale(spec: CampaignSpec, kind: str) -> tuple[float, float]:
    """Return centre and deviation of a type's values before any is known.

    Of its objective's range, if it has one.
    """
    for objective in spec.objectives:
        if objective.assay_type == kind and objective.range is not None:
            low, high = (to_model_scale(edge, spec.transform_of(objective)) for edge in objective.range)
            if math.isfinite(low + high):
                return (low + high) / 2, (high - low) / 2
    return 0.0, 1.0


def _feasibility(domain: Domain, feasible: Mapping[str, float], seed: int) -> Feasibility:
    features = torch.from_numpy(domain.features(list(feasible))).to(torch.float64)
    shares = torch.tensor(list(feasible.values()), dtype=torch.float64)
    return fit_feasibility(features, shares, domain.kernel, seed=seed, n_amounts=domain.n_amounts)


def _utility(
    objective: Objective, model: CampaignModel, table: MeasuredTable, environment: Environment
) -> Utility:
    """Return an objective's normalisation, from what is known of its values."""
    transform = model.spec.transform_of(objective)
    if objective.assay_type is not None:
        values = torch.from_numpy(table.values[:, table.types.index(objective.assay_type)])
        return fit_utility(objective, transform, values)
    found = model.spec.combination_of(objective)
    if found is not None:
        return fit_utility(
            objective, transform, torch.from_numpy(combined_values(found, table, model.domain.properties))
        )
    assert objective.computed is not None
    usual = model.domain.computed[objective.computed].range
    if usual is not None and transform == "log10" and usual[0] <= 0:
        usual = None
    if objective.range is not None or usual is not None:
        return fit_utility(objective, transform, torch.empty(0), usual)
    texts = list(table.objects) if len(table.objects) >= ENOUGH_OBJECTS else random_objects(environment)
    values = torch.from_numpy(model.domain.properties(texts, [objective.computed])[objective.computed])
    return fit_utility(objective, transform, values if transform == "none" else values.log10())


def random_objects(environment: Environment) -> list[str]:
    """Return the distinct objects of a few hundred uniformly random walks, always the same ones."""
    generator = torch.Generator(device=environment.device).manual_seed(0)
    states = complete(environment, environment.reset(RANDOM_WALKS), generator)
    return [text for text in dict.fromkeys(environment.objects(states)) if text]
