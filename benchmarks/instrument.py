"""A trained campaign in use: seconds from a stored policy to samples, and the fidelity of the samples.

`speed`: 500 molecules with two assays (ESOL's log S, measured, and a SIMULATED log P, as in
`benchmarks.latency`). One process trains a round; others load its artefact, like a worker that has never
loaded the campaign; one thread. Loading is everything from the artefact's bytes to a trained campaign; the
first request after it also pays for what is learned on demand. Another process predicts 10,000 molecules that
the policy sampled at its lowest inverse temperature.

`fidelity`: spaces small enough to enumerate, peptides and mixtures. After training, inverse temperatures and
trade-offs are requested. The policy's exact distribution is compared with R^beta / Z of the round's own
reward (TV) and with the density that each sample carries. The expected utility must rise with the inverse
temperature.
"""

import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks import latency
from benchmarks.report import Report, run
from benchmarks.tables.catalogue import why_absent
from models.campaign.requests import SampleRequest
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.gflownet.exact import enumerate_space, log_target, policy_log_probability, total_variation
from models.gflownet.sampler import sample
from models.inference.load import load_trained_campaign
from models.inference.trained_campaign import TrainedCampaign
from models.propose import propose
from models.records import History, Measurement
from models.rounds.training.state_reward import StateReward

SEED = 7
SAMPLE_COUNTS = (24, 96, 1_000)
JUDGED = 10_000
BETAS = (1.0, 4.0, 16.0, 64.0)
SECONDS = {"open": 5.0, 24: 5.0, 96: 10.0, 1_000: 60.0}
"""Bars: an acceptable wait for an interactive request, and a minute for the largest request."""
PEAK = 2_048.0
TV, EXACT = 0.1, 1e-4
PEPTIDES: dict[str, Any] = {"kind": "peptides", "min_length": 1, "max_length": 4, "alphabet": "AFKLGE"}
MIXTURES: dict[str, Any] = {
    "kind": "materials",
    "space": "mixture",
    "components": ["Ni", "Fe", "Co", "Ce"],
    "grid": 12,
    "max_components": 4,
}


def _silent(*_: Any, **__: Any) -> None:
    """Ignore progress."""


