"""Write as a lane does, which looks before it writes after a lost answer, and read whole pulls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.server import Answered

from service.lims.contract import Connector, Material, Page, RemoteRecord, Scope
from service.outbound.pinned_http import ConnectionFailedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.lims.contract import Answer, Order

MOST_TRIES = 20
LOGIN_PAGE = Answered(200, b"<html><title>Sign in</title></html>", {"Content-Type": "text/html"})


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


def material(n: int, **fields: Any) -> Material:
    """Return the n-th material, with the key c00n."""
    return Material(key=f"c{n:03}", name=f"AB12-R1-{n:03}", fields=fields)


def pushed(connector: Connector, n: int) -> Scope:
    """Write n materials, and return them as what is waited for."""
    return Scope(materials=records_of(put_all(connector, [material(i) for i in range(1, n + 1)])))
