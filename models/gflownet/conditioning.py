"""Conditions of a policy: inverse temperature, preference and sampled function; their law and encoding.

Training, validation and requests share one encoder. Knows no objects, rewards or networks. Letters: B batch,
M objectives, K functions, C width of the encoding.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, final

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

BETA_EDGES = 16
PREFERENCE_EDGES = 8
BetaLaw = Literal["log_uniform", "uniform"]
EDGE_SHARE = 0.1
"""Share of training conditions at an end of the beta range, and share at a corner of the simplex."""


def thermometer_encoding(values: Tensor, low: float, high: float, n_edges: int) -> Tensor:
    """Return a soft thermometer [..., n_edges] of values in [low, high].

    Edge i opens at `low + i * gap` and is full one gap later, so the last edge starts one gap below the
    maximum and every edge carries information.
    """
    gap = (high - low) / n_edges
    edges = low + gap * torch.arange(n_edges, dtype=values.dtype, device=values.device)
    return ((values.unsqueeze(-1) - edges) / gap).clamp(0.0, 1.0)


def is_of_beta(name: str) -> bool:
    """Tell whether a name of `input_names` is of an inverse temperature."""
    return name.startswith("beta ")


def is_of_function(name: str) -> bool:
    """Tell whether a name of `input_names` is of a sampled function, of which each round has others."""
    return name.startswith("function ")


@final
@dataclass(frozen=True, slots=True)
class Condition:
    """One condition per row.

    Attributes:
        beta: inverse temperatures [B].
        preference: weights of the objectives [B, M] on the simplex.
        function: which of the K functions sampled from the posterior is rewarded [B] (int64, from 0); None
            where the reward is of one function only.
    """

    beta: Tensor
    preference: Tensor
    function: Tensor | None = None

    def __len__(self) -> int:
        return len(self.beta)

    def at(self, rows: Tensor | slice) -> "Condition":
        """Return the conditions of the given rows."""
        function = None if self.function is None else self.function[rows]
        return Condition(self.beta[rows], self.preference[rows], function)

    def repeat(self, times: int) -> "Condition":
        """Return every condition `times` times in a row: [B * times]."""
        function = None if self.function is None else self.function.repeat_interleave(times)
        preference = self.preference.repeat_interleave(times, dim=0)
        return Condition(self.beta.repeat_interleave(times), preference, function)


def join_conditions(parts: Sequence[Condition]) -> Condition:
    """Return the rows of several conditions, all of one sampler, in one."""
    functions = [part.function for part in parts if part.function is not None]
    return Condition(
        torch.cat([part.beta for part in parts]),
        torch.cat([part.preference for part in parts]),
        torch.cat(functions) if functions else None,
    )


@final
class ConditionSampler:
    """The conditions one policy serves: beta from a law on a range, preference from a symmetric Dirichlet.

    Where the reward is of several functions, each is as probable as any other. A share of `EDGE_SHARE` lies
    at the ends of the range, and another at the corners of the simplex. The betas of one draw are stratified,
    one in each of n parts of equal probability, so that every step sees the whole range.

    Args:
        beta_range: lowest and highest inverse temperature, 0 < low <= high.
        n_objectives: M, at least 1.
        concentration: of the Dirichlet; 1 is uniform on the simplex, more prefers its middle.
        device: where conditions live.
        beta_law: `uniform` spends more on high betas, whose targets are the hardest; `log_uniform` spends as
            much on [1, 2] as on [32, 64].
        n_functions: K, the functions sampled from the posterior that the reward knows, at least 1.

    Raises:
        ValueError: if an argument is outside these limits.
    """

    def __init__(
        self,
        beta_range: tuple[float, float],
        n_objectives: int,
        concentration: float = 1.0,
        device: torch.device | str = "cpu",
        *,
        beta_law: BetaLaw = "log_uniform",
        n_functions: int = 1,
    ) -> None:
        low, high = beta_range
        if not 0 < low <= high < math.inf:
            raise ValueError(f"beta_range must be (low, high) with 0 < low <= high, not {beta_range}")
        if n_objectives < 1 or n_functions < 1 or concentration <= 0:
            raise ValueError("n_objectives and n_functions must be at least 1 and concentration positive")
        self.beta_range = (float(low), float(high))
        self.n_objectives = n_objectives
        self.concentration = concentration
        self.device = torch.device(device)
        self.beta_law = beta_law
        self.n_functions = n_functions

    @property
    def width(self) -> int:
        """Width C of `encode`: a fixed temperature, a single objective or function needs no features."""
        preference = 0 if self.n_objectives == 1 else self.n_objectives * (1 + PREFERENCE_EDGES)
        return self.beta_width + preference + (0 if self.n_functions == 1 else self.n_functions)

    @property
    def beta_width(self) -> int:
        """How many of the leading features depend on beta."""
        return 0 if self.beta_range[0] == self.beta_range[1] else 1 + BETA_EDGES

    @property
    def middle_beta(self) -> float:
        """The geometric mean of the ends of the range."""
        low, high = self.beta_range
        return low if low == high else math.sqrt(low * high)

    def at_middle_beta(self, condition: Condition) -> Condition:
        """Return the conditions [B] with the middle inverse temperature, and all else the same."""
        return replace(condition, beta=torch.full_like(condition.beta, self.middle_beta))

    def sample(self, n: int, generator: Generator, least: float = 0.0) -> Condition:
        """Draw n conditions, with betas above the quantile `least` of their law, at least 0 and below 1."""
        beta = self._betas(n, generator, least)
        return Condition(beta, self._preferences(n, generator), self._functions(n, generator))

    def _functions(self, n: int, generator: Generator) -> Tensor | None:
        """Draw n functions [n], each as probable as any other and as often; None where there is only one."""
        if self.n_functions == 1:
            return None
        first = torch.randint(self.n_functions, (1,), generator=generator, device=self.device)
        turns = torch.randperm(n, generator=generator, device=self.device)
        return (first + turns) % self.n_functions

    def _preferences(self, n: int, generator: Generator) -> Tensor:
        """Draw n preferences [n, M]."""
        if self.n_objectives == 1:
            return torch.ones(n, 1, device=self.device)
        shape = torch.full((n, self.n_objectives), self.concentration, device=self.device)
        weights = torch._standard_gamma(shape, generator=generator)  # noqa: SLF001 - Dirichlet takes no generator
        weights = weights.clamp_min(torch.finfo(weights.dtype).tiny)
        corner = torch.nn.functional.one_hot(weights.argmax(dim=1), self.n_objectives).float()
        is_corner = torch.rand(n, 1, generator=generator, device=self.device) < EDGE_SHARE
        return torch.where(is_corner, corner, weights / weights.sum(dim=1, keepdim=True))

    def _betas(self, n: int, generator: Generator, least: float) -> Tensor:
        """Draw n inverse temperatures [n]."""
        low, high = self.beta_range
        uniform = torch.rand(n, generator=generator, device=self.device)
        if self.beta_width:
            uniform = (torch.randperm(n, generator=generator, device=self.device) + uniform) / n
        share = (uniform * (1 + EDGE_SHARE) - EDGE_SHARE / 2).clamp(0.0, 1.0)
        share = least + (1 - least) * share
        if self.beta_law == "uniform":
            return low + (high - low) * share
        return (math.log(low) + (math.log(high) - math.log(low)) * share).exp()

    def fixed(
        self, beta: float, preference: tuple[float, ...] | list[float] | None = None, n: int = 1
    ) -> Condition:
        """Return n times one condition; `preference` is normalised and optional for one objective.

        Of several functions it is the first.

        Raises:
            ValueError: if the preference has the wrong length, a negative weight, or no weight at all.
        """
        weights = torch.tensor([1.0] if preference is None else list(preference), device=self.device)
        if (
            len(weights) != self.n_objectives
            or not bool((weights >= 0).all())
            or not float(weights.sum()) > 0
        ):
            raise ValueError(f"preference needs {self.n_objectives} weights >= 0 that are not all 0")
        beta_rows = torch.full((n,), float(beta), device=self.device)
        function = None
        if self.n_functions > 1:
            function = torch.zeros(n, dtype=torch.int64, device=self.device)
        return Condition(beta_rows, (weights / weights.sum()).expand(n, -1), function)

    def input_names(self, objectives: Sequence[str]) -> list[str]:
        """Return what each column of `encode` holds [C], given the names of the objectives [M].

        Inverse temperatures are named by their place in the range, so that the ends of two ranges are alike.
        """
        names = ["beta log", *(f"beta edge {edge}" for edge in range(BETA_EDGES))] if self.beta_width else []
        if self.n_objectives > 1:
            names += [f"weight of {objective}" for objective in objectives]
            names += [
                f"weight edge {edge} of {objective}"
                for objective in objectives
                for edge in range(PREFERENCE_EDGES)
            ]
        if self.n_functions > 1:
            names += [f"function {place}" for place in range(self.n_functions)]
        return names

    def encode(self, condition: Condition) -> Tensor:
        """Return network inputs [B, C]: log beta, preference, their thermometer encodings and the function.

        Raises:
            ValueError: if the conditions name no functions although there are several.
        """
        parts = [condition.beta.new_zeros(len(condition), 0)]
        if self.beta_width:
            low, high = (math.log(edge) for edge in self.beta_range)
            log_beta = condition.beta.log()
            centred = (log_beta - (low + high) / 2) / (high - low) * 2
            parts += [centred.unsqueeze(1), thermometer_encoding(log_beta, low, high, BETA_EDGES)]
        if self.n_objectives > 1:
            parts += [
                condition.preference,
                thermometer_encoding(condition.preference, 0.0, 1.0, PREFERENCE_EDGES).flatten(1),
            ]
        if self.n_functions > 1:
            if condition.function is None:
                raise ValueError(
                    f"the policy serves {self.n_functions} functions: name one in each condition"
                )
            parts.append(one_hot(condition.function, self.n_functions).to(condition.beta))
        return torch.cat(parts, dim=1)
