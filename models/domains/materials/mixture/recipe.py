"""Recipes: canonical text, patterns and readable phrases. Torch-free.

The canonical text is compact JSON with the campaign's columns in the specification's order: the components
with their fractions (zero ones are left out), then every process variable, as in
`{"water":0.75,"ethanol":0.25,"temperature":40}`.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from models.domains.materials.spec import MixtureSpec

DECIMALS = 6


def write(spec: MixtureSpec, recipe: Mapping[str, str | float]) -> str:
    """Return the canonical text of known values."""
    components = [name for name in spec.components if recipe.get(name)]
    ordered = {name: recipe[name] for name in (*components, *(variable.name for variable in spec.process))}
    values = {name: value if isinstance(value, str) else round_to_grid(value) for name, value in ordered.items()}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def read(text: str) -> dict[str, Any]:
    """Return the values of a canonical text."""
    values: dict[str, Any] = json.loads(text)
    return values


def grid_fraction(steps: int, grid: int) -> float:
    """Return the written fraction of a number of grid steps."""
    return round(steps / grid, DECIMALS)


def round_to_grid(value: float) -> float:
    """Return a whole number as an integer, so that 80 and 80.0 are one text."""
    return int(value) if float(value).is_integer() else float(value)


def nearest_level(levels: Sequence[float], value: float) -> int | None:
    """Return the index of the level that equals the value up to binary rounding, or None."""
    index = min(range(len(levels)), key=lambda i: abs(levels[i] - value))
    rounding = 1e-12 * max(abs(level) for level in levels)
    return index if math.isclose(levels[index], value, rel_tol=1e-9, abs_tol=rounding) else None


def grid_steps(spec: MixtureSpec, recipe: Mapping[str, Any]) -> dict[str, int] | None:
    """Return the grid steps of each component present, or None when a fraction lies off the grid."""
    steps = {name: round(recipe[name] * spec.grid) for name in spec.components if name in recipe}
    on_grid = all(recipe[name] == round_to_grid(grid_fraction(count, spec.grid)) for name, count in steps.items())
    return steps if on_grid and sum(steps.values()) == spec.grid else None


def matching(spec: MixtureSpec, pattern: str) -> Callable[[str], bool]:
    """Return the predicate for a pattern: components present and `variable=value` terms, all required.

    Matching is case-insensitive. A component that the campaign does not have is in none of its recipes.

    Raises:
        ValueError: if a term is empty, or names a variable without a value.
    """
    terms = [[part.strip().casefold() for part in term.split("=")] for term in pattern.split(",")]
    variables = {variable.name.casefold() for variable in spec.process}
    if any(len(term) > 2 or "" in term or (len(term) == 1 and term[0] in variables) for term in terms):  # noqa: PLR2004 - a name and a value
        raise ValueError(f"{pattern!r} is no list of components and settings such as 'water, solvent=DMF'")

    def matches(text: str) -> bool:
        held = {name.casefold(): value for name, value in read(text).items()}
        return all(term[0] in held and (len(term) == 1 or _is_same(held[term[0]], term[1])) for term in terms)

    return matches


def _is_same(value: str | float, text: str) -> bool:
    if isinstance(value, str):
        return value.casefold() == text
    try:
        return math.isclose(value, float(text), rel_tol=1e-9, abs_tol=1e-12)
    except ValueError:
        return False


def in_words(spec: MixtureSpec, text: str) -> list[str]:
    """Return one readable phrase per component present and process variable."""
    values = read(text)
    phrases = [f"{name} {100 * values[name]:.4g} %" for name in spec.components if name in values]
    for variable in spec.process:
        value = values[variable.name]
        shown = value if isinstance(value, str) else f"{value:g}"
        phrases.append(f"{variable.name} {shown}" + (f" {variable.units}" if variable.units else ""))
    return phrases