def _timed(action: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    answer = action()
    return answer, time.perf_counter() - start


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _molecules(n: int, steps: int) -> tuple[CampaignSpec, History]:
    return CampaignSpec.model_validate(latency.SPEC | {"sampler": {"steps": steps}}), latency.measured(n)


def left_behind(n: int, steps: int) -> bytes:
    """Train a round of n molecules in this process and return its artefact."""
    torch.set_num_threads(1)
    spec, history = _molecules(n, steps)
    artefact = propose(spec, history, seed=SEED, report=_silent).artefact
    assert artefact is not None
    return artefact


def _opened(artefact: bytes, n: int, steps: int) -> tuple[TrainedCampaign, History, float]:
    torch.set_num_threads(1)
    spec, history = _molecules(n, steps)
    opened, seconds = _timed(
        partial(load_trained_campaign, spec, history, seed=SEED, artefact=artefact, report=_silent)
    )
    return opened, history, seconds


def played(artefact: bytes, n: int, steps: int, n_samples: int) -> dict[str, Any]:
    """Load a round in this process, request samples twice and return the cost."""
    opened, history, opening = _opened(artefact, n, steps)
    row: dict[str, Any] = {"samples": n_samples, "open, s": opening}
    for seed, name in enumerate(("first", "second")):
        request = SampleRequest(n=n_samples, seed=seed)
        (samples, summary), seconds = _timed(partial(opened.sample, request, history, _silent))
        row |= {f"{name}, s": seconds, f"{name} found": len(samples), f"{name} drew": summary["sampled"]}
    return row | {"artefact, MiB": len(artefact) / 2**20, "peak, MiB": _peak()}


def judged(artefact: bytes, n: int, steps: int, texts: list[str]) -> dict[str, Any]:
    """Load a round in this process, predict many molecules and return the cost."""
    opened, history, _ = _opened(artefact, n, steps)
    before = _peak()
    answers, seconds = _timed(partial(opened.predict, texts, history, _silent))
    free = sum(not item.refused for item in answers)
    return {"judged": len(answers), "judging, s": seconds, "before, MiB": before, "after, MiB": _peak(), "free": free}


def drawn(artefact: bytes, n: int, steps: int, n_samples: int) -> list[str]:
    """Return distinct molecules that the policy samples at its lowest inverse temperature."""
    opened = _opened(artefact, n, steps)[0]
    source, generator = opened.source, torch.Generator().manual_seed(SEED)
    assert source is not None
    condition = source.conditions.fixed(source.conditions.beta_range[0], [1.0, 1.0], 512)
    texts: dict[str, None] = {}
    while len(texts) < n_samples:
        states = sample(source.policy, source.environment, condition, 512, generator).final_states
        texts |= dict.fromkeys(text for text in source.environment.objects(states) if text)
    return list(texts)[:n_samples]


def _elsewhere(action: Callable[[], Any]) -> Any:
    """Return the result of an action that runs in its own process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(action).result()


def speed(report: Report, steps: int, *, quick: bool) -> None:
    """Time loading, sampling and prediction."""
    if absent := why_absent(latency.TABLE):
        report.notes.append(f"speed: {absent}")
        return
    n, steps = (60, 20) if quick else (latency.MEASURED, steps)
    artefact = _elsewhere(partial(left_behind, n, steps))
    for n_samples in SAMPLE_COUNTS[:1] if quick else SAMPLE_COUNTS:
        row = _elsewhere(partial(played, artefact, n, steps, n_samples))
        report.row(**row)
        report.claim(f"seconds to open before {n_samples} samples", row["open, s"], "<=", SECONDS["open"])
        report.claim(f"seconds of the first {n_samples} samples", row["first, s"], "<=", SECONDS[n_samples])
        report.claim(f"seconds of {n_samples} more samples", row["second, s"], "<=", SECONDS[n_samples])
    texts = _elsewhere(partial(drawn, artefact, n, steps, 200 if quick else JUDGED))
    row = _elsewhere(partial(judged, artefact, n, steps, texts))
    report.row(**row)
    report.claim(f"peak MiB after judging {row['judged']} molecules", row["after, MiB"], "<=", PEAK)


def _small(
    domain: dict[str, Any], computed: str, value: Callable[[np.ndarray], np.ndarray], steps: int
) -> TrainedCampaign:
    """Train a round on a space that can be enumerated, with one SIMULATED assay, and load its artefact."""
    body = {
        "name": "small",
        "domain": domain,
        "objectives": [{"name": "assay"}, {"name": "second", "computed": computed, "direction": "minimize"}],
        "sampler": {"steps": steps, "beta": [BETAS[0], BETAS[-1]]},
        "batch": {"size": 4},
    }
    spec = CampaignSpec.model_validate(body)
    space = open_domain(spec.domain)
    environment = space.environment([])
    texts = sorted(text for text in environment.objects(enumerate_space(environment).final_states) if text)
    rng = np.random.default_rng(SEED)
    known = [str(text) for text in rng.permutation(texts)[:60]]
    values = value(space.features(known)) + rng.normal(0, 0.05, len(known))
    history = History(tuple(Measurement(text, "assay", float(x)) for text, x in zip(known, values, strict=True)))
    artefact = propose(spec, history, seed=SEED, report=_silent).artefact
    return load_trained_campaign(spec, history, seed=SEED, artefact=artefact, report=_silent)


def _line(features: np.ndarray) -> np.ndarray:
    """Return a fixed nonlinear function of features [N, D]."""
    weights = np.random.default_rng(SEED).normal(size=(2, features.shape[1])) / np.sqrt(features.shape[1])
    left, right = weights @ (features - features.mean(axis=0)).T
    answer: np.ndarray = left + np.sin(2 * right)
    return answer


def _at(opened: TrainedCampaign, beta: float, preference: dict[str, float]) -> dict[str, Any]:
    """Return the policy's distance from its target at one condition, and the densities' error."""
    source, reward = opened.source, opened.fitted.reward
    assert source is not None
    space = enumerate_space(source.environment)
    texts = source.environment.objects(space.final_states)
    weights = [preference["assay"], preference["second"]]
    log_p = policy_log_probability(space, source.policy, source.conditions.fixed(beta, weights))
    requested = source.conditions.fixed(beta, weights, len(texts))
    states = StateReward(source.environment, reward, opened.measure.prior(source.environment))
    target = log_target(states.log_target(space.final_states, requested))
    value = reward.value(texts, requested.preference)
    request = SampleRequest(n=48, beta=beta, preference=preference, seed=SEED)
    samples, _ = opened.sample(request, History(), _silent)
    row_of = {text: row for row, text in enumerate(texts)}
    errors = [abs(item.log_pf - float(log_p[row_of[item.object]])) for item in samples if item.log_pf is not None]
    return {
        "TV": total_variation(log_p, target),
        "E[u], policy": float((log_p.exp() * value).sum()),
        "E[u], target": float((target.exp() * value).sum()),
        "u, samples": float(np.mean([item.acquisition for item in samples])),
        "log_pf off by": max(errors),
    }


def fidelity(report: Report, steps: int, *, quick: bool) -> None:
    """Compare samples after training with the requested conditions, exactly."""
    torch.set_num_threads(1)
    spaces = {"peptides": (PEPTIDES, "hydrophobicity"), "mixtures": (MIXTURES, "Ni")}
    for name, (domain, computed) in spaces.items():
        opened = _small(domain, computed, _line, 20 if quick else steps)
        for preference in ({"assay": 1.0, "second": 0.0}, {"assay": 0.5, "second": 0.5}):
            rows = []
            for beta in BETAS:
                rows.append(_at(opened, beta, preference))
                report.row(space=name, assay=preference["assay"], beta=beta, **rows[-1])
            label = f"{name}, {preference['assay']:.0%} assay"
            gains = np.diff([row["E[u], policy"] for row in rows])
            report.claim(f"{label}: least gain of E[u] from one beta to the next", float(gains.min()), ">=", 0.0)
            report.claim(f"{label}: greatest TV", max(row["TV"] for row in rows), "<=", TV)
            report.claim(f"{label}: greatest error of log_pf", max(row["log_pf off by"] for row in rows), "<=", EXACT)


PARTS = {"fidelity": fidelity, "speed": speed}


def measure(report: Report, is_quick: bool, parts: Sequence[str], steps: float) -> None:  # noqa: FBT001 - the harness' call
    """Measure the chosen parts; `steps` of training each."""
    for name in parts:
        PARTS[name](report, int(steps), quick=is_quick)


if __name__ == "__main__":
    run("The instrument: from an artefact to samples", measure, parts=tuple(PARTS), steps=2000)
