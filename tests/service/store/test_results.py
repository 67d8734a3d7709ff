"""Results are added whole, in order and letter for letter, and looked up however many are asked for."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from service.store import results
from service.store.campaigns import ensure_workspace
from service.store.tables import Campaign, Result, Upload

AWKWARD = ("tab\tand\nline\r\nend", "\\N", "\\.", "a\\tb", '"quoted", µ 🧪', "", "NULL")


@pytest.fixture
def owners(session: Session) -> dict[str, UUID]:
    """A campaign and an upload that results can belong to."""
    campaign = Campaign(workspace_id=ensure_workspace(session).id, name="x", domain_kind="switches", spec={})
    session.add(campaign)
    session.flush()
    upload = Upload(campaign_id=campaign.id, media_type="text/csv", sha256="", n_accepted=1, n_rejected=0)
    session.add(upload)
    session.flush()
    return {"campaign_id": campaign.id, "upload_id": upload.id}


def add(session: Session, owners: dict[str, UUID], rows: list[dict[str, Any]]) -> None:
    common = {
        **owners,
        "object": "0111",
        "type": "glow",
        "value": 1.0,
        "relation": "=",
        "outcome": "ok",
        "verbatim": {},
    }
    full = [{**common, **row} for row in rows]
    results.add(session, tuple(full[0]), (tuple(row.values()) for row in full))


def test_texts_times_numbers_and_verbatim_cells_come_back_as_they_went_in(
    session: Session, owners: dict[str, UUID]
):
    moment = datetime(2024, 5, 31, 12, 30, 0, 5, UTC)
    rows = [
        {
            "row": i,
            "comment": text,
            "verbatim": {text: text},
            "value": 0.1 + i,
            "measured_at": moment,
            "lot": None,
        }
        for i, text in enumerate(AWKWARD)
    ]
    add(session, owners, rows)
    stored = session.scalars(
        select(Result).where(Result.upload_id == owners["upload_id"]).order_by(Result.sequence)
    )
    assert [{name: getattr(row, name) for name in rows[0]} for row in stored] == rows


def test_a_text_that_cannot_be_kept_is_a_data_error(session: Session, owners: dict[str, UUID]):
    with pytest.raises(DataError):
        add(session, owners, [{"row": 1, "comment": "fine"}, {"row": 2, "comment": "nul \0"}])


def test_more_ids_are_looked_up_than_a_statement_has_parameters(session: Session, owners: dict[str, UUID]):
    add(session, owners, [{"row": 1, "external_id": "E7"}])
    asked = [f"E{number}" for number in range(70_000)]
    found = results.by_external_id(session, owners["campaign_id"], asked)
    assert [row.external_id for row in found] == ["E7"]
