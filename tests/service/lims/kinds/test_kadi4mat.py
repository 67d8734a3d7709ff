"""The connector against the fake: the scenarios of the real server, and faults that a real one seldom has."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from connector_calls import KEYS, opened, scope_of, whole_pass
from fakes.kadi4mat import ASSAY, FakeKadi4Mat, make_fake
from fakes.lab import Measurement
from fakes.server import Answered
from kadi4mat_scenarios import (  # noqa: F401 - pytest runs what is imported
    Lab,
    test_a_batch_is_sent_filled_corrected_and_withdrawn,
    test_a_check_says_who_we_are_and_which_scope_is_missing,
    test_a_record_in_the_trash_keeps_its_identifier,
    test_a_template_gives_its_fields_and_a_required_one_refuses,
    test_an_edit_between_our_reading_and_our_writing_is_not_lost,
    test_pages_of_a_collection_are_read_to_the_end,
    test_replicates_are_items_of_a_list,
    test_what_the_lab_wrote_beside_our_fields_stays,
    test_whichever_answer_is_lost_everything_is_there_once,
)

from service.lims.contract import AccessDeniedError, Material, News, Order, RetryLaterError, Scope
from service.lims.kinds.kadi4mat import Kadi4MatConnector
from service.lims.kinds.kadi4mat.api import identifier
from service.lims.registry import connector_kinds


@pytest.fixture
def fake() -> Iterator[FakeKadi4Mat]:
    made = make_fake()
    yield made
    made.close()


@pytest.fixture
def lab(fake: FakeKadi4Mat) -> Lab:
    return Lab({"base_url": fake.base_url, "lab_token": "pat_lab"})


@pytest.fixture
def connector(fake: FakeKadi4Mat) -> Callable[..., Kadi4MatConnector]:
    tokens = {"token": "pat_robot", "reading_token": "pat_reading"}

    def make(token: str = "token", **settings: Any) -> Kadi4MatConnector:  # noqa: S107 - a name
        made = opened(Kadi4MatConnector, fake, **{"template": None, **settings})
        made.credentials = Kadi4MatConnector.Credentials(token=tokens.get(token, token))
        return made

    return make


@pytest.fixture
def robot(fake: FakeKadi4Mat) -> Kadi4MatConnector:
    return opened(Kadi4MatConnector, fake)


def _materials(*keys: str) -> list[Material]:
    return [Material(key=key, name=key, fields={"object": "CCO"}) for key in keys or KEYS]


def test_the_kind_is_found():
    assert connector_kinds()["kadi4mat"] is Kadi4MatConnector


def test_an_answer_that_was_lost_makes_no_second_record(fake: FakeKadi4Mat, robot: Kadi4MatConnector):
    fake.lose_answers()
    with pytest.raises(RetryLaterError, match="POST /api/v1/records"):
        robot.put_materials(_materials())
    written = robot.put_materials(_materials())
    assert [record.key for record in written] == list(KEYS)
    assert [held.key for held in fake.materials()] == list(KEYS)
    for _ in range(2):
        fake.lose_answers()
        with pytest.raises(RetryLaterError):
            robot.put_order(Order(key="AFR-1", name="Round 1", materials=written))
    order = robot.put_order(Order(key="AFR-1", name="Round 1", materials=written))
    assert [(held.id, held.materials) for held in fake.orders()] == [(order.id, list(KEYS))]


def test_96_candidates_need_few_requests(fake: FakeKadi4Mat, robot: Kadi4MatConnector):
    materials = _materials(*(f"AF-{number:03}" for number in range(96)))
    written = []
    for start in range(0, 96, robot.manners.materials_per_call):
        written += robot.put_materials(materials[start : start + robot.manners.materials_per_call])
    assert fake.n_requests == 96 + 5
    order = robot.put_order(Order(key="AFR-1", name="Round 1", materials=written))
    assert fake.n_requests == 101 + 2 + 96
    scope = Scope(materials=written, orders=[order], sources=[ASSAY])
    _, cursor = whole_pass(robot, scope)
    assert fake.n_requests == 199 + 1
    fake.measure("AF-007", Measurement(value="12.5"))
    measured, _ = whole_pass(robot, scope, cursor)
    assert [found.about.key for found in measured] == ["AF-007"]
    assert fake.n_requests == 200 + 2


def test_a_busy_server_is_left_alone_for_as_long_as_it_says(fake: FakeKadi4Mat, robot: Kadi4MatConnector):
    fake.rate_limit(17)
    with pytest.raises(RetryLaterError, match="Request limit exceeded") as error:
        robot.put_materials(_materials())
    assert (error.value.seconds, error.value.whole_connector) == (17.0, True)


def test_a_revoked_token_ends_the_work(fake: FakeKadi4Mat, robot: Kadi4MatConnector):
    written = robot.put_materials(_materials())
    fake.expire_access(for_ever=True)
    with pytest.raises(AccessDeniedError, match="No valid access token"):
        robot.changes(scope_of(written, ASSAY), None)


@pytest.mark.parametrize(
    "answer",
    [
        Answered(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}),
        Answered(200, b'{"items": [{"id": 1, "ext'),
        Answered(200, b"[]"),
        Answered(404, b"<html>Not here</html>", {"Content-Type": "text/html"}),
        Answered(302, b"", {"Location": "/login"}),
        Answered(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html"}),
    ],
)
def test_what_is_no_answer_of_kadi_is_never_taken_for_one(
    fake: FakeKadi4Mat, robot: Kadi4MatConnector, answer: Answered
):
    written = robot.put_materials(_materials())
    order = robot.put_order(Order(key="AFR-1", name="Round 1", materials=written))
    fake.measure(KEYS[0], Measurement(value="1"))
    scope = Scope(materials=written, orders=[order], sources=[ASSAY])
    measured, cursor = whole_pass(robot, scope)
    for orders in ([order], []):
        fake.answer_instead(answer)
        with pytest.raises(RetryLaterError):
            robot.changes(Scope(materials=written, orders=orders, sources=[ASSAY]), cursor)
    fake.answer_instead(answer)
    with pytest.raises(RetryLaterError):
        robot.put_materials(_materials())
    assert len(measured) == 1
    assert whole_pass(robot, scope, cursor)[0] == []


def test_limits_units_and_outcomes_come_as_they_are_written(fake: FakeKadi4Mat, robot: Kadi4MatConnector):
    written = robot.put_materials(_materials())
    fake.measure(KEYS[0], Measurement(value="30", relation=">", units="µM"))
    fake.measure(KEYS[1], Measurement(outcome="no fit"))
    fake.measure(KEYS[2], Measurement(value="n.d."))
    found, _ = whole_pass(robot, scope_of(written, ASSAY))
    assert [item.fields for item in found] == [
        {"value": "30.0", "value.unit": "µM", "assay": ASSAY, "relation": ">"},
        {"assay": ASSAY, "relation": "=", "outcome": "no fit"},
        {"value": "n.d.", "assay": ASSAY, "relation": "="},
    ]


def test_one_refused_record_leaves_the_others(fake: FakeKadi4Mat, robot: Kadi4MatConnector):
    fake.fail_task_for(KEYS[1], "This name is reserved.")
    first, second, third = robot.put_materials(_materials())
    assert second.detail == "title: This name is reserved."
    assert [first.key, third.key] == [KEYS[0], KEYS[2]]


def test_a_collection_in_a_folder(fake: FakeKadi4Mat, robot: Kadi4MatConnector):
    refused = robot.put_order(Order(key="AFR-1", name="Round 1", folder="project"))
    assert refused.field == "folder"
    project = fake.make("collections", identifier="project", title="Project", description="")
    for _ in range(2):
        order = robot.put_order(Order(key="AFR-1", name="Round 1", folder="project"))
    assert fake.children == {project["id"]: [int(order.id)]}
    assert robot.put_order(Order(key="AFR-2", name="Round 2", schema="x")).field == "schema"
    assert robot.notify(order, News(event="cancelled")) is None


def test_a_change_of_the_sources_reads_what_was_left_out(fake: FakeKadi4Mat, robot: Kadi4MatConnector):
    written = robot.put_materials(_materials())
    fake.measure(KEYS[0], Measurement(value="1"))
    found, cursor = whole_pass(robot, scope_of(written, "other"))
    assert found == []
    found, cursor = whole_pass(robot, scope_of(written, ASSAY), cursor)
    assert len(found) == 1
    assert whole_pass(robot, scope_of(written, "other"), cursor)[0] == [], "it is not withdrawn"


def test_keys_become_identifiers():
    assert identifier("AFC-0A1") == "afc-0a1"
    made = identifier("Round 1: müller" * 5)
    assert made == identifier("Round 1: müller" * 5) != identifier("Round 1: müller" * 6)
    assert len(made) == 50
    assert made.startswith("round-1-m-ller")
