"""What another system says becomes results: once, corrected, withdrawn, and never against a person's word."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from service.campaigns import amending, commands, readings
from service.campaigns.amending import SentCorrection
from service.campaigns.reading import Reader
from service.campaigns.uploads import Owner, ResultsFile, import_results
from service.errors import ConflictError
from service.exchange import ReadingOptions
from service.integrations import receipts
from service.integrations.external_ids import MOST_CHARACTERS, external_id, origin_of
from service.integrations.receipts import Applied
from service.lims.contract import File, MeasuredRecord, Page, RemoteRecord, ResultFile
from service.lims.mapping import material_key
from service.store import receipts as receipt_rows
from service.store import results
from service.store.tables import Campaign, Candidate, ConnectorLink, Receipt, Result

Receive = Callable[..., list[Applied]]


@pytest.fixture
def receive(
    session: Session,
    link: ConnectorLink,
    reader: Reader,
    transactions: Callable[[], AbstractContextManager[Session]],
) -> Receive:
    """Keep a page of measurements or files and apply what of it is news, as a lane does."""

    def run(*items: MeasuredRecord | ResultFile) -> list[Applied]:
        page = Page(
            measurements=[item for item in items if isinstance(item, MeasuredRecord)],
            files=[item for item in items if isinstance(item, ResultFile)],
            content=b'{"a": "page"}' if items else b"",
        )
        kept = receipts.keep_page(session, link, page)
        found = [receipts.apply_receipt(transactions, reader, each) for each in kept]
        return [item for item in found if item is not None]

    return run


def measured(about: str, value: str, name: str = "m-1", **changes: Any) -> MeasuredRecord:
    fields = {"Value": value, "Unit": changes.pop("unit", "mW")}
    if status := changes.pop("status", None):
        fields["Status"] = status
    material = RemoteRecord(type="molecule", id=f"M-{about}")
    return MeasuredRecord(id=name, source="Glow", about=material, fields=fields, **changes)


def table(content: str, version: str = "1", name: str = "plate.csv") -> ResultFile:
    file = File(name=name, media_type="text/csv", content=content.encode())
    return ResultFile(file=file, record=RemoteRecord(type="upload", id="17", version=version))


def counting(session: Session, campaign: Campaign) -> list[Result]:
    rows = results.page(session, campaign.id, 100, None, "current").items
    return sorted(rows, key=lambda row: (row.object, row.value or 0.0))


def values(session: Session, campaign: Campaign) -> list[tuple[str, float | None]]:
    return [(row.object, row.value) for row in counting(session, campaign)]


def states(found: Sequence[Applied]) -> list[str]:
    return [item.state for item in found]


def rows(found: Sequence[Applied]) -> list[tuple[str, str | None]]:
    return [(row["status"], row["reason"]) for item in found for row in item.report["upload"]["rows"]]


def owner(campaign: Campaign) -> Owner:
    return Owner(campaign.workspace_id, None)


def test_a_page_is_stored_as_results_of_its_candidates_and_the_same_again_stores_nothing(
    session: Session, campaign: Campaign, batch: dict[str, Candidate], receive: Receive
) -> None:
    page = [measured("1111", "2.5"), measured("1110", "> 3000", "m-2", unit="uW")]
    (applied,) = receive(*page)
    assert applied.state == "applied"
    first, second = sorted(counting(session, campaign), key=lambda row: row.object, reverse=True)
    assert (first.value, first.relation, first.units, first.candidate_id) == (
        2.5,
        "=",
        "mW",
        batch["1111"].id,
    )
    assert (second.value, second.relation, second.units) == (3.0, ">", "mW")
    assert first.external_id == "made_up:lims.example.org/api:Glow:m-1"
    assert applied.report["measured"] == [first.external_id, second.external_id]
    session.refresh(batch["1111"])
    assert batch["1111"].status == "measured"
    assert receive(*page) == []
    assert len(receipt_rows.page(session, session.query(Receipt).one().connector_id, 10, None).items) == 1


def test_a_correction_takes_the_place_and_the_value_of_before_counts_again_when_it_comes_back(
    session: Session, campaign: Campaign, receive: Receive
) -> None:
    receive(measured("1111", "2.5", version="1"), measured("1110", "1", "m-2"))
    (applied,) = receive(measured("1111", "4", version="2"), measured("1110", "1", "m-2"))
    assert len(applied.report["upload"]["rows"]) == 1, "only what is news is read"
    assert values(session, campaign) == [("1110", 1.0), ("1111", 4.0)]
    receive(measured("1111", "2.5", version="3"))
    assert values(session, campaign) == [("1110", 1.0), ("1111", 2.5)]


def test_a_withdrawal_lets_the_candidate_wait_again_and_a_retest_counts(
    session: Session, campaign: Campaign, batch: dict[str, Candidate], receive: Receive
) -> None:
    receive(measured("1111", "2.5"))
    (applied,) = receive(measured("1111", "2.5", standing="withdrawn"))
    assert (applied.state, applied.report["withdrawn"]) == ("applied", 1)
    session.refresh(batch["1111"])
    assert (values(session, campaign), batch["1111"].status) == ([], "released")
    receive(measured("1111", "2.5"))
    assert values(session, campaign) == [("1111", 2.5)], "what was archived by mistake comes back as it was"
    receive(measured("1111", "9", "m-2"))
    assert values(session, campaign) == [("1111", 2.5), ("1111", 9.0)]


def test_a_measurement_that_is_blanked_or_no_longer_final_counts_no_more(
    session: Session, campaign: Campaign, receive: Receive
) -> None:
    receive(measured("1111", "2.5"), measured("1110", "1", "m-2"))
    (applied,) = receive(measured("1111", ""), measured("1110", "1", "m-2", standing="preliminary"))
    assert (applied.state, applied.report["withdrawn"]) == ("applied", 2)
    assert values(session, campaign) == []


def test_of_two_versions_in_one_page_the_later_counts(
    session: Session, campaign: Campaign, receive: Receive
) -> None:
    assert states(receive(measured("1111", "2", version="1"), measured("1111", "3", version="2"))) == [
        "applied"
    ]
    assert values(session, campaign) == [("1111", 3.0)]


def test_a_material_is_known_by_our_key_where_its_id_was_never_heard_of(
    session: Session, campaign: Campaign, batch: dict[str, Candidate], receive: Receive
) -> None:
    about = RemoteRecord(type="sample", id="77", key=material_key(str(batch["1111"].id)))
    stranger = RemoteRecord(type="sample", id="78", key=material_key(str(campaign.id)))
    receive(replace(measured("", "2"), about=about), replace(measured("", "3", "m-2"), about=stranger))
    assert values(session, campaign) == [("1111", 2.0)]


def test_a_bad_row_waits_for_a_person_and_the_others_are_stored(
    session: Session, campaign: Campaign, receive: Receive
) -> None:
    (applied,) = receive(measured("1111", "about right"), measured("1110", "1", "m-2"))
    assert applied.state == "needs_attention"
    assert [status for status, _ in rows([applied])] == ["rejected", "accepted"]
    assert values(session, campaign) == [("1110", 1.0)]


def test_what_has_no_fit_is_an_outcome_and_another_campaigns_material_is_left_out(
    session: Session, campaign: Campaign, receive: Receive
) -> None:
    assert states(receive(measured("1111", "", status="no fit"), measured("0000", "1", "m-2"))) == ["applied"]
    assert [(row.object, row.outcome) for row in counting(session, campaign)] == [("1111", "assay_failed")]
    assert states(receive(measured("0000", "2", "m-2"))) == ["ignored"]


def test_what_a_person_decided_stands_until_the_system_says_something_new(
    session: Session, campaign: Campaign, link: ConnectorLink, reader: Reader, receive: Receive
) -> None:
    receive(measured("1111", "2.5"), measured("1110", "1", "m-2"))
    one, other = counting(session, campaign)[::-1]
    amending.withdraw_result(session, owner(campaign), campaign.id, one.id, "wrong vial")
    sent = SentCorrection({"value": 7, "units": "mW"}, "misread", b"{}")
    amending.correct_result(session, owner(campaign), campaign.id, other.id, sent, reader)
    link.mapping_version = 2  # everything is read again
    found = receive(measured("1111", "2.5"), measured("1110", "1", "m-2"))
    assert states(found) == ["ignored"]
    assert [reason for _, reason in rows(found) if reason and "wrong vial" in reason]
    assert [reason for _, reason in rows(found) if reason and "misread" in reason]
    assert values(session, campaign) == [("1110", 7.0)]
    receive(measured("1111", "2.6"), measured("1110", "1.1", "m-2"))
    assert values(session, campaign) == [("1110", 1.1), ("1111", 2.6)]


def test_a_better_mapping_reads_a_receipt_again_and_replaces_what_the_former_one_made_of_it(
    session: Session,
    campaign: Campaign,
    link: ConnectorLink,
    reader: Reader,
    receive: Receive,
    transactions: Callable[[], AbstractContextManager[Session]],
) -> None:
    link.mapping = {
        "results": [{"source": "Glow", "row": {"type": "=shine", "value": "Value", "units": "=W"}}]
    }
    receive(measured("1111", "2500"))
    assert [row.type for row in counting(session, campaign)] == ["shine"]
    link.mapping = {"results": [{"source": "*", "row": {"type": "=glow", "value": "Value", "units": "=uW"}}]}
    link.mapping_version = 2
    (receipt,) = session.query(Receipt).filter_by(link_id=link.id).all()
    receipts.replay(session, campaign.workspace_id, link, receipt)
    with pytest.raises(ConflictError, match="not read yet"):
        receipts.replay(session, campaign.workspace_id, link, receipt)
    applied = receipts.apply_receipt(transactions, reader, receipt.id)
    assert applied is not None
    assert (applied.state, receipt.mapping_version, applied.report["withdrawn"]) == ("applied", 2, 1)
    assert [(row.type, row.value) for row in counting(session, campaign)] == [("glow", 2.5)]
    assert receipts.apply_receipt(transactions, reader, receipt.id) == applied, "it is read once"


def test_a_file_is_read_as_an_upload_is_and_its_next_version_replaces_it(
    session: Session, campaign: Campaign, batch: dict[str, Candidate], receive: Receive
) -> None:
    key = {text: str(item.id) for text, item in batch.items()}
    first = f"candidate_id,glow (mW)\n{key['1111']},1\n{key['1110']},2\n"
    assert states(receive(table(first))) == ["applied"]
    assert states(receive(table(first))) == ["applied"], "the state of before, to tell of it again"
    assert len(counting(session, campaign)) == 2
    second = f"candidate_id,glow (mW)\n{key['1111']},1\n{key['0111']},3\n"
    (applied,) = receive(table(second, "2"))
    assert (applied.state, applied.report["withdrawn"]) == ("applied", 1)
    assert applied.record == RemoteRecord(type="upload", id="17", version="2")
    assert values(session, campaign) == [("0111", 3.0), ("1111", 1.0)]
    receive(table(first, "3"))
    assert values(session, campaign) == [("1110", 2.0), ("1111", 1.0)]


def test_a_file_that_a_person_uploaded_before_is_ignored_and_a_file_that_is_no_table_waits(
    session: Session, campaign: Campaign, batch: dict[str, Candidate], reader: Reader, receive: Receive
) -> None:
    content = f"candidate_id,glow (mW)\n{batch['1111'].id},1\n"
    sent = ResultsFile(content=content.encode(), media_type="text/csv")
    import_results(session, owner(campaign), campaign.id, sent, reader)
    (applied,) = receive(table(content))
    assert applied.state == "ignored"
    assert "the same bytes were sent before" in applied.report["notes"][0]
    assert len(counting(session, campaign)) == 1
    (applied,) = receive(table("no table at all", "2"))
    assert applied.state == "needs_attention"
    assert applied.report["problem"]


def test_an_archived_campaign_and_a_reading_that_is_gone_wait_for_a_person(
    session: Session, campaign: Campaign, link: ConnectorLink, receive: Receive
) -> None:
    readings.put_reading(
        session, campaign.workspace_id, campaign.id, "plate", ReadingOptions(decimal="comma")
    )
    link.mapping = {**link.mapping, "reading": "plate"}
    receive(measured("1111", "2,5"))
    assert values(session, campaign) == [("1111", 2.5)]
    readings.delete_reading(session, campaign.workspace_id, campaign.id, "plate")
    (applied,) = receive(measured("1110", "2,5", "m-2"))
    assert (applied.state, "no reading 'plate'" in applied.report["problem"]) == ("needs_attention", True)
    link.mapping = {**link.mapping, "reading": None}
    commands.archive_campaign(session, campaign.workspace_id, campaign.id)
    (applied,) = receive(measured("1110", "3", "m-2"))
    assert (applied.state, "archived" in applied.report["problem"]) == ("needs_attention", True)


def test_a_killed_worker_leaves_a_receipt_that_the_next_run_finds(
    session: Session, link: ConnectorLink
) -> None:
    page = Page(measurements=[measured("1111", "2.5")])
    (kept,) = receipts.keep_page(session, link, page)
    assert receipt_rows.unapplied_of_connector(session, link.connector_id) == [kept]
    assert receipts.keep_page(session, link, page) == [], "the same page after the crash is no news"


def test_texts_that_no_database_holds_are_kept_legibly(session: Session, link: ConnectorLink) -> None:
    (kept,) = receipts.keep_page(session, link, Page(measurements=[measured("1111", "2\x005\ud800")]))
    row = session.get_one(Receipt, kept)
    session.refresh(row)
    assert row.records is not None
    assert row.records[0]["fields"]["Value"] == "2\N{REPLACEMENT CHARACTER}5?"


def test_two_writers_of_one_campaign_end_in_one_result(
    session: Session, campaign: Campaign, link: ConnectorLink, reader: Reader
) -> None:
    """A result that another transaction stores while a receipt is read is no error, but is read again."""
    record = measured("1111", "2.5")

    class Racing:
        """A reader during whose first reading somebody else stores another value under the same id."""

        n = 0

        def results(self, *arguments: Any) -> Any:
            report = reader.results(*arguments)
            self.n += 1
            if self.n == 1:
                name = external_id("made_up:lims.example.org/api", record)
                content = f"object,glow (mW),external_id\n1111,8,{name}\n".encode()
                sent = ResultsFile(content=content, media_type="text/csv")
                import_results(session, owner(campaign), campaign.id, sent, reader)
            return report

    racing = Racing()
    (kept,) = receipts.keep_page(session, link, Page(measurements=[record]))
    applied = receipts.apply_receipt(lambda: nullcontext(session), racing, kept)  # type: ignore[arg-type]
    assert applied is not None
    assert (applied.state, values(session, campaign)) == ("applied", [("1111", 2.5)])


def test_the_name_of_a_measurement_outlives_its_connector_and_fits_its_column() -> None:
    record = measured("1111", "2.5")
    assert origin_of("labkey", "https://LIMS.example.org/x/") == origin_of(
        "labkey", "https://lims.example.org/x"
    )
    assert external_id("a:h", record) != external_id("a:h", replace(record, source="Other"))
    long = [external_id("a:h", replace(record, id="x" * 300 + end)) for end in "ab"]
    assert long[0] != long[1]
    assert {len(name) for name in long} == {MOST_CHARACTERS}
