"""Plates through the HTTP API: lay one out, fill it by a robot, read it, draw its curves. Knows no service code."""

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
        """Return how the file is to be taken, as parameters of a call."""
        return _given({"filename": self.filename, "dry_run": self.dry_run, "mode": self.mode})


@dataclass(frozen=True, slots=True)
class WellsChoices:
    """How a file of readings is to be read, where the file itself does not say: None leaves that to the service."""

    block: str | None = None
    sheet: str | None = None
    decimal: Literal["point", "comma"] | None = None
    vendor: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Plates:
    """The plates of one round.

    Every call raises `RefusedError` with the service's own words if it is refused.

    Args:
        client: who sends.
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
        """Return a plate by its id: specification, wells, and what was read."""
        return self.client.decoded(self.client.send("GET", self._url(plate)))

    def delete(self, plate: str) -> None:
        """Delete a plate that was laid out and nothing more."""
        tag = self.client.send("GET", self._url(plate)).headers["ETag"]
        self.client.send("DELETE", self._url(plate), headers={"If-Match": tag})

    def plate_map(self, plate: str, file_format: str = "csv") -> bytes:
        """Return what the wells hold as a table, CSV or XLSX."""
        return self.client.send("GET", self._url(plate, "map"), params={"format": file_format}).content

    def pick_list(self, plate: str, robot: str | None = None) -> bytes:
        """Return what a robot reads to fill the plate; the robot of the stocks when none is named."""
        return self.client.send("GET", self._url(plate, "picklist"), params=_given({"format": robot})).content

    def upload_transfers(self, plate: str, file: PlateFile) -> dict[str, Any]:
        """Upload the robot's report and return which wells failed."""
        return self._upload(self._url(plate, "transfers"), file, {})

    def upload_wells(self, plate: str, file: PlateFile, choices: WellsChoices | None = None) -> dict[str, Any]:
        """Upload the readings and return the plate's quality, the finding of each candidate, and the report."""
        return self._upload(self._url(plate, "wells"), file, _given(asdict(choices)) if choices else {})

    def curve(self, plate: str, candidate: str, file_format: Literal["png", "svg"] = "svg") -> bytes:
        """Return a candidate's wells and the curve through them as a picture."""
        return self.client.send("GET", self._url(plate, f"curves/{candidate}.{file_format}")).content

    def _upload(self, url: str, file: PlateFile, query: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": file.media_type, "Idempotency-Key": uuid4().hex}
        sent = self.client.send("POST", url, params={**file.query(), **query}, headers=headers, content=file.content)
        return self.client.decoded(sent)

    def _url(self, *parts: str) -> str:
        return "/".join((f"/campaigns/{self.campaign}/rounds/{self.number}/plates", *parts))


def find_plate(client: Client, campaign: str, plate: str, number: int | None = None) -> tuple[Plates, str]:
    """Return where a plate is and its id, by its id or its name, which is unique in the campaign.

    Args:
        client: who asks.
        campaign: the campaign's id.
        plate: the id, or the name or barcode.
        number: the round to look in; all rounds, the latest first, when absent.

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
