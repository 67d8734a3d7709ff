"""A campaign with a released round, linked to a fake lab whose lane is drained in this process or a child."""

from __future__ import annotations

import importlib
import json
import pkgutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import fakes
from sqlalchemy import func, select, text, update

from models.campaign.spec import CampaignSpec
from models.records import Prediction, Proposal, ProposedCandidate
from service.campaigns import commands, review, rounds
from service.dispatch import deliver
from service.integrations.credentials import Bound, store
from service.integrations.opening import PURPOSE, Outside, account_of, authority_of, open_connector
from service.lims.mapping import material_key
from service.outbox.waking import wake
from service.sealing import open_sealer
from service.store import candidates
from service.store.campaigns import ensure_workspace
from service.store.session import make_sessions, open_engine
from service.store.tables import (
    Amendment,
    Candidate,
    Connector,
    ConnectorLink,
    Event,
    ExternalRecord,
    OutboxItem,
    Receipt,
    Result,
    Round,
)
from workers.connectors import drain_connector
from workers.context import WorkerContext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fakes.lab import FakeLab

    from service.settings import Settings

ASSAY = "potency"
SPEC: dict[str, Any] = {
    "name": "Switches",
    "domain": {"kind": "switches", "n": 7},
    "objectives": [
        {"name": ASSAY, "units": "nM", "direction": "minimize"},
        {"name": "ones", "computed": "ones"},
    ],
}
OBJECTS = ("1111111", "1111110", "1111101")


def fake_kinds() -> list[str]:
    """Return the kinds of which there is a fake: modules with `make_fake`."""
    modules = [importlib.import_module(f"fakes.{item.name}") for item in pkgutil.iter_modules(fakes.__path__)]
    return sorted(module.__name__.rpartition(".")[2] for module in modules if hasattr(module, "make_fake"))


def make_fake(kind: str) -> FakeLab:
    made: FakeLab = importlib.import_module(f"fakes.{kind}").make_fake()
    return made


