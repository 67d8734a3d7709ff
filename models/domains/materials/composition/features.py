"""Features of compositions: element fractions, statistics, computed properties, similarity. Torch-free.

The statistics are the weighted mean, the mean absolute deviation and the range of each elemental descriptor
over the composition (Magpie; Ward et al., npj Comput. Mater. 2, 16028, 2016). Letters: N texts, E elements of
the table, P descriptors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.domains.contract import ComputedProperty, FeatureGroup
from models.domains.discriminative_parts import rank_by_impurity
from models.domains.materials.charge_balance.elements import DESCRIPTORS, descriptor_matrix, element_table
from models.domains.materials.composition.formula import amounts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.contract import Floats

N_STATISTICS = 3 * len(DESCRIPTORS)
CHUNK = 2048
"""Texts handled at once: bounds the memory of [N, E, P]."""

COMPUTED = {
    "n_elements": ComputedProperty("number of different elements"),
    "n_atoms": ComputedProperty("atoms in the reduced formula unit"),
    "molar_mass": ComputedProperty("mass of the reduced formula unit", units="g/mol"),
    "mean_electronegativity": ComputedProperty("mean Pauling electronegativity of the atoms"),
    "electronegativity_difference": ComputedProperty("largest minus smallest Pauling electronegativity"),
    "mean_atomic_number": ComputedProperty("mean atomic number of the atoms"),
    "mean_atomic_radius": ComputedProperty("mean empirical atomic radius", units="angstrom"),
    "mean_period": ComputedProperty("mean period of the atoms"),
    "mean_valence_electrons": ComputedProperty("mean number of valence electrons of the atoms (group, or group - 10)"),
}


def amount_matrix(texts: Sequence[str]) -> Floats:
    """Return the integer amounts of canonical texts over the whole element table [N, E]."""
    column = {symbol: index for index, symbol in enumerate(element_table())}
    amounts = np.zeros((len(texts), len(column)))
    for row, text in enumerate(texts):
        for symbol, amount in amounts_of(text).items():
            amounts[row, column[symbol]] = amount
    return amounts


def fractions_of(texts: Sequence[str]) -> Floats:
    """Return atomic fractions over the whole element table [N, E]."""
    amounts = amount_matrix(texts)
    fractions: Floats = amounts / amounts.sum(axis=1, keepdims=True)
    return fractions


def features_of(texts: Sequence[str]) -> Floats:
    """Return fractions and statistics side by side [N, E + 3P]; every element of the table has its column."""
    fractions = fractions_of(texts)
    return np.hstack([fractions, statistics_of(fractions)])


def statistics_of(fractions: Floats) -> Floats:
    """Return mean, deviation and range of every descriptor [N, 3P], in deviations of the element table."""
    parts = [_statistics(fractions[start : start + CHUNK]) for start in range(0, len(fractions), CHUNK)]
    return np.concatenate(parts) if parts else np.zeros((0, N_STATISTICS))


def _statistics(fractions: Floats) -> Floats:
    occurring = fractions.any(axis=0)
    weights, values = fractions[:, occurring], descriptor_matrix()[occurring]
    mean = _weighted_sum(weights, np.broadcast_to(values, (len(weights), *values.shape)))
    deviation = _weighted_sum(weights, np.abs(values[None] - mean[:, None]))
    return np.hstack([mean, deviation, _range(weights, values)])


def _weighted_sum(weights: Floats, values: Floats) -> Floats:
    """Return the sums [N, P] of values [N, E, P] by weights [N, E], element after element.

    A matrix product may round a row differently in another batch; features must not depend on the batch.
    """
    total = np.zeros((values.shape[0], values.shape[2]))
    for position in range(values.shape[1]):
        total += weights[:, position, None] * values[:, position]
    return total


def _range(weights: Floats, values: Floats) -> Floats:
    present = (weights > 0)[:, :, None]
    highest = np.where(present, values[None], -np.inf).max(axis=1)
    lowest = np.where(present, values[None], np.inf).min(axis=1)
    spread: Floats = highest - lowest
    return spread


def parts_of(texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
    """Return every element by symbol, and every descriptor's mean, deviation and range over the atoms."""
    symbols, n = list(element_table()), len(DESCRIPTORS)
    elements = [FeatureGroup(symbol, (column,)) for column, symbol in enumerate(symbols)]
    owned = [tuple(len(symbols) + statistic * n + position for statistic in range(3)) for position in range(n)]
    named = zip(DESCRIPTORS, owned, strict=True)
    descriptors = [FeatureGroup(f"{name.replace('_', ' ')} of the atoms", columns) for name, columns in named]
    return rank_by_impurity([*elements, *descriptors], features_of(texts))


def properties_of(texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
    """Return the named computed properties [N] each."""
    amounts = amount_matrix(texts)
    return {name: _property(amounts, name) for name in names}


def _property(amounts: Floats, name: str) -> Floats:
    atoms: Floats = amounts.sum(axis=1)
    if name == "n_elements":
        counts: Floats = np.count_nonzero(amounts, axis=1).astype(np.float64)
        return counts
    if name == "n_atoms":
        return atoms
    if name == "electronegativity_difference":
        difference: Floats = _range(amounts, _column("electronegativity"))[:, 0]
        return difference
    total: Floats = (amounts @ _column(name.removeprefix("mean_")))[:, 0]
    return total if name == "molar_mass" else total / atoms


def _column(attribute: str) -> Floats:
    return np.asarray([[float(getattr(row, attribute))] for row in element_table().values()])


def similarity_of(left: Sequence[str], right: Sequence[str]) -> Floats:
    """Return similarities [N, M]: half shared atoms, half similarity of the elements' statistics.

    The first half is the overlap of the fractions, 1 - L1 / 2; the second is exp(-d) with d the root mean
    square difference of the statistics, so GaAs is closer to GaP than to NaCl.
    """
    of_left, of_right = fractions_of(left), fractions_of(right)
    occurring = of_left.any(axis=0) | of_right.any(axis=0)
    result = np.empty((len(left), len(right)))
    stats_left, stats_right = statistics_of(of_left), statistics_of(of_right)
    packed = of_right[:, occurring]
    for row, (fractions, stats) in enumerate(zip(of_left[:, occurring], stats_left, strict=True)):
        overlap = 1 - np.abs(packed - fractions).sum(axis=1) / 2
        distance = np.sqrt(np.square(stats_right - stats).mean(axis=1))
        result[row] = (overlap + np.exp(-distance)) / 2
    return np.clip(result, 0, 1)
