"""Corrections, withdrawals and retests through rounds: what a snapshot reads, and what candidates make of it."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from service.campaigns import amending, commands, history, insights, ledger, queries, results, review, rounds
from service.campaigns.history import load_history
from service.campaigns.review import Verdict
from service.campaigns.rows import NewResult, NewUpload, StoredUpload
from service.campaigns.uploads import Owner
from service.errors import ConflictError, NotFoundError
from service.records import StandardResult
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions
from service.store.tables import Campaign, Round

Store = Callable[..., StoredUpload]
Finished = Callable[..., Round]


@pytest.fixture
def owner(campaign: Campaign) -> Owner:
    return Owner(campaign.workspace_id, None)


def ids(upload: StoredUpload) -> list[UUID]:
    return [row.result_id for row in upload.rows if row.result_id]


def correct(session: Session, campaign: Campaign, result_id: UUID, **standard: Any) -> UUID:
    """Correct a result of glow on 0111 as a file would."""
    result = StandardResult(**({"object": "0111", "type": "glow"} | standard))
    row = NewResult(row=1, verbatim={}, result=result, corrects=result_id)
    upload = NewUpload(media_type="text/csv", sha256="1" * 64)
    (stored,) = commands.store_results(session, campaign.workspace_id, campaign.id, upload, [row], "typo").rows
    assert stored.result_id
    return stored.result_id


def values(row: Round, session: Session) -> list[tuple[str, float | None]]:
    return [(item.object, item.value) for item in load_history(session, row).measurements]


def changed(session: Session, *rows: Round) -> list[tuple[int, int]]:
    found = queries.results_changed_since(session, rows)
    return [found.get(row.id, (0, 0)) for row in rows]


def status(session: Session, campaign: Campaign, text: str) -> str:
    return queries.candidates_by_object(session, campaign.id, [text])[text].status


def test_a_round_reads_what_it_read_and_the_next_reads_what_was_corrected_and_withdrawn(
    session: Session, campaign: Campaign, owner: Owner, store: Store, finished: Finished
):
    wrong, gone, kept = ids(store(("0111", "glow", 1.0), ("1011", "glow", 2.0), ("1101", "glow", 3.0)))
    first = finished("1110")
    digest = load_history(session, first).digest()
    assert first.snapshot["digest"] == digest
    correct(session, campaign, wrong, value=10.0)
    amending.withdraw_result(session, owner, campaign.id, gone, "wrong plate")
    second = finished("1000")
    correct(session, campaign, kept, object="1101", value=30.0)

    assert values(first, session) == [("0111", 1.0), ("1011", 2.0), ("1101", 3.0)]
    assert load_history(session, first).digest() == digest
    assert values(second, session) == [("0111", 10.0), ("1101", 3.0)]
    assert load_history(session, second).digest() == second.snapshot["digest"]
    assert changed(session, first, second) == [(1, 2), (0, 1)]
    told = insights.get_insights(session, campaign.workspace_id, campaign.id)
    assert told["campaign_id"] == campaign.id
    assert queries.get_campaign(session, campaign.workspace_id, campaign.id).n_results == 2


def test_a_failed_round_that_is_retried_reads_the_same_data(
    session: Session, campaign: Campaign, owner: Owner, store: Store
):
    (result_id,) = ids(store(("0111", "glow", 1.0)))
    row = commands.start_round(session, campaign.workspace_id, campaign.id)
    lease = rounds.lease_of(row.id, "worker", 60)
    assert rounds.claim(session, lease, {})
    before = rounds.load(session, lease).history
    assert rounds.leases.fail(session, lease, {"title": "It broke"})
    amending.withdraw_result(session, owner, campaign.id, result_id, "wrong plate")
    commands.retry_round(session, campaign.workspace_id, campaign.id, 1)
    again = rounds.lease_of(row.id, "another", 60)
    assert rounds.claim(session, again, {})
    assert rounds.load(session, again).history == before
    assert changed(session, row) == [(1, 0)]


def test_a_snapshot_of_an_earlier_release_reads_everything_as_it_did(
    session: Session, campaign: Campaign, store: Store
):
    store(("0111", "glow", 1.0), ("0111", "glow", "failed_qc"))
    now = history.take_snapshot(session, campaign.id)
    old = {name: now[name] for name in ("last_sequence", "pending", "excluded")}
    assert [item.outcome for item in history.load_known(session, campaign.id, now).measurements] == ["failed_qc"]
    assert [item.outcome for item in history.load_known(session, campaign.id, old).measurements] == ["ok", "failed_qc"]


def test_a_correction_of_a_correction_keeps_the_place_of_the_first(
    session: Session, campaign: Campaign, owner: Owner, store: Store, finished: Finished
):
    first, _ = ids(store(("0111", "glow", 1.0), ("1011", "glow", 2.0)))
    before = finished("1110")
    second = correct(session, campaign, first, value=5.0)
    third = correct(session, campaign, second, value=6.0)
    assert values(finished("1000"), session) == [("0111", 6.0), ("1011", 2.0)]
    assert changed(session, before) == [(0, 1)]
    amending.withdraw_result(session, owner, campaign.id, third, "never measured")
    assert changed(session, before) == [(1, 0)]
    told = ledger.get_result(session, campaign.workspace_id, campaign.id, second)
    assert (told["status"], told["supersedes"], told["superseded_by"]) == ("corrected", first, third)
    kinds = ["correction", "correction", "withdrawal"]
    for result_id in (first, second, third):
        chain = ledger.get_result(session, campaign.workspace_id, campaign.id, result_id)["history"]
        assert [item.kind for item in chain] == kinds


def test_a_candidate_without_its_only_result_waits_again_and_so_does_its_round(
    session: Session, campaign: Campaign, owner: Owner, store: Store, finished: Finished
):
    row = finished("0111")
    review.release_round(session, campaign.workspace_id, campaign.id, row.number)
    glow, _ = ids(store(("0111", "glow", 1.0), ("0111", "total", 2.0)))
    session.refresh(row)
    assert (status(session, campaign, "0111"), row.state) == ("measured", "completed")
    amending.withdraw_result(session, owner, campaign.id, glow, "wrong plate")
    session.refresh(row)
    assert (status(session, campaign, "0111"), row.state) == ("released", "awaiting_results")
    assert history.take_snapshot(session, campaign.id)["pending"] == ["0111"]
    store(("0111", "glow", 1.5))
    session.refresh(row)
    assert (status(session, campaign, "0111"), row.state) == ("measured", "completed")


def test_a_candidate_that_was_not_released_goes_back_to_what_was_proposed(
    session: Session, campaign: Campaign, owner: Owner, store: Store, finished: Finished
):
    finished("0111")
    (failed,) = ids(store(("0111", "glow", "failed_synthesis")))
    assert status(session, campaign, "0111") == "failed"
    amending.withdraw_result(session, owner, campaign.id, failed, "another flask")
    assert status(session, campaign, "0111") == "proposed"


def test_a_rejected_candidate_that_was_measured_is_rejected_again_with_its_reason(
    session: Session, campaign: Campaign, owner: Owner, store: Store, finished: Finished
):
    row = finished("0111", "1011")
    item = queries.candidates_by_object(session, campaign.id, ["0111"])["0111"]
    mine = (session, campaign.workspace_id)
    review.decide(*mine, item.id, 1, Verdict("rejected", "toxic"))
    review.release_round(*mine, campaign.id, row.number)
    glow, _ = ids(store(("0111", "glow", 1.0), ("0111", "total", 2.0)))
    assert status(session, campaign, "0111") == "measured"
    amending.withdraw_result(session, owner, campaign.id, glow, "wrong plate")
    assert (status(session, campaign, "0111"), item.status_reason) == ("rejected", "toxic")
    snapshot = history.take_snapshot(session, campaign.id)
    assert (snapshot["pending"], snapshot["excluded"]) == (["1011"], ["0111"])


def test_nothing_new_waits_twice_when_results_are_withdrawn(
    session: Session, campaign: Campaign, owner: Owner, store: Store, finished: Finished
):
    first = finished("0111")
    (failed,) = ids(store(("0111", "glow", "failed_synthesis")))
    finished("0111")
    amending.withdraw_result(session, owner, campaign.id, failed, "another flask")
    session.refresh(first)
    assert [item.status for item in queries.batch(session, first.id)] == ["failed"]
    assert first.state == "completed"


def test_a_correction_moves_a_result_to_another_object(
    session: Session, campaign: Campaign, store: Store, finished: Finished
):
    finished("0111", "1011")
    glow, _ = ids(store(("0111", "glow", 1.0), ("0111", "total", 2.0)))
    assert status(session, campaign, "0111") == "measured"
    moved = correct(session, campaign, glow, object="1011", value=1.0)
    assert status(session, campaign, "0111") == "proposed"
    told = ledger.get_result(session, campaign.workspace_id, campaign.id, moved)
    assert told["candidate_id"] == queries.candidates_by_object(session, campaign.id, ["1011"])["1011"].id


def test_a_failed_qc_ends_a_measured_candidate(session: Session, campaign: Campaign, store: Store, finished: Finished):
    finished("0111")
    store(("0111", "glow", 1.0), ("0111", "total", 2.0))
    store(("0111", "glow", "failed_qc"))
    assert status(session, campaign, "0111") == "measured"  # its total still counts
    store(("0111", "total", "failed_qc"))
    assert status(session, campaign, "0111") == "failed"


@pytest.mark.parametrize(("policy", "expected"), [("join", [1.0, 1.2, 8.0]), ("replace", [8.0])])
def test_a_retest_joins_or_replaces_by_the_policy_frozen_with_the_round(
    session: Session, campaign: Campaign, store: Store, finished: Finished, policy: str, expected: list[float]
):
    store(("0111", "glow", 1.0), ("0111", "glow", 1.2))
    first = finished("1110")
    changes = {"proxies": {"retests": {"glow": policy}}}
    version = queries.get_campaign(session, campaign.workspace_id, campaign.id).version
    commands.patch_campaign(session, campaign.workspace_id, campaign.id, version, changes)
    (retested,) = ids(store(("0111", "glow", 8.0)))
    second = finished("1000")
    assert [value for _, value in values(first, session)] == [1.0, 1.2]
    assert [value for _, value in values(second, session)] == expected
    correct(session, campaign, retested, value=9.0)  # a correction is of the same test
    assert [value for _, value in values(finished("0100"), session)] == [*expected[:-1], 9.0]


def test_a_correction_of_a_replicate_does_not_replace_the_others(
    session: Session, workspace_id: UUID, spec: CampaignSpec
):
    retests = spec.proxies.model_copy(update={"retests": {"glow": "replace"}})
    campaign = commands.create_campaign(session, workspace_id, spec.model_copy(update={"proxies": retests}))
    rows = [
        NewResult(row=row, verbatim={}, result=StandardResult(object="0111", type="glow", value=float(row)))
        for row in (1, 2, 3)
    ]
    upload = NewUpload(media_type="text/csv", sha256="0" * 64)
    stored = commands.store_results(session, workspace_id, campaign.id, upload, rows)
    correct(session, campaign, ids(stored)[1], value=20.0)
    found = history.load_known(session, campaign.id, history.take_snapshot(session, campaign.id)).measurements
    assert [item.value for item in found] == [1.0, 20.0, 3.0]


def test_an_external_id_is_free_again_when_its_result_was_withdrawn_and_follows_a_correction(
    session: Session, campaign: Campaign, owner: Owner, store: Store
):
    (first,) = ids(store(("0111", "glow", 1.0), external_id="E1"))
    second = correct(session, campaign, first, value=2.0, external_id="E1")
    with pytest.raises(ConflictError, match="E1"):
        store(("0111", "glow", 1.0), external_id="E1")
    assert [row.status for row in store(("0111", "glow", 2.0), external_id="E1").rows] == ["duplicate"]
    amending.withdraw_result(session, owner, campaign.id, second, "wrong plate")
    (third,) = ids(store(("0111", "glow", 1.0), external_id="E1"))
    stored = queries.list_results(session, campaign.workspace_id, campaign.id, 10).items
    assert [(row.id, row.revision) for row in stored] == [(first, 0), (second, 1), (third, 2)]


def test_what_counts_no_more_is_amended_no_more(session: Session, campaign: Campaign, owner: Owner, store: Store):
    first, second = ids(store(("0111", "glow", 1.0), ("1011", "glow", 1.0)))
    newer = correct(session, campaign, first, value=2.0)
    with pytest.raises(ConflictError, match=f"amend result {newer} instead"):
        correct(session, campaign, first, value=3.0)
    amending.withdraw_result(session, owner, campaign.id, second, "wrong plate")
    with pytest.raises(ConflictError, match="withdrawn before"):
        amending.withdraw_result(session, owner, campaign.id, second, "wrong plate")
    with pytest.raises(NotFoundError):
        amending.withdraw_result(session, owner, campaign.id, campaign.id, "wrong plate")
    stranger = Owner(ensure_workspace(session, "strangers").id, None)
    for work in (amending.withdraw_result, amending.withdraw_upload):
        with pytest.raises(NotFoundError, match="no campaign"):
            work(session, stranger, campaign.id, newer, "mine")


def test_a_whole_upload_is_withdrawn_but_for_what_was_amended(
    session: Session, campaign: Campaign, owner: Owner, store: Store, finished: Finished
):
    finished("0111")
    upload = store(("0111", "glow", 1.0), ("0111", "total", 1.0), ("1011", "glow", 1.0))
    store(("1101", "glow", 4.0))
    correct(session, campaign, ids(upload)[2], object="1011", value=2.0)
    assert amending.withdraw_upload(session, owner, campaign.id, upload.id, "another file") == 2
    assert status(session, campaign, "0111") == "proposed"
    found = history.load_known(session, campaign.id, history.take_snapshot(session, campaign.id)).measurements
    assert [(item.object, item.value) for item in found] == [("1011", 2.0), ("1101", 4.0)]
    assert queries.get_campaign(session, campaign.workspace_id, campaign.id).n_results == 2
    with pytest.raises(ConflictError, match="before"):
        amending.withdraw_upload(session, owner, campaign.id, upload.id, "another file")


@pytest.mark.parametrize("table", ["results", "uploads", "amendments"])
@pytest.mark.parametrize("change", ["UPDATE {} SET created_at = now()", "DELETE FROM {}"])
def test_the_database_lets_nobody_change_what_was_stored(
    session: Session, campaign: Campaign, owner: Owner, store: Store, table: str, change: str
):
    (result_id,) = ids(store(("0111", "glow", 1.0)))
    amending.withdraw_result(session, owner, campaign.id, result_id, "wrong plate")
    with pytest.raises(DBAPIError, match="only added: correct or withdraw instead"), session.begin_nested():
        session.execute(text(change.format(table)))


def test_a_workspace_goes_with_everything_in_it(session: Session, campaign: Campaign, owner: Owner, store: Store):
    (result_id,) = ids(store(("0111", "glow", 1.0)))
    amending.withdraw_result(session, owner, campaign.id, result_id, "wrong plate")
    session.execute(text("DELETE FROM workspaces WHERE id = :id"), {"id": campaign.workspace_id})
    assert session.execute(text("SELECT count(*) FROM amendments WHERE id IS NOT NULL")).scalar_one() == 0


def test_of_two_corrections_at_once_one_wins(sessions: Sessions, spec: CampaignSpec):
    with sessions.begin() as session:
        workspace_id = ensure_workspace(session, "races").id
        campaign = commands.create_campaign(session, workspace_id, spec)
        row = NewResult(row=1, verbatim={}, result=StandardResult(object="0111", type="glow", value=1.0))
        upload = NewUpload(media_type="text/csv", sha256="0" * 64)
        (result_id,) = ids(commands.store_results(session, workspace_id, campaign.id, upload, [row]))
    gate, outcomes = threading.Barrier(2), []

    def run(value: float) -> None:
        gate.wait()
        try:
            with sessions.begin() as session:
                outcomes.append(correct(session, campaign, result_id, value=value))
        except ConflictError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(value,)) for value in (2.0, 3.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(item).__name__ for item in outcomes) == ["ConflictError", "UUID"]
    with sessions.begin() as session:
        assert len(results.current_outcomes(session, [], campaign.spec)) == 0
        snapshot = history.take_snapshot(session, campaign.id)
        assert len(history.load_known(session, campaign.id, snapshot).measurements) == 1
