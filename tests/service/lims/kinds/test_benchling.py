"""The connector to Benchling: signing in, what is there, and patience with a busy server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from benchling_calls import connect, key, molecules, order_of, pulled, registered, running_fake, settled
from fakes.lab import Measurement
from fakes.server import Answered
from pydantic import ValidationError

from service.lims.contract import AccessDeniedError, RetryLaterError
from service.lims.kinds.benchling import BenchlingConnector
from service.lims.registry import connector_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.benchling import FakeBenchling


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


def test_describe_lists_fields_of_all_pages_with_options(fake: FakeBenchling) -> None:
    fake.set_page_size(1)
    by_name = {(field.schema, field.name): field for field in connect(fake).describe()}
    assert by_name["assaysch_potency", "qualifier"].options == ("=", "<", "<=", ">", ">=", "~")
    assert by_name["wfts_assay", "sample"].is_required
    assert by_name["ts_sample001", "Predicted"].type == "float"


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
