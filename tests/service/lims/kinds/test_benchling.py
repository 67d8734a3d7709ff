"""The connector to Benchling against a fake of its API: lost answers, failed tasks, corrections, limits."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from benchling_calls import connect, key, molecules, order_of, pulled, registered, running_fake, settled
from fakes.lab import Measurement
from fakes.server import Answered
from pydantic import ValidationError

from service.lims.contract import (
    AccessDeniedError,
    Material,
    News,
    Pending,
    RecordGoneError,
    Refused,
    RemoteRecord,
    RetryLaterError,
    Scope,
    Structure,
)
from service.lims.kinds.benchling import BenchlingConnector
from service.lims.mapping_specs import LinkMapping
from service.lims.registry import connector_kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fakes.benchling import FakeBenchling

    from service.lims.contract import Answer, Order

WORDS = 'The structure is already registered as "MOL-0007".'


@pytest.fixture
def fake() -> Iterator[FakeBenchling]:
    with running_fake() as lab:
        yield lab


def test_the_kind_is_found_and_says_what_it_wants() -> None:
    kind = connector_kind("benchling")
    assert kind is BenchlingConnector
    for model in (kind.Settings, kind.Credentials):
        properties = model.model_json_schema()["properties"]
        assert all(item.get("description") for item in properties.values())


class TestCredentials:
    def test_are_an_apps_or_a_users(self) -> None:
        for wrong in ({}, {"client_id": "a"}, {"client_id": "a", "client_secret": "b", "api_key": "c"}):
            with pytest.raises(ValidationError, match="client_id and client_secret of an app, or api_key"):
                BenchlingConnector.Credentials.model_validate(wrong)

    def test_are_not_printed(self) -> None:
        credentials = BenchlingConnector.Credentials.model_validate({"api_key": "sk_secret"})
        assert "sk_secret" not in repr(credentials)

    @pytest.mark.parametrize("is_app", [True, False])
    def test_sign_in(self, fake: FakeBenchling, *, is_app: bool) -> None:
        status = connect(fake, None if is_app else fake.api_key()).check()
        assert not status.warnings
        assert ("app-client" in status.identity) is is_app
        assert fake.n_tokens == int(is_app)

    def test_an_expired_token_is_renewed_once(self, fake: FakeBenchling) -> None:
        connector = connect(fake)
        connector.check()
        fake.expire_access(for_ever=False)
        assert connector.find("material", [key(0)]) == {}
        assert fake.n_tokens == 2

    def test_a_token_is_renewed_before_it_ends(self, fake: FakeBenchling) -> None:
        connector = connect(fake)
        connector.check()
        session, _ = connector._open()
        session._token_ends = datetime.now(UTC)
        connector.find("material", [key(0)])
        assert fake.n_tokens == 2
        assert [answer.status for _, answer in fake.exchanges].count(401) == 0

    @pytest.mark.parametrize("is_app", [True, False])
    def test_revoked_ones_are_said_to_be(self, fake: FakeBenchling, *, is_app: bool) -> None:
        connector = connect(fake, None if is_app else fake.api_key())
        connector.check()
        fake.expire_access(for_ever=True)
        before = fake.n_requests
        with pytest.raises(AccessDeniedError, match="401"):
            connector.find("material", [key(0)])
        assert fake.n_requests - before <= 2


class TestCheck:
    def test_names_a_registry_and_a_folder_that_are_not_there(self, fake: FakeBenchling) -> None:
        warnings = connect(fake, registry_id="src_other", folder_id="lib_other").check().warnings
        assert "there is no registry src_other; known are Chemistry (src_registry)" in warnings
        assert "the folder lib_other is not there, or may not be read" in warnings

    def test_names_rights_that_are_missing(self, fake: FakeBenchling) -> None:
        fake.forbidden = {"/workflow-task-groups", "/assay-result-schemas"}
        assert set(connect(fake).check().warnings) == {
            "the credentials may not read workflow task groups",
            "the credentials may not read schemas of results",
        }


def test_a_preview_may_read_and_sign_in(fake: FakeBenchling) -> None:
    materials = registered(fake, 1)
    connector = connect(fake)
    connector.check()
    connector.find("order", ["AFR-1"])
    settled(connector, [connector.put_order(order_of(materials))])
    written = [
        sent.path for sent in fake.requests if not connector.is_question(sent.method, sent.path, sent.body)
    ]
    assert [path.rpartition("/")[2] for path in written] == [
        "molecules:bulk-upsert",
        "workflow-task-groups",
        "workflow-tasks:bulk-create",
    ]


def test_a_ticket_is_small(fake: FakeBenchling) -> None:
    answers = connect(fake).put_materials(molecules(100))
    assert len(answers) == 100
    assert len(answers[0].ticket) < 8_000


def test_describe_lists_fields_of_all_pages_with_options(fake: FakeBenchling) -> None:
    fake.set_page_size(1)
    by_name = {(field.schema, field.name): field for field in connect(fake).describe()}
    assert by_name["assaysch_potency", "qualifier"].options == ("=", "<", "<=", ">", ">=", "~")
    assert by_name["wfts_assay", "sample"].is_required
    assert by_name["ts_sample001", "Predicted"].type == "float"


class TestMaterials:
    @pytest.mark.parametrize("own_registry_ids", [True, False])
    def test_are_registered_in_one_call(self, fake: FakeBenchling, *, own_registry_ids: bool) -> None:
        connector = connect(fake, own_registry_ids=own_registry_ids)
        answers = settled(connector, connector.put_materials(molecules(96, Certainty=">=")))
        assert [answer.key for answer in answers] == [key(number) for number in range(96)]
        assert len(fake.materials()) == 96
        assert [sent.method for sent in fake.requests].count("POST") == 2
        held = fake.tenant.entities["molecules"][answers[3].id]
        assert held["fields"]["Certainty"]["textValue"] == ">="
        assert held["originalSmiles"] == "CCCC"

    @pytest.mark.parametrize("own_registry_ids", [True, False])
    def test_a_lost_answer_makes_no_second_one(self, fake: FakeBenchling, *, own_registry_ids: bool) -> None:
        connector = connect(fake, own_registry_ids=own_registry_ids)
        fake.lose_answers()
        with pytest.raises(RetryLaterError, match="connection failed"):
            connector.put_materials(molecules(3))
        answers = settled(connector, connector.put_materials(molecules(3)))
        assert Counter(item.key for item in fake.materials()) == Counter([key(0), key(1), key(2)])
        assert {answer.id for answer in answers} == {item.id for item in fake.materials()}
        assert connector.find("material", [key(1), key(9)]) == {key(1): answers[1]}

    @pytest.mark.parametrize("own_registry_ids", [True, False])
    @pytest.mark.parametrize("shape", ["array", "object", "one", "unnamed"])
    def test_one_that_is_refused_does_not_hold_up_the_others(
        self, fake: FakeBenchling, shape: str, *, own_registry_ids: bool
    ) -> None:
        connector = connect(fake, own_registry_ids=own_registry_ids)
        fake.tenant.errors_as = shape
        fake.fail_task_for(key(1), WORDS)
        first, second, third = settled(connector, connector.put_materials(molecules(3)))
        assert isinstance(second, Refused)
        assert WORDS in second.detail or shape == "unnamed"
        assert [first.key, third.key] == [key(0), key(2)]
        assert {item.key for item in fake.materials()} == {key(0), key(2)}

    def test_two_of_many_are_found_though_nobody_names_them(self, fake: FakeBenchling) -> None:
        connector = connect(fake)
        fake.tenant.errors_as = "unnamed"
        fake.fail_task_for(key(11), WORDS)
        fake.fail_task_for(key(70), WORDS)
        answers = settled(connector, connector.put_materials(molecules(96)))
        refused = [number for number, answer in enumerate(answers) if isinstance(answer, Refused)]
        assert refused == [11, 70]
        assert len(fake.materials()) == 94

    def test_what_refuses_all_of_them_does_not_cost_a_request_each(self, fake: FakeBenchling) -> None:
        connector = connect(fake)
        fake.tenant.errors_as = "unnamed"
        for number in range(96):
            fake.fail_task_for(key(number), WORDS)
        answers = settled(connector, connector.put_materials(molecules(96)))
        assert all(isinstance(answer, Refused) for answer in answers)
        assert fake.n_requests < 180

    def test_a_renamed_field_is_refused_by_its_name(self, fake: FakeBenchling) -> None:
        fake.rename_field("entity-schemas", "ts_molecule1", "Why", "Reason")
        answers = connect(fake).put_materials(molecules(2))
        assert [answer.field for answer in answers] == ["Why", "Why"]
        assert "'Molecule' has no field 'Why'" in answers[0].detail
        assert "Reason" in answers[0].detail

    def test_a_field_that_became_required_is_named(self, fake: FakeBenchling) -> None:
        fake.require_field("Project code")
        (answer,) = connect(fake).put_materials(molecules(1))
        assert (answer.field, "requires the field 'Project code'" in answer.detail) == ("Project code", True)
        (answer,) = settled(*_put(fake, molecules(1, **{"Project code": "P1"})))
        assert isinstance(answer, RemoteRecord)

    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({"Certainty": "about"}, "Certainty"),
            ({"Predicted": "high"}, "Predicted"),
            ({"Round": 1.5}, "Round"),
        ],
    )
    def test_a_value_that_does_not_fit_is_refused(
        self, fake: FakeBenchling, fields: dict[str, object], name: str
    ) -> None:
        (answer,) = connect(fake).put_materials(molecules(1, **fields))
        assert isinstance(answer, Refused)
        assert answer.field == name

    def test_a_number_in_a_text_field_is_written_as_text(self, fake: FakeBenchling) -> None:
        (answer,) = settled(*_put(fake, molecules(1, Why=7)))
        assert fake.tenant.entities["molecules"][answer.id]["fields"]["Why"]["value"] == "7"

    def test_each_kind_goes_where_its_schema_says(self, fake: FakeBenchling) -> None:
        mixed = [
            *molecules(1),
            Material(
                key=key(1),
                name="p",
                schema="ts_peptide01",
                structure=Structure(format="sequence", text="ACDK"),
            ),
            Material(
                key=key(2), name="s", schema="ts_sample001", structure=Structure(format="mixture", text="x")
            ),
            Material(
                key=key(3),
                name="h",
                schema="ts_molecule1",
                structure=Structure(format="helm", text="PEPTIDE1{A}"),
            ),
            Material(key=key(4), name="n", schema="ts_gone"),
            Material(key=key(5), name="n"),
        ]
        answers = settled(*_put(fake, mixed))
        assert [answer.type for answer in answers[:3]] == ["molecule", "aa_sequence", "custom_entity"]
        assert [answer.field for answer in answers[3:]] == ["schema", "schema", "schema"]

    def test_a_forgotten_task_is_looked_up(self, fake: FakeBenchling) -> None:
        connector, answers = _put(fake, molecules(2))
        fake.materials()
        fake.tenant.tasks.clear()
        assert [answer.key for answer in settled(connector, answers)] == [key(0), key(1)]
        assert len(fake.materials()) == 2

    def test_a_long_task_is_waited_for(self, fake: FakeBenchling) -> None:
        fake.set_due(5)
        connector, answers = _put(fake, molecules(1))
        assert isinstance(connector.task(answers[0].ticket), Pending)
        assert isinstance(settled(connector, answers)[0], RemoteRecord)


def _put(fake: FakeBenchling, materials: list[Material]) -> tuple[BenchlingConnector, Sequence[Answer]]:
    connector = connect(fake)
    return connector, connector.put_materials(materials)


class TestOrders:
    def test_are_a_group_with_a_task_for_each_candidate(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 3)
        connector = connect(fake)
        (group,) = settled(connector, [connector.put_order(order_of(materials))])
        (held,) = fake.orders()
        assert (held.id, held.key) == (group.id, group.key)
        assert held.materials == [key(0), key(1), key(2)]
        assert connector.find("order", [group.key, "AFR-none"]) == {group.key: group}

    def test_an_answer_lost_at_any_step_makes_no_second_task(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 3)
        connector = connect(fake)
        order = order_of(materials)
        for _ in range(2):  # the group's answer, then that of its tasks
            fake.lose_answers()
            with pytest.raises(RetryLaterError, match="connection failed"):
                _until_settled(connector, order)
        (answer,) = _until_settled(connector, order)
        assert isinstance(answer, RemoteRecord)
        (held,) = fake.orders()
        assert held.materials == [key(0), key(1), key(2)]

    def test_a_lost_call_that_still_runs_is_waited_for(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 2)
        connector = connect(fake)
        fake.set_due(5)
        pending = connector.put_order(order_of(materials))
        assert isinstance(pending, Pending)
        again = connector.put_order(order_of(materials))
        assert isinstance(again, Pending)
        assert again.seconds >= 10
        assert isinstance(settled(connector, [again])[0], RemoteRecord)
        assert fake.orders()[0].materials == [key(0), key(1)]

    def test_an_empty_group_is_filled_in_the_end(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 2)
        order = order_of(materials)
        fake.tenant.write_group(
            {"schemaId": "wfts_assay", "folderId": "lib_assays01", "name": f"x (Assayflow {order.key})"}
        )
        connector = connect(fake)
        assert connector.find("order", [order.key]) == {}
        assert isinstance(settled(connector, [connector.put_order(order)])[0], RemoteRecord)
        assert fake.orders()[0].materials == [key(0), key(1)]

    def test_a_refused_one_leaves_nothing_behind(self, fake: FakeBenchling) -> None:
        materials = [*registered(fake, 1), RemoteRecord(type="molecule", id="mol_gone")]
        connector = connect(fake)
        (answer,) = settled(connector, [connector.put_order(order_of(materials))])
        assert isinstance(answer, Refused)
        assert "Invalid entity ID mol_gone" in answer.detail
        assert fake.orders() == []
        assert fake.tenant.workflow_tasks == {}

    def test_needs_a_schema_that_names_the_candidate(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 1)
        fake.rename_field("workflow-task-schemas", "wfts_assay", "round", "cycle")
        answer = connect(fake).put_order(order_of(materials))
        assert isinstance(answer, Refused)
        assert answer.field == "round"
        answer = connect(fake, task_entity_field="compound").put_order(order_of(materials, round=None))
        assert isinstance(answer, Refused)
        assert fake.tenant.groups == {}


def _until_settled(connector: BenchlingConnector, order: Order) -> list[Any]:
    found = connector.find("order", [order.key])
    return list(found.values()) or settled(connector, [connector.put_order(order)])


class TestResults:
    def test_a_dropdown_is_read_by_its_text(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 2)
        fake.measure(key(1), Measurement("30", ">", "µM"))
        fake.measure(key(0), Measurement("0.0125"))
        records, _ = pulled(connect(fake), materials)
        first, second = records
        assert (first.about, second.about) == (materials[1], materials[0])
        rule = LinkMapping.model_validate(fake.mapping("molecules", "IC50")).results[0]
        row = {name: first.fields[theirs] for name, theirs in rule.row.items() if not theirs.startswith("=")}
        assert row == {"value": "30.0", "units": "µM", "relation": ">", "outcome": ""}
        assert first.source == rule.source
        assert second.fields["ic50"] == "0.0125"

    def test_are_read_once_and_again_when_corrected_or_archived(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 3)
        ids = [fake.measure(key(number), Measurement("12")) for number in range(3)]
        connector = connect(fake)
        records, cursor = pulled(connector, materials)
        assert [record.id for record in records] == ids
        versions = {record.id: record.version for record in records}
        fake.correct(ids[0], Measurement("15"))
        fake.withdraw(ids[1])
        records, cursor = pulled(connector, materials, cursor)
        changed = {record.id: record for record in records if record.version != versions[record.id]}
        assert {id_: record.standing for id_, record in changed.items()} == {
            ids[0]: "final",
            ids[1]: "withdrawn",
        }
        assert changed[ids[0]].fields["ic50"] == "15.0"

    def test_one_of_long_ago_is_read_when_its_candidate_is_new(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 2)
        fake.freeze(datetime(2026, 1, 7, tzinfo=UTC))
        old = fake.measure(key(1), Measurement("12"))
        connector = connect(fake)
        records, cursor = pulled(connector, materials[:1])
        assert records == []
        records, cursor = pulled(connector, materials, cursor)
        assert [record.id for record in records] == [old]
        records, _ = pulled(connector, materials, cursor)
        assert records == []

    @pytest.mark.parametrize("size", [1, 2, 3])
    def test_equal_times_over_a_page_boundary_lose_nothing(self, fake: FakeBenchling, size: int) -> None:
        materials = registered(fake, 5)
        fake.freeze(datetime(2026, 1, 7, 12, tzinfo=UTC))
        ids = [fake.measure(key(number), Measurement("12")) for number in range(5)]
        fake.set_page_size(size)
        records, _ = pulled(connect(fake), materials)
        assert sorted(record.id for record in records) == sorted(ids)

    def test_a_change_between_pages_loses_nothing(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 6)
        ids = [fake.measure(key(number), Measurement("12")) for number in range(5)]
        fake.set_page_size(2)
        connector = connect(fake)

        def change() -> None:
            if len(ids) == 5:
                fake.correct(ids[0], Measurement("15"))
                ids.append(fake.measure(key(5), Measurement("9")))

        records, cursor = pulled(connector, materials, None, change)
        assert {record.id for record in records} >= set(ids[:5])
        later, _ = pulled(connector, materials, cursor)
        assert {record.id for record in records + later} == set(ids)
        assert [record.fields["ic50"] for record in later if record.id == ids[0]] == ["15.0"]

    def test_a_run_goes_on_in_another_process(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 50)
        ids = {fake.measure(key(number), Measurement("12")) for number in range(50)}
        cursor, found = None, set()
        for _ in range(20):
            page = connect(fake).changes(Scope(materials=materials, sources=("*",)), cursor)
            found |= {record.id for record in page.measurements}
            cursor = json.loads(json.dumps(page.cursor))
            if not page.more:
                break
        assert found == ids

    def test_unreviewed_and_invalid_ones_do_not_count(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 2)
        first, second = (fake.measure(key(number), Measurement("12")) for number in range(2))
        fake.tenant.results[first]["isReviewed"] = False
        fake.tenant.results[second]["validationStatus"] = "INVALID"
        standings = [record.standing for record in pulled(connect(fake, reviewed_only=True), materials)[0]]
        assert standings == ["preliminary", "withdrawn"]

    def test_a_result_of_two_linked_candidates_is_nobodys_until_it_is_said_whose(
        self, fake: FakeBenchling
    ) -> None:
        materials = registered(fake, 2)
        result = fake.measure(key(0), Measurement("12"))
        fields = fake.tenant.results[result]["fields"]
        fields["reference"] = {**fields["sample"], "value": materials[1].id}
        (record,), _ = pulled(connect(fake), materials)
        assert "sample and reference (set result_entity_field)" in record.about.type
        told = connect(fake, result_entity_field={"assaysch_potency": "sample"})
        (record,), _ = pulled(told, materials)
        assert record.about == materials[0]

    def test_a_schema_that_is_gone_is_said_to_be(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 1)
        fake.tenant.schemas["assay-result-schemas"].clear()
        with pytest.raises(RecordGoneError, match="assaysch_potency"):
            pulled(connect(fake), materials)


class TestPatience:
    def test_a_full_window_is_waited_out(self, fake: FakeBenchling) -> None:
        connector = connect(fake)
        connector.check()
        fake.rate_limit(7)
        with pytest.raises(RetryLaterError, match="Rate limit exceeded") as caught:
            connector.find("material", [key(0)])
        assert caught.value.seconds == 7
        assert caught.value.whole_connector

    @pytest.mark.parametrize(
        "answer",
        [
            Answered(200, b"<html><form>Sign in</form></html>", {"Content-Type": "text/html"}),
            Answered(200, b'{"molecules": [{"id": "mol'),
            Answered(200, {}),
            Answered(200, []),
            Answered(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html"}),
            Answered(302, b"", {"Location": "https://login.example.org"}),
        ],
        ids=["login page", "cut", "empty object", "array", "bad gateway", "redirect"],
    )
    def test_what_is_no_answer_is_asked_for_again(self, fake: FakeBenchling, answer: Answered) -> None:
        materials = registered(fake, 1)
        fake.measure(key(0), Measurement("12"))
        for call in (
            lambda connector: connector.find("material", [key(0)]),
            lambda connector: pulled(connector, materials),
            lambda connector: connector.put_materials(molecules(1)),
            lambda connector: connector.check(),
        ):
            connector = connect(fake)
            connector._open()[0]._valid_token()
            fake.answer_instead(answer)
            with pytest.raises(RetryLaterError):
                call(connector)

    def test_a_login_page_for_a_token_is_asked_for_again(self, fake: FakeBenchling) -> None:
        fake.answer_instead(Answered(200, b"<html></html>", {"Content-Type": "text/html"}))
        with pytest.raises(RetryLaterError):
            connect(fake).check()


class TestNews:
    def test_tasks_are_completed_or_cancelled_with_their_candidate(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 2)
        connector = connect(fake)
        (group,) = settled(connector, [connector.put_order(order_of(materials))])
        assert connector.notify(materials[0], News(event="measured")) is None
        assert _statuses(fake) == ["COMPLETED", "PENDING"]
        assert connector.notify(group, News(event="cancelled")) is None
        assert _statuses(fake) == ["COMPLETED", "CANCELLED"]

    def test_tasks_of_others_are_left_alone(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 1)
        group = fake.tenant.write_group(
            {"schemaId": "wfts_assay", "folderId": "lib_assays01", "name": "By hand"}
        )
        fake.tenant.write_workflow_tasks(
            [{"workflowTaskGroupId": group["id"], "fields": {"sample": {"value": materials[0].id}}}]
        )
        connect(fake).notify(materials[0], News(event="measured"))
        assert _statuses(fake) == ["PENDING"]

    def test_may_be_switched_off(self, fake: FakeBenchling) -> None:
        materials = registered(fake, 1)
        before = fake.n_requests
        assert connect(fake, update_task_status=False).notify(materials[0], News(event="measured")) is None
        assert fake.n_requests == before


def _statuses(fake: FakeBenchling) -> list[str]:
    return [task["status"]["statusType"] for task in fake.tenant.workflow_tasks.values()]
