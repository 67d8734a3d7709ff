"""Stored results: linked to candidates, never stored twice, and settling what they are about."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.records import Forecast, Prediction
from service.campaigns import commands, queries, review
from service.campaigns.history import load_history
from service.campaigns.review import Verdict
from service.campaigns.rows import NewResult, NewUpload, StoredUpload
from service.errors import ConflictError, UnprocessableError
from service.records import StandardResult
from service.store.tables import Campaign, Round

Store = Callable[..., StoredUpload]
Finished = Callable[..., Round]


def statuses(session: Session, row: Round) -> list[str]:
    return [item.status for item in queries.batch(session, row.id)]


def test_results_settle_candidates_and_then_the_round(session: Session, store: Store, finished: Finished):
    row = finished("0111", "1011", "1101")
    linked = store(("0111", "glow", 1.0), ("0000", "glow", 1.0)).rows
    assert [item.candidate_id is not None for item in linked] == [True, False]
    assert statuses(session, row) == ["proposed", "proposed", "proposed"]  # `total` is missing
    store(("0111", "total", 1.0), ("1011", "glow", "failed_synthesis"))
    assert statuses(session, row) == ["measured", "failed", "proposed"]
    assert row.state == "awaiting_results"
    store(("1101", "glow", "assay_failed"), ("1101", "total", "not_tested"))
    assert statuses(session, row) == ["measured", "failed", "failed"]
    session.refresh(row)
    assert row.state == "completed"


def test_a_good_value_after_a_failure_counts(session: Session, store: Store, finished: Finished):
    row = finished("0111")
    store(("0111", "glow", "failed_qc"))
    assert statuses(session, row) == ["failed"]
    store(("0111", "glow", 1.0), ("0111", "total", 1.0))
    assert statuses(session, row) == ["measured"]


def test_a_candidate_id_is_enough_and_wins(
    session: Session, campaign: Campaign, store: Store, finished: Finished
):
    item = queries.batch(session, finished("0111").id)[0]
    assert store(("0111", "glow", 1.0), candidate_id=item.id).rows[0].candidate_id == item.id
    with pytest.raises(UnprocessableError) as caught:
        store(("0111", "glow", 1.0), candidate_id=uuid4())
    assert caught.value.errors == ({"row": 1, "column": "candidate_id", "detail": "no such candidate"},)
    assert len(queries.list_results(session, campaign.workspace_id, campaign.id, 10).items) == 1


def test_an_external_id_is_stored_once(session: Session, campaign: Campaign, store: Store):
    assert [row.status for row in store(("0111", "glow", 1.0), external_id="E1").rows] == ["stored"]
    again = store(("0111", "glow", 1.0), ("0111", "total", 1.0), external_id="E1")
    assert [row.status for row in again.rows] == ["duplicate", "stored"]
    with pytest.raises(ConflictError, match="E1"):
        store(("0111", "glow", 9.0), external_id="E1")
    twice = store(("0111", "glow", 9.0), ("0111", "glow", 9.0), external_id="E2")
    assert [row.status for row in twice.rows] == ["stored", "duplicate"]
    stored = queries.list_results(session, campaign.workspace_id, campaign.id, 10).items
    told = [(item.external_id, item.type, item.value) for item in stored]
    assert told == [("E1", "glow", 1.0), ("E1", "total", 1.0), ("E2", "glow", 9.0)]
    known = queries.results_by_external_id(session, campaign.id, ["E1", "E3"])
    assert {named: result.value for named, result in known.items()} == {
        ("glow", "E1"): 1.0,
        ("total", "E1"): 1.0,
    }


def test_a_row_is_kept_verbatim_beside_its_standard_form(session: Session, campaign: Campaign):
    said = {"IC50 (nM)": "<10"}
    result = StandardResult(object="0111", type="glow", value=0.01, relation="<", units="uM", lot="L1")
    row = NewResult(row=7, verbatim=said, result=result)
    upload = NewUpload(media_type="text/csv", sha256="0" * 64, filename="plate.csv", n_rejected=2)
    commands.store_results(session, campaign.workspace_id, campaign.id, upload, [row])
    (stored,) = queries.list_results(session, campaign.workspace_id, campaign.id, 10).items
    assert (stored.row, stored.verbatim, stored.value, stored.relation) == (
        7,
        {"IC50 (nM)": "<10"},
        0.01,
        "<",
    )


@pytest.mark.parametrize("wrong", [{"value": None}, {"relation": "about"}, {"outcome": "bad"}])
def test_the_database_refuses_what_the_code_should_not_send(
    session: Session, campaign: Campaign, wrong: dict[str, Any]
):
    row = NewResult(
        row=1,
        verbatim={},
        result=StandardResult(**({"object": "0111", "type": "glow", "value": 1.0} | wrong)),
    )
    upload = NewUpload(media_type="text/csv", sha256="0" * 64)
    with pytest.raises(IntegrityError):
        commands.store_results(session, campaign.workspace_id, campaign.id, upload, [row])


def test_a_round_knows_what_was_there_when_it_started_and_nothing_later(
    session: Session, campaign: Campaign, store: Store, finished: Finished
):
    store(("0001", "glow", 1.0), ("0010", "glow", "insoluble"))
    first = finished("0111", "1011", "1101")
    batch = queries.batch(session, first.id)
    mine = (session, campaign.workspace_id)
    review.decide(*mine, batch[2].id, 1, Verdict("rejected", "toxic"))
    store(("0111", "glow", 3.0), ("0111", "total", 3.0))
    second = commands.start_round(*mine, campaign.id)
    before = load_history(session, second)
    store(("1011", "glow", 3.0), ("1011", "total", 2.0))
    review.decide(*mine, batch[2].id, 2, Verdict("proposed", None))
    assert load_history(session, second) == before
    assert [(m.object, m.value, m.outcome, m.round) for m in before.measurements] == [
        ("0001", 1.0, "ok", None),
        ("0010", None, "insoluble", None),
        ("0111", 3.0, "ok", 1),
        ("0111", 3.0, "ok", 1),
    ]
    assert (before.pending, before.excluded) == (("1011",), ("1101",))
    assert load_history(session, first).measurements == before.measurements[:2]


def test_a_result_by_its_object_goes_to_the_newest_candidate_that_waits(
    session: Session, store: Store, finished: Finished
):
    rounds = [finished("0111", purpose=purpose) for purpose in ("exploit", "control", "replicate", "control")]
    items = [queries.batch(session, row.id)[0] for row in rounds]

    def linked() -> int:
        (row,) = store(("0111", "glow", "failed_synthesis")).rows
        return [item.id for item in items].index(row.candidate_id)

    assert [linked() for _ in range(5)] == [3, 2, 1, 0, 3]  # none waits at last: the newest of all


def test_a_round_knows_what_earlier_rounds_said_of_their_new_objects(
    session: Session, campaign: Campaign, store: Store, finished: Finished
):
    first = finished("1011", "0111")
    store(("0111", "glow", 3.0), ("0111", "total", 3.0), plate="P-1")
    finished("1101", purpose="control")
    third = finished("1110")
    expected = Prediction(1.0, 0.5, 0.2, 1.8)
    assert load_history(session, first).forecasts == ()
    before = load_history(session, third)
    assert before.forecasts == (Forecast(1, "1011", "glow", expected), Forecast(1, "0111", "glow", expected))
    assert {item.plate for item in before.measurements} == {"P-1"}
    finished("0011")
    review.decide(
        session,
        campaign.workspace_id,
        queries.batch(session, first.id)[0].id,
        1,
        Verdict("rejected", "toxic"),
    )
    assert load_history(session, third) == before
    assert load_history(session, third).digest() == third.snapshot["digest"]
