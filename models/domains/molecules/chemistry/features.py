"""What proxies read of molecules: counts of environments and configurations, descriptors. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.domains.contract import MOST_PARTS, FeatureGroup
from models.domains.discriminative_parts import rank_by_impurity
from models.domains.molecules.chemistry import atom_environments, configurations
from models.domains.molecules.chemistry.configurations import N_CONFIGURATIONS, write_configurations
from models.domains.molecules.chemistry.descriptors import SPREADS, descriptors
from models.domains.molecules.chemistry.fingerprints import N_COUNTS, write_counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.contract import Floats

N_AMOUNTS = N_COUNTS + N_CONFIGURATIONS
"""Columns of counts, before those of descriptors."""


def features(texts: Sequence[str]) -> Floats:
    """Return folded Morgan counts, counts of configurations and descriptors [N, 2048 + 256 + 12]."""
    rows = np.zeros((len(texts), N_AMOUNTS + len(SPREADS)))
    write_counts(texts, rows)
    write_configurations(texts, rows[:, N_COUNTS:N_AMOUNTS])
    rows[:, N_AMOUNTS:] = descriptors(texts)
    return rows


def parts_of(texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
    """Return the descriptors and configurations that vary, then the environments that split best."""
    if not texts:
        return ()
    groups = [FeatureGroup(name, (column,)) for column, name in enumerate(SPREADS)]
    varying = rank_by_impurity(groups, descriptors(texts))
    known = [FeatureGroup(part.name, (N_AMOUNTS + part.columns[0],)) for part in varying]
    configured = [
        FeatureGroup(part.name, tuple(N_COUNTS + column for column in part.columns))
        for part in configurations.parts_of(texts)
    ]
    return (*known, *configured, *atom_environments.parts_of(texts))[:MOST_PARTS]
