"""The strategies that a backtest can replay, by name; every seed gets a new instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.backtests.contract import Strategy

METHODS = ("assayflow", "assayflow_generative", "random", "genetic", "greedy", "bayesian")
"""`assayflow` scores a whole table if there is one and trains a policy otherwise; `assayflow_generative`
always trains a policy, restricted to the table's objects."""


def build_strategy(name: str) -> Strategy:
    """Return a new strategy.

    Raises:
        LookupError: if there is no such strategy.
    """
    if name == "random":
        from models.backtests.random_baseline import RandomBaseline

        return RandomBaseline()
    if name == "genetic":
        from models.backtests.genetic import GeneticAlgorithm

        return GeneticAlgorithm()
    if name == "bayesian":
        from models.backtests.bayesian import Bayesian

        return Bayesian()
    if name in METHODS:
        from models.backtests.rounds import Exhaustive, Generative, greedy

        return {"assayflow": Exhaustive(), "greedy": Exhaustive(greedy)}.get(name, Generative())
    raise LookupError(f"unknown method {name!r}; there are {', '.join(METHODS)}")
