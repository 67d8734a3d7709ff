"""One round on one page: fit, train, sample, choose, explain. Knows no queue, no database and no HTTP.

Everything random comes from the seed: equal arguments give an equal proposal (bit for bit with one thread), whether
or not the work was interrupted and resumed from its checkpoint.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from models import guardrail
from models.domains import open_domain
from models.records import Proposal
from models.rounds.accounting import Stages, diversity, shortfall, summary_of, unbounded
from models.rounds.choosing import choose
from models.rounds.explaining import explain
from models.rounds.fitting import fit
from models.rounds.gate import Gate
from models.rounds.sampling import draw_pool, log_partition
from models.rounds.training import StateReward, build_trainer, check_sampler, train

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.campaign import CampaignSpec
    from models.records import CheckpointStore, History, Report


def propose(
    spec: CampaignSpec,
    history: History,
    *,
    seed: int,
    report: Report,
    checkpoint: CheckpointStore | None = None,
    device: str | None = None,
) -> Proposal:
    """Return the batch of a round: as many distinct, new, allowed candidates as asked for, or why there are fewer.

    `report` hears the progress often and what it raises stops the work; `checkpoint` is where training is saved, and
    found again after an interruption; `device` is where the policy is trained.
    """
    stages = Stages(report)
    domain = open_domain(spec.domain)
    known = list(dict.fromkeys(result.object for result in history.measurements))
    with stages.stage("fitting") as tick:
        environment = domain.environment(known, device or "cpu")
        check_sampler(spec.sampler, environment)
        fitted = fit(spec, domain, environment, history, seed, tick)
    summary = summary_of(fitted, str(environment.device), history.digest(), seed)
    if unsafe := [rail.name for rail in spec.guardrails if not guardrail.is_bounded(fitted.beliefs.proxies, rail)]:
        return _nothing(summary, stages, unbounded(unsafe))
    with stages.stage("training") as tick:
        reward = StateReward(environment, fitted.reward)
        trainer = build_trainer(spec.sampler, environment, reward, len(spec.objectives), seed, fitted.measured)
        curve = train(trainer, checkpoint, _identity(spec, summary), tick)
    with stages.stage("sampling") as tick:
        gate = Gate(fitted, history)
        pool = draw_pool(trainer, reward, gate, spec.batch.size, seed + 1, tick)
    with stages.stage("selecting"):
        choices = choose(pool, fitted, spec.batch, seed + 2)
        candidates = explain(choices, pool, fitted, trainer, seed + 3)
        log_z = {f"{beta:g}": log_partition(trainer, reward, beta, seed + 4) for beta in spec.sampler.beta}
    summary["statements"] += shortfall(spec.batch.size, len(candidates), pool.n_sampled)
    summary |= {"training": {"steps": trainer.steps_done, "loss": curve}, "log_z": log_z, "refused": gate.counts()}
    summary |= {"sampled": pool.n_sampled, "unique": gate.n_unique, "allowed": len(pool.texts)}
    summary["diversity"] = diversity(domain, [candidate.object for candidate in candidates])
    summary |= {"chosen": len(candidates), "cost": stages.cost(fitted.reward.n_scored)}
    return Proposal(candidates, summary)


def _nothing(summary: dict[str, Any], stages: Stages, statement: str) -> Proposal:
    """Return an empty batch that says why, with the same counts as any other."""
    summary["statements"].append(statement)
    counts = {"sampled": 0, "unique": 0, "refused": {}, "allowed": 0, "chosen": 0}
    return Proposal((), summary | counts | {"cost": stages.cost(0)})


def _identity(spec: CampaignSpec, summary: Mapping[str, Any]) -> str:
    """Return a name of everything that a checkpoint depends on."""
    parts = [
        spec.model_dump_json(),
        *(json.dumps(summary[key]) for key in ("data_digest", "seed", "device", "versions")),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
