"""Rounds that begin from the policy of the round before, with three tenths of the steps, beside new policies.

Rounds: the strings 4^5 with a SIMULATED utility, a random additive field and one of neighbouring pairs. What
the models of a round believe is that truth and an error, a field of the same kind, which shrinks to 60 % of
itself with each round. Utilities are 0 at the 5 % quantile and 1 at the best. Every distribution is exact.

Campaign: the utility of another campaign is a field of its own, so that the policy only knows the space. The
new campaign takes an eighth of the steps.

Molecules: two rounds on ESOL, as in `benchmarks.latency`. The second knows the results of more molecules. It
is computed from a new policy and from the first one's. No exact distribution is known; the effective share
of importance weights and the divergence are of 256 trajectories at each end of the range of beta.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, final

import torch
from torch import Generator, Tensor

from benchmarks.exact.spaces import Landscape
from benchmarks.exact.training import Target, mean_and_half
from benchmarks.latency import BATCH, SEED, SPEC, TABLE, measured
from benchmarks.report import Report, run
from benchmarks.tables.catalogue import why_absent
from models.campaign.spec import CampaignSpec
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environments.strings import Strings
from models.gflownet.exact import enumerate_space, log_target, total_variation
from models.gflownet.policy import PolicySpec
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import Trainer
from models.propose import propose
from models.records import History, Proposal
from models.specs.sampler import WARM_SHARE

BETAS = (1.0, 8.0, 64.0)
ROUNDS = 4
LENGTH = 5
STEPS = 800
ERROR, SHRINKING = 0.6, 0.6
"""Standard deviation of the first round's error beside that of the truth, and what is left of it a round."""
NEW, SHORT, WARM = "new policy", "new policy, few steps", "begins from the earlier one"
KEPT = 1_000
SETTINGS = TrainerSettings(steps=STEPS, trajectories_per_step=32, policy=PolicySpec(width=64))
CONDITIONS = ConditionSampler((BETAS[0], BETAS[-1]), 1)


@final
class Fields:
    """Random utilities of the strings, each independent of the others."""

    def __init__(self, seed: int) -> None:
        self._generator = Generator().manual_seed(seed)
        self._space = enumerate_space(Strings("ACGT", LENGTH))
        self._letters = self._space.final_states[:, :LENGTH] - 1

    def draw(self) -> Tensor:
        """Return a field [X] of mean 0 and standard deviation 1."""
        places = torch.arange(LENGTH)
        single = torch.randn(LENGTH, 4, generator=self._generator, dtype=torch.float64)
        double = torch.randn(LENGTH - 1, 4, 4, generator=self._generator, dtype=torch.float64)
        field = single[places, self._letters].sum(dim=1)
        field += double[places[:-1], self._letters[:, :-1], self._letters[:, 1:]].sum(dim=1)
        return (field - field.mean()) / field.std()

    def target(self, field: Tensor) -> Target:
        """Return the target whose utility rises with a field [X]."""
        low, high = field.quantile(0.05), field.max()
        utility = ((field - low) / (high - low)).clamp_min(0.0)
        keys = self._space.environment.key(self._space.final_states)
        landscape = Landscape(f"strings 4^{LENGTH}", self._space, keys, utility.unsqueeze(1))
        return Target(landscape, lambda values, _: values[:, 0])


def trained(aim: Target, steps: int, seed: int, before: Trainer | None = None) -> Trainer:
    """Return a policy trained towards a target, from an earlier one if there is one."""
    trainer = aim.trainer(CONDITIONS, replace(SETTINGS, steps=steps), seed)
    if before is not None:
        trainer.begin_from(before.policy.state_dict(), before.best_states(KEPT), steps)
    trainer.run(steps)
    return trainer


def distances(aim: Target, trainer: Trainer) -> dict[str, float]:
    """Return the exact total variation at each inverse temperature."""
    return {
        f"TV, β = {beta:g}": total_variation(
            aim.log_probability(trainer, CONDITIONS.fixed(beta)),
            log_target(aim.exact(CONDITIONS.fixed(beta))),
        )
        for beta in BETAS
    }


def rounds_of(seed: int, steps: int) -> list[dict[str, Any]]:
    """Return a row per round and arm of one simulated campaign."""
    fields = Fields(seed)
    truth = fields.draw()
    beliefs = [truth + ERROR * SHRINKING**number * fields.draw() for number in range(ROUNDS)]
    before = trained(fields.target(beliefs[0]), steps, seed)
    rows = []
    for number in range(1, ROUNDS):
        aim, its_seed = fields.target(beliefs[number]), seed + 1000 * number
        few = round(steps * WARM_SHARE)
        arms = {
            NEW: trained(aim, steps, its_seed),
            SHORT: trained(aim, few, its_seed),
            WARM: trained(aim, few, its_seed, before),
        }
        likeness = float(torch.corrcoef(torch.stack(beliefs[number - 1 : number + 1]))[0, 1])
        told = {"round": number + 1, "correlation with the round before": likeness}
        rows += [
            {"policy": name, **told, "seed": seed, "steps": made.settings.steps, **distances(aim, made)}
            for name, made in arms.items()
        ]
        before = arms[WARM]
    return rows


