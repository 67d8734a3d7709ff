"""Recipes as numbers: fractions, scaled process variables, computed properties and similarity. Torch-free.

Letters: N texts, C components, V numeric variables, L levels of all categorical variables together, K
coordinates of those with descriptors. The columns of `features_of` are [C fractions | V numbers | L one-hot |
K coordinates], described by `Layout` for the kernel.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.domains.contract import ComputedProperty, FeatureGroup
from models.domains.discriminative_parts import rank_by_impurity
from models.domains.materials.descriptors import embed_categories
from models.domains.materials.mixture.recipe import read
from models.domains.materials.process import Categorical, is_numeric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.contract import Floats
    from models.domains.materials.spec import MixtureSpec


@dataclass(frozen=True, slots=True)
class Layout:
    """The feature columns of each kind."""

    n_components: int
    n_numeric: int
    categorical_sizes: tuple[int, ...]
    described_sizes: tuple[int, ...] = ()
    """Per categorical variable, 0 without descriptors; empty when none has any."""

    @property
    def numeric(self) -> tuple[int, ...]:
        """Columns of the numeric variables."""
        return tuple(range(self.n_components, self.n_components + self.n_numeric))

    @property
    def categorical(self) -> tuple[tuple[int, ...], ...]:
        """One-hot columns of each categorical variable."""
        return _blocks(self.n_components + self.n_numeric, self.categorical_sizes)

    @property
    def described(self) -> tuple[tuple[int, ...], ...]:
        """Columns of the coordinates of each categorical variable; none without descriptors."""
        sizes = self.described_sizes or (0,) * len(self.categorical_sizes)
        return _blocks(self.n_components + self.n_numeric + sum(self.categorical_sizes), sizes)


def _blocks(start: int, sizes: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    ends = list(itertools.accumulate(sizes, initial=start))
    return tuple(tuple(range(first, last)) for first, last in itertools.pairwise(ends))


def embedded_values(variable: Categorical) -> Floats:
    """Return coordinates [L, K] of a variable's values, from its descriptors."""
    return embed_categories(variable.values, variable.descriptors, variable.smiles)


def layout_of(spec: MixtureSpec) -> Layout:
    """Return the layout of a campaign's features."""
    categorical = [variable for variable in spec.process if isinstance(variable, Categorical)]
    sizes = tuple(len(variable.levels) for variable in categorical)
    described = tuple(embedded_values(variable).shape[1] for variable in categorical)
    return Layout(len(spec.components), len(spec.process) - len(sizes), sizes, described)


def computed_of(spec: MixtureSpec) -> dict[str, ComputedProperty]:
    """Return the computed properties: components and numeric variables by name, and mixing properties."""
    computed: dict[str, ComputedProperty] = {}
    if spec.components:
        computed["n_components"] = ComputedProperty("number of components present")
        computed["mixing_entropy"] = ComputedProperty("ideal entropy of mixing over the gas constant, -sum x ln x")
    for name in spec.components:
        computed[name] = ComputedProperty(f"fraction of {name}", range=(0.0, 1.0))
    for variable in spec.process:
        if not isinstance(variable, Categorical):
            span = (variable.levels[0], variable.levels[-1])
            computed[variable.name] = ComputedProperty(f"setting of {variable.name}", units=variable.units, range=span)
    return computed


def features_of(spec: MixtureSpec, texts: Sequence[str]) -> Floats:
    """Return proxy inputs [N, C + V + L + K].

    Numbers are scaled so that the variable's range is 0-1, in logarithms on a log scale; measured values may
    lie outside. A category that the campaign does not list has zeros in its blocks, which is the middle of
    the coordinates.
    """
    recipes = [read(text) for text in texts]
    blocks = [_fractions(spec, recipes)]
    blocks += [_scaled(variable, recipes) for variable in spec.process if is_numeric(variable)]
    codes = [(variable, _one_hot(variable, recipes)) for variable in spec.process if isinstance(variable, Categorical)]
    blocks += [code for _, code in codes]
    blocks += [_described(variable, recipes) for variable, _ in codes]
    return np.hstack(blocks)


