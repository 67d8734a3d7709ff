"""Problems become exceptions with status, places, rows and request id; the key is never shown."""

import httpx
import pytest
from scripted_api import Kind, client_of, play

import assayflow
from assayflow import (
    ApiError,
    AssayflowError,
    Client,
    ConflictError,
    ForbiddenError,
    MissingPackageError,
    NotFoundError,
    PreconditionError,
    ServerError,
    TooManyRequestsError,
    UnauthorizedError,
    UnexpectedAnswerError,
    UnreachableError,
    ValidationFailedError,
)
from assayflow.client.patience import Patience

NO_REPEAT = Patience(retries=0)
REFUSED = {
    "title": "The payload is not valid",
    "detail": "2 rows are rejected",
    "status": 422,
    "errors": [{"row": 2, "column": "value", "detail": "no number"}],
    "accepted": 1,
    "rows": [
        {"row": 2, "status": "rejected", "column": "value", "reason": "no number"},
        {"row": 3, "status": "accepted", "column": None, "reason": None},
    ],
}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, UnauthorizedError), (403, ForbiddenError), (404, NotFoundError), (409, ConflictError),
        (412, PreconditionError), (428, PreconditionError), (422, ValidationFailedError),
        (429, TooManyRequestsError), (500, ServerError), (503, ServerError), (415, ApiError),
    ],
)  # fmt: skip
def test_each_status_has_its_exception(kind: Kind, status: int, error: type[ApiError]) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            status, json={"title": "It is so", "detail": "because"}, headers={"X-Request-ID": "abc12345"}
        )

    with pytest.raises(error, match=r"^It is so: because$") as raised:
        play(kind, answer, lambda client: client.campaigns.get("c"), NO_REPEAT)
    assert type(raised.value) is error
    told = raised.value
    assert (told.status, told.title, told.detail) == (status, "It is so", "because")
    assert told.request_id == "abc12345"


def test_a_refused_table_has_its_rows(kind: Kind) -> None:
    with pytest.raises(ValidationFailedError) as raised:
        play(
            kind,
            lambda _: httpx.Response(422, json=REFUSED),
            lambda client: client.results.upload("c", [{"smiles": "C"}]),
        )
    assert raised.value.errors == REFUSED["errors"]
    assert [row["status"] for row in raised.value.rows] == ["rejected", "accepted"]
    frame = raised.value.rows_to_pandas()
    assert frame.loc[frame["status"] == "rejected", "reason"].tolist() == ["no number"]


def test_without_a_report_the_rows_are_those_of_the_errors() -> None:
    problem = {"title": "x", "errors": [{"row": 7, "detail": "bad"}, {"pointer": "/sheet", "detail": "no"}]}
    with client_of(lambda _: httpx.Response(422, json=problem)) as client, pytest.raises(ApiError) as raised:
        client.results.upload("c", b"smiles\nC\n")
    assert raised.value.rows == [{"row": 7, "detail": "bad"}]


def test_a_proxy_that_answers_in_html_is_named() -> None:
    with (
        client_of(lambda _: httpx.Response(502, text="<html>"), NO_REPEAT) as client,
        pytest.raises(ServerError, match=r"^http://service/v1/campaigns/c answers 502 Bad Gateway$"),
    ):
        client.campaigns.get("c")


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json=[1])])
def test_another_service_is_detected(kind: Kind, answer: httpx.Response) -> None:
    with pytest.raises(UnexpectedAnswerError, match="http://service answers, but not as Assayflow does"):
        play(kind, lambda _: answer, lambda client: client.campaigns.get("c"))


def test_who_does_not_answer_is_named_and_never_the_key(kind: Kind) -> None:
    def silent(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(UnreachableError, match=r"http://service \(refused\)") as raised:
        play(kind, silent, lambda client: client.campaigns.get("c"), NO_REPEAT)
    assert "af_key" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "key"), [("nowhere", "af_x"), ("ftp://x", "af_x"), ("http://x", "af_x\ny"), ("http://x", "é")]
)
def test_a_wrong_address_or_key_is_refused_without_showing_the_key(url: str, key: str) -> None:
    with pytest.raises(AssayflowError) as raised:
        Client(url, key)
    assert key not in str(raised.value)


def test_without_a_key_the_message_says_where_one_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ASSAYFLOW_URL", "ASSAYFLOW_API_KEY", "ASSAYFLOW_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AssayflowError, match=r"http://127\.0\.0\.1:8000.*ASSAYFLOW_API_KEY.*keys create"):
        Client()


@pytest.mark.parametrize("name", ["ASSAYFLOW_API_KEY", "ASSAYFLOW_KEY"])
def test_the_environment_names_address_and_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSAYFLOW_API_KEY", raising=False)
    monkeypatch.delenv("ASSAYFLOW_KEY", raising=False)
    monkeypatch.setenv("ASSAYFLOW_URL", "http://lab:9")
    monkeypatch.setenv(name, "af_env")
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={})

    with Client(transport=httpx.MockTransport(answer)) as client:
        client.campaigns.get("c")
    assert str(sent[0].url) == "http://lab:9/v1/campaigns/c"
    assert sent[0].headers["Authorization"] == "Bearer af_env"


def test_without_pandas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with (
        client_of(lambda _: httpx.Response(200, json={"items": [], "next_cursor": None})) as client,
        pytest.raises(MissingPackageError, match=r"pip install 'assayflow\[pandas\]'"),
    ):
        client.campaigns.list().to_pandas()


def test_every_name_of_the_package_is_there() -> None:
    assert all(getattr(assayflow, name) is not None for name in assayflow.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Clint'"):
        assayflow.Clint  # noqa: B018 - it raises
