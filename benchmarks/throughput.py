"""Training trajectories per second: ours beside torchgfn and gfnx, then each domain with its real policy.

Protocol: trajectory balance, 4-D hypergrid of side 8 (R0 = 1e-3), MLP 2x256 with a learned backward policy
that shares the trunk, Adam, two threads, no exploration, metrics off; peers in their own processes,
interleaved with ours.

The row `ours` trains as the product does by default. The trajectories of four steps come from one rollout, so
some are from a policy up to three steps older. Large batches train in bfloat16 on processors that multiply it
faster. `fidelity --part ahead` and `--part precision` measure the cost in exact distance. The row `ours, as
the peers do` samples new rollouts for each step and computes in float32 throughout.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from benchmarks import peer
from benchmarks.report import Report, run
from models.domains import installed, open_domain
from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.environments.hypergrid import Hypergrid, hypergrid_log_reward
from models.gflownet.policy import PolicySpec
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import Trainer
from models.gflownet.trunks.contract import Precision

BATCHES = (16, 64, 256)
BARS = {"torchgfn": {16: 5.0, 64: 3.0, 256: 1.8}, "gfnx": {64: 1.0, 256: 1.0}}
AIMS = {"gfnx": {16: 1.0}}
SCRIPTS = {"torchgfn": "torchgfn_hypergrid.py", "gfnx": "gfnx_hypergrid.py"}
WARM_UP = 10
DIMENSIONS, SIDE, WIDTH = 4, 8, 256
USUAL = (TrainerSettings().steps_per_draw, PolicySpec().precision)
OURS: dict[str, tuple[int, Precision]] = {"ours": USUAL, "ours, as the peers do": (1, "float32")}
"""Our rows, by the number of steps that share a rollout, and the precision of training."""
LOSS_FLAGS = ("needs_groups", "needs_flow", "rewards_of")


def hypergrid_trainer(batch: int, seed: int, how: tuple[int, Precision]) -> Trainer:
    """Return our trainer on the peers' protocol, with this number of steps per rollout and this precision."""
    environment = Hypergrid(DIMENSIONS, SIDE)
    steps_per_draw, precision = how

    def log_reward(states: torch.Tensor, _: Condition) -> torch.Tensor:
        return hypergrid_log_reward(states[:, :-1], SIDE).float()

    settings = TrainerSettings(
        steps=100_000,
        trajectories_per_step=batch,
        steps_per_draw=steps_per_draw,
        policy=PolicySpec(width=WIDTH, depth=2, has_learned_backward=True, precision=precision),
        learning_rate=1e-3,
        log_z_learning_rate=1e-1,
        random_action_probability=0.0,
        measured_share=0.0,
        replay_share=0.0,
    )
    return Trainer(environment, ConditionSampler((1.0, 1.0), 1), log_reward, settings, seed)


def timed(action: Callable[[], Any], seconds: float) -> tuple[int, float]:
    """Repeat an action for about this many seconds; return the number of repeats and the time."""
    times, started = 0, time.perf_counter()
    while times == 0 or time.perf_counter() - started < seconds:
        action()
        times += 1
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return times, time.perf_counter() - started


def transitions_per_step(trainer: Trainer) -> float:
    """Return the mean number of transitions in one step's trajectories, over a few steps."""
    condition = trainer.conditions.sample(trainer.settings.trajectories_per_step, trainer.generator)
    arguments = trainer.policy, trainer.environment, condition, trainer.generator
    walk = trainer._behaviour.trajectories  # noqa: SLF001 - what a step does
    return statistics.mean(walk(*arguments).n_transitions for _ in range(5))


def sgemm_rate(seconds: float = 2.0, size: int = 2048) -> float:
    """Return this machine's single-precision matrix product rate, FLOP/s."""
    left, right = torch.rand(size, size), torch.rand(size, size)
    times, taken = timed(lambda: left @ right, seconds)
    return 2 * size**3 * times / taken


def ours(batch: int, seed: int, steps: int, seconds: float, how: tuple[int, Precision]) -> dict[str, float]:
    """Return trajectories per second and the FLOP/s of training's matrix products.

    Fresh trainers repeat the peers' first steps until the time is up, because trajectories grow longer in
    training.
    """
    n_steps, taken, flops = 0, 0.0, 0.0
    while taken < seconds:
        trainer = hypergrid_trainer(batch, seed + n_steps, how)
        trainer.run(WARM_UP)
        before = transitions_per_step(trainer)
        _, spent = timed(partial(trainer.run, steps), 0.0)
        weights = sum(p.numel() for p in trainer.policy.parameters() if p.dim() == 2)  # noqa: PLR2004 - matrices
        # Sampling runs one forward pass (2 FLOP per weight and state); training takes 6 for both passes.
        flops += 8 * weights * steps * (before + transitions_per_step(trainer)) / 2
        n_steps, taken = n_steps + steps, taken + spent
    return {"trajectories_per_second": batch * n_steps / taken, "flops": flops / taken}


