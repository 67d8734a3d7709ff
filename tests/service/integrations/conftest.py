"""A campaign of switches with a released round, a connector that knows its candidates, and a link."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from models.records import Prediction, Proposal, ProposedCandidate
from service.campaigns import commands, review, rounds
from service.campaigns.reading import Reader
from service.children import Children, Limits
from service.store import candidates
from service.store.campaigns import ensure_workspace
from service.store.tables import Campaign, Candidate, Connector, ConnectorLink, ExternalRecord, Round

SPEC: dict[str, Any] = {
    "name": "Switches",
    "domain": {"kind": "switches", "n": 4},
    "objectives": [{"name": "glow", "units": "mW"}, {"name": "ones", "computed": "ones"}],
}
OBJECTS = ("1111", "1110", "0111")
MAPPING: dict[str, Any] = {
    "results": [
        {
            "source": "Glow",
            "row": {"type": "=glow", "value": "Value", "units": "Unit", "outcome": "Status"},
            "words": {"outcome": {"no fit": "assay_failed", "done": "ok"}},
        }
    ]
}


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader(Children(Limits(processes=1, memory_bytes=2 * 2**30)), 60.0)
    yield made
    made.close()


@pytest.fixture
def transactions(session: Session) -> Callable[[], AbstractContextManager[Session]]:
    """Open every block on the test's own session, so that all of it is undone."""
    return lambda: nullcontext(session)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    owner = ensure_workspace(session, f"lab {uuid4()}")
    return commands.create_campaign(session, owner.id, CampaignSpec.model_validate(SPEC))


@pytest.fixture
def released(session: Session, campaign: Campaign) -> Round:
    row = commands.start_round(session, campaign.workspace_id, campaign.id)
    lease = rounds.lease_of(row.id, "worker", 60)
    assert rounds.claim(session, lease, {})
    spec = rounds.load(session, lease).spec
    assert rounds.finish(
        session, lease, spec, Proposal(tuple(map(_proposed, enumerate(OBJECTS, 1))), {"n": 3})
    )
    return review.release_round(session, campaign.workspace_id, campaign.id, 1)


@pytest.fixture
def batch(session: Session, released: Round) -> dict[str, Candidate]:
    return {row.object: row for row in candidates.of_round(session, released.id)}


@pytest.fixture
def connector(session: Session, campaign: Campaign, batch: dict[str, Candidate]) -> Connector:
    """A connector whose system calls the candidate of `1111` by the id `M-1111`, and so on."""
    fields = {
        "name": "The LIMS",
        "kind": "made_up",
        "base_url": "https://lims.example.org/api/",
        "settings": {},
    }
    row = Connector(workspace_id=campaign.workspace_id, **fields)
    session.add(row)
    session.flush()
    for text, candidate in batch.items():
        session.add(
            ExternalRecord(
                connector_id=row.id,
                entity="candidate",
                entity_id=str(candidate.id),
                type="molecule",
                key=f"key-{text}",
                external_id=f"M-{text}",
            )
        )
    session.flush()
    return row


@pytest.fixture
def link(session: Session, connector: Connector, campaign: Campaign) -> ConnectorLink:
    row = ConnectorLink(connector_id=connector.id, campaign_id=campaign.id, mapping=MAPPING)
    session.add(row)
    session.flush()
    return row


def _proposed(numbered: tuple[int, str]) -> ProposedCandidate:
    rank, text = numbered
    return ProposedCandidate(
        rank=rank,
        object=text,
        predictions={"glow": Prediction(1.0, 0.5, 0.2, 1.8)},
        computed={"ones": float(text.count("1"))},
        acquisition=0.5,
        feasibility=1.0,
        guardrails={},
        beta=8.0,
        preference={"glow": 1.0},
        log_reward=-1.0,
        log_pf=-2.0,
        nearest_measured=None,
        reason="It glows.",
        purpose="exploit",
        in_domain=True,
    )
