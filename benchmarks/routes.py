"""Molecules by reactions: speed of walks, a search at equal calls, and a stock of 100,000 blocks.

Blocks and templates are those of SCENT's small setting (Gaiński et al. 2025, arXiv:2506.19865): 418 blocks
with prices and 112 templates with yields, at most 3 steps. The search maximises the published sEH proxy;
every method predicts the same number of distinct molecules, and beside the policy stand uniformly random
routes and a genetic search over routes. Speeds are per second of processor time on one thread, so that other
work on the machine decides little. `ASSAYFLOW_SCENT` names a checkout of github.com/koziarskilab/SCENT, whose
environment then walks beside ours. Its policy needs a build of deep graph library that no package index has,
and is not run.
"""

import csv
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from benchmarks.report import Report, run
from benchmarks.tables.catalogue import DATA, why_absent
from models.backtests.oracles.seh import SehProxy
from models.domains.molecules.chemistry.fingerprints import tanimoto
from models.domains.molecules.reactions.chemistry import Reactions
from models.domains.molecules.reactions.space import open_reactions
from models.domains.molecules.reactions.spec import ReactionsSpec, StockRow, UserTemplate
from models.domains.molecules.reactions.steps import StepKind
from models.domains.molecules.route_environment.routes import Routes
from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.genetic_operators import breed, build, complete, decompose
from models.gflownet.sampler import rollout_forward
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import Trainer
from models.metrics.sets import n_circles

PARTS = ("walks", "search", "scale")
BLOCKS = "building_blocks/scent_small"
FILES = ("fragments.txt", "fragment_to_real_cost.json", "templates.txt", "templates_yields.csv")
ARRAYS = "seh/seh_mpnn_proxy_params.npz"
CHECKOUT = "ASSAYFLOW_SCENT"
MAX_STEPS, MAX_ATOMS = 3, 50
BATCH, TOP, PARENTS = 64, 100, 100
GOOD, ALIKE = 6.0, 0.5
"""A mode is a molecule of at least this sEH value that is less similar than this to every better mode."""
BETA = 48.0
MANY = 100_000


def scent_reactions(max_steps: int = MAX_STEPS) -> Reactions:
    """Return SCENT's blocks and templates, compiled anew."""
    folder = DATA / BLOCKS
    prices = json.loads((folder / "fragment_to_real_cost.json").read_text())
    with (folder / "templates_yields.csv").open(newline="") as lines:
        yields = {_unspaced(row["Reaction"]): float(row["yield"]) for row in csv.DictReader(lines)}
    blocks = tuple(
        StockRow(smiles=text, price=prices.get(text))
        for text in (folder / "fragments.txt").read_text().split()
    )
    templates = tuple(
        UserTemplate(
            name=f"template {number}", smarts=line, conditions="", expected_yield=yields[_unspaced(line)]
        )
        for number, line in enumerate((folder / "templates.txt").read_text().splitlines(), start=1)
    )
    open_reactions.cache_clear()
    spec = ReactionsSpec(max_steps=max_steps, stock=blocks, templates=(), own_templates=templates)
    return open_reactions(spec, MAX_ATOMS)


def common_reactions() -> Reactions:
    """Return the common reactions on the list of commodity chemicals."""
    return open_reactions(ReactionsSpec(max_steps=MAX_STEPS), MAX_ATOMS)


def _unspaced(text: str) -> str:
    return "".join(text.split())


def timed(action: Callable[[], Any], seconds: float, n: int) -> float:
    """Return how many of the n things of an action are done in a second of processor time."""
    times, started = 0, time.process_time()
    while times == 0 or time.process_time() - started < seconds:
        action()
        times += 1
    return n * times / (time.process_time() - started)


def walks(report: Report, *, quick: bool) -> None:
    """Compare uniform random walks with the peer's, and tell what the common reactions cost."""
    seconds = 2.0 if quick else 8.0
    speeds: dict[str, float] = {}
    spaces: dict[str, Callable[[], Reactions]] = {
        "SCENT's templates, read from a list": scent_reactions,
        "the common reactions, tracked": common_reactions,
    }
    for name, make in spaces.items():
        figures = _walk_figures(Routes(make()), seconds, n_counted=8 if quick else 32)
        speeds[name] = figures["walks_per_second"]
        report.row(environment=name, **figures)
    if theirs := _peer_walks(report, seconds):
        report.row(environment="SCENT", walks_per_second=theirs, share_carried_out=None)
        ratio = speeds["SCENT's templates, read from a list"] / theirs
        report.claim("walks per second over SCENT's environment, same blocks and templates", ratio, ">=", 5.0)


def _walk_figures(environment: Routes, seconds: float, n_counted: int) -> dict[str, float]:
    """Return walks per second, carried out by RDKit, and molecules whose routes are counted per second."""
    generator = torch.Generator().manual_seed(0)
    ended: list[str] = []

    def walk() -> None:
        ended.extend(environment.objects(complete(environment, environment.reset(BATCH), generator)))

    walk()
    speed = timed(walk, seconds, BATCH)
    counted = [text for text in dict.fromkeys(ended) if text][:n_counted]
    return {
        "walks_per_second": speed,
        "share_carried_out": float(np.mean([bool(text) for text in ended])),
        "molecules_with_routes_counted_per_second": timed(
            lambda: [environment.reactions.routes(text) for text in counted], 0.0, len(counted)
        ),
    }


