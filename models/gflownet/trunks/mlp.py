"""A multi-layer perceptron over [encoding, condition]: the fastest trunk, with a path in bfloat16.

Letters: N states, B conditions, D encoding width, C condition width, H hidden width.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, final

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from models.gflownet.environment import Environment
from models.gflownet.layers import linear
from models.gflownet.mixed_precision import hidden_layers, is_worthwhile
from models.gflownet.trajectories import Features, Reads
from models.gflownet.trunks.contract import Trunk, TrunkShape

ORDER = 0
READS: Reads = "encoding"


@final
@dataclass(frozen=True, slots=True)
class PreparedMlp:
    """Layers for sampling without gradients: `weights` [in, out] and `biases` of all but the first.

    `shift` [B, H] is the condition's precomputed part of the first layer; without one it is the first bias
    [H].
    """

    shift: Tensor
    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]

    def at(self, rows: Tensor) -> "PreparedMlp":
        """Return the layout for the given rows."""
        if self.shift.dim() == 1:
            return self
        return PreparedMlp(self.shift.index_select(0, rows), self.weights, self.biases)

    def hidden(self, features: Features) -> Tensor:
        """Return hidden vectors [n, H] of as many states."""
        return self.of(features.encoding)

    def of(self, inputs: Tensor) -> Tensor:
        """Return hidden vectors [n, H] of inputs [n, D]."""
        hidden = torch.addmm(self.shift, inputs, self.weights[0]).relu_()
        for weight, bias in zip(self.weights[1:], self.biases, strict=True):
            hidden = torch.addmm(bias, hidden, weight).relu_()
        return hidden


@final
class Perceptron:
    """ReLU layers over [inputs, condition] that a trunk is, or ends with.

    Args:
        n_inputs: D.
        shape: of the trunk.
        generator: of the initial weights.
    """

    def __init__(self, n_inputs: int, shape: TrunkShape, generator: Generator) -> None:
        self.n_inputs = n_inputs
        self._has_code = shape.n_code > 0
        self._precision = shape.precision
        widths = [n_inputs + shape.n_code, *[shape.width] * shape.depth]
        self.first, *rest = (linear(n_in, n_out, generator, gain=3**0.5) for n_in, n_out in pairwise(widths))
        self.rest = nn.ModuleList(rest)

    @property
    def named_layers(self) -> dict[str, nn.Module]:
        """The layers by name."""
        return {"first": self.first, "rest": self.rest}

    @property
    def linears(self) -> list[nn.Linear]:
        """The layers, from the first."""
        return [self.first, *(layer for layer in self.rest if isinstance(layer, nn.Linear))]

    def prepare(self, code: Tensor) -> PreparedMlp:
        """Return the layers prepared for encoded conditions [B, C]."""
        first, *rest = self.linears
        shift: Tensor = first.bias
        if self._has_code:
            shift = functional.linear(code, first.weight[:, self.n_inputs :], first.bias)
        weights: list[Tensor] = [first.weight[:, : self.n_inputs], *(layer.weight for layer in rest)]
        # products with few rows are up to 1.6 times faster on transposed weights
        transposed = tuple(weight.t().contiguous() for weight in weights)
        return PreparedMlp(shift, transposed, tuple(layer.bias for layer in rest))

    def __call__(self, inputs: Tensor, features: Features, code: Tensor) -> Tensor:
        """Return hidden vectors [N, H] of rows of inputs [U, D] under encoded conditions [N, C]."""
        if self._is_rounded(inputs, features):
            return hidden_layers((inputs, code) if self._has_code else (inputs,), self.linears)
        hidden = self._first(inputs, features, code).relu_()
        for layer in self.rest:
            hidden = layer(hidden).relu_()
        return hidden

    def _is_rounded(self, inputs: Tensor, features: Features) -> bool:
        """Return whether the layers run in bfloat16 for these states."""
        if self._precision == "float32" or not torch.is_grad_enabled() or features.position is not None:
            return False
        return self._precision == "bfloat16" or is_worthwhile(len(inputs), self.linears)

    def _first(self, inputs: Tensor, features: Features, code: Tensor) -> Tensor:
        """Return the first layer's output for states and conditions [N, H]."""
        weight, bias = self.first.weight, self.first.bias
        if not self._has_code:
            return features.spread(functional.linear(inputs, weight, bias))
        if features.position is None:
            return functional.linear(torch.cat([inputs, code], dim=1), weight, bias)
        # states repeated under several conditions pass the wide part of the layer once
        of_states = functional.linear(inputs, weight[:, : self.n_inputs], bias)
        return torch.addmm(features.spread(of_states), code, weight[:, self.n_inputs :].t())


@final
class Mlp(Trunk):
    """The perceptron alone."""

    reads: ClassVar[Reads] = READS

    def __init__(self, environment: Environment, shape: TrunkShape, generator: Generator) -> None:
        self._perceptron = Perceptron(environment.encoding_width, shape, generator)

    @property
    def layers(self) -> Mapping[str, nn.Module]:
        """Return the layers by name."""
        return self._perceptron.named_layers

    def hidden(self, features: Features, code: Tensor) -> Tensor:
        """Return hidden vectors [N, H] under encoded conditions [N, C]."""
        return self._perceptron(features.encoding, features, code)

    def prepare(self, code: Tensor) -> PreparedMlp:
        """Return the layers prepared for encoded conditions [B, C]."""
        return self._perceptron.prepare(code)


TRUNK = Mlp
