"""The strategies that a backtest can replay, by name: files of this package define `STRATEGIES`.

Every seed gets a new instance; the file is imported only then.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from models.specs.variants import named_variants

if TYPE_CHECKING:
    from models.backtests.contract import Strategy

_FILES = named_variants("backtests", "STRATEGIES")
METHODS = tuple(_FILES)


def build_strategy(name: str) -> Strategy:
    """Return a new strategy.

    Raises:
        LookupError: if there is no such strategy.
    """
    if name not in _FILES:
        raise LookupError(f"unknown method {name!r}; there are {', '.join(METHODS)}")
    made: Strategy = import_module(f"models.backtests.{_FILES[name]}").STRATEGIES[name]()
    return made
