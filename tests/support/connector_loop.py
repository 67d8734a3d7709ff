"""The whole loop with a lab system behind it: release, make, measure, correct, and learn from the correction.

Everything runs as in production, in worker processes of their own. This module only looks, and plays the
people of a lab at their own Kadi4Mat. It is run on the fake and on a real server, which must not differ.
"""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from kadi4mat_scenarios import Lab as KadiLab
from sqlalchemy import func, select

from service.campaigns import history, review
from service.integrations.credentials import Bound, store
from service.integrations.opening import PURPOSE, authority_of
from service.lims.contract import RemoteRecord
from service.sealing import open_sealer
from service.settings import Settings
from service.store.tables import Connector, ConnectorLink, ExternalRecord, OutboxItem, Result

ASSAY = "glow"
SECONDS = 90.0
MAPPING = {
    "materials": {"fields": {"object": "object", "expected": f"prediction:{ASSAY}.mean"}},
    "results": [{"source": "IC50", "row": {"type": f"={ASSAY}", "value": "value", "units": "value.unit"}}],
}


def connect(lab: Any, settings: Settings, server: dict[str, str]) -> UUID:
    """Give the campaign of `lab` a connector to a Kadi4Mat and a link, and return the connector's id."""
    settings = settings.model_copy(update={"connector_hosts": "127.0.0.1"})
    with lab.sessions.begin() as session:
        bound = Bound(lab.workspace_id, PURPOSE, authority_of(server["base_url"], settings))
        secret = store(session, open_sealer(settings), bound, json.dumps({"token": server["token"]}))
        row = Connector(
            workspace_id=lab.workspace_id,
            name="Kadi4Mat of the lab",
            kind="kadi4mat",
            base_url=server["base_url"],
            settings={},
            secret_id=secret.id,
        )
        session.add(row)
        session.flush()
        session.add(
            ConnectorLink(
                connector_id=row.id,
                campaign_id=lab.campaign_id,
                mapping=MAPPING,
                every_seconds=5,
                pull_due_at=func.now(),
            )
        )
        return row.id


def play(lab: Any, settings: Settings, server: dict[str, str]) -> None:
    """Play one round with a correction, and assert what the next one learns from."""
    connector_id = connect(lab, settings, server)
    kadi = KadiLab(server)
    lab.finish(lab.start())
    with lab.sessions.begin() as session:
        review.release_round(session, lab.workspace_id, lab.campaign_id, 1)
    batch = lab.batch(1)
    wait(lambda: set(states(lab, connector_id)) == {"done"}, lambda: states(lab, connector_id))
    records = records_of(lab, connector_id)
    assert set(records) == {str(item.id) for item in batch}

    for n, item in enumerate(batch):
        kadi.fill(RemoteRecord(type="record", id=records[str(item.id)]), ic50(10.0 + n))
    wait(lambda: len(values(lab)) == len(batch), lambda: values(lab))
    first = batch[0]
    assert values(lab)[first.object] == [10.0]

    kadi.fill(RemoteRecord(type="record", id=records[str(first.id)]), ic50(99.0))
    wait(lambda: values(lab)[first.object] == [10.0, 99.0], lambda: values(lab))
    number = lab.start()
    row = lab.finish(number)
    assert row.state == "awaiting_results", row.failure
    with lab.sessions() as session:
        learned = history.load_history(session, row)
    known = [item.value for item in learned.measurements if item.object == first.object]
    assert known == [99.0], "the next round knows the corrected value alone"
    assert len(values(lab)) == len(batch)


def ic50(value: float) -> dict[str, Any]:
    """Return a result as the lab writes it into a record."""
    fields = [
        {"type": "str", "key": "assay", "value": "IC50"},
        {"type": "float", "key": "value", "value": value, "unit": "nM"},
    ]
    return {"type": "dict", "key": "IC50", "value": fields}


def wait(is_so: Callable[[], bool], seen: Callable[[], object]) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: if it is not in time; it says what is seen instead.
    """
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, seen()
        time.sleep(0.2)


def states(lab: Any, connector_id: UUID) -> list[str]:
    """Return the states of the connector's outbox, with what is wrong."""
    with lab.sessions() as session:
        rows = session.scalars(select(OutboxItem).where(OutboxItem.connector_id == connector_id)).all()
        return [row.state if row.problem is None else f"{row.state}: {row.problem}" for row in rows]


def records_of(lab: Any, connector_id: UUID) -> dict[str, str]:
    """Return the ids of the records there by candidate."""
    with lab.sessions() as session:
        query = select(ExternalRecord).where(
            ExternalRecord.connector_id == connector_id, ExternalRecord.entity == "candidate"
        )
        return {row.entity_id: row.external_id for row in session.scalars(query)}


def values(lab: Any) -> dict[str, list[float | None]]:
    """Return what came from the lab's system, by object, in order; corrected values are among them."""
    with lab.sessions() as session:
        query = select(Result).where(Result.campaign_id == lab.campaign_id, Result.external_id.is_not(None))
        found: dict[str, list[float | None]] = {}
        for row in session.scalars(query.order_by(Result.sequence)):
            found.setdefault(row.object, []).append(row.value)
        return found
