"""Calls of connectors in tests: open one on a fake, send materials, read all pages of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from service.address_rules import read_rules
from service.lims.contract import ConnectorEnvironment, Material, RemoteRecord, Scope
from service.outbound.pinned_http import Http, HttpEnvironment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fakes.lab import FakeLab

    from service.lims.contract import Connector, Cursor, MeasuredRecord

K = TypeVar("K", bound="Connector")
KEYS = ("AF-0A1", "AF-0A2", "AF-0A3")


def opened(kind: type[K], fake: FakeLab, **settings: Any) -> K:
    """Return a connector to a fake, with its settings and those that are given."""
    http = Http(fake.base_url, HttpEnvironment(rules=read_rules("127.0.0.1")))
    return kind(
        kind.Settings.model_validate({**fake.settings(), **settings}),
        kind.Credentials.model_validate(fake.credentials()),
        ConnectorEnvironment(http=http),
    )


def sent(connector: Connector, schema: str, keys: Sequence[str] = KEYS, **fields: Any) -> list[RemoteRecord]:
    """Write materials with these keys and return their records."""
    materials = [Material(key=key, name=f"name of {key}", schema=schema, fields=fields) for key in keys]
    answers = connector.put_materials(materials)
    assert all(isinstance(answer, RemoteRecord) for answer in answers), answers
    return [answer for answer in answers if isinstance(answer, RemoteRecord)]


def scope_of(records: Sequence[RemoteRecord], *sources: str) -> Scope:
    return Scope(materials=records, sources=sources)


def whole_pass(
    connector: Connector, scope: Scope, cursor: Cursor | None = None
) -> tuple[list[MeasuredRecord], Cursor | None]:
    """Read pages until there is no more; return all measurements, and the cursor for the next pass."""
    found: list[MeasuredRecord] = []
    while True:
        page = connector.changes(scope, cursor)
        found += page.measurements
        cursor = page.cursor
        if not page.more:
            return found, cursor
