"""Utilities of measured objects, with ranges from a strategy's results or from the whole table.

Letters: N objects, M objectives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.data.derived import combined_values
from models.data.ranges import check_log10_range, objective_range
from models.data.tables import tabulate
from models.data.utility import Utility

if TYPE_CHECKING:
    from torch import Tensor

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from models.records import History
    from models.specs.objectives import Objective, Transform


def modelled(values: Tensor, transform: Transform) -> Tensor:
    """Return values [N] on the modelled scale; NaN where they have no logarithm."""
    return values if transform == "none" else torch.where(values > 0, values, torch.nan).log10()


def min_max_utility(objective: Objective, transform: Transform, known: Tensor) -> Utility:
    """Return the utility of an objective: 0 and 1 are its range, else the ends of known modelled values [N].

    Raises:
        ValueError: if the range or target has no logarithm although the values are modelled as log10.
    """
    check_log10_range(objective, transform)
    finite = known[known.isfinite()]
    ends = (float(finite.min()), float(finite.max())) if len(finite) else None
    return Utility.from_range(objective, transform, objective_range(objective, transform, ends))


def utilities_of(objectives: list[Utility], values: Tensor) -> Tensor:
    """Return utilities [N, M] of modelled values [N, M]; a missing value has the lowest utility."""
    columns = [item.of(values[:, i]) for i, item in enumerate(objectives)]
    return torch.nan_to_num(torch.stack(columns, dim=1), nan=0.0)


def measured_utilities(spec: CampaignSpec, domain: Domain, history: History) -> tuple[list[str], Tensor]:
    """Return the objects with a usable value, and their utilities [N, M] by the ranges seen so far."""
    table = tabulate(history.measurements, spec.quantities())
    names = list(table.objects)
    columns, scales = [], []
    for objective in spec.objectives:
        kind, transform = objective.assay_type, spec.transform_of(objective)
        found = spec.combination_of(objective)
        if found is not None:
            column = torch.from_numpy(combined_values(found, table, domain.properties))
        elif kind is None:
            assert objective.computed is not None
            result = torch.from_numpy(domain.properties(names, [objective.computed])[objective.computed])
            column = modelled(result.double(), transform)
        else:
            column = torch.from_numpy(table.values[:, table.types.index(kind)])
        columns.append(column)
        scales.append(min_max_utility(objective, transform, column))
    return names, utilities_of(
        scales, torch.stack(columns, dim=1) if names else torch.zeros(0, len(columns)).double()
    )
