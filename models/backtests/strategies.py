"""The methods that a backtest can replay, by name: files beside this one define `STRATEGIES`.

A method is opened fresh for every seed; its file is loaded then and not before.
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
    """Return a method that knows nothing yet.

    Raises:
        LookupError: if there is none of that name.
    """
    if name not in _FILES:
        raise LookupError(f"unknown method {name!r}; there are {', '.join(METHODS)}")
    made: Strategy = import_module(f"models.backtests.{_FILES[name]}").STRATEGIES[name]()
    return made
