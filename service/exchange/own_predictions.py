"""Columns of a downloaded batch that hold its predictions, and none of what was measured. Knows no cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.specs.columns import PREDICTED, SPREAD, key
from service.exchange.tables import TableError

if TYPE_CHECKING:
    from models.campaign.spec import CampaignSpec

_OF_A_BATCH_ONLY = frozenset(
    ("candidate_id", "rank", "batch_rank", "beta", "nearest_measured", "nearest_similarity", "in_domain")
)
"""Columns by which a file is known as a downloaded batch from which predictions were deleted."""


def predictions_in(headers: tuple[str, ...], spec: CampaignSpec) -> set[str]:
    """Return the columns that hold a downloaded batch's predictions, known by their neighbours.

    A name exactly as a batch writes it is the prediction, and another spelling beside it is of whoever
    measured.

    Raises:
        TableError: if a column may be a prediction or measured.
    """
    keys = {key(header) for header in headers}
    found: set[str] = set()
    for objective in spec.objectives:
        columns = {part: _predicted(headers, f"{objective.name}_{part}") for part in PREDICTED}
        mean, deviation = columns["mean"], columns["sd"]
        is_batch = (columns["low"] and columns["high"]) or {"acquisition", "feasibility"} & keys
        if mean and not is_batch and objective.assay_type and key(objective.name) not in keys:
            detail = (
                f"{mean[0]!r} is a batch's name for a prediction: name the column {objective.name} if it was"
            )
            raise TableError(f"{detail} measured, and leave it out if not", column=mean[0])
        if is_batch:
            exact = {f"{objective.name}_{part}" for part in PREDICTED}.intersection(headers)
            for part, spellings in columns.items():
                _check_one_prediction([] if exact else spellings, f"{objective.name}_{part}")
            found |= exact or {spellings[0] for spellings in columns.values() if spellings}
        elif deviation and _OF_A_BATCH_ONLY & keys and f"{objective.name}_sd" == deviation[0]:
            _check_not_measured(deviation, headers, objective.name)
            found.add(deviation[0])
    return found


def own_predictions(spec: CampaignSpec) -> set[str]:
    """Return the names of a downloaded batch's predictions, exactly as it writes them."""
    return {f"{objective.name}_{part}" for objective in spec.objectives for part in PREDICTED}


def _predicted(headers: tuple[str, ...], name: str) -> list[str]:
    """Return the headers that spell a prediction's name, the exact one first."""
    return sorted(
        (header for header in headers if key(header) == key(name)), key=lambda header: header != name
    )


def _check_one_prediction(spellings: list[str], name: str) -> None:
    """Check that it is certain which of several columns is a batch's prediction.

    Raises:
        TableError: if none has the exact name.
    """
    if len(spellings) > 1:
        detail = f"columns {spellings[0]!r} and {spellings[1]!r} may both be the batch's prediction"
        raise TableError(f"{detail}: name the prediction {name!r}, or leave it out", column=spellings[1])


def _check_not_measured(deviation: list[str], headers: tuple[str, ...], name: str) -> None:
    """Check that a batch's predicted deviation without the rest of the prediction is no measured one.

    Raises:
        TableError: if readings are counted beside it, and no other column is the deviation that was measured.
    """
    base = key(name)
    plain = [key(header) for header in headers if header != deviation[0]]
    own = {
        SPREAD.get(each) or SPREAD.get(each.rpartition("_")[2] if each.startswith(f"{base}_") else "")
        for each in plain
    }
    if "n" in own and "standard_deviation" not in own:
        detail = f"{deviation[0]!r} is a batch's name for a prediction: leave it out if it is one, or name it"
        raise TableError(f"{detail} {name}_standard_deviation if it was measured", column=deviation[0])