def _fractions(spec: MixtureSpec, recipes: Sequence[Mapping[str, Any]]) -> Floats:
    if not spec.components:
        return np.zeros((len(recipes), 0))
    values = np.asarray([[recipe.get(name, 0.0) for name in spec.components] for recipe in recipes], dtype=np.float64)
    values = values.reshape(len(recipes), len(spec.components))
    fractions: Floats = values / values.sum(axis=1, keepdims=True)
    return fractions


def _scaled(variable: Any, recipes: Sequence[Mapping[str, Any]]) -> Floats:
    ends = np.asarray([variable.levels[0], variable.levels[-1]], dtype=np.float64)
    values = np.asarray([[recipe[variable.name]] for recipe in recipes], dtype=np.float64).reshape(-1, 1)
    if variable.is_log:
        ends, values = np.log(ends), np.log(values)
    low, high = ends
    scaled: Floats = (values - low) / ((high - low) or 1.0)
    return scaled


def _one_hot(variable: Categorical, recipes: Sequence[Mapping[str, Any]]) -> Floats:
    hits = [[float(recipe[variable.name] == value) for value in variable.values] for recipe in recipes]
    return np.asarray(hits, dtype=np.float64).reshape(len(recipes), len(variable.values))


def _described(variable: Categorical, recipes: Sequence[Mapping[str, Any]]) -> Floats:
    """Return the coordinates [N, K] of each recipe's value; the middle for an unlisted one."""
    table = embedded_values(variable)
    rows = {value: row for row, value in enumerate(variable.values)}
    positions = [rows.get(recipe[variable.name], len(table)) for recipe in recipes]
    known: Floats = np.vstack([table, np.zeros((1, table.shape[1]))])[np.asarray(positions, dtype=np.int64)]
    return known


def parts_of(spec: MixtureSpec, texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
    """Return components and process variables by name; a categorical variable owns all its columns."""
    layout = layout_of(spec)
    parts = [FeatureGroup(name, (column,)) for column, name in enumerate(spec.components)]
    numeric = [variable.name for variable in spec.process if is_numeric(variable)]
    parts += [FeatureGroup(name, (column,)) for name, column in zip(numeric, layout.numeric, strict=True)]
    categorical = [variable.name for variable in spec.process if not is_numeric(variable)]
    blocks = zip(categorical, layout.categorical, layout.described, strict=True)
    parts += [FeatureGroup(name, (*columns, *described)) for name, columns, described in blocks]
    return rank_by_impurity(parts, features_of(spec, texts))


def properties_of(spec: MixtureSpec, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
    """Return the named computed properties [N] each."""
    recipes = [read(text) for text in texts]
    fractions = _fractions(spec, recipes)
    logs = np.log(np.where(fractions > 0, fractions, 1.0))
    mixing = {"n_components": np.count_nonzero(fractions, axis=1), "mixing_entropy": -(fractions * logs).sum(axis=1)}
    return {name: _column(recipes, name) if name not in mixing else mixing[name] + 0.0 for name in names}


def _column(recipes: Sequence[Mapping[str, Any]], name: str) -> Floats:
    return np.asarray([recipe.get(name, 0.0) for recipe in recipes], dtype=np.float64)


def similarity_of(spec: MixtureSpec, left: Sequence[str], right: Sequence[str]) -> Floats:
    """Return similarities [N, M]: the mean over the mixture and each process variable (Gower, 1971).

    A mixture counts 1 - L1 / 2 of its fractions, a number 1 - |difference| / range on its scale (0 beyond), a
    category 1 or 0.
    """
    rows, columns = [read(text) for text in left], [read(text) for text in right]
    parts = []
    if spec.components:
        ours, theirs = _fractions(spec, rows), _fractions(spec, columns)
        pairs = zip(ours.T, theirs.T, strict=True)
        parts.append(1 - sum(np.abs(mine[:, None] - other[None]) for mine, other in pairs) / 2)
    for variable in spec.process:
        if isinstance(variable, Categorical):
            first = np.asarray([recipe[variable.name] for recipe in rows], dtype=object)
            second = np.asarray([recipe[variable.name] for recipe in columns], dtype=object)
            parts.append((first[:, None] == second[None]).astype(np.float64))
        else:
            parts.append(1 - np.abs(_scaled(variable, rows) - _scaled(variable, columns).T))
    similarities: Floats = np.mean([np.clip(part, 0, 1) for part in parts], axis=0)
    return similarities.reshape(len(left), len(right))
