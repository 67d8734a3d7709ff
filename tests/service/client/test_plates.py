"""The client's calls about plates, against a scripted service."""

from collections.abc import Callable

import httpx
import pytest

from service.client.client import Client, ClientError
from service.client.plates import PlateFile, Plates, WellsChoices, find_plate

Answer = Callable[[httpx.Request], httpx.Response]


def client_of(answer: Answer) -> Client:
    client = Client("http://service", "af_key")
    client._http = httpx.Client(base_url="http://service/v1", transport=httpx.MockTransport(answer))
    return client


def service(request: httpx.Request) -> httpx.Response:
    """A campaign of two rounds; the first has two pages of plates, the second one plate."""
    if not request.url.path.endswith("/plates"):
        return httpx.Response(200, json={"rounds": 2})
    if "/rounds/2/" in request.url.path:
        return httpx.Response(200, json={"items": [{"id": "c", "name": "P-3"}], "next_cursor": None})
    is_second = request.url.params.get("cursor") == "next"
    item = {"id": "b", "name": "P-2"} if is_second else {"id": "a", "name": "P-1"}
    return httpx.Response(200, json={"items": [item], "next_cursor": None if is_second else "next"})


@pytest.mark.parametrize(("plate", "where"), [("P-1", (1, "a")), ("b", (1, "b")), ("P-3", (2, "c"))])
def test_a_plate_is_found_by_name_and_by_id_in_every_round(plate: str, where: tuple[int, str]) -> None:
    with client_of(service) as client:
        plates, plate_id = find_plate(client, "x", plate)
        assert (plates.number, plate_id) == where


def test_a_plate_of_another_round_is_not_found_in_this_one() -> None:
    with client_of(service) as client:
        with pytest.raises(ClientError, match="round 2 has no plate P-1"):
            find_plate(client, "x", "P-1", 2)
        with pytest.raises(ClientError, match="the campaign has no plate P-9"):
            find_plate(client, "x", "P-9")


def test_choices_that_are_not_made_are_left_to_the_service() -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={})

    file = PlateFile(b"x", "text/plain", "reader.txt", dry_run=True, mode="partial")
    with client_of(answer) as client:
        plates = Plates(client, "x", 1)
        plates.upload_wells("a", file, WellsChoices(block="2"))
        plates.upload_transfers("a", PlateFile(b"y"))
    wells, transfers = sent
    told = {"filename": "reader.txt", "dry_run": "true", "mode": "partial", "block": "2"}
    assert dict(wells.url.params) == told
    assert (wells.headers["Content-Type"], wells.content) == ("text/plain", b"x")
    assert dict(transfers.url.params) == {"dry_run": "false", "mode": "atomic"}
    assert wells.headers["Idempotency-Key"] != transfers.headers["Idempotency-Key"]


def test_a_plate_is_deleted_as_it_was_seen() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={}, headers={"ETag": '"4"'})
        assert request.headers["If-Match"] == '"4"'
        return httpx.Response(204)

    with client_of(answer) as client:
        Plates(client, "x", 1).delete("a")
