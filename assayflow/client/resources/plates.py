"""Plates of a round: lay out, fill, read and draw."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, final

from assayflow.client.calls import Call, Operation, Steps, deleted, get, get_file, post
from assayflow.client.errors import AssayflowError
from assayflow.client.operations import PAGE, PageOf, Resource, Transport_co, listed, operation, pages_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from assayflow.client.shapes.plates import Plate, PlateSummary, TransfersReport, WellsReport

Mode = Literal["atomic", "partial"]


@final
@dataclass(frozen=True, slots=True)
class PlateFile:
    """A file about a plate.

    With `dry_run` the service reports and stores nothing. `mode` says whether all results count, or the good
    ones.
    """

    content: bytes
    media_type: str = "text/csv"
    filename: str | None = None
    dry_run: bool = False
    mode: Mode = "atomic"


@final
@dataclass(frozen=True, slots=True)
class WellsChoices:
    """Options for reading a file that is ambiguous itself; None leaves the choice to the service."""

    block: str | None = None
    sheet: str | None = None
    decimal: Literal["point", "comma"] | None = None
    vendor: str | None = None


@final
@dataclass(frozen=True, slots=True)
class PlateAddress:
    """Where a plate is: its campaign, its round from 1, and its id."""

    campaign: str
    number: int
    plate: str


@final
class Plates(Resource[Transport_co]):
    """A batch measured in plates."""

    @operation
    def lay_out(self, campaign: str, number: int, layout: Mapping[str, Any]) -> Call[Plate]:
        """Lay a plate out for the batch of a round, and return it with all its wells."""
        return post(_plates(campaign, number), dict(layout))

    @pages_of
    def list(self, campaign: str, number: int) -> PageOf[PlateSummary]:
        """Return every plate of a round, oldest first, without its wells."""
        return listed(_plates(campaign, number))

    @operation
    def find(
        self, campaign: str, plate: str, number: int | None = None
    ) -> Generator[Steps, Any, PlateAddress]:
        """Return where a plate is, by its id or its name, which is unique in the campaign.

        Args:
            campaign: its id.
            plate: the id, or the name or barcode.
            number: the round to search; all rounds, the latest first, when absent.

        Raises:
            AssayflowError: if there is no such plate.
        """
        latest = 0 if number is not None else (yield from get(f"/campaigns/{campaign}"))["rounds"]
        for each in (number,) if number is not None else range(latest, 0, -1):
            found = yield from _found(campaign, each, plate)
            if found is not None:
                return PlateAddress(campaign, each, found)
        where = "the campaign" if number is None else f"round {number}"
        raise AssayflowError(f"{where} has no plate {plate}")

    @operation
    def get(self, at: PlateAddress) -> Call[Plate]:
        """Return a plate: specification, wells and readings."""
        return get(_plate(at))

    @operation
    def delete(self, at: PlateAddress) -> Operation[None]:
        """Delete a plate that was only laid out."""
        return deleted(_plate(at))

    @operation
    def plate_map(self, at: PlateAddress, file_format: str = "csv") -> Call[bytes]:
        """Return the contents of the wells as a table, CSV or XLSX."""
        return get_file(_plate(at, "map"), {"format": file_format})

    @operation
    def pick_list(self, at: PlateAddress, robot: str | None = None) -> Call[bytes]:
        """Return the robot's pick list of the plate; `robot` defaults to that of the stocks."""
        return get_file(_plate(at, "picklist"), {"format": robot})

    @operation
    def upload_transfers(self, at: PlateAddress, file: PlateFile) -> Call[TransfersReport]:
        """Upload the robot's report and return the failed wells."""
        return _upload(_plate(at, "transfers"), file, {})

    @operation
    def upload_wells(
        self, at: PlateAddress, file: PlateFile, choices: WellsChoices | None = None
    ) -> Call[WellsReport]:
        """Upload the readings and return the plate's quality, the candidates' results, and the report."""
        return _upload(_plate(at, "wells"), file, asdict(choices) if choices else {})

    @operation
    def curve(
        self, at: PlateAddress, candidate: str, file_format: Literal["png", "svg"] = "svg"
    ) -> Call[bytes]:
        """Return a figure of a candidate's wells and the fitted curve."""
        return get_file(_plate(at, f"curves/{candidate}.{file_format}"))


def _plates(campaign: str, number: int) -> str:
    return f"/campaigns/{campaign}/rounds/{number}/plates"


def _plate(at: PlateAddress, *parts: str) -> str:
    return "/".join((_plates(at.campaign, at.number), at.plate, *parts))


def _found(campaign: str, number: int, plate: str) -> Generator[Steps, Any, str | None]:
    cursor = None
    while True:
        page = yield from get(_plates(campaign, number), {"limit": PAGE, "cursor": cursor})
        for item in page["items"]:
            if plate in (item["id"], item["name"]):
                return str(item["id"])
        cursor = page["next_cursor"]
        if cursor is None:
            return None


def _upload(path: str, file: PlateFile, query: Mapping[str, Any]) -> Call[Any]:
    sent = {"filename": file.filename, "dry_run": file.dry_run, "mode": file.mode, **query}
    return post(path, query=sent, headers={"Content-Type": file.media_type}, content=file.content)
