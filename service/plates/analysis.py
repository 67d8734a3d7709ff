"""A plate's file, read to the end: wells, controls, percentages, and a finding for each candidate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from service.exchange.tables import TableError
from service.exchange.values import Decimal
from service.plates.asm import read_asm
from service.plates.blocks import Block, Signals, choose, read_signals
from service.plates.grids import find_grids
from service.plates.long_tables import find_table
from service.plates.potency import find_ic50, find_percentage
from service.plates.quality import judge, percent_inhibition
from service.plates.records import Analysis, Finding, PlateLayout, PlateWell, ReadWell
from service.plates.sheets import Sheet, read_sheets, sheet_of_rows
from service.plates.specs import LayoutSpec
from service.strict_json import parse_body

JSON = "application/json"
MIN_SHARE = 0.5
"""Of the used wells that must have a number, lest a file of another plate pass for one with gaps."""
MAX_LISTED = 10


@dataclass(frozen=True, slots=True)
class WellsFile:
    """What a reader wrote, and how its sender wants it read."""

    content: bytes
    media_type: str
    block: str | None = None
    sheet: str | None = None
    decimal: Decimal | None = None


def analyse(file: WellsFile, spec: LayoutSpec, layout: PlateLayout, failed: Mapping[str, str]) -> Analysis:
    """Return what the readings of a plate come to.

    Args:
        file: the reader's.
        spec: the plate's specification.
        layout: what its wells hold.
        failed: wells that were not filled as planned, with the reason.

    Raises:
        UnknownFormatError: if the media type is none of ours.
        QuestionError: if several readings are in the file, or its numbers can be read in two ways.
        TableError: if there are no wells of this plate in it, or its controls tell nothing.
        UnprocessableError: if it says that it is JSON and is not.
    """
    signals, warnings = read_wells(file, spec)
    read = [_read(well, signals, failed) for well in layout.wells]
    _check_share(read, signals)
    counted = [well for well in read if well.excluded is None and well.signal is not None]
    positive, negative = (_signals(counted, role) for role in ("positive", "negative"))
    quality = judge(positive, negative)
    percents = percent_inhibition([well.signal or 0.0 for well in counted], positive, negative)
    by_well = {well.well: percent for well, percent in zip(counted, percents, strict=True)}
    wells = [well.model_copy(update={"inhibition": by_well.get(well.well)}) for well in read]
    order = list(dict.fromkeys(well.candidate_id for well in layout.wells if well.candidate_id is not None))
    findings = [_finding(candidate_id, wells, spec) for candidate_id in order]
    warnings = [*warnings, *quality.flags, *_excluded_warning(read)]
    return Analysis(source=signals.source, quality=quality, findings=findings, wells=wells, warnings=warnings)


def read_wells(file: WellsFile, spec: LayoutSpec) -> tuple[Signals, list[str]]:
    """Return the numbers of one reading of a plate, and warnings; raises as `analyse`."""
    blocks, sheet = _blocks(file, spec)
    block = choose(blocks, spec.name, file.block)
    return read_signals(block, sheet.delimiter, sheet.decimal, file.decimal), list(sheet.warnings)


def _blocks(file: WellsFile, spec: LayoutSpec) -> tuple[list[Block], Sheet]:
    """Return all readings of a file, and the sheet that they are on; a document of ASM has an empty one."""
    sheets: Iterable[Sheet]
    if file.media_type.partition(";")[0].strip().lower() == JSON:
        document = parse_body(file.content)
        if not isinstance(document, list):
            return read_asm(document, spec.wells), Sheet((), "", "point")
        sheets = (sheet_of_rows(document),)
    else:
        sheets = read_sheets(file.content, file.media_type, file.sheet)
    for sheet in sheets:
        blocks = find_table(sheet.rows, spec.name, spec.wells) or find_grids(sheet.rows, spec.wells)
        if blocks:
            return blocks, sheet
    return [], Sheet(())


def _read(well: PlateWell, signals: Signals, failed: Mapping[str, str]) -> ReadWell:
    signal = signals.values.get(well.well)
    excluded = failed.get(well.well)
    if excluded is None and signal is None:
        excluded = signals.unread.get(well.well, "the file has no such well")
    return ReadWell(
        well=well.well,
        role=well.role,
        candidate_id=well.candidate_id,
        concentration=well.concentration,
        signal=signal,
        excluded=excluded,
    )


def _check_share(read: Sequence[ReadWell], signals: Signals) -> None:
    """Check that the file is about this plate.

    Raises:
        TableError: if most of its wells have no number.
    """
    without = [well.well for well in read if well.signal is None]
    if len(without) > (1.0 - MIN_SHARE) * len(read):
        raise TableError(
            f"{len(without)} of the {len(read)} wells of the layout have no number in {signals.source!r}, "
            f"such as "
            f"{', '.join(without[:5])}: is it of this plate?"
        )


def _signals(wells: Sequence[ReadWell], role: str) -> list[float]:
    return [well.signal for well in wells if well.role == role and well.signal is not None]


def _finding(candidate_id: UUID, wells: Sequence[ReadWell], spec: LayoutSpec) -> Finding:
    mine = [well for well in wells if well.candidate_id == candidate_id]
    doses = [
        (well.concentration, well.inhibition)
        for well in mine
        if well.inhibition is not None and well.concentration is not None
    ]
    is_series = spec.readout == "ic50"
    found = (
        find_ic50(candidate_id, doses) if is_series else find_percentage(candidate_id, doses, spec.readout)
    )
    excluded = [f"{well.well}: {well.excluded}" for well in mine if well.excluded]
    if not excluded:
        return found
    shown = "; ".join(excluded[:MAX_LISTED]) + ("; ..." if len(excluded) > MAX_LISTED else "")
    if found.verdict == "failed":
        return found.model_copy(update={"reason": f"{found.reason} ({shown})"})
    return found.model_copy(update={"flags": [*found.flags, f"{len(excluded)} wells do not count ({shown})"]})


def _excluded_warning(read: Sequence[ReadWell]) -> list[str]:
    excluded = [f"{well.well} ({well.excluded})" for well in read if well.excluded]
    if not excluded:
        return []
    shown = ", ".join(excluded[:MAX_LISTED]) + (", ..." if len(excluded) > MAX_LISTED else "")
    return [f"{len(excluded)} of {len(read)} wells do not count: {shown}"]
