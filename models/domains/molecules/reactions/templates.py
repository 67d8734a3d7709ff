"""Reaction templates with the groups that they need and forbid. Torch-free; knows no stock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guard:
    """What one reactant must have exactly once, and must not have at all: names of groups."""

    needs: frozenset[str]
    forbids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Template:
    """A reaction of one or two reactants to one product.

    `change` is what the reaction adds to the summed counts of its reactants' groups; None if it is not known
    or not constant, so that the groups of a product have to be counted.
    """

    name: str
    family: str
    smarts: str
    guards: tuple[Guard, ...]
    conditions: str
    expected_yield: float | None = None
    change: tuple[tuple[str, int], ...] | None = None
