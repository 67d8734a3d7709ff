"""A guarded campaign beside an unguarded one: unsafe proposals, and the cost of safety.

Antimicrobial peptides that are more hydrophobic kill more, bacteria and red blood cells alike. Every campaign
maximises potency. A peptide is unsafe if its HC50 (the concentration that lyses half of the red blood cells)
is below 100 micromolar. The initial sequences are real (DBAASP). The two labs are SIMULATED by formulas of
charge, hydrophobicity and amphipathicity, so that every proposal's potency and safety are known. All arms
start from the same measurements; with several rounds, the proposals are measured in between. Each arm changes
one setting:

- unguarded: no safety specification;
- guardrail: at most 5 % risk by the worst plausible hypothesis;
- constraint, gate or lagrangian: 90 % probability, in the reward directly or by a multiplier; refused below
  that;
- optimism everywhere: as unguarded, without an applicability domain.
"""

import csv
import gzip
import statistics
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from benchmarks.report import Report, run
from benchmarks.tables.catalogue import DATA, why_absent
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.propose import propose
from models.records import History, Measurement, Proposal

TABLE = "peptides/DAASP_RNN_dataset.csv.gz"
SEEDS = tuple(range(11, 31))  # tunable settings were tuned on seeds 1 to 3
ROUNDS = 1
MEASURED = 160
SAFE_HC50 = 100.0
HIT = 4.5
"""Lowest potency of a hit: 36 % of the table reach it, 8 % of the table also safely."""
NOISE = {"potency": 0.2, "hc50": 0.15}
"""Standard deviation of one simulated reading, of HC50 in decades."""
LENGTHS = (8, 14)
HC50 = {"type": "hc50", "transform": "log10", "min": SAFE_HC50}
BASE: dict[str, Any] = {
    "name": "guarded or not",
    "domain": {"kind": "peptides", "min_length": LENGTHS[0], "max_length": LENGTHS[1]},
    "objectives": [{"name": "potency", "range": [0.0, 7.0]}],
    "batch": {"size": 16},
    "sampler": {"steps": 400, "trajectories_per_step": 32},
}
CONSTRAINT = HC50 | {"probability": 0.9}
ARMS: dict[str, dict[str, Any]] = {
    "unguarded": {},
    "guardrail": {"guardrails": [HC50 | {"name": "haemolysis", "risk": 0.05}]},
    "constraint, gate": {"constraints": [CONSTRAINT]},
    "constraint, lagrangian": {"constraints": [CONSTRAINT | {"enforcement": "lagrangian"}]},
    "optimism everywhere": {"applicability": {"min_similarity": 0.0}},
}
UNGUARDED, OPTIMISTIC = "unguarded", "optimism everywhere"
_SCALE = """
0.62 -2.53 -0.78 -0.90 0.29 -0.85 -0.74 0.48 -0.40 1.38 1.06 -1.50 0.64 1.19 0.12 -0.18 -0.05 0.81 0.26 1.08
"""
HYDROPHOBICITY = dict(zip("ARNDCQEGHILKMFPSTWYV", map(float, _SCALE.split()), strict=True))
"""Eisenberg's consensus scale (Annu. Rev. Biochem. 53, 1984)."""


def simulated(sequence: str) -> dict[str, float]:
    """Return potency and HC50 (micromolar) of a sequence: SIMULATED, without noise."""
    scale = np.array([HYDROPHOBICITY[residue] for residue in sequence])
    charge = sum(sequence.count(residue) for residue in "KR") - sum(sequence.count(residue) for residue in "DE")
    turns = np.exp(1j * np.deg2rad(100.0) * np.arange(len(sequence)))
    moment = float(abs((scale * turns).mean()))
    greasy = float(np.mean([residue in "AILMFWVY" for residue in sequence]))
    bulky = float(np.mean([residue in "FWLI" for residue in sequence]))
    potency = 3.0 * np.tanh(charge / 4) + 3.0 * greasy - 4.0 * max(0.0, greasy - 0.7) + 2.0 * moment
    hc50 = 3.6 - 2.2 * greasy - 1.2 * bulky - 0.8 * moment + 0.05 * charge
    return {"potency": float(potency), "hc50": 10.0 ** float(hc50)}


def measured(sequences: Sequence[str], generator: np.random.Generator) -> Iterator[Measurement]:
    """Yield one simulated measurement of each peptide by both assays."""
    for sequence in sequences:
        truth, error = simulated(sequence), generator.normal(0.0, 1.0, 2)
        yield Measurement(sequence, "potency", truth["potency"] + NOISE["potency"] * float(error[0]))
        yield Measurement(sequence, "hc50", truth["hc50"] * 10.0 ** (NOISE["hc50"] * float(error[1])))


