"""One proxy that competes: fitted when it is first asked, with what its cross-validation found."""

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
    """A proxy, the table's columns it knows, the factors of its deviations there, and what it was held to."""

    name: str
    fit: Callable[[], FittedProxy]
    columns: list[int]
    factors: Tensor
    scores: Mapping[str, Score]
    held_out: Mapping[str, HeldOut]

    @cached_property
    def proxy(self) -> FittedProxy:
        """The fitted proxy; opened again (`refit`), it is fitted when somebody first asks it."""
        return self.fit()