def _peer_walks(report: Report, seconds: float) -> float | None:
    """Return the walks per second in SCENT's environment; a note and None without a checkout."""
    if not (checkout := os.environ.get(CHECKOUT)):
        report.notes.append(f"SCENT's environment: skipped, {CHECKOUT} names no checkout")
        return None
    script = Path(__file__).parent / "peers" / "scent_walks.py"
    options = {"checkout": checkout, "data": DATA / BLOCKS, "steps": MAX_STEPS, "seconds": seconds}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    done = subprocess.run([sys.executable, str(script), *words], check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.strip().splitlines()[-1])["trajectories_per_second"])


@final
@dataclass
class Calls:
    """Predicts molecules once each, until there were `most`; counts routes that make nothing."""

    environment: Routes
    proxy: SehProxy
    most: int
    values: dict[str, float] = field(default_factory=dict)
    n_routes: int = 0
    n_failed: int = 0

    @property
    def is_over(self) -> bool:
        """Whether all calls are made."""
        return len(self.values) >= self.most

    def __call__(self, states: Tensor) -> Tensor:
        """Return the values [B] of final states [B, W]; 0 for what is no molecule or comes too late."""
        texts = self.environment.objects(states)
        self.n_routes += len(texts)
        self.n_failed += sum(not text for text in texts)
        new = [text for text in dict.fromkeys(texts) if text and text not in self.values]
        new = new[: self.most - len(self.values)]
        if new:
            self.values.update(zip(new, np.asarray(self.proxy(new)).tolist(), strict=True))
        return torch.tensor([self.values.get(text, 0.0) for text in texts])


def random_routes(calls: Calls, seed: int) -> None:
    """Spend the calls on uniformly random routes."""
    generator = torch.Generator().manual_seed(seed)
    while not calls.is_over:
        calls(complete(calls.environment, calls.environment.reset(BATCH), generator))


def genetic(calls: Calls, seed: int) -> None:
    """Spend the calls on children of the best routes so far."""
    environment, generator = calls.environment, torch.Generator().manual_seed(seed)
    states = complete(environment, environment.reset(2 * PARENTS), generator)
    known, values = states, calls(states)
    while not calls.is_over:
        best = values.argsort(descending=True, stable=True)[:PARENTS]
        known, values = known[best], values[best]
        rows = torch.randint(len(known), (2 * BATCH,), generator=generator)
        parents = decompose(environment, known[rows], generator)
        children = build(environment, breed(parents, environment.n_actions, generator), generator)
        fresh = ~torch.isin(environment.key(children), environment.key(known))
        known, values = torch.cat([known, children[fresh]]), torch.cat([values, calls(children[fresh])])