def known_sequences() -> list[str]:
    """Return the distinct sequences of the table that a campaign may also propose."""
    with gzip.open(DATA / TABLE, "rt", encoding="utf-8") as lines:
        sequences = {row["Sequence"] for row in csv.DictReader(lines)}
    low, high = LENGTHS
    return sorted(text for text in sequences if low <= len(text) <= high and set(text) <= HYDROPHOBICITY.keys())


def campaign(arm: str, seed: int, quick: bool) -> tuple[list[Proposal], History]:  # noqa: FBT001 - as the harness says it
    """Run the rounds of one arm and return the proposals, and the history at the end."""
    spec = CampaignSpec.model_validate(BASE | ARMS[arm] | ({"sampler": {"steps": 20}} if quick else {}))
    domain, generator = open_domain(spec.domain), np.random.default_rng(seed)
    sequences = [str(text) for text in generator.permutation(known_sequences())[:MEASURED]]
    history = History(tuple(measured([domain.parse({"sequence": text}) for text in sequences], generator)))
    proposals = []
    for number in range(1 if quick else ROUNDS):
        proposals.append(propose(spec, history, seed=seed * 10 + number, report=lambda *_: None))
        objects = [candidate.object for candidate in proposals[-1].candidates]
        history = History((*history.measurements, *measured(objects, generator)))
    return proposals, history


def judged(proposals: Sequence[Proposal]) -> dict[str, float]:
    """Return statistics of the proposals of all rounds, by the simulated truth."""
    candidates = [candidate for proposal in proposals for candidate in proposal.candidates]
    truths = [simulated(candidate.object) for candidate in candidates]
    is_safe = [truth["hc50"] >= SAFE_HC50 for truth in truths]
    is_hit = [truth["potency"] >= HIT for truth in truths]
    errors = [
        candidate.predictions["potency"].mean - truth["potency"]
        for candidate, truth in zip(candidates, truths, strict=True)
    ]
    return {
        "proposed": len(candidates),
        "violating": is_safe.count(False),
        "violating_share": is_safe.count(False) / max(1, len(candidates)),
        "hits": sum(is_hit),
        "safe_hits": sum(hit and safe for hit, safe in zip(is_hit, is_safe, strict=True)),
        "best_safe": max((t["potency"] for t, safe in zip(truths, is_safe, strict=True) if safe), default=0.0),
        "overestimated": statistics.fmean(errors),
        "outside": sum(candidate.in_domain is False for candidate in candidates),
    }


def told(proposals: Sequence[Proposal]) -> dict[str, Any]:
    """Return refusals and multipliers of the last round's summary."""
    summary = proposals[-1].summary
    statistics_of_last = {
        "refused_share": 1 - summary["allowed"] / max(1, summary["unique"]),
        "inside_share": summary["applicability"]["share_inside"] or 0.0,
    }
    for rail in summary["guardrails"].values():
        statistics_of_last["median_refused_bound"] = rail["refused_bounds"]["median"] if rail["refused"] else 0.0
    for item in summary["multipliers"]:
        statistics_of_last |= {"multiplier": item["multiplier"], "violating_draws": item["violating_share"]}
    return statistics_of_last


def measure(report: Report, quick: bool) -> None:  # noqa: FBT001 - as the harness calls it
    """Run every arm from every seed and compare them."""
    if absent := why_absent(TABLE):
        report.notes.append(absent)
        return
    torch.set_num_threads(1)
    by_arm: dict[str, list[dict[str, float]]] = {arm: [] for arm in ARMS}
    for seed in SEEDS[:1] if quick else SEEDS:
        for arm in ARMS:
            start = time.process_time()
            proposals, _ = campaign(arm, seed, quick)
            by_arm[arm].append(judged(proposals) | told(proposals))
            report.row(arm=arm, seed=seed, **by_arm[arm][-1], cpu_seconds=time.process_time() - start)
    means = {arm: {k: statistics.fmean(row[k] for row in rows) for k in rows[0]} for arm, rows in by_arm.items()}
    for arm, row in means.items():
        report.row(mean_of=arm, **row)
    report.claim("share of unguarded proposals that violate", means[UNGUARDED]["violating_share"], ">=", 0.2)
    for arm in (name for name in ARMS if name not in (UNGUARDED, OPTIMISTIC)):
        report.claim(f"share of proposals that violate: {arm}", means[arm]["violating_share"], "<=", 0.05)
    report.claim(
        "safe hits of the guarded campaign, of those of the unguarded one",
        means["guardrail"]["safe_hits"] / max(1.0, means[UNGUARDED]["safe_hits"]),
        ">=",
        1.0,
    )
    lost = means[UNGUARDED]["hits"] - means["guardrail"]["hits"]
    report.notes.append(f"cost of the guardrail: {lost:.1f} fewer hits, safe or not, of {means[UNGUARDED]['hits']:.1f}")


if __name__ == "__main__":
    run("guardrails", measure)
