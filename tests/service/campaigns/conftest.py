"""A campaign of switches in a database, without a worker: the tests are the worker."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from models.records import Prediction, Proposal, ProposedCandidate, Purpose
from service.campaigns import commands, rounds
from service.campaigns.rows import NewResult, NewUpload, StoredUpload
from service.records import StandardResult
from service.store.campaigns import ensure_workspace
from service.store.states import NEW
from service.store.tables import Campaign, Candidate, Round

SPEC: dict[str, Any] = {
    "name": "Switches",
    "domain": {"kind": "switches", "n": 4},
    "objectives": [{"name": "glow"}, {"name": "sum", "type": "total"}, {"name": "ones", "computed": "ones"}],
}


@pytest.fixture
def workspace_id(session: Session) -> UUID:
    return ensure_workspace(session, f"lab {uuid4()}").id


@pytest.fixture
def spec() -> CampaignSpec:
    return CampaignSpec.model_validate(SPEC)


@pytest.fixture
def campaign(session: Session, workspace_id: UUID, spec: CampaignSpec) -> Campaign:
    return commands.create_campaign(session, workspace_id, spec)


@pytest.fixture
def make_proposal() -> Callable[..., Proposal]:
    def make(*objects: str, purpose: Purpose = "exploit") -> Proposal:
        """Return a batch; a control or replicate was drawn from no policy."""
        is_new = purpose in NEW
        chosen = [
            ProposedCandidate(
                rank=rank,
                object=text,
                purpose=purpose,
                in_domain=is_new,
                predictions={"glow": Prediction(1.0, 0.5, 0.2, 1.8)},
                computed={"ones": float(text.count("1"))},
                acquisition=0.5,
                feasibility=1.0,
                guardrails={},
                beta=8.0 if is_new else None,
                preference={"glow": 1.0} if is_new else {},
                log_reward=-1.0 if is_new else None,
                log_pf=-2.0 if is_new else None,
                nearest_measured=None,
                reason="It glows.",
            )
            for rank, text in enumerate(objects, start=1)
        ]
        return Proposal(tuple(chosen), {"chosen": len(chosen)})

    return make


@pytest.fixture
def store(session: Session, campaign: Campaign) -> Callable[..., StoredUpload]:
    """Store rows given as (object, type, value or outcome); keywords apply to all of them."""

    def store(
        *rows: tuple[str, str, float | str], candidate_id: UUID | None = None, **standard: Any
    ) -> StoredUpload:
        parsed = [
            NewResult(
                row=number,
                verbatim={"value": str(value)},
                result=StandardResult(
                    object=text,
                    type=kind,
                    **({"outcome": value} if isinstance(value, str) else {"value": value}),
                    **standard,
                ),
                candidate_id=candidate_id,
            )
            for number, (text, kind, value) in enumerate(rows, start=1)
        ]
        upload = NewUpload(media_type="text/csv", sha256="0" * 64)
        return commands.store_results(session, campaign.workspace_id, campaign.id, upload, parsed)

    return store


@pytest.fixture
def finished(
    session: Session, campaign: Campaign, make_proposal: Callable[..., Proposal]
) -> Callable[..., Round]:
    """Start a round and finish it with these objects; keywords are `make_proposal`'s."""

    def finish(*objects: str, **options: Any) -> Round:
        row = commands.start_round(session, campaign.workspace_id, campaign.id)
        lease = rounds.lease_of(row.id, "worker", 60)
        assert rounds.claim(session, lease, {})
        claimed = rounds.load(session, lease)
        assert rounds.finish(session, lease, claimed.spec, make_proposal(*objects, **options))
        session.refresh(row)
        return row

    return finish


@pytest.fixture
def by_object() -> Callable[[Sequence[Candidate]], dict[str, Candidate]]:
    return lambda batch: {item.object: item for item in batch}