def policy(calls: Calls, seed: int, genetic_share: float = 0.0) -> None:
    """Spend the calls on the training of a policy."""

    def log_reward(states: Tensor, condition: Condition) -> Tensor:
        return condition.beta * calls(states) / 8

    steps = max(10, calls.most // 40)
    settings = TrainerSettings(steps=steps, first_estimate=128, genetic_share=genetic_share, steps_per_draw=1)
    trainer = Trainer(calls.environment, ConditionSampler((BETA, BETA), 1), log_reward, settings, seed)
    while not calls.is_over and trainer.steps_done < steps:
        trainer.step()


METHODS: Mapping[str, Callable[[Calls, int], None]] = {
    "random routes": random_routes,
    "genetic": genetic,
    "policy": policy,
    "policy with half genetic": lambda calls, seed: policy(calls, seed, 0.5),
}


def search(report: Report, *, quick: bool) -> None:
    """Compare methods that predict the same number of molecules."""
    most, seeds = (150, (0,)) if quick else (500, (0,))
    with np.load(DATA / ARRAYS) as arrays:
        proxy = SehProxy(arrays)
    found: dict[str, list[dict[str, float]]] = {}
    for seed in seeds:
        for name, method in METHODS.items():
            calls = Calls(Routes(scent_reactions()), proxy, most)
            started = time.process_time()
            method(calls, seed)
            speed = calls.n_routes / (time.process_time() - started)
            figures = _figures(calls)
            found.setdefault(name, []).append(figures)
            report.row(method=name, seed=seed, calls=len(calls.values), routes_per_second=speed, **figures)
    mean = {
        name: {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
        for name, rows in found.items()
    }
    for other in ("random routes", "genetic"):
        for figure in ("top_100", "modes"):
            gap = mean["policy with half genetic"][figure] - mean[other][figure]
            report.claim(f"{figure}, policy with half genetic less {other}", gap, ">=", 0.0)
    for figure in ("top_carried_out", "top_in_stock"):
        report.claim(f"{figure}, least of all", min(row[figure] for row in mean.values()), ">=", 1.0)


def _figures(calls: Calls) -> dict[str, float]:
    """Return what the predicted molecules are worth, and whether the best can be made."""
    best = sorted(calls.values, key=lambda text: -calls.values[text])
    good = [text for text in best if calls.values[text] >= GOOD][:1_000]
    fresh, listed = scent_reactions(), {block.smiles for block in calls.environment.reactions.stock.blocks}
    described = []
    for text in best[:TOP]:
        route = fresh.best_route(text)
        described.append(None if route is None or fresh.execute(route) != text else fresh.describe(route))
    made = [route for route in described if route is not None]
    costs = [route["cost"] for route in made if route["cost"] is not None]
    in_stock = [all(block["smiles"] in listed for block in route["blocks"]) for route in made]
    return {
        "best": calls.values[best[0]],
        "top_100": float(np.mean([calls.values[text] for text in best[:TOP]])),
        "modes": float(n_circles(np.asarray(tanimoto(good, good)), ALIKE)) if good else 0.0,
        "routes_carried_out": 1 - calls.n_failed / calls.n_routes,
        "top_carried_out": len(made) / len(described),
        "top_in_stock": float(np.mean(in_stock)) if in_stock else 0.0,
        "top_cost": float(np.mean(costs)) if costs else float("nan"),
        "top_steps": float(np.mean([len(route["steps"]) for route in made])) if made else float("nan"),
    }


def drawn_reactions(n_blocks: int, n_steps: int = 200, n_groups: int = 60) -> Any:
    """Return arrays in the shape of `Reactions` with random contents; nothing of it is chemistry."""
    rng = np.random.default_rng(0)
    counts = (rng.random((n_blocks, n_groups)) < 0.05).astype(np.int16)  # noqa: PLR2004 - a share
    needs = np.zeros((n_steps, n_groups), dtype=np.bool_)
    needs[np.arange(n_steps), rng.integers(0, n_groups, n_steps)] = True
    return SimpleNamespace(
        groups=tuple(f"group {number}" for number in range(n_groups)),
        templates=tuple(SimpleNamespace(name=f"template {number}") for number in range(n_steps)),
        stock=SimpleNamespace(
            blocks=tuple(SimpleNamespace(smiles=str(n), price=None) for n in range(n_blocks))
        ),
        steps=tuple(StepKind(number // 2, number % 2, number % 10 == 0) for number in range(n_steps)),
        counts=counts,
        needs=needs,
        forbids=np.zeros((n_steps, n_groups), dtype=np.bool_),
        partners=np.stack([counts[:, group] == 1 for group in rng.integers(0, n_groups, n_steps)]),
        change=-needs.astype(np.int16),
        is_tracked=np.ones(n_steps, dtype=np.bool_),
        heavy_atoms=rng.integers(4, 15, n_blocks).astype(np.int16),
        lost_atoms=np.full(n_steps, 2, dtype=np.int16),
        max_steps=MAX_STEPS,
        max_heavy_atoms=MAX_ATOMS,
        execute=str,
        routes=lambda _: (),
    )


def scale(report: Report, *, quick: bool) -> None:
    """Tell what a step of 64 walkers and a step of training cost with many blocks, without any chemistry."""
    for n_blocks in (1_000, 10_000) if quick else (1_000, 10_000, MANY):
        figures = _scale_figures(n_blocks)
        report.row(blocks=n_blocks, **figures)
    if not quick:
        name = "100,000 blocks: ms of a walking step of 64 walkers"
        report.claim(name, figures["ms_per_walking_step"], "<=", 100.0)


def _scale_figures(n_blocks: int) -> dict[str, float]:
    features = np.random.default_rng(0).normal(size=(n_blocks, 68)).astype(np.float32)
    environment = Routes(drawn_reactions(n_blocks), features)
    environment.has_aliases = False
    conditions = ConditionSampler((1.0, 8.0), 1)

    def log_reward(states: Tensor, condition: Condition) -> Tensor:
        return -condition.beta * environment.size(states)

    settings = TrainerSettings(steps=100, first_estimate=0, steps_per_draw=1)
    trainer = Trainer(environment, conditions, log_reward, settings, 0)
    condition, generator = conditions.sample(BATCH, trainer.generator), torch.Generator().manual_seed(0)

    def walk() -> int:
        return int(rollout_forward(trainer.policy, environment, condition, generator).time.max()) + 1

    walked = timed(walk, 2.0, walk())
    trainer.step()
    trained = timed(trainer.step, 2.0, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"ms_per_walking_step": 1e3 / walked, "ms_per_training_step": 1e3 / trained, "peak_mb": peak}


def measure(report: Report, quick: bool, parts: tuple[str, ...] = PARTS) -> None:  # noqa: FBT001 - as `run` calls it
    """Run the chosen parts."""
    torch.set_num_threads(1)
    absent = [why for path in (*(f"{BLOCKS}/{name}" for name in FILES), ARRAYS) if (why := why_absent(path))]
    report.notes += absent
    if "scale" in parts:
        scale(report, quick=quick)
    if "walks" in parts and not absent:
        walks(report, quick=quick)
    if "search" in parts and not absent:
        search(report, quick=quick)


if __name__ == "__main__":
    run("Molecules by reactions", measure, parts=PARTS)
