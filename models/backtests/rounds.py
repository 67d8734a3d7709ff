"""Our rounds as strategies: exhaustive over a table, or with a policy restricted to its objects.

Exhaustive scoring is the proper mode for an enumerable space: the fit, candidate filter and selection of any
round, with the whole table as sampling pool. Knows no other strategy.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, final

import torch

from models.backtests.contract import Choice, Strategy, untried
from models.backtests.table import TableDomain
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.sampler import sample
from models.inference.load import load_trained_campaign
from models.propose import propose
from models.random_streams import stream
from models.rounds.fitting.fit import fit
from models.rounds.reporting.candidate_records import predicted_values
from models.rounds.sampling.candidate_pool import SamplingStats, pool_of, proposal_conditions
from models.rounds.sampling.filters import CandidateFilter
from models.rounds.selecting.batch import select_batch
from models.specs.decisions import AcquisitionSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.backtests.contract import BacktestTask
    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from models.gflownet.environment import Environment
    from models.records import History, Proposal
    from models.rounds.fitting.fit import RoundModel

JUDGED = 4096
"""Objects evaluated per batch."""


def greedy(spec: CampaignSpec) -> CampaignSpec:
    """Return the specification of the greedy baseline: the best expected values alone."""
    acquisition = AcquisitionSpec(kind="upper_confidence_bound", kappa=0.0)
    batch = spec.batch.model_copy(update={"diversity": 0.0, "exploration": 0.0, "selector": "greedy"})
    return spec.model_copy(update={"acquisition": acquisition, "batch": batch})


def for_batch(spec: CampaignSpec, k: int) -> CampaignSpec:
    """Return the specification of a round of k new objects without replicates."""
    return spec.model_copy(
        update={"batch": spec.batch.model_copy(update={"size": k, "replicates": 0, "controls": ()})}
    )


def drawing(spec: CampaignSpec) -> CampaignSpec:
    """Return the specification of rounds that select from the policy's samples, even in a small space."""
    return spec.model_copy(update={"sampler": spec.sampler.model_copy(update={"exhaustive": False})})


@final
class Exhaustive(Strategy):
    """Score every untried object of the table, or use the sampler without a table.

    Args:
        change: applied to the campaign's specification first.
    """

    def __init__(self, change: Callable[[CampaignSpec], CampaignSpec] | None = None) -> None:
        self._change = change
        self._environment: Environment | None = None
        self._elsewhere = Generative(change)

    def needs_earlier_choices(self, task: BacktestTask) -> bool:
        """Return whether a policy is trained, from that of the choice before."""
        return task.objects is None and self._elsewhere.needs_earlier_choices(task)

    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
        """Return the batch of a round."""
        if task.objects is None:
            return self._elsewhere.choose(task, history, k, seed)
        spec = for_batch(self._change(task.spec) if self._change else task.spec, k)
        self._environment = self._environment or task.domain.environment([])
        fitted = fit(
            spec,
            task.domain,
            self._environment,
            history,
            seed,
            lambda _, message: task.tick(message),
            n_listed=len(task.objects),
        )
        return self.search(task, fitted, history, seed)

    def search(self, task: BacktestTask, fitted: RoundModel, history: History, seed: int) -> Choice:
        """Return the batch that fitted models lead to among the objects of a table."""
        spec = fitted.model.spec
        candidate_filter = CandidateFilter(fitted, history)
        names = untried(task, history)
        admitted = [names[row] for row in candidate_filter.filter_new(names)]
        everywhere = ConditionSampler((1.0, 1.0), len(spec.objectives))
        even = [1.0] * len(spec.objectives)
        parts = []
        for start in range(0, len(admitted), JUDGED):
            passed, _ = candidate_filter.filter_constraints(admitted[start : start + JUDGED])
            n = len(passed)
            parts.append((passed, torch.zeros(n, 0, dtype=torch.int64), everywhere.fixed(1.0, even, n)))
            task.tick(f"scored {start + n} objects")
        if not parts:
            return Choice(())
        pool = pool_of(parts, SamplingStats(0, 0, spec.batch.size, "nothing new"))
        batch = select_batch(pool, fitted, history, seed)
        chosen = tuple(pool.texts[item.row] for item in batch.choices)
        return Choice(chosen, len(admitted), predicted_values(chosen, fitted))


@final
class Generative(Strategy):
    """Run whole rounds, training a policy each time; with a table, it can only build the table's objects.

    A policy begins from that of the previous choice, unless `sampler.start_from` is `nothing`. The first one
    is always new: the policy of another campaign knows more than the replay may.

    Args:
        change: applied to the campaign's specification first.
        n_draws: objects drawn from the policy of the first round, at the conditions of a batch, beside it.
    """

    def __init__(
        self, change: Callable[[CampaignSpec], CampaignSpec] | None = None, n_draws: int = 0
    ) -> None:
        self._change = change
        self._n_draws = n_draws
        self._artefact: bytes | None = None

    def needs_earlier_choices(self, task: BacktestTask) -> bool:
        """Return whether a policy begins from that of the choice before."""
        return self._spec(task).sampler.start_from != "nothing"

    def _spec(self, task: BacktestTask) -> CampaignSpec:
        return self._change(task.spec) if self._change else task.spec

    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
        """Return the batch of a round."""
        spec = for_batch(self._spec(task), k)
        domain = task.domain
        if task.objects is not None:
            domain = TableDomain(task.domain, task.objects, is_restricted=True)
            spec = drawing(spec)
        proposal = propose(
            spec,
            history,
            seed=seed,
            report=lambda _stage, _share, message: task.tick(message),
            domain=domain,
            start=None if spec.sampler.start_from == "nothing" else self._artefact,
            is_diagnosed=False,
        )
        self._artefact = proposal.artefact or self._artefact
        predictions = {candidate.object: candidate.predictions for candidate in proposal.candidates}
        draws = () if history.forecasts else self._draws(proposal, (spec, domain, history, seed))
        return Choice(tuple(predictions), int(proposal.summary["cost"]["objects_scored"]), predictions, draws)

    def _draws(self, proposal: Proposal, given: tuple[CampaignSpec, Domain, History, int]) -> tuple[str, ...]:
        """Return objects of the round's policy; an impossible one is empty."""
        if not self._n_draws or proposal.artefact is None:
            return ()
        spec, domain, history, seed = given
        source = load_trained_campaign(
            spec,
            history,
            seed=seed,
            artefact=proposal.artefact,
            report=lambda _share, _message: None,
            domain=domain,
        ).source
        assert source is not None
        generator = torch.Generator().manual_seed(stream(seed, "draws"))
        condition = proposal_conditions(source.conditions, self._n_draws, 0.0, generator)
        drawn = sample(source.policy, source.environment, condition, self._n_draws, generator)
        return tuple(source.environment.objects(drawn.final_states))


STRATEGIES: dict[str, Callable[[], Strategy]] = {
    "assayflow": Exhaustive,
    "assayflow_generative": Generative,
    "greedy": partial(Exhaustive, greedy),
}
"""Our strategies.

`assayflow` scores a whole table if there is one and trains a policy otherwise;
`assayflow_generative` always trains a policy, restricted to the table's objects.
"""
