"""One candidate proxy with its cross-validation results, fitted at first use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from models.proxies.contract import FittedProxy
    from models.proxies.validation import HeldOut, Score


@dataclass(frozen=True)
class ProxyFit:
    """A proxy, its columns of the table, the factors of its deviations, and its held-out predictions."""

    name: str
    fit: Callable[[], FittedProxy]
    columns: list[int]
    factors: Tensor
    scores: Mapping[str, Score]
    held_out: Mapping[str, HeldOut]

    @cached_property
    def proxy(self) -> FittedProxy:
        """The fitted proxy; after `refit`, it is fitted at first use."""
        return self.fit()
