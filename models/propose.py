"""One round on one page: fit, train, sample, choose, explain. Knows no queue, no database and no HTTP.

Everything random comes from the seed: equal arguments give an equal proposal, whether or not the work was
interrupted and resumed from its checkpoint (bit for bit with one thread on one kind of processor; another may
round differently).
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from models.domains import open_domain
from models.messages.message import as_summary
from models.random_streams import stream
from models.records import Proposal
from models.rounds.artefact import attempted_objects, pack_artefact, provenance
from models.rounds.fitting.fit import fit
from models.rounds.reporting.batch_records import describe_batch, describe_reserves
from models.rounds.reporting.diagnosis import diagnose
from models.rounds.reporting.limitations import convergence_messages, reach, reach_messages
from models.rounds.reporting.stopping import stopping
from models.rounds.reporting.summary import (
    StageTimer,
    batch_messages,
    chosen_summary,
    json_safe,
    summary_of,
    told_sizes,
)
from models.rounds.sampling.candidate_pool import sample_candidates
from models.rounds.sampling.enumeration import list_space
from models.rounds.sampling.filters import CandidateFilter
from models.rounds.selecting.batch import select_batch
from models.rounds.selecting.best_of_list import keeping_best
from models.rounds.selecting.replicates import controls
from models.rounds.selecting.reserves import number_of_reserves
from models.rounds.training.base_measure import base_measure
from models.rounds.training.beta_range import choose_beta_range
from models.rounds.training.dual_ascent import DualAscent
from models.rounds.training.round_prior import makeable, round_prior
from models.rounds.training.state_reward import StateReward
from models.rounds.training.train import TrainingRun, build_trainer, check_sampler, shape_of_reward, train
from models.rounds.warm_start import digest, earlier_prior, warm_start
from models.safety import guardrails
from models.safety.screened_domain import ScreenedDomain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from models.gflownet.environment import Environment
    from models.gflownet.trainer import Trainer
    from models.messages.message import Message
    from models.records import CheckpointStore, History, ProgressCallback
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.training.base_measure import BaseMeasure
    from models.rounds.training.round_prior import RoundPrior
    from models.safety.hazard_lists import HazardList

MEANING = "8"
"""Of a checkpoint; to be raised when the same specification and data come to mean another reward or training
state."""


def propose(  # noqa: PLR0913 - each is one thing a round is given, and only the first four are needed
    spec: CampaignSpec,
    history: History,
    *,
    seed: int,
    report: ProgressCallback,
    checkpoint: CheckpointStore | None = None,
    device: str | None = None,
    hazards: Sequence[HazardList] = (),
    domain: Domain | None = None,
    start: bytes | None = None,
    is_diagnosed: bool = True,
) -> Proposal:
    """Return the batch of a round.

    As many distinct, new, allowed candidates as asked for, or why there are fewer. `report` hears the
    progress and what it raises stops the work; `checkpoint` keeps training across interruptions; `device`
    trains the policy; what `hazards` name is never proposed; `domain` stands in for the campaign's own;
    `start` is the artefact of an earlier round, from whose policy training begins where it can.
    Without `is_diagnosed` the summary lacks convergence and importance, and the batch its reserves: seconds
    saved where nobody reads them.

    Raises:
        HazardListError: if a hazard list about these objects cannot be used.
        HazardError: if something that one names came into the batch nevertheless.
    """
    stages = StageTimer(report)
    screened = ScreenedDomain(domain or open_domain(spec.domain), spec.domain, hazards)
    screened.assert_no_hazards(item.object for item in controls(screened, spec.batch.controls, ()))
    with stages.stage("fitting") as tick:
        environment = screened.environment(attempted_objects(history), device or "cpu")
        check_sampler(spec.sampler, environment)
        listing = list_space(spec, environment, is_diagnosed=is_diagnosed)
        fitted = fit(spec, screened, environment, history, seed, tick, n_listed=listing.n_scored)
        measure, prior = _before_reward(fitted, screened, environment, seed, start, tick)
    summary, messages = _before_training(fitted, history, screened, environment, seed)
    withheld = screened.withheld(attempted_objects(history))
    made_from = provenance(spec, screened, environment, history, seed, withheld) | {"start": digest(start)}
    if unsafe := guardrails.data_missing(fitted.model.proxies, spec.guardrails):
        return _nothing(summary, stages, [*messages, unsafe])
    with stages.stage("training") as tick:
        reward = StateReward(environment, fitted.reward, measure.prior(environment))
        compared = (spec, reward, fitted.measured, measure, stream(seed, "beta range"))
        betas = choose_beta_range(*compared, prior=prior.learned, is_described=is_diagnosed)
        summary["beta_range"] = betas.summary()
        trainer = _untrained(betas.applied(spec), reward, fitted, prior, seed)
        begun = warm_start(trainer, reward.multipliers, spec, start, made_from)
        training = TrainingRun(trainer, DualAscent(trainer, reward, stream(seed, "dual ascent")))
        curve = train(training, checkpoint, _identity(spec, summary, start), tick)
    with stages.stage("sampling") as tick:
        filters = CandidateFilter(fitted, history)
        given = (trainer, reward, filters, fitted, stream(seed, "sampling"), tick)
        pool = sample_candidates(*given, everything=listing.states, best=keeping_best(fitted, environment))
    with stages.stage("selecting"):
        n_reserves = number_of_reserves(spec.batch.size) if is_diagnosed else 0
        allowed = screened.exclude_hazards(history)
        batch = select_batch(pool, fitted, allowed, stream(seed, "selecting"), n_reserves)
        candidates = describe_batch(batch, pool, fitted, trainer, stream(seed, "densities"))
        reserves = describe_reserves(batch, pool, fitted, trainer, stream(seed, "reserves"))
        screened.assert_no_hazards(candidate.object for candidate in (*candidates, *reserves))
        chosen = pool.at([choice.row for choice in batch.choices])
        summary["stopping"] = stopping(fitted, history, chosen, stream(seed, "stopping"))
        if is_diagnosed:
            summary |= diagnose(fitted, trainer, reward, listing.space, stream(seed, "diagnosis"))
    summary |= {"start": begun.summary, "training": {"steps": trainer.steps_done, "loss": curve}}
    summary |= {"base_measure": told_sizes(measure, environment, pool, batch), "prior": prior.summary()}
    summary |= chosen_summary(fitted, batch, pool, filters, candidates)
    messages += [*begun.messages, *betas.messages(), *batch_messages(fitted, batch, pool, filters)]
    messages += convergence_messages(summary.get("convergence", ()), is_listed=bool(pool.stats.listed))
    messages += [*prior.messages(), *measure.messages(pool.stats.sizes, screened.sizes)]
    artefact = pack_artefact(fitted, trainer, made_from, screened, withheld, measure, prior=prior)
    summary |= as_summary(messages) | {"cost": stages.cost(fitted.reward.n_scored)}
    return Proposal(candidates, json_safe(summary), artefact, reserves)


def _before_reward(
    fitted: RoundModel,
    screened: ScreenedDomain,
    environment: Environment,
    seed: int,
    start: bytes | None,
    tick: Callable[[float, str], None],
) -> tuple[BaseMeasure, RoundPrior]:
    """Return what objects weigh before any reward: what is left of the base measure, and the prior."""
    tick(1.0, "counting the objects of each size")
    spec, measured = fitted.model.spec, fitted.measured
    measure = base_measure(spec, screened, environment, measured, stream(seed, "base measure"))
    kept = earlier_prior(start if spec.sampler.prior == "checkpoint" else None, environment)
    seeded = stream(seed, "prior")
    shown = makeable(measured, fitted.proposed)
    prior = round_prior(spec.sampler, environment, measure, shown, seeded, kept)
    return prior.left_of(measure), prior


def _before_training(
    fitted: RoundModel, history: History, screened: ScreenedDomain, environment: Environment, seed: int
) -> tuple[dict[str, Any], list[Message]]:
    """Return what a round says of its data, its models and its space, and its messages."""
    summary, messages = summary_of(fitted, history, str(environment.device), seed)
    reached = reach(environment, screened, fitted.measured, stream(seed, "reach"))
    found = {"hazard_lists": screened.provenance(), "reach": reached}
    # what was measured need not stand in a list; where objects are built, the builder should know it
    lines = reach_messages(reached) if environment.listed() is None else []
    return summary | found, [*messages, *lines]


_IDENTIFYING = ("data_digest", "seed", "device", "versions", "hazard_lists")
"""Parts of a summary on which a checkpoint depends."""


def _untrained(
    spec: CampaignSpec, reward: StateReward, fitted: RoundModel, prior: RoundPrior, seed: int
) -> Trainer:
    """Return the trainer of a round before its first step."""
    spec = fitted.settings.applied(spec)
    known = list(dict.fromkeys([*fitted.measured, *fitted.domain.starts()]))
    given = (spec.sampler, reward.environment, reward, shape_of_reward(spec), seed, known)
    return build_trainer(*given, prior=prior.learned)


def _nothing(summary: dict[str, Any], stages: StageTimer, messages: Sequence[Message]) -> Proposal:
    """Return an empty batch that says why, with the same counts as any other."""
    counts = {"sampled": 0, "unique": 0, "refused": {}, "allowed": 0, "chosen": 0}
    return Proposal((), json_safe(summary | counts | as_summary(messages) | {"cost": stages.cost(0)}))


def _identity(spec: CampaignSpec, summary: Mapping[str, Any], start: bytes | None) -> str:
    """Return a name of everything that a checkpoint depends on."""
    parts = [
        MEANING,
        spec.model_dump_json(),
        str(digest(start)),
        *(json.dumps(summary[key]) for key in _IDENTIFYING),
        *(str(summary["beta_range"][end]) for end in ("low", "high", "choice")),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
