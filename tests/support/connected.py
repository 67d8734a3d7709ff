"""Connect a connector to a fake, and write as a lane does: after a lost answer it looks before it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.server import Answered

from service.address_rules import read_rules
from service.lims.contract import Connector, ConnectorEnvironment, Page, RemoteRecord, Scope
from service.outbound.pinned_http import ConnectionFailedError, Http, HttpEnvironment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fakes.lab import FakeLab

    from service.lims.contract import Answer, Material, Order

MOST_TRIES = 20
LOGIN_PAGE = Answered(200, b"<html><title>Sign in</title></html>", {"Content-Type": "text/html"})


def connect(kind: type[Any], fake: FakeLab, **settings: Any) -> Any:
    """Return a connector that was read from JSON, as the database has it."""
    return kind(
        kind.Settings.model_validate({**fake.settings(), **settings}),
        kind.Credentials.model_validate(fake.credentials()),
        ConnectorEnvironment(http=Http(fake.base_url, HttpEnvironment(rules=read_rules("127.0.0.1")))),
    )


def put_all(connector: Connector, materials: Sequence[Material], order: Order | None = None) -> list[Answer]:
    """Write until nothing is lost any more; return the answers, that of the order last."""
    known: dict[str, Answer] = {}
    for _ in range(MOST_TRIES):
        try:
            missing = [material for material in materials if material.key not in known]
            known |= connector.find("material", [material.key for material in missing])
            missing = [material for material in missing if material.key not in known]
            answers = connector.put_materials(missing)
            known |= {material.key: answer for material, answer in zip(missing, answers, strict=True)}
            if order is not None and order.key not in known:
                known |= connector.find("order", [order.key])
            if order is not None and order.key not in known:
                known[order.key] = connector.put_order(order)
        except ConnectionFailedError:
            continue
        return list(known.values())
    raise AssertionError("the answers are lost again and again")


def records_of(answers: Sequence[Answer]) -> list[RemoteRecord]:
    records = [answer for answer in answers if isinstance(answer, RemoteRecord)]
    assert len(records) == len(answers), answers
    return records


def read_all(connector: Connector, scope: Scope, pages: list[Page] | None = None) -> list[Page]:
    """Return the pages of one pull, which goes on where the last of `pages` ended."""
    found: list[Page] = []
    cursor = pages[-1].cursor if pages else None
    while not found or found[-1].more:
        found.append(connector.changes(scope, cursor))
        cursor = found[-1].cursor
    return found
