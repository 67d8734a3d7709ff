"""The Ehrlich functions of `pytorch-holo` beside its genetic algorithm, with ten times our evaluations.

10 rounds of 128 after 128 draws of the function's own process; 20 tokens, since peptides have as many
residues. The peer's optimiser runs in the form of its authors' example (1,024 sequences a generation) and
with 128 of them, both from the same process.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.campaigns import ehrlich
from benchmarks.campaigns.framework import Protocol, Row, Session
from benchmarks.peers.holo import PEER, build_function, evolve
from benchmarks.policy.comparison import CONTROL, Bar, Comparison
from benchmarks.policy.function_lab import FunctionLab
from models.domains import open_domain
from models.domains.peptides.residues import RESIDUES

NAME = "holo"
TIMES = 10
"""Evaluations of the peer for each of ours."""
PARTICLES = {"holo_genetic": 128, "holo_genetic_1024": 1024}
FIGURES = ("best_value", "mean_of_top_100", "circles_of_top_100", "infeasible", "infeasible_draws")
WAYS = ("assayflow", CONTROL, "genetic")


class Tokens:
    """Converts peptides to tokens and back; the order of residues is random, so that they tell nothing."""

    def __init__(self, seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(RESIDUES))
        self.alphabet = "".join(RESIDUES[index] for index in order)
        self._token = {residue: token for token, residue in enumerate(self.alphabet)}

    def text(self, tokens: Sequence[int]) -> str:
        """Return the peptide of tokens."""
        return "".join(self.alphabet[token] for token in tokens)

    def tokens(self, text: str) -> Tensor:
        """Return the tokens of a peptide [1, L]."""
        return torch.tensor([[self._token[residue] for residue in text]])


def starts(function: Any, n: int, tokens: Tokens) -> list[str]:
    """Return the first n distinct draws of the function's own process."""
    drawn = [tokens.text(row) for row in function.initial_solution(4 * n).tolist()]
    return list(dict.fromkeys(drawn))[:n]


def replay(session: Session, length: int) -> list[Row]:
    """Replay one length; no rows where the peer is not installed."""
    if PEER.why_absent:
        session.report.notes.append(f"{NAME}: {PEER.why_absent}")
        return []
    spec = ehrlich.specification(length)
    domain = open_domain(spec.domain)
    rounds, batch = (1, 16) if session.quick else (ehrlich.ROUNDS, ehrlich.BATCH)
    ways = {name: way for name, way in ehrlich.ways().items() if name in WAYS}
    rows: list[Row] = []
    for seed in session.seeds:
        function = build_function(ehrlich.N_TOKENS, length, ehrlich.SHAPES[length], seed)
        lab = _lab(function, Tokens(seed))
        further = ehrlich.FurtherEhrlich(lab, domain)
        protocol = Protocol(f"length_{length}", spec, rounds, batch, batch, ways, further, further.of_draws)
        own = replace(session, seeds=(seed,)).replay(NAME, protocol, lab, domain)
        rows += own
        if own:
            rows += [
                row
                for name, n in PARTICLES.items()
                for row in _evolved(function, (name, n), batch, rounds, seed)
            ]
    return rows


def _lab(function: Any, tokens: Tokens) -> FunctionLab:
    def value(text: str) -> float:
        found = float(function(tokens.tokens(text)))
        return found if found > -np.inf else np.nan

    return FunctionLab("value", value, lambda n, _: starts(function, n, tokens))


def _evolved(function: Any, way: tuple[str, int], batch: int, rounds: int, seed: int) -> list[Row]:
    """Return a row per round: the peer's best value after ten times the evaluations of ours."""
    name, n = way
    allowed = [TIMES * batch * (n_round + 1) // n for n_round in range(rounds + 1)]
    best = evolve(function, function.initial_solution(n), ehrlich.N_TOKENS, allowed[-1], seed)
    costs = {"measured": 0.0, "n_scored": 0, "seconds": 0.0, "cpu_seconds": 0.0}
    return [
        {"method": name, "seed": seed, "round": n_round, **costs}
        | {"measured": float(n * generations), "best_value": best[generations - 1]}
        for n_round, generations in enumerate(allowed)
        if generations
    ]


def run(session: Session) -> None:
    """Replay and compare both lengths."""
    for length in ehrlich.SHAPES:
        bars = (
            *(Bar("best_value", ">=", 0.0, less=name) for name in PARTICLES),
            Bar("best_value", ">=", 0.0, less=CONTROL),
        )
        comparison = Comparison(
            f"holo Ehrlich {length}", FIGURES, bars, controls=(CONTROL, *PARTICLES, "genetic")
        )
        comparison.report(session, replay(session, length))


TASKS = {NAME: run}
