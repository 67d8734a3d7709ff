"""TFBind8 (SIX6) from the lower half alone: the mean true value of samples at beta 10, 30 and 50.

A proxy is fitted to the 32,768 strings at or below the median, and the target is (10 y^3)^beta of what it
predicts, as the product does it. `policy` is trained on that target and summed exactly over all strings;
`exact` is the same target without a policy. Their difference is the cost of training, and what `exact` lacks
is the proxy's. `ridge` is linear in letters and pairs of letters, `deep_ensemble` is the product's. Letters:
X strings, D features.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.campaigns import tfbind8
from benchmarks.campaigns.figures import interval, with_half
from benchmarks.campaigns.framework import OutOfTimeError, Session
from benchmarks.exact import spaces
from benchmarks.exact.conditioned import TRAINING
from benchmarks.exact.targets import TFBIND8
from benchmarks.exact.temperatures import temperature_base
from benchmarks.exact.training import Target
from models.domains import open_domain
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.exact import log_target
from models.proxies.contract import TrainingTable
from models.proxies.registry import proxy_named

BETAS = {10.0: 0.92, 30.0: 0.96, 50.0: 0.96}
"""The bar of each inverse temperature."""
NGRAMS = (1, 2, 3)
PENALTY = 1.0
QUICK_ROWS = 500
Row = dict[str, Any]
Fit = Callable[[list[str], Tensor, Tensor, int], Tensor]
"""Returns predictions [X] of strings [X] from their values [X] at the seen rows, and a seed."""


def pair_features(texts: list[str]) -> npt.NDArray[np.float64]:
    """Return a constant, all letters by position and all pairs of letters by pair of positions [X, D]."""
    alphabet = sorted(set("".join(texts)))
    single = np.array([[letter == one for letter in text for one in alphabet] for text in texts], dtype=float)
    first, second = np.triu_indices(single.shape[1], k=1)
    is_pair = first // len(alphabet) != second // len(
        alphabet
    )  # two letters at one position exclude each other
    pairs = single[:, first[is_pair]] * single[:, second[is_pair]]
    return np.concatenate([np.ones((len(texts), 1)), single, pairs], axis=1)


def ridge(texts: list[str], values: Tensor, seen: Tensor, seed: int) -> Tensor:  # noqa: ARG001 - nothing is random
    """Return the predictions [X] of a pairwise ridge regression."""
    features = torch.from_numpy(pair_features(texts))
    known = features[seen]
    gram = known.T @ known + PENALTY * torch.eye(known.shape[1], dtype=known.dtype)
    weights: Tensor = torch.linalg.solve(gram, known.T @ values[seen])
    return features @ weights


def deep_ensemble(texts: list[str], values: Tensor, seen: Tensor, seed: int) -> Tensor:
    """Return the predictions [X] of the product's ensemble of networks on its features of peptides."""
    domain = open_domain(tfbind8.specification().domain)
    features = torch.from_numpy(domain.features(texts)).double()
    features = features[:, features.std(dim=0) > 0]
    cells = values[seen, None]
    table = TrainingTable(
        types=("y",),
        features=features[seen],
        values=cells,
        noise=torch.full_like(cells, torch.nan),
        centers=torch.tensor([0.5], dtype=torch.float64),
        scales=torch.tensor([0.5], dtype=torch.float64),
    )
    return proxy_named("deep_ensemble", domain.kernel).fit(table, seed=seed).posterior(features).mean[:, 0]


PROXIES: Mapping[str, Fit] = {"ridge": ridge, "deep_ensemble": deep_ensemble}


