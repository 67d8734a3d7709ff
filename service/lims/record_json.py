"""Records of the contract as JSON that PostgreSQL can keep, and back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from service.lims.contract import MeasuredRecord, RemoteRecord
from service.storable_text import storable

if TYPE_CHECKING:
    from collections.abc import Mapping


def remote_to_json(record: RemoteRecord) -> dict[str, Any]:
    """Return a record of the other system as JSON."""
    return {name: storable(value) for name, value in asdict(record).items()}


def remote_from_json(stored: Mapping[str, Any]) -> RemoteRecord:
    """Return what `remote_to_json` told of a record."""
    return RemoteRecord(**stored)


def measured_to_json(record: MeasuredRecord) -> dict[str, Any]:
    """Return a measurement as JSON; two are equal exactly when their JSON is."""
    return {
        "id": storable(record.id),
        "source": storable(record.source),
        "about": remote_to_json(record.about),
        "fields": storable(dict(record.fields)),
        "version": storable(record.version),
        "standing": record.standing,
        "measured_at": None if record.measured_at is None else record.measured_at.isoformat(),
    }


def measured_from_json(stored: Mapping[str, Any]) -> MeasuredRecord:
    """Return what `measured_to_json` told of a measurement."""
    moment = stored["measured_at"]
    return MeasuredRecord(
        **{name: stored[name] for name in ("id", "source", "fields", "version", "standing")},
        about=remote_from_json(stored["about"]),
        measured_at=None if moment is None else datetime.fromisoformat(moment),
    )
