"""Trunks and encodings of the policy: exact total variation at equal seconds and at equal steps.

Sequences: DNA 8-mers with the measured binding of TFBind8, and words of 8 over 4 letters under a planted rule
of neighbours (pairs that are forbidden) with two motifs that may stand anywhere. Molecules: every tree of at
most 4 fragments and 15 heavy atoms out of 11 fragments, with a smooth function of Morgan counts and
descriptors. `earlier` is the encoding before substitution patterns: counts of fragments and sites, with
pseudo-random signs of the hashes of states and sites. Seconds are processor time of one thread, so that other
work on the machine does not decide.
"""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.exact.spaces import Landscape, tfbind8
from benchmarks.exact.targets import TFBIND8
from benchmarks.exact.training import Target, fit, mean_and_half, side_by_side, train_for
from benchmarks.report import Report, run
from benchmarks.tables.catalogue import why_absent
from models.domains.molecules.domain import Molecules
from models.domains.molecules.environment import encoding
from models.domains.molecules.environment.fragment_trees import FragmentTrees
from models.domains.molecules.fragments.rules import RULES
from models.domains.molecules.fragments.vocabulary import compile_fragments
from models.domains.molecules.spec import MoleculesSpec
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environment import Environment
from models.gflownet.environments.strings import Strings
from models.gflownet.exact import enumerate_space
from models.gflownet.policy import PolicySpec
from models.gflownet.settings import TrainerSettings

PARTS = ("sequences", "molecules", "siblings")
SEEDS = (101, 102, 103, 104, 105)
MLP = PolicySpec(width=256, depth=2)
TRANSFORMER = PolicySpec(trunk="transformer", width=64, depth=2)
TRAINING = TrainerSettings(measured_share=0.0, replay_share=0.5, replay_capacity=65_536)
FRAGMENTS = (
    "[*]c1ccc([*])cc1",
    "[*]c1cc([*])cc([*])c1",
    "[*]C([*])=O",
    "[*]N[*]",
    "[*]O[*]",
    "[*]C1CC1",
    "[*]c1ccncc1",
    "[*]c1ccccn1",
    "[*]C[*]",
    "[*]OC",
    "[*]N1CCN([*])CC1",
    "[*]c1c[nH]cn1",
    "[*]CC",
)
PLANTED_SEED = 7
FORBIDDEN = 0.3
"""Share of the pairs of neighbours, and what each costs in value."""
BETAS = {"sequences": (4.0, 32.0), "molecules": (4.0, 32.0)}


class Variant(NamedTuple):
    """A policy, and the encoding that it reads."""

    policy: PolicySpec
    encoding: str = "as it is"


SEQUENCES = {
    "perceptron": Variant(MLP),
    "perceptron, place-free features": Variant(MLP, "place-free"),
    "transformer": Variant(TRANSFORMER),
}
MOLECULES = {
    "perceptron, earlier encoding": Variant(MLP, "earlier"),
    "perceptron, patterns and hashes": Variant(MLP),
    "perceptron, patterns alone": Variant(MLP, "patterns"),
    "message passing, neither": Variant(replace(MLP, trunk="message_passing"), "neither"),
}


class TrunkRun(NamedTuple):
    """One training run, as sent to another process: of so many steps, or of so many seconds."""

    space: str
    variant: str
    steps: int
    seconds: float
    seed: int


@cache
def planted(*, is_place_free: bool) -> Landscape:
    """Return all words of 8 over 4 letters; each forbidden pair costs .3, and two motifs are to be had."""
    environment = Strings("ACGT", 8, is_place_free=is_place_free)
    space = enumerate_space(environment)
    letters = space.final_states[:, :-1] - 1  # [X, 8]
    generator = torch.Generator().manual_seed(PLANTED_SEED)
    is_forbidden = (torch.rand(4, 4, generator=generator) < FORBIDDEN).fill_diagonal_(fill_value=False)
    motifs = torch.randint(4, (2, 3), generator=generator)
    n_forbidden = is_forbidden[letters[:, :-1], letters[:, 1:]].sum(dim=1)
    windows = letters.unfold(1, 3, 1)  # [X, 6, 3]
    found = torch.stack([(windows == motif).sum(dim=2).amax(dim=1) / 3 for motif in motifs], dim=1)
    values = torch.where(n_forbidden > 0, -FORBIDDEN * n_forbidden.double(), found.double().prod(dim=1))
    return Landscape("planted", space, environment.key(space.final_states), values.unsqueeze(1))