def measure(session: Session, proxy: str, seed: int) -> list[Row]:
    """Return a row per way and beta: the mean true value under the policy, and under its exact target."""
    landscape = spaces.tfbind8(NGRAMS)
    truth = landscape.values[:, 0]
    seen = truth.argsort()[: len(truth) // 2]
    if session.quick:
        order = torch.randperm(len(seen), generator=torch.Generator().manual_seed(seed))
        seen = seen[order[:QUICK_ROWS]]
    texts = landscape.environment.objects(landscape.space.final_states)
    predicted = PROXIES[proxy](texts, truth, seen, seed).clamp(spaces.LOWEST, None)
    aim = Target(replace(landscape, values=predicted.unsqueeze(1)), temperature_base)
    conditions = ConditionSampler((min(BETAS), max(BETAS)), 1)
    settings = replace(TRAINING, steps=20, trajectories_per_step=64) if session.quick else TRAINING
    trainer = aim.trainer(conditions, settings, seed, landscape.environment.objects(_states(aim, seen)))
    cpu = time.process_time()
    trainer.run(settings.steps)
    cpu = time.process_time() - cpu
    rows = []
    for beta in BETAS:
        condition = conditions.fixed(beta)
        ways = {
            "policy": aim.log_probability(trainer, condition),
            "exact": log_target(aim.exact(condition)),
        }
        rows += [
            {"proxy": proxy, "way": way, "seed": seed, "beta": beta, "mean_y": float(log_p.exp() @ truth)}
            | {"cpu_seconds": cpu if way == "policy" else 0.0}
            for way, log_p in ways.items()
        ]
    return rows


def _states(aim: Target, seen: Tensor) -> Tensor:
    return aim.landscape.space.final_states[seen]


def kept(session: Session, proxy: str, seed: int) -> list[Row]:
    """Return the rows of a proxy and a seed, measured now or stored.

    Raises:
        OutOfTimeError: if they are not stored and the time of the run is over.
    """
    file = None if session.folder is None else session.folder / "offline" / f"{proxy}-{seed:03d}.json"
    if file is not None and file.exists():
        rows: list[Row] = json.loads(file.read_text(encoding="utf-8"))
        return rows
    if time.monotonic() > session.deadline:
        raise OutOfTimeError
    rows = measure(session, proxy, seed)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = Path(f"{file}.part")
        part.write_text(json.dumps(rows), encoding="utf-8")
        part.replace(file)
    return rows


def run(session: Session) -> None:
    """Measure every proxy and seed."""
    if session.find(TFBIND8) is None:
        return
    rows: list[Row] = []
    open_runs = []
    for seed in session.seeds:
        for proxy in PROXIES:
            try:
                rows += kept(session, proxy, seed)
            except OutOfTimeError:
                open_runs.append(f"{proxy} {seed}")
    if open_runs:
        session.report.notes.append(
            f"offline: not complete: {', '.join(open_runs)}; repeat the command to go on from what is stored"
        )
    report(session, rows)


def report(session: Session, rows: list[Row]) -> None:
    """Report means over seeds, what training costs, and the policy's claims."""
    for proxy in PROXIES:
        for beta, bar in BETAS.items():
            found = {
                way: {row["seed"]: row["mean_y"] for row in rows if _is(row, proxy, way, beta)}
                for way in ("policy", "exact")
            }
            if not found["policy"]:
                continue
            gap = [found["exact"][seed] - value for seed, value in found["policy"].items()]
            means = {way: interval(list(values.values())) for way, values in found.items()}
            session.report.row(
                proxy=proxy,
                beta=beta,
                **{way: with_half(mean, half) for way, (mean, half, _) in means.items()},
                exact_less_policy=with_half(*interval(gap)[:2]),
                seeds=len(gap),
            )
            if not session.quick:
                mean, half, _ = means["policy"]
                session.report.claim(
                    f"offline, {proxy}, beta {beta:g}: E[y] of the policy", mean, ">=", bar, half
                )
    spent = [row["cpu_seconds"] for row in rows if row["way"] == "policy"]
    if spent:
        session.report.notes.append(
            f"offline: {sum(spent) / len(spent):.0f} CPU seconds of training a policy"
        )


def _is(row: Row, proxy: str, way: str, beta: float) -> bool:
    return (row["proxy"], row["way"], row["beta"]) == (proxy, way, beta)


TASKS = {"offline": run}
