"""Which volumes a robot moves, so that every well has its dose and all wells the same share of solvent.

A robot moves multiples of a smallest volume, so a well has the dose that its volume comes to, which may differ from
the requested one by a tenth at most.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from service.exchange.units import convert
from service.plates.geometry import by_columns, plain_name, well_name
from service.plates.problems import invalid
from service.plates.records import PlateLayout, PlateWell, SourceWell, Transfer
from service.plates.specs import LayoutSpec, Robot, Stocks

VOLUME_STEP_NL: Mapping[Robot, float] = {"echo": 2.5, "biomek": 100.0}
"""What volumes are multiples of."""
MIN_VOLUME_NL: Mapping[Robot, float] = {"echo": 2.5, "biomek": 500.0}
"""The smallest volume that is moved well."""
TOLERANCE = 0.1
POSITIVE, VEHICLE = "positive", "vehicle"


@dataclass(frozen=True, slots=True)
class _Dose:
    """How one dose is made: from which stock, by how much, and what it comes to."""

    stock: int
    volume: float
    concentration: float


def plan_transfers(layout: PlateLayout, spec: LayoutSpec, stocks: Stocks, candidates: Sequence[UUID]) -> PlateLayout:
    """Return the layout with all transfers, and the concentrations that they come to.

    Raises:
        UnprocessableError: if a dose cannot be made from the stocks, or a source well is taken or not on its plate.
    """
    doses = [_dose(wanted, spec, stocks, place) for place, wanted in enumerate(spec.doses.concentrations(), 1)]
    total = _total(doses, stocks)
    sources = _sources(stocks, candidates)
    transfers: list[Transfer] = []
    wells: list[PlateWell] = []
    for well in layout.wells:
        if well.candidate_id is None:
            sample = POSITIVE if well.role == "positive" else VEHICLE
            transfers.append(_transfer(sources[sample, 0], well, total, sample))
            wells.append(well)
            continue
        assert well.dose is not None
        dose = doses[well.dose - 1]
        sample = str(well.candidate_id)
        transfers.append(_transfer(sources[sample, dose.stock], well, dose.volume, sample))
        if total > dose.volume:
            transfers.append(_transfer(sources[VEHICLE, 0], well, total - dose.volume, VEHICLE))
        wells.append(well.model_copy(update={"concentration": dose.concentration}))
    used = _used(sources, stocks, transfers)
    return layout.model_copy(update={"wells": wells, "transfers": transfers, "sources": used})


def _total(doses: Sequence[_Dose], stocks: Stocks) -> float:
    """Return the volume that every well gets in all, so that what is filled up with vehicle can be moved as well.

    Raises:
        UnprocessableError: if that is more than a well may get.
    """
    least, total = MIN_VOLUME_NL[stocks.robot], max(dose.volume for dose in doses)
    if any(0.0 < total - dose.volume < least for dose in doses):
        total += least
    if total > _most(stocks):
        detail = f"wells are filled up to {total:g} nL, of which {_most(stocks):g} nL are allowed: raise it"
        raise invalid("/stocks/max_solvent_percent", detail)
    return total


def _most(stocks: Stocks) -> float:
    """Return the most that a well may get, in nL: a percent of a microlitre is 10 nL."""
    return 10.0 * stocks.assay_volume_ul * stocks.max_solvent_percent


def _transfer(source: str, well: PlateWell, volume: float, sample: str) -> Transfer:
    return Transfer(source_well=source, well=well.well, volume_nl=round(volume, 3), sample=sample)


def _dose(wanted: float, spec: LayoutSpec, stocks: Stocks, place: int) -> _Dose:
    """Return how a dose is made with the least error of rounding.

    Raises:
        UnprocessableError: if no stock makes it; it says which volume each would need.
    """
    step, least = VOLUME_STEP_NL[stocks.robot], MIN_VOLUME_NL[stocks.robot]
    most = _most(stocks)
    found, needed = [], []
    for number, stock in enumerate(stocks.concentrations):
        molar = convert(stock, stocks.units, spec.doses.units)
        exact = 1000.0 * stocks.assay_volume_ul * wanted / molar
        needed.append(f"{exact:.3g} nL of {stock:g} {stocks.units}")
        volume = step * max(round(exact / step), 1)
        error = abs(volume / exact - 1.0)
        if least <= volume <= most and error <= TOLERANCE:
            made = float(f"{molar * volume / (1000.0 * stocks.assay_volume_ul):.6g}")
            found.append((error, volume, _Dose(number, volume, made)))
    # A dose that comes out half as wrong is not worth twice the solvent: what is within 1 % is taken as exact.
    if found:
        return min(found, key=lambda item: (max(item[0], 0.01), item[1]))[2]
    detail = (
        f"dose {place}, {wanted:g} {spec.doses.units}, would take {' or '.join(needed)}, and the robot moves multiples "
        f"of {step:g} nL from {least:g} to {most:g} nL with at most {TOLERANCE:.0%} error: add a stock to "
        "concentrations, or change assay_volume_ul, max_solvent_percent or the doses"
    )
    raise invalid("/stocks/concentrations", detail)


def _sources(stocks: Stocks, candidates: Sequence[UUID]) -> dict[tuple[str, int], str]:
    """Return (sample, number of its stock) -> source well."""
    given = _given(stocks, candidates)
    taken = set(given.values())
    free = (name for name in map(well_name, by_columns(stocks.plate_wells)) if name not in taken)
    wanted = [(str(candidate_id), stock) for candidate_id in candidates for stock in range(len(stocks.concentrations))]
    sources = dict(given)
    for key in (*wanted, (POSITIVE, 0), (VEHICLE, 0)):
        if key not in sources:
            sources[key] = next(free, "")
    if not all(sources.values()):
        n_wells = len(sources)
        raise invalid("/stocks/plate_wells", f"{n_wells} source wells are needed; the plate has {stocks.plate_wells}")
    return sources


def _given(stocks: Stocks, candidates: Sequence[UUID]) -> dict[tuple[str, int], str]:
    """Return the source wells that the caller names.

    Raises:
        UnprocessableError: if one is not on the source plate or named twice, or they are not those of the stocks.
    """
    found: dict[tuple[str, int], str] = {}
    for key, (pointer, text) in _named(stocks, candidates).items():
        name = plain_name(text, stocks.plate_wells)
        if name is None:
            raise invalid(pointer, f"{text[:20]!r} is no well of a plate of {stocks.plate_wells}")
        if name in found.values():
            raise invalid(pointer, f"two samples are said to be in one source well, {name}: give each its own")
        found[key] = name
    return found


def _named(stocks: Stocks, candidates: Sequence[UUID]) -> dict[tuple[str, int], tuple[str, str]]:
    """Return (sample, number of its stock) -> the pointer of what the caller says of it, and the text there.

    Raises:
        UnprocessableError: if a candidate is not on the plate, or its wells are not as many as the stocks.
    """
    named: dict[tuple[str, int], tuple[str, str]] = {}
    if stocks.positive_well is not None:
        named[POSITIVE, 0] = ("/stocks/positive_well", stocks.positive_well)
    if stocks.vehicle_well is not None:
        named[VEHICLE, 0] = ("/stocks/vehicle_well", stocks.vehicle_well)
    for candidate_id, texts in (stocks.wells or {}).items():
        pointer = f"/stocks/wells/{candidate_id}"
        if candidate_id not in candidates:
            raise invalid(pointer, "this candidate is not on the plate")
        if len(texts) != len(stocks.concentrations):
            raise invalid(pointer, f"give {len(stocks.concentrations)} wells, one for each stock in concentrations")
        named |= {(str(candidate_id), place): (f"{pointer}/{place}", text) for place, text in enumerate(texts)}
    return named


def _used(sources: Mapping[tuple[str, int], str], stocks: Stocks, transfers: Sequence[Transfer]) -> list[SourceWell]:
    volumes: defaultdict[str, float] = defaultdict(float)
    for transfer in transfers:
        volumes[transfer.source_well] += transfer.volume_nl
    return [
        SourceWell(
            well=well,
            sample=sample,
            concentration=None if sample in (POSITIVE, VEHICLE) else stocks.concentrations[number],
            volume_nl=round(volumes[well], 3),
        )
        for (sample, number), well in sources.items()
        if volumes[well] > 0
    ]