@cache
def dna(*, is_place_free: bool) -> Landscape:
    """Return the 8-mers of TFBind8 under an encoding."""
    measured = tfbind8()
    environment = Strings("ACGT", 8, is_place_free=is_place_free)
    space = enumerate_space(environment)
    return Landscape("TFBind8", space, environment.key(space.final_states), measured.values)


def _molecules() -> Molecules:
    return Molecules(MoleculesSpec.model_validate({}))


@cache
def trees() -> Landscape:
    """Return the trees of the fragments, with values between 0 and 1."""
    environment = FragmentTrees(compile_fragments(FRAGMENTS), 4, 15)
    space = enumerate_space(environment)
    features = _molecules().features(environment.objects(space.final_states))
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    weights = np.random.default_rng(5).normal(size=features.shape[1]) / features.shape[1] ** 0.5
    values = torch.as_tensor(1 / (1 + np.exp(-2 * features @ weights)))
    return Landscape("trees", space, environment.key(space.final_states), values.unsqueeze(1))


def encoded(environment: FragmentTrees, kind: str) -> Environment:
    """Return the environment with an encoding of its own.

    `earlier` has signs of hashes and no patterns, `patterns` the reverse, and `neither` none of both.
    """
    if kind == "as it is":
        return environment
    n_environments = len(RULES[environment.fragments[0].rules].names)
    view, parts = copy.copy(environment), encoding.columns(len(environment.fragments), n_environments)
    kept = torch.ones(environment.encoding_width, dtype=torch.bool)
    kept_slots = torch.ones(environment.slot_width, dtype=torch.bool)
    if kind in {"earlier", "neither"}:
        kept[parts["patterns"]] = False
        kept_slots[encoding.SLOT_PATTERNS] = False
    if kind in {"patterns", "neither"}:
        kept[parts["signs of the state"]] = False
        kept[parts["signs of the pointed site"]] = False
        kept_slots[encoding.SLOT_SIGNS] = False
    view.encoding_width, view.slot_width = int(kept.sum()), int(kept_slots.sum())
    changed: dict[str, Callable[[Tensor], Tensor]] = {
        "encode": lambda states: environment.encode(states)[:, kept],
        "encode_slots": lambda states: environment.encode_slots(states)[..., kept_slots],
    }
    vars(view).update(changed)
    return view


def aim_of(job: TrunkRun) -> tuple[Target, Variant]:
    """Return what a run trains towards, and its variant."""
    if job.space == "trees":
        variant, whole = MOLECULES[job.variant], trees()
        environment = whole.environment
        if not isinstance(environment, FragmentTrees):
            raise TypeError("the trees are built in another environment")
        space = replace(whole.space, environment=encoded(environment, variant.encoding))
        return Target(replace(whole, space=space), lambda values, _: values[:, 0]), variant
    variant = SEQUENCES[job.variant]
    landscape = dna if job.space == "TFBind8" else planted
    is_place_free = variant.encoding == "place-free"
    return Target(landscape(is_place_free=is_place_free), lambda values, _: values[:, 0]), variant


def trained(job: TrunkRun) -> dict[str, float]:
    """Train one variant and return its distances, steps and seconds."""
    target, variant = aim_of(job)
    low, high = BETAS["molecules" if job.space == "trees" else "sequences"]
    conditions = ConditionSampler((low, high), 1)
    settings = replace(TRAINING, policy=variant.policy, steps=job.steps or 1)
    trainer = target.trainer(conditions, settings, job.seed)
    started = time.process_time()
    if job.steps:
        trainer.run(job.steps)
    else:
        train_for(job.seconds, trainer)
    seconds = time.process_time() - started
    at_low, at_high = (fit(target, trainer, conditions.fixed(beta, (1.0,)), 100).tv for beta in (low, high))
    return {
        "tv_low": at_low,
        "tv_high": at_high,
        "steps": trainer.steps_done,
        "ms_a_step": 1_000 * seconds / trainer.steps_done,
    }


