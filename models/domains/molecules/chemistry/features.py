"""What proxies read of molecules: counts of atom environments, then descriptors. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.domains.contract import MOST_PARTS, FeatureGroup
from models.domains.discriminative_parts import rank_by_impurity
from models.domains.molecules.chemistry import atom_environments
from models.domains.molecules.chemistry.descriptors import SPREADS, descriptors
from models.domains.molecules.chemistry.fingerprints import N_COUNTS, write_counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.contract import Floats


def features(texts: Sequence[str]) -> Floats:
    """Return folded Morgan counts and scaled descriptors [N, 2048 + 12]."""
    rows = np.zeros((len(texts), N_COUNTS + len(SPREADS)))
    write_counts(texts, rows)
    rows[:, N_COUNTS:] = descriptors(texts)
    return rows


def parts_of(texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
    """Return the descriptors that vary among the molecules, and the environments that split them best."""
    if not texts:
        return ()
    groups = [FeatureGroup(name, (column,)) for column, name in enumerate(SPREADS)]
    varying = rank_by_impurity(groups, descriptors(texts))
    known = [FeatureGroup(part.name, (N_COUNTS + part.columns[0],)) for part in varying]
    return (*known, *atom_environments.parts_of(texts))[:MOST_PARTS]
