"""A watched folder in tests: a clock to turn, a connector to a folder, one scan, an order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from service.lims.contract import ConnectorEnvironment, File, Order, ResultFile, Scope
from service.lims.kinds.watched_folder import WatchedFolderConnector
from service.lims.registry import connector_kind

TABLE = b"candidate_id,type,value,units\n1,IC50,12.5,nM\n"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: float = 60) -> None:
        self.now += timedelta(seconds=seconds)


def opened_folder(url: object, clock: Clock, **settings: Any) -> WatchedFolderConnector:
    kind = connector_kind("watched_folder")
    environment = ConnectorEnvironment(folders={"lab": str(url)}, now=clock)
    connector = kind(kind.Settings(folder="lab", **settings), kind.Credentials(), environment)
    assert isinstance(connector, WatchedFolderConnector)
    return connector


def scan(
    connector: WatchedFolderConnector, cursor: Any = None, folder: str | None = None
) -> tuple[dict[str, ResultFile], Any]:
    """Return the files of one scan by name, and the cursor as it comes out of the database."""
    page = connector.changes(Scope(folder=folder), cursor)
    return {found.file.name: found for found in page.files}, json.loads(json.dumps(page.cursor))


def order(*files: File, key: str = "AFR-1", name: str = "ab12-R1", **other: Any) -> Order:
    files = files or (File(name="batch.csv", media_type="text/csv", content=b"rank\n1\n"),)
    return Order(key=key, name=name, files=files, **other)
