"""A causal pre-norm transformer over the tokens of sequences (arXiv:1706.03762, arXiv:2002.04745).

A step appends one token, so one pass over a finished sequence gives the hidden vectors of all its beginnings.
The condition enters as the token before the first, whose output is the hidden vector of the empty state.

Letters: N states, U sequences, L tokens, C condition width, H hidden width, T heads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from models.gflownet.environment import Environment
from models.gflownet.layers import embedding, linear
from models.gflownet.structures import Tokens
from models.gflownet.trajectories import Features, Reads
from models.gflownet.trunks.contract import Trunk, TrunkShape, check_served

READS: Reads = "tokens"
HEAD_WIDTH = 32
"""Width of a head where H is a multiple of it; else there is one head."""
GROWTH = 2
"""Width of a block's hidden layer over H."""


@final
class Block(nn.Module):
    """Causal attention, then two layers of every position on its own, each added to its input."""

    def __init__(self, width: int, generator: Generator) -> None:
        super().__init__()
        self.n_heads = width // HEAD_WIDTH if width % HEAD_WIDTH == 0 else 1
        self.before = nn.LayerNorm(width)
        self.queries = linear(width, 3 * width, generator, gain=3**0.5)
        self.out = linear(width, width, generator)
        self.between = nn.LayerNorm(width)
        self.grown = linear(width, GROWTH * width, generator, gain=3**0.5)
        self.shrunk = linear(GROWTH * width, width, generator)

    def forward(self, values: Tensor) -> Tensor:
        """Return the values [U, L, H] of every position, each from those up to it."""
        n, length, width = values.shape
        parts = self.queries(self.before(values)).view(n, length, 3, self.n_heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)  # [U, T, L, H / T]
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        values = values + self.out(seen.transpose(1, 2).reshape(n, length, width))
        return values + self.shrunk(self.grown(self.between(values)).relu_())  # type: ignore[no-any-return]


@final
@dataclass(frozen=True, slots=True)
class PreparedTransformer:
    """The trunk under given conditions: `shift` [B, H], their part of the first token."""

    trunk: "Transformer"
    shift: Tensor

    def at(self, rows: Tensor) -> "PreparedTransformer":
        """Return the same for the conditions of the given rows."""
        return PreparedTransformer(self.trunk, self.shift.index_select(0, rows))

    def hidden(self, features: Features) -> Tensor:
        """Return hidden vectors [n, H] of as many states."""
        return self.trunk.of(features, self.shift)


@final
class Transformer(Trunk):
    """Blocks over embedded tokens with learned positions, and a layer norm at the end."""

    reads: ClassVar[Reads] = READS

    def __init__(self, environment: Environment, shape: TrunkShape, generator: Generator) -> None:
        check_served(environment, self.reads)
        self._has_code = shape.n_code > 0
        self._tokens = embedding(environment.n_tokens + 1, shape.width, generator)
        self._places = embedding(environment.max_steps + 1, shape.width, generator)
        self._condition = linear(shape.n_code, shape.width, generator, gain=3**0.5)
        self._blocks = nn.ModuleList(Block(shape.width, generator) for _ in range(shape.depth))
        self._norm = nn.LayerNorm(shape.width)

    @property
    def layers(self) -> Mapping[str, nn.Module]:
        """Return the layers by name."""
        return {
            "tokens": self._tokens,
            "places": self._places,
            "condition": self._condition,
            "blocks": self._blocks,
            "norm": self._norm,
        }

    def hidden(self, features: Features, code: Tensor) -> Tensor:
        """Return hidden vectors [N, H] under encoded conditions [N, C]."""
        return self.of(features, self._shift(code))

    def prepare(self, code: Tensor) -> PreparedTransformer:
        """Return the trunk prepared for encoded conditions [B, C]."""
        return PreparedTransformer(self, self._shift(code))

    def _shift(self, code: Tensor) -> Tensor:
        if self._has_code:
            return self._condition(code)  # type: ignore[no-any-return]
        return self._condition.bias.expand(len(code), -1)

    def of(self, features: Features, shift: Tensor) -> Tensor:
        """Return hidden vectors [N, H] of states whose conditions give these first tokens [N, H].

        States that share a sequence have one condition, unless `features.position` repeats them.
        """
        tokens = features.structure
        if not isinstance(tokens, Tokens):
            raise TypeError("a transformer reads tokens; featurize states for what the policy reads")
        if features.position is not None:
            # repeated states have conditions of their own, so each is a sequence of its own
            tokens = tokens.at(features.position)
            outputs = self._outputs(tokens.ids[tokens.rows], tokens.lengths, shift)
            return outputs[torch.arange(len(shift), device=shift.device), tokens.lengths]
        used, row = torch.unique(tokens.rows, return_inverse=True)
        index = torch.arange(len(row), device=row.device)
        first = index.new_full((len(used),), len(row)).scatter_reduce(0, row, index, "amin")
        outputs = self._outputs(tokens.ids[used], tokens.lengths, shift[first])
        return outputs[row, tokens.lengths]

    def _outputs(self, ids: Tensor, lengths: Tensor, shift: Tensor) -> Tensor:
        """Return the outputs [U, l + 1, H] before and after each of the first l tokens of ids [U, L]."""
        most = int(lengths.max()) if len(lengths) else 0
        values = torch.cat([shift.unsqueeze(1), self._tokens(ids[:, :most])], dim=1)
        values = values + self._places.weight[: most + 1]
        for block in self._blocks:
            values = block(values)
        return self._norm(values)  # type: ignore[no-any-return]


TRUNK = Transformer
