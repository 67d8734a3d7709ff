"""Calls of the Benchling connector against its fake, as a worker makes them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
from fakes.benchling import FakeBenchling, make_fake

from service.address_rules import read_rules
from service.lims.contract import (
    Answer,
    ConnectorEnvironment,
    Material,
    MeasuredRecord,
    Order,
    Pending,
    RemoteRecord,
    Scope,
    Structure,
)
from service.lims.kinds.benchling import BenchlingConnector
from service.outbound.pinned_http import Http, HttpEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from service.lims.contract import Cursor

MOLECULES = "ts_molecule1"
_OPENED: list[Http] = []


def connect(
    fake: FakeBenchling, credentials: dict[str, Any] | None = None, **settings: Any
) -> BenchlingConnector:
    """Open a connector as a worker does at the beginning of a run."""
    # Certificates need not be read for a loopback server, which is half a second in each test.
    environment = HttpEnvironment(rules=read_rules("127.0.0.1"), transport=httpx.HTTPTransport(verify=False))
    http = Http(fake.base_url, environment)
    _OPENED.append(http)
    return BenchlingConnector(
        BenchlingConnector.Settings.model_validate({**fake.settings(), **settings}),
        BenchlingConnector.Credentials.model_validate(credentials or fake.credentials()),
        ConnectorEnvironment(http=http),
    )


@contextmanager
def running_fake() -> Iterator[FakeBenchling]:
    """Run a fake, and close in the end what was opened to it."""
    fake = make_fake()
    try:
        yield fake
    finally:
        while _OPENED:
            _OPENED.pop().close()
        fake.close()


def key(number: int) -> str:
    return f"AF-{number:032X}"


def molecules(n: int, **fields: Any) -> list[Material]:
    return [
        Material(
            key=key(number),
            name=f"demo-1a2b-R1-{number:03}",
            schema=MOLECULES,
            structure=Structure(format="smiles", text="C" * (number + 1)),
            fields={"Why": "likely potent", "Round": 1, **fields},
        )
        for number in range(n)
    ]


def settled(connector: BenchlingConnector, answers: Sequence[Answer]) -> list[Answer]:
    """Ask until the asynchronous task of answers has ended."""
    for _ in range(60):
        if not isinstance(answers[0], Pending):
            return list(answers)
        answer = connector.task(answers[0].ticket)
        answers = [answer] if isinstance(answer, Pending) else answer
    raise AssertionError("the task does not end")


def registered(fake: FakeBenchling, n: int) -> list[RemoteRecord]:
    connector = connect(fake)
    answers = settled(connector, connector.put_materials(molecules(n)))
    return [answer for answer in answers if isinstance(answer, RemoteRecord)]


def order_of(materials: Sequence[RemoteRecord], **fields: Any) -> Order:
    return Order(
        key=f"AFR-{1:032X}",
        name="demo-1a2b-R1",
        materials=materials,
        schema="wfts_assay",
        fields={"round": 1, **fields},
    )


def pulled(
    connector: BenchlingConnector,
    materials: Sequence[RemoteRecord],
    cursor: Cursor | None = None,
    between: Any = lambda: None,
) -> tuple[list[MeasuredRecord], Cursor | None]:
    """Read all pages of a run; `between` is called after each page."""
    scope = Scope(materials=materials, sources=("assaysch_potency",))
    found: list[MeasuredRecord] = []
    for _ in range(100):
        page = connector.changes(scope, cursor)
        found += page.measurements
        cursor = page.cursor
        if not page.more:
            return found, cursor
        between()
    raise AssertionError("the run does not end")
