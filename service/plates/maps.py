"""A plate's map as a table for people at the bench: one row a well, with what it holds."""

from collections.abc import Mapping
from typing import Any

from service.plates.geometry import read_well, row_name
from service.plates.records import PlateLayout
from service.plates.specs import LayoutSpec


def map_rows(spec: LayoutSpec, layout: PlateLayout, failed: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the used wells, row by row, all with the same columns.

    Args:
        spec: the plate's specification.
        layout: what its wells hold.
        failed: wells that were not filled as planned, with the reason.
    """
    rows = []
    for well in layout.wells:
        place = read_well(well.well, spec.wells)
        assert place is not None  # the layout named it
        rows.append(
            {
                "plate": spec.name,
                "well": well.well,
                "row": row_name(place[0]),
                "column": place[1] + 1,
                "role": well.role,
                "candidate_id": None if well.candidate_id is None else str(well.candidate_id),
                "dose": well.dose,
                f"concentration ({spec.doses.units})": well.concentration,
                "failed": failed.get(well.well),
            }
        )
    return rows
