# ruff: noqa: A005 - named as the resource, and never imported by this name alone
"""What the API says of collections."""

from __future__ import annotations

from typing import Any, TypedDict


class Collection(TypedDict):
    """An uploaded list of objects; specifications name it by its `sha256`."""

    id: str
    name: str
    state: str
    progress: float
    message: str
    failure: dict[str, Any] | None
    sha256: str | None
    rows: int | None
    columns: list[str] | None
    filename: str | None
    media_type: str
    created_by: str | None
    created_at: str


class CollectionRemark(TypedDict):
    """A row that was not kept, or not as it was sent."""

    row: int
    status: str
    reason: str | None
    column: str | None
    warnings: list[str]
    object: str | None
    sent: str


class CollectionReport(TypedDict):
    """What became of the rows of a list."""

    accepted: int
    rejected: int
    skipped: int
    repeated: int
    remarked: int
    warnings: list[str]
    rows: list[CollectionRemark]


class CollectionUser(TypedDict):
    """A campaign that names a collection."""

    id: str
    name: str


class CollectionAnswer(Collection):
    """A collection with the report of its rows and the campaigns that use it."""

    report: CollectionReport | None
    campaigns: list[CollectionUser]


class CollectionRow(TypedDict):
    """One row of a collection."""

    row: int
    cells: dict[str, str]
