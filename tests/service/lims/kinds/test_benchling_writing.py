"""Candidates and batches in Benchling: lost answers, failed tasks, renamed fields."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from benchling_calls import connect, key, molecules, order_of, registered, running_fake, settled

from service.lims.contract import (
    File,
    Material,
    News,
    Pending,
    Refused,
    RemoteRecord,
    RetryLaterError,
    Structure,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fakes.benchling import FakeBenchling

    from service.lims.contract import Answer, Order
    from service.lims.kinds.benchling import BenchlingConnector

WORDS = 'The structure is already registered as "MOL-0007".'


@pytest.fixture
def fake() -> Iterator[FakeBenchling]:
    with running_fake() as lab:
        yield lab


def test_a_ticket_is_small(fake: FakeBenchling) -> None:
    answers = connect(fake).put_materials(molecules(100))
    assert len(answers) == 100
    assert len(answers[0].ticket) < 8_000


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
        order = replace(order_of(materials, round=None), files=[File(name="b", media_type="x", content=b"")])
        assert connect(fake).put_order(order).field == "files"
        assert fake.tenant.groups == {}


def _until_settled(connector: BenchlingConnector, order: Order) -> list[Any]:
    found = connector.find("order", [order.key])
    return list(found.values()) or settled(connector, [connector.put_order(order)])


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