def campaign_of(seed: int, steps: int) -> list[dict[str, Any]]:
    """Return a row per arm of a campaign that begins from one with an unlike objective."""
    fields = Fields(seed)
    before = trained(fields.target(fields.draw()), steps, seed)
    aim, its_seed, few = fields.target(fields.draw()), seed + 1000, steps // 8
    arms = {
        NEW: trained(aim, steps, its_seed),
        SHORT: trained(aim, few, its_seed),
        WARM: trained(aim, few, its_seed, before),
    }
    return [
        {"policy": name, "seed": seed, "steps": made.settings.steps, **distances(aim, made)}
        for name, made in arms.items()
    ]


def claims(report: Report, what: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Claim that warm starts come as near as new policies with all steps, by paired differences of seeds."""
    seeds = sorted({row["seed"] for row in rows})
    for beta in BETAS:
        key = f"TV, β = {beta:g}"

        def mean_of(arm: str, seed: int, key: str = key) -> float:
            found = [float(row[key]) for row in rows if row["policy"] == arm and row["seed"] == seed]
            return sum(found) / len(found)

        for other, relation in (
            (NEW, "as all steps of a new policy"),
            (SHORT, "as few steps of a new policy"),
        ):
            value, half = mean_and_half([mean_of(WARM, seed) - mean_of(other, seed) for seed in seeds])
            report.claim(f"{what}, β = {beta:g}: TV less {relation}", value, "<=", 0.0, half)


def simulated(report: Report, what: str, n_seeds: int, *, quick: bool) -> None:
    """Measure the rounds or the campaign of every seed, with one thread: the networks are small."""
    torch.set_num_threads(1)
    steps = 40 if quick else STEPS
    rows: list[dict[str, Any]] = []
    for seed in range(1 if quick else n_seeds):
        found = (rounds_of if what == "rounds" else campaign_of)(seed, steps)
        for row in found:
            report.row(**row)
        rows += found
    claims(report, what, rows)


def molecules(report: Report, n: int, steps: int, *, quick: bool) -> None:
    """Compute two rounds of molecules, the second from a new policy and from the first one's."""
    if absent := why_absent(TABLE):
        report.notes.append(absent)
        return
    torch.set_num_threads(1)
    n, steps = (60, 8) if quick else (n, steps)
    spec = CampaignSpec.model_validate(SPEC | {"sampler": {"steps": steps}})
    whole = measured(n + BATCH)
    texts = list(dict.fromkeys(item.object for item in whole.measurements))
    known = set(texts[:n])
    first = _round(spec, History(tuple(item for item in whole.measurements if item.object in known)))
    arms = {"new policy, round 1": first, NEW: _round(spec, whole), WARM: _round(spec, whole, first.artefact)}
    for name, proposal in arms.items():
        summary = proposal.summary
        seconds = summary["cost"]["seconds"]
        row: dict[str, Any] = {"policy": name, "molecules": n if proposal is first else n + BATCH}
        row |= {"seed": SEED, "steps": summary["training"]["steps"], "training, s": seconds["training"]}
        row |= {"all, s": sum(seconds.values())}
        for item in summary["convergence"]:
            row |= {
                f"effective share, β = {item['beta']:g}": item["effective_share"],
                f"KL, β = {item['beta']:g}": item["kl"],
            }
        report.row(**row)
    new, warm = arms[NEW].summary["convergence"], arms[WARM].summary["convergence"]
    for one, other in zip(warm, new, strict=True):
        report.claim(
            f"molecules, β = {one['beta']:g}: effective share over that of a new policy",
            one["effective_share"] / other["effective_share"],
            ">=",
            1.0,
        )
    report.notes.append(
        "logS is measured (ESOL); logP is a SIMULATED assay: Crippen's log P with a noise of 0.3"
    )


def _round(spec: CampaignSpec, history: History, start: bytes | None = None) -> Proposal:
    return propose(spec, history, seed=SEED, report=lambda *_: None, start=start)


def measure(
    report: Report,
    is_quick: bool,  # noqa: FBT001 - the harness' call
    parts: Sequence[str],
    seeds: float,
    known: float,
    steps: float,
) -> None:
    """Measure the chosen parts; `known` and `steps` are of the molecules."""
    for what in ("rounds", "campaign"):
        if what in parts:
            simulated(report, what, int(seeds), quick=is_quick)
    if "molecules" in parts:
        molecules(report, int(known), int(steps), quick=is_quick)


if __name__ == "__main__":
    run(
        "Rounds that begin from an earlier policy",
        measure,
        parts=("rounds", "campaign", "molecules"),
        seeds=5,
        known=500,
        steps=2000,
    )