@dataclass
class LaneWorld:
    """What a test of faults sees: our side by SQL, the other side by its fake."""

    settings: Settings
    fake: FakeLab
    objects: Sequence[str] = OBJECTS
    spec: dict[str, Any] = field(default_factory=lambda: SPEC)

    def __post_init__(self) -> None:
        folders = getattr(self.fake, "folders", dict)()
        here = {"connector_hosts": "public 127.0.0.1", "folders": {}, "max_attempts": 3}
        self.settings = self.settings.model_copy(update=here)
        if folders:
            from pydantic import SecretStr

            named = {name: SecretStr(path) for name, path in folders.items()}
            self.settings = self.settings.model_copy(update={"folders": named})
        self.sessions = make_sessions(open_engine(self.settings.required_database_url(), pool_size=2))
        self.sent: list[tuple[str, UUID, str]] = []
        deliver(self.sessions, lambda task, item, queue: self.sent.append((task, item, queue)))
        self._context: WorkerContext | None = None
        self._make()

    def forked(self) -> None:
        """Leave the parent's connections alone: this is a child of it."""
        self.sessions.kw["bind"].dispose(close=False)
        self._context = None

    def close(self) -> None:
        if self._context is not None:
            self._context.reader.close()
        self.sessions.kw["bind"].dispose()
        self.fake.close()

    def _make(self) -> None:
        with self.sessions.begin() as session:
            self.workspace_id = ensure_workspace(session, f"lab {uuid4()}").id
            spec = CampaignSpec.model_validate(self.spec)
            self.campaign_id = commands.create_campaign(session, self.workspace_id, spec).id
            row = self._connector(session)
            self.connector_id, account = (
                row.id,
                account_of(session, row, open_sealer(self.settings), self.settings),
            )
            self.link_id = self._link(session).id
        open_connector(account, self.settings, Outside()).check()  # as a person does before linking it

    def _connector(self, session: Any) -> Connector:
        base_url = self.fake.base_url
        authority = authority_of(base_url, self.settings)
        secret = store(
            session,
            open_sealer(self.settings),
            Bound(self.workspace_id, PURPOSE, authority),
            json.dumps(self.fake.credentials()),
        )
        fields = {"kind": self.fake.kind, "base_url": base_url, "settings": self.fake.settings()}
        row = Connector(workspace_id=self.workspace_id, name="The LIMS", secret_id=secret.id, **fields)
        session.add(row)
        session.flush()
        return row

    def _link(self, session: Any) -> ConnectorLink:
        kind = self.spec["domain"]["kind"]
        mapping = self.fake.mapping(kind, ASSAY)
        row = ConnectorLink(
            connector_id=self.connector_id,
            campaign_id=self.campaign_id,
            mapping=mapping,
            every_seconds=60,
            pull_due_at=func.now(),
        )
        session.add(row)
        session.flush()
        return row

    def release(self) -> UUID:
        """Propose the objects in a round, and release it."""
        with self.sessions.begin() as session:
            row = commands.start_round(session, self.workspace_id, self.campaign_id)
            lease = rounds.lease_of(row.id, "worker", 60)
            assert rounds.claim(session, lease, {})
            spec = rounds.load(session, lease).spec
            found = Proposal(tuple(map(_proposed, enumerate(self.objects, 1))), {"n": len(self.objects)})
            assert rounds.finish(session, lease, spec, found)
            review.release_round(session, self.workspace_id, self.campaign_id, row.number)
            return row.id

    @property
    def context(self) -> WorkerContext:
        if self._context is None:
            self._context = WorkerContext(self.settings, loads_science=False)
            self._context.__dict__["sessions"] = self.sessions
        return self._context

    def run(self, outside: Outside | None = None) -> None:
        """Let a worker drain the lane now, as far as it is due."""
        with self.sessions.begin() as session:
            wake(session, Connector, self.connector_id)
        drain_connector(self.context, self.connector_id, outside)

    def later(self) -> None:
        """Let every waiting time pass: of items, of links, and of the other side's wish for quiet."""
        with self.sessions.begin() as session:
            past = text("clock_timestamp() - interval '1 second'")
            session.execute(
                update(OutboxItem)
                .where(OutboxItem.connector_id == self.connector_id, OutboxItem.state == "waiting")
                .values(due_at=past)
            )
            session.execute(update(ConnectorLink).values(pull_due_at=past))
            session.execute(
                update(Connector).where(Connector.id == self.connector_id).values(quiet_until=None)
            )

    def read(self) -> None:
        """Look for results until what is there was seen: a file must stand still between two looks."""
        for _ in range(3):
            self.later()
            self.run()

    def settle(self, most: int = 40) -> None:
        """Run and let time pass until nothing waits in the outbox."""
        for _ in range(most):
            self.run()
            self.later()
            if not self.items("waiting"):
                self.run()
                return
        raise AssertionError(
            f"still waiting: {[(item.verb, item.problem) for item in self.items('waiting')]}"
        )

    def items(self, *states: str) -> list[OutboxItem]:
        with self.sessions() as session:
            query = select(OutboxItem).where(OutboxItem.connector_id == self.connector_id)
            query = query.where(OutboxItem.state.in_(states)) if states else query
            return list(session.scalars(query.order_by(OutboxItem.sequence)))

    def connector(self) -> Connector:
        with self.sessions() as session:
            return session.get_one(Connector, self.connector_id)

    def candidates(self) -> dict[str, Candidate]:
        with self.sessions() as session:
            query = select(Candidate).join(Round, Round.id == Candidate.round_id)
            rows = session.scalars(query.where(Candidate.campaign_id == self.campaign_id))
            return {row.object: row for row in rows}

    def key(self, text_: str) -> str:
        return material_key(str(self.candidates()[text_].id))

    def records(self, entity: str) -> list[ExternalRecord]:
        with self.sessions() as session:
            query = select(ExternalRecord).where(
                ExternalRecord.connector_id == self.connector_id, ExternalRecord.entity == entity
            )
            return list(session.scalars(query))

    def results(self) -> dict[str, list[Result]]:
        """Return the results that count, by object."""
        with self.sessions() as session:
            ended = select(Amendment.result_id)
            query = select(Result).where(Result.campaign_id == self.campaign_id, Result.id.not_in(ended))
            found: dict[str, list[Result]] = {}
            for row in session.scalars(query.order_by(Result.sequence)):
                found.setdefault(row.object, []).append(row)
            return found

    def n_stored(self) -> int:
        with self.sessions() as session:
            query = select(func.count()).select_from(Result).where(Result.campaign_id == self.campaign_id)
            return session.scalars(query).one()

    def receipts(self) -> list[Receipt]:
        with self.sessions() as session:
            query = select(Receipt).where(Receipt.connector_id == self.connector_id)
            return list(session.scalars(query.order_by(Receipt.received_at)))

    def events(self, kind: str) -> list[Event]:
        with self.sessions() as session:
            query = select(Event).where(Event.workspace_id == self.workspace_id, Event.type == kind)
            return list(session.scalars(query))

    def expire_lease(self) -> None:
        """Let the time of a worker that died be over, as upkeep finds it."""
        with self.sessions.begin() as session:
            session.execute(
                update(Connector)
                .where(Connector.id == self.connector_id, Connector.state == "running")
                .values(state="idle", lease_owner=None, lease_until=None)
            )


def _proposed(numbered: tuple[int, str]) -> ProposedCandidate:
    rank, name = numbered
    return ProposedCandidate(
        rank=rank,
        object=name,
        predictions={ASSAY: Prediction(10.0, 0.5, 2.0, 18.0)},
        computed={"ones": 1.0},
        acquisition=0.5,
        feasibility=1.0,
        guardrails={},
        beta=8.0,
        preference={ASSAY: 1.0},
        log_reward=-1.0,
        log_pf=-2.0,
        nearest_measured=None,
        reason="It binds.",
        purpose="exploit",
        in_domain=True,
    )


__all__ = ["ASSAY", "OBJECTS", "LaneWorld", "candidates", "fake_kinds", "make_fake"]