def claims_of_ratios(report: Report, batch: int, median: dict[str, float], who: str) -> None:
    """Claim the speed of one of our two rows relative to the peers."""
    for name, bars in BARS.items():
        ratio = median[who] / median[name]
        if batch in bars:
            report.claim(f"{who} over {name}, batch {batch}", ratio, ">=", bars[batch])
        elif batch in AIMS.get(name, {}):
            report.claim(f"{who} over {name}, batch {batch} (aim)", ratio, ">=", AIMS[name][batch])


def against_peers(report: Report, *, quick: bool) -> None:
    """Report ours and the peers at every batch size, interleaved by seed, and the ratios of medians."""
    seconds, seeds, steps = (1.0, (0,), 20) if quick else (6.0, (0, 1, 2), 150)
    rate = sgemm_rate()
    for batch in BATCHES:
        speeds: dict[str, list[float]] = {}
        shares: dict[str, list[float]] = {}
        for seed in seeds:
            for who, how in OURS.items():
                mine = ours(batch, seed, steps, seconds, how)
                shares.setdefault(who, []).append(mine["flops"] / rate)
                speeds.setdefault(who, []).append(mine["trajectories_per_second"])
            for name, script in SCRIPTS.items():
                answer = peer.measure(name, script, batch=batch, seed=seed, steps=steps)
                speeds.setdefault(name, []).append(answer["trajectories_per_second"])
        median = {name: statistics.median(values) for name, values in speeds.items()}
        share = {who: statistics.median(values) for who, values in shares.items()}
        report.row(batch=batch, **median, **{f"share of sgemm, {who}": value for who, value in share.items()})
        for who in OURS:
            claims_of_ratios(report, batch, median, who)
            if batch == BATCHES[-1]:
                report.claim(f"{who}: share of sgemm rate, batch {batch}", share[who], ">=", 0.5)


def stage_seconds(trainer: Trainer, seconds: float) -> tuple[int, float, dict[str, float]]:
    """Time whole steps and their rollouts, rewards and losses; the rest is gradient and optimiser."""
    spent: dict[str, float] = {}

    def watch(name: str, action: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any) -> Any:
            started = time.perf_counter()
            answer = action(*arguments)
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - started
            return answer

        vars(watched).update({flag: getattr(action, flag) for flag in LOSS_FLAGS if hasattr(action, flag)})
        return watched

    behaviour = trainer._behaviour  # noqa: SLF001
    behaviour.trajectories = watch("sampling", behaviour.trajectories)  # type: ignore[method-assign]
    trainer._score = watch("reward", trainer._score)  # type: ignore[method-assign]  # noqa: SLF001
    trainer.loss = watch("loss", trainer.loss)  # type: ignore[assignment]
    times, taken = timed(trainer.step, seconds)
    return times, taken, spent


def per_domain(report: Report, *, quick: bool) -> None:
    """Report each domain's trajectories per second and stages' shares; its reward parses every object."""
    for kind, plugin in installed().items():
        fields, _ = max(plugin.examples, key=lambda example: len(str(example[0])))
        domain = open_domain(plugin.spec.model_validate(dict(fields)))
        for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
            environment = domain.environment([], device)
            name = next(iter(domain.computed))
            cache: dict[str, float] = {}

            def log_reward(states: torch.Tensor, condition: Condition) -> torch.Tensor:
                texts = environment.objects(states)  # noqa: B023 - used within this turn of the loop
                new = sorted({text for text in texts if text and text not in cache})  # noqa: B023
                cache.update(zip(new, domain.properties(new, [name])[name].tolist(), strict=True))  # noqa: B023
                values = torch.tensor([cache.get(text, 0.0) for text in texts], device=states.device)  # noqa: B023
                return condition.beta * torch.sigmoid(values / 100)

            settings = TrainerSettings(steps=100_000)
            conditions = ConditionSampler((1.0, 64.0), 2, device=device)
            trainer = Trainer(environment, conditions, log_reward, settings, seed=0)
            trainer.run(3)
            times, taken, spent = stage_seconds(trainer, 2.0 if quick else 15.0)
            shares = {stage: value / taken for stage, value in spent.items()}
            rest = 1.0 - sum(shares.values())
            speed = settings.trajectories_per_step * times / taken
            report.row(domain=kind, device=device, trajectories_per_second=speed, **shares, gradient=rest)


def measure(report: Report, quick: bool) -> None:  # noqa: FBT001 - the harness's signature
    """Fill the report."""
    against_peers(report, quick=quick)
    per_domain(report, quick=quick)


if __name__ == "__main__":
    run(__doc__.splitlines()[0], measure)
