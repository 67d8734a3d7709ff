"""The trunk interface: what turns states and their condition into hidden vectors. Knows no head and no loss.

Letters: N states, D encoding width, C condition width, H hidden width.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, final

from torch import Generator, Tensor, nn

from models.gflownet.environment import Environment
from models.gflownet.trajectories import Features, Reads

Precision = Literal["fastest", "float32", "bfloat16"]


@final
@dataclass(frozen=True, slots=True)
class TrunkShape:
    """Size of a trunk: `width` H, `depth` of hidden layers, and `n_code` C condition inputs.

    `precision` is that of the hidden layers while gradients are taken; a trunk without a rounded path
    computes in float32.
    """

    width: int
    depth: int
    n_code: int
    precision: Precision


class Prepared(Protocol):
    """A trunk prepared for sampling without gradients under given conditions [B]."""

    def at(self, rows: Tensor) -> "Prepared":
        """Return the same for the conditions of the given rows."""

    def hidden(self, features: Features) -> Tensor:
        """Return hidden vectors [B, H], one state per condition."""


class Trunk(ABC):
    """A network from states and conditions to hidden vectors.

    It is no module itself: the policy registers `layers` as its own children, in their order, so the names
    of stored weights do not depend on this seam.
    """

    reads: ClassVar[Reads]
    """Which description of states it takes; an environment without it cannot serve the trunk."""

    @abstractmethod
    def __init__(self, environment: Environment, shape: TrunkShape, generator: Generator) -> None:
        """Build the layers on the CPU with weights from `generator`.

        Raises:
            UnservedTrunkError: if the environment does not describe states in the way that it reads.
        """

    @property
    @abstractmethod
    def layers(self) -> Mapping[str, nn.Module]:
        """All its layers by name."""

    @abstractmethod
    def hidden(self, features: Features, code: Tensor) -> Tensor:
        """Return hidden vectors [N, H] of states under encoded conditions [N, C], for use with gradients."""

    @abstractmethod
    def prepare(self, code: Tensor) -> Prepared:
        """Return the trunk prepared for many sampling steps under encoded conditions [B, C]."""


class UnservedTrunkError(ValueError):
    """An environment does not describe its states in the way that a trunk reads."""

    def __init__(self, environment: Environment, reads: Reads) -> None:
        super().__init__(
            f"{type(environment).__name__} offers no {reads} of its states, which the trunk reads"
        )


def check_served(environment: Environment, reads: Reads) -> None:
    """Check that an environment offers of its states what a trunk reads.

    Raises:
        UnservedTrunkError: if it does not.
    """
    has_graphs = environment.graph_kinds is not None
    offers = {"encoding": True, "tokens": environment.n_tokens > 0, "graph": has_graphs}
    if not offers[reads]:
        raise UnservedTrunkError(environment, reads)
