"""What the database itself guards, should the code ever race or err."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.store.campaigns import ensure_workspace
from service.store.tables import Campaign, Candidate, Round


@pytest.fixture
def campaign_id(session: Session) -> UUID:
    workspace_id = ensure_workspace(session, f"lab {uuid4()}").id
    campaign = Campaign(workspace_id=workspace_id, name="C", domain_kind="switches", spec={})
    session.add(campaign)
    session.flush()
    return campaign.id


def a_round(campaign_id: UUID, number: int, **fields: object) -> Round:
    return Round(campaign_id=campaign_id, number=number, seed=0, spec={}, snapshot={}, **fields)


def a_candidate(row: Round, rank: int, **fields: object) -> Candidate:
    same = {"object": "01", "display": "01", "columns": {}, "payload": {}}
    return Candidate(campaign_id=row.campaign_id, round_id=row.id, rank=rank, **(same | fields))


def refused(session: Session, *rows: object) -> str:
    session.add_all(rows)
    with pytest.raises(IntegrityError) as caught:
        session.flush()
    return str(caught.value.orig)


def test_one_round_of_a_campaign_is_computed_at_a_time(session: Session, campaign_id: UUID):
    session.add_all(
        [
            a_round(campaign_id, 1, state="failed"),
            a_round(campaign_id, 2),
            a_round(campaign_id, 3, state="completed"),
        ]
    )
    session.flush()
    assert "uq_rounds_computing" in refused(session, a_round(campaign_id, 4, state="training"))


def test_round_numbers_are_unique(session: Session, campaign_id: UUID):
    rows = [a_round(campaign_id, 1, state="failed") for _ in range(2)]
    assert "uq_rounds_campaign_id_number" in refused(session, *rows)


@pytest.mark.parametrize(
    ("wrong", "rule"), [({"state": "dreaming"}, "ck_rounds_state"), ({"progress": 1.5}, "ck_rounds_progress")]
)
def test_states_and_shares_are_checked(
    session: Session, campaign_id: UUID, wrong: dict[str, object], rule: str
):
    assert rule in refused(session, a_round(campaign_id, 1, **wrong))


def test_an_object_is_live_once_but_may_come_back(session: Session, campaign_id: UUID):
    rows = [a_round(campaign_id, number, state="awaiting_results") for number in (1, 2, 3)]
    session.add_all(rows)
    session.flush()
    session.add_all([a_candidate(rows[0], 1, status="rejected"), a_candidate(rows[1], 1)])
    session.flush()
    assert "uq_candidates_live_object" in refused(session, a_candidate(rows[2], 1, status="released"))


def test_what_is_not_new_may_be_live_in_several_rounds(session: Session, campaign_id: UUID):
    rows = [a_round(campaign_id, number, state="awaiting_results") for number in (1, 2, 3)]
    session.add_all(rows)
    session.flush()
    purposes = ("explore", "replicate", "control")
    session.add_all(
        [a_candidate(row, 1, purpose=purpose) for row, purpose in zip(rows, purposes, strict=True)]
    )
    session.flush()
    last = a_candidate(rows[2], 2, purpose="sacrifice", object="10")
    assert "ck_candidates_purpose" in refused(session, last)


def test_times_are_utc(session: Session, campaign_id: UUID):
    created = session.scalars(select(Campaign.created_at).where(Campaign.id == campaign_id)).one()
    assert created.utcoffset() is not None
    assert created.utcoffset().total_seconds() == 0
    assert session.scalars(select(func.current_setting("timezone"))).one() == "UTC"
