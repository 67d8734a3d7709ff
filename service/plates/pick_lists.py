"""Pick lists: what a robot reads to fill a plate. Knows no file but CSV."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence

from service.errors import ConflictError
from service.exchange.formula_injection import cell_text
from service.plates.records import PlateLayout, Transfer
from service.plates.specs import LayoutSpec, Robot, Stocks
from service.plates.volumes import MIN_VOLUME_NL, VOLUME_STEP_NL

_ECHO = (
    *("Source Plate Name", "Source Plate Barcode", "Source Plate Type", "Source Well", "Sample ID"),
    *("Destination Plate Name", "Destination Plate Barcode", "Destination Well", "Transfer Volume"),
)
_BIOMEK = ("Source Plate", "Source Well", "Destination Plate", "Destination Well", "Volume", "Sample ID")


def write_pick_list(spec: LayoutSpec, layout: PlateLayout, robot: Robot) -> bytes:
    """Return the transfers of a plate as the robot's CSV: nL for the Echo, uL for the Biomek.

    Raises:
        ConflictError: if the plate was laid out without stocks, or its volumes are none that this robot
            moves.
    """
    if spec.stocks is None:
        raise ConflictError(
            "this plate was laid out without stocks: nobody knows what fills it; lay out one with them"
        )
    step, least = VOLUME_STEP_NL[robot], MIN_VOLUME_NL[robot]
    bad = [item for item in layout.transfers if item.volume_nl < least or item.volume_nl % step]
    if bad:
        raise ConflictError(
            f"{len(bad)} of {len(layout.transfers)} transfers are no multiples of {step:g} nL from "
            f"{least:g} nL on, "
            f"such as {bad[0].volume_nl:g} nL into {bad[0].well}: this plate was planned for the "
            f"{spec.stocks.robot}"
        )
    header, row = _WRITERS[robot]
    return _csv(header, (row(spec.name, spec.stocks, item) for item in layout.transfers))


def _echo(plate: str, stocks: Stocks, item: Transfer) -> Sequence[object]:
    source = (stocks.plate, stocks.plate, stocks.plate_type, item.source_well, item.sample)
    return (*source, plate, plate, item.well, item.volume_nl)


def _biomek(plate: str, stocks: Stocks, item: Transfer) -> Sequence[object]:
    return (stocks.plate, item.source_well, plate, item.well, item.volume_nl / 1000.0, item.sample)


_WRITERS: Mapping[Robot, tuple[Sequence[str], Callable[[str, Stocks, Transfer], Sequence[object]]]] = {
    "echo": (_ECHO, _echo),
    "biomek": (_BIOMEK, _biomek),
}


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([cell_text(value) for value in row] for row in rows)
    return out.getvalue().encode()
