"""Whole spaces with known rewards: measured tables and the hypergrid, enumerated. Depends on no training.

A benchmark that needs a table calls `why_absent()` first. Letters: X objects, B states, M factors.
"""

import csv
import gzip
import string
from dataclasses import dataclass
from functools import cache
from typing import final

import torch
from torch import Tensor

from benchmarks.tables.catalogue import DATA
from models.gflownet.environment import Environment
from models.gflownet.environments.hypergrid import Hypergrid, hypergrid_log_reward
from models.gflownet.environments.strings import Strings
from models.gflownet.exact import Space, enumerate_space

FACTORS = ("SIX6_REF_R1", "EGR2_REF_R1")
LOWEST = 1e-3
"""TFBind8 measurements are clipped here, so that their logarithm is finite."""


@final
@dataclass(frozen=True, slots=True)
class Landscape:
    """An enumerated environment with known `values` [X, M] (float64) of every object; higher is better."""

    name: str
    space: Space
    keys: Tensor
    values: Tensor

    @property
    def environment(self) -> Environment:
        """The environment of the objects."""
        return self.space.environment

    def position(self, states: Tensor) -> Tensor:
        """Return the indices of final states among the X objects [B]."""
        return torch.searchsorted(self.keys, self.environment.key(states))

    def finish(self, states: Tensor) -> Tensor:
        """Return the object [B, W] of any state: a grid's point, or a string completed with A."""
        if isinstance(self.environment, Strings):
            after = states.clamp_min(1)
            after[:, -1] = self.environment.length
            return after
        after = states.clone()
        after[:, -1] = 1
        return after


def _read(file: str, *columns: str) -> list[list[str]]:
    with gzip.open(DATA / file, "rt", encoding="utf-8") as lines:
        return [[row[column] for column in columns] for row in csv.DictReader(lines)]


def _landscape(name: str, environment: Environment, texts: list[str], values: Tensor) -> Landscape:
    """Reorder the values [X, M] of the texts to match the enumerated objects, which are sorted by key."""
    space = enumerate_space(environment)
    states, is_known = environment.states(texts)
    if not bool(is_known.all()) or len(states) != len(space):
        raise ValueError(f"{name}: the table does not name every object once")
    keys = environment.key(space.final_states)
    order = torch.searchsorted(keys, environment.key(states))
    return Landscape(name, space, keys, torch.empty_like(values).index_copy(0, order, values))


@cache
def tfbind8(ngram_lengths: tuple[int, ...] = (1,)) -> Landscape:
    """Return all 65,536 DNA 8-mers with their binding of two factors, each divided by its maximum.

    `ngram_lengths` sets the policy's features of a string.
    """
    rows = _read("tfbind8/tfbind8.csv.gz", "sequence", *FACTORS)
    values = torch.tensor([[float(word) for word in row[1:]] for row in rows], dtype=torch.float64).clamp_min(LOWEST)
    environment = Strings("ACGT", 8, ngram_lengths=ngram_lengths)
    return _landscape("TFBind8", environment, [row[0] for row in rows], values / values.amax(dim=0))


@cache
def qm9_strings() -> Landscape:
    """Return all 161,051 strings of 5 blocks out of 11 with their HOMO-LUMO gap over the largest one."""
    rows = _read("qm9str/qm9str.csv.gz", "blocks", "gap")
    values = torch.tensor([[float(gap)] for _, gap in rows], dtype=torch.float64)
    alphabet = string.digits + "A"
    return _landscape(
        "QM9 strings", Strings(alphabet, 5), [blocks.upper() for blocks, _ in rows], values / values.max()
    )


@cache
def hypergrid(n_dimensions: int, side: int) -> Landscape:
    """Return the hypergrid with its standard reward (R0 = 1e-3)."""
    environment = Hypergrid(n_dimensions, side)
    space = enumerate_space(environment)
    values = hypergrid_log_reward(space.final_states[:, :-1], side).exp().unsqueeze(1)
    return Landscape(f"hypergrid {side}^{n_dimensions}", space, environment.key(space.final_states), values)


@cache
def short_strings(length: int = 5, ngram_lengths: tuple[int, ...] = (1,)) -> Landscape:
    """Return the TFBind8 sequences that end in AAA..., as strings of `length`: a small, measured space."""
    whole = tfbind8()
    states = whole.space.final_states
    is_kept = (states[:, length:8] == 1).all(dim=1)
    texts = [text[:length] for text in whole.environment.objects(states[is_kept])]
    environment = Strings("ACGT", length, ngram_lengths=ngram_lengths)
    return _landscape(f"strings 4^{length}", environment, texts, whole.values[is_kept])


@cache
def concave_front(side: int) -> Landscape:
    """Return a constructed grid of coordinates a and b in 0..1, with objectives a and (1 - sqrt(a))^2 b.

    Its front is concave, so that a weighted sum is greatest at its ends for all weights.
    """
    environment = Hypergrid(2, side)
    space = enumerate_space(environment)
    first, second = (space.final_states[:, :2].double() / (side - 1)).unbind(dim=1)
    values = torch.stack([first, (1 - first.sqrt()).square() * second], dim=1)
    return Landscape("concave front", space, environment.key(space.final_states), values)