def compare(report: Report, space: str, budgets: Sequence[tuple[int, float]], seeds: Sequence[int]) -> None:
    """Train every variant on one space within each budget of steps or seconds."""
    variants = MOLECULES if space == "trees" else SEQUENCES
    first = next(iter(variants))
    report.seeds |= set(seeds)
    for steps, seconds in budgets:
        jobs = [TrunkRun(space, name, steps, seconds, seed) for seed in seeds for name in variants]
        answers: dict[str, list[dict[str, float]]] = {}
        for job, answer in zip(jobs, side_by_side(trained, jobs, 1), strict=True):
            answers.setdefault(job.variant, []).append(answer)
        budget = f"{steps:,} steps" if steps else f"{seconds:g} s"
        for name, mine in answers.items():
            cells: dict[str, Any] = {}
            for key in ("tv_low", "tv_high"):
                cells[key], cells[f"{key}_half"] = mean_and_half([one[key] for one in mine])
            pairs = zip(mine, answers[first], strict=True)
            over, half = mean_and_half([one["tv_high"] - other["tv_high"] for one, other in pairs])
            cells |= {"over_first": over, "over_first_half": half}
            for key in ("steps", "ms_a_step"):
                cells[key] = sum(one[key] for one in mine) / len(mine)
            report.row(space=space, budget=budget, variant=name, **cells)
            if name != first:
                claim = f"{space}, {budget}: total variation of {name} over that of {first}"
                report.claim(claim, over, "<=", 0.0, half)


def siblings(report: Report, n_trees: int) -> None:
    """Count states that the encoding cannot tell from another state with the same parent or grandparent."""
    environment = _molecules().environment([])
    if not isinstance(environment, FragmentTrees):
        raise TypeError("molecules are built in another environment")
    states = sibling_states(environment, n_trees, torch.Generator().manual_seed(SEEDS[0]))
    for kind in ("patterns", "neither"):
        rows = encoded(environment, kind).encode(states)
        _, group, count = torch.unique(rows, dim=0, return_inverse=True, return_counts=True)
        share = float((count[group] > 1).double().mean())
        report.row(
            space="siblings", encoding=f"{kind}, no hashes", states=len(states), cannot_be_told_apart=share
        )
        if kind == "patterns":
            report.claim("siblings that have one encoding without hashes, share", share, "<=", 0.05)


def sibling_states(environment: FragmentTrees, n_trees: int, generator: torch.Generator) -> Tensor:
    """Return the distinct states [U, W] made by pointing anywhere in random trees, and one attachment there.

    A tree has three fragments; the word that is attached is one that fits most of its places.
    """
    trees = environment.reset(n_trees)
    for _ in range(5):
        mask = environment.forward_mask(trees).float()
        mask[:, -1] = 0.0  # no stop
        open_rows = mask.sum(dim=1) > 0
        trees, mask = trees[open_rows], mask[open_rows]
        actions = torch.multinomial(mask, 1, generator=generator).squeeze(1)
        trees = environment.step(trees, actions)
    found = []
    for row in trees:
        slots = environment.forward_mask(row[None])[0, : environment.n_slots].nonzero().squeeze(1)
        if not len(slots):
            continue
        pointed = environment.step(row.repeat(len(slots), 1), slots)
        fitting = environment.forward_mask(pointed)
        fitting[:, : environment.n_slots] = False
        fitting[:, -1] = False
        places = fitting.sum(dim=0).float()
        word = torch.multinomial((places == places.max()).float(), 1, generator=generator)
        at = pointed[fitting[:, word].squeeze(1)]
        found += [pointed, environment.step(at, word.expand(len(at)))]
    states = torch.cat(found)
    _, group = torch.unique(environment.key(states), return_inverse=True)
    index = torch.arange(len(states))
    first = torch.full((int(group.max()) + 1,), len(states)).scatter_reduce(0, group, index, "amin")
    return states[first]


def measure(
    report: Report,
    quick: bool,  # noqa: FBT001 - the harness's signature
    parts: Sequence[str],
    *,
    seconds: float,
    steps: float,
    seeds: float,
) -> None:
    """Fill the report; a budget of 0 is left out."""
    chosen = SEEDS[: 1 if quick else int(seeds)]
    budgets = [(40, 0.0)] if quick else [(0, seconds)] * (seconds > 0) + [(int(steps), 0.0)] * (steps > 0)
    if "siblings" in parts:
        siblings(report, 20 if quick else 200)
    if "sequences" in parts:
        compare(report, "planted rule", budgets, chosen)
        if absent := why_absent(TFBIND8):
            report.notes.append(f"TFBind8: {absent}")
        else:
            compare(report, "TFBind8", budgets, chosen)
    if "molecules" in parts:
        compare(report, "trees", budgets, chosen)


if __name__ == "__main__":
    run(__doc__.splitlines()[0], measure, parts=PARTS, seconds=20.0, steps=1_000, seeds=5)
