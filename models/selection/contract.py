"""The selector contract: choose a batch from scored candidates, one after the other, within limits.

A selector knows values, uncertainties and similarities; but no objectives by name, proxies or domains.
Letters: N candidates, M objectives, S draws, R reference objects.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

Purpose = Literal["exploit", "explore"]


@dataclass(frozen=True, slots=True)
class Pick:
    """One pick: a row, chosen for its value or for its uncertainty."""

    index: int
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class JointUtilities:
    """Joint draws of utilities [S, N, M] of the candidates and [S, R, M] of known objects.

    The last `n_pending` of the known objects are pending, the others are measured.
    """

    candidates: Tensor
    known: Tensor
    n_pending: int = 0


@dataclass(frozen=True, slots=True)
class Candidates:
    """The scored candidates: values and uncertainties [N], similarities [N, N] in 0-1.

    `inside` [N] (bool) marks the applicability domain of the proxies; picks for value prefer it.
    `feasibility` [N] is the probability that a candidate can be made and measured; values include it.
    `utilities` are None if they were not sampled.
    """

    values: Tensor
    uncertainties: Tensor
    similarity: Tensor
    inside: Tensor | None = None
    feasibility: Tensor | None = None
    utilities: JointUtilities | None = None

    def __post_init__(self) -> None:
        """Check shapes and numbers once; later code relies on them.

        Raises:
            ValueError: if shapes disagree or a number is not finite.
        """
        n = len(self.values)
        if self.uncertainties.shape != (n,) or self.similarity.shape != (n, n):
            raise ValueError("values and uncertainties must be [N] and similarity [N, N]")
        numbers = (self.values, self.uncertainties, self.similarity)
        if not all(bool(torch.isfinite(number).all()) for number in numbers):
            raise ValueError("values, uncertainties and similarity must be finite")
        if any(part is not None and part.shape != (n,) for part in (self.inside, self.feasibility)):
            raise ValueError("inside and feasibility must be [N]")


@dataclass(frozen=True, slots=True)
class SelectionRequest:
    """The requested batch size, and the shares (0-1) of diversity and exploration."""

    k: int
    diversity: float
    exploration: float
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the shares.

        Raises:
            ValueError: if a share is outside 0-1 or k is negative.
        """
        if not (0 <= self.diversity <= 1 and 0 <= self.exploration <= 1):
            raise ValueError("diversity and exploration must be in 0-1")
        if self.k < 0:
            raise ValueError("k must not be negative")


class Limits(ABC):
    """Which candidates may still be added to one batch; it tracks those already added."""

    @abstractmethod
    def open(self) -> Tensor:
        """Return which candidates [N] (bool) may be added next; earlier ones are excluded."""

    @abstractmethod
    def add(self, index: int) -> None:
        """Add a candidate that is open."""


class Selector(Protocol):
    """A function `select` in its own file."""

    def __call__(self, candidates: Candidates, request: SelectionRequest, limits: Limits) -> list[Pick]:
        """Return at most k distinct picks within the limits, those for value first."""


def min_max_scale(utility: Tensor) -> Tensor:
    """Return utilities [N] shifted and scaled to 0-1; all 0 when they do not vary."""
    span = utility.max() - utility.min()
    return (utility - utility.min()) / span if float(span) > 0 else torch.zeros_like(utility)


def below_top_n(utility: Tensor, n_kept: int) -> Tensor:
    """Return which rows [N] (bool) are below the `n_kept` of greatest utility; ties are kept."""
    return utility < utility.sort(descending=True).values[min(n_kept, len(utility)) - 1]


def greedy_two_stage(
    candidates: Candidates,
    request: SelectionRequest,
    limits: Limits,
    score: Callable[[Purpose, Tensor, Tensor], Tensor],
    added: Callable[[int], None],
    *,
    is_spread: bool = True,
) -> list[Pick]:
    """Return picks of greatest score, first for value, then a share `exploration` for uncertainty.

    `score` maps a purpose, its utility [N] scaled to 0-1 and the eligible rows [N] (bool) to scores [N];
    scores of other rows are ignored. `added` is called with every pick. Diversity alone promotes no poor
    candidate: each share is picked from the better half, or from as many as it needs. Only limits that leave
    no candidate there open the rest. Picks for value are not restricted in this way where scores include no
    diversity (`is_spread` False).
    """
    size = min(request.k, len(candidates.values))
    n_explore = round(request.exploration * size)
    stages: tuple[tuple[Purpose, Tensor, int], ...] = (
        ("exploit", candidates.values, size - n_explore),
        ("explore", candidates.uncertainties, n_explore),
    )
    taken = torch.zeros(len(candidates.values), dtype=torch.bool)
    picks: list[Pick] = []
    for purpose, utility, count in stages:
        if count == 0:
            continue
        scaled = min_max_scale(utility)
        n_kept = max(count, len(utility) // 2) if is_spread or purpose == "explore" else len(utility)
        closed = below_top_n(utility.masked_fill(taken, -torch.inf), n_kept)
        inside = candidates.inside if purpose == "exploit" else None
        for _ in range(count):
            eligible = _eligible(limits.open(), closed, inside)
            if not bool(eligible.any()):
                return picks
            index = int(score(purpose, scaled, eligible).masked_fill(~eligible, -torch.inf).argmax())
            taken[index] = True
            limits.add(index)
            added(index)
            picks.append(Pick(index, purpose))
    return picks


def _eligible(is_open: Tensor, closed: Tensor, inside: Tensor | None) -> Tensor:
    """Return the open rows [N], preferring those inside the applicability domain, then the better ones."""
    if inside is not None and bool((is_open & inside).any()):
        is_open = is_open & inside
    better = is_open & ~closed
    return better if bool(better.any()) else is_open
