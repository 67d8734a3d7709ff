"""Use plates through the HTTP API: lay out, fill by a robot, read, draw curves. Imports no service code."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, final
from uuid import uuid4

from service.client.client import ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.client.client import Client

Mode = Literal["atomic", "partial"]


@dataclass(frozen=True, slots=True)
class PlateFile:
    """A file about a plate.

    With `dry_run` the service reports and stores nothing. `mode` says whether all results count, or the good ones.
    """

    content: bytes
    media_type: str = "text/csv"
    filename: str | None = None
    dry_run: bool = False
    mode: Mode = "atomic"

    def query(self) -> dict[str, Any]:
        """Return the query parameters of the file."""
        return _given({"filename": self.filename, "dry_run": self.dry_run, "mode": self.mode})


@dataclass(frozen=True, slots=True)
class WellsChoices:
    """Options for reading a file that is ambiguous itself; None leaves the choice to the service."""

    block: str | None = None
    sheet: str | None = None
    decimal: Literal["point", "comma"] | None = None
    vendor: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Plates:
    """The plates of one round.

    Every call raises `RefusedError` with the service's own message if it is refused.

    Args:
        client: sends the requests.
        campaign: the campaign's id.
        number: the round's number, from 1.
    """

    client: Client
    campaign: str
    number: int

    def lay_out(self, layout: Mapping[str, Any]) -> dict[str, Any]:
        """Lay a plate out and return it with all its wells."""
        headers = {"Idempotency-Key": uuid4().hex}
        return self.client.decoded(self.client.send("POST", self._url(), json=dict(layout), headers=headers))

    def summaries(self) -> list[dict[str, Any]]:
        """Return every plate of the round, oldest first, without its wells."""
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {"limit": 200}
        while True:
            page = self.client.decoded(self.client.send("GET", self._url(), params=query))
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    def plate(self, plate: str) -> dict[str, Any]:
        """Return a plate by its id: specification, wells and readings."""
        return self.client.decoded(self.client.send("GET", self._url(plate)))

    def delete(self, plate: str) -> None:
        """Delete a plate that was only laid out."""
        tag = self.client.send("GET", self._url(plate)).headers["ETag"]
        self.client.send("DELETE", self._url(plate), headers={"If-Match": tag})

    def plate_map(self, plate: str, file_format: str = "csv") -> bytes:
        """Return the contents of the wells as a table, CSV or XLSX."""
        return self.client.send("GET", self._url(plate, "map"), params={"format": file_format}).content

    def pick_list(self, plate: str, robot: str | None = None) -> bytes:
        """Return the robot's pick list of the plate; `robot` defaults to that of the stocks."""
        return self.client.send("GET", self._url(plate, "picklist"), params=_given({"format": robot})).content

    def upload_transfers(self, plate: str, file: PlateFile) -> dict[str, Any]:
        """Upload the robot's report and return the failed wells."""
        return self._upload(self._url(plate, "transfers"), file, {})

    def upload_wells(self, plate: str, file: PlateFile, choices: WellsChoices | None = None) -> dict[str, Any]:
        """Upload the readings and return the plate's quality, the candidates' results, and the report."""
        return self._upload(self._url(plate, "wells"), file, _given(asdict(choices)) if choices else {})

    def curve(self, plate: str, candidate: str, file_format: Literal["png", "svg"] = "svg") -> bytes:
        """Return a figure of a candidate's wells and the fitted curve."""
        return self.client.send("GET", self._url(plate, f"curves/{candidate}.{file_format}")).content

    def _upload(self, url: str, file: PlateFile, query: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": file.media_type, "Idempotency-Key": uuid4().hex}
        sent = self.client.send("POST", url, params={**file.query(), **query}, headers=headers, content=file.content)
        return self.client.decoded(sent)

    def _url(self, *parts: str) -> str:
        return "/".join((f"/campaigns/{self.campaign}/rounds/{self.number}/plates", *parts))


def find_plate(client: Client, campaign: str, plate: str, number: int | None = None) -> tuple[Plates, str]:
    """Return the round's plates and the plate's id, by its id or its name, which is unique in the campaign.

    Args:
        client: sends the requests.
        campaign: the campaign's id.
        plate: the id, or the name or barcode.
        number: the round to search; all rounds, the latest first, when absent.

    Raises:
        ClientError: if there is no such plate.
    """
    latest = int(client.campaign(campaign)["rounds"])
    for each in (number,) if number is not None else range(latest, 0, -1):
        plates = Plates(client, campaign, each)
        for item in plates.summaries():
            if plate in (item["id"], item["name"]):
                return plates, str(item["id"])
    where = "the campaign" if number is None else f"round {number}"
    raise ClientError(f"{where} has no plate {plate}")


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
