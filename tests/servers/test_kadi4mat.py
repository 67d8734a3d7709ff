"""The connector against a real Kadi4Mat: what its own people would do goes through its own HTTP API."""

import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
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

from service.lims.contract import ConnectorEnvironment, Material
from service.lims.kinds.kadi4mat import Kadi4MatConnector

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.fixture(scope="module")
def lab(kadi_server: dict[str, str]) -> Lab:
    return Lab(kadi_server)


@pytest.fixture
def connector(kadi_server: dict[str, str], connected: Any) -> Iterator[Callable[..., Kadi4MatConnector]]:
    opened = []

    def make(token: str = "token", **settings: Any) -> Kadi4MatConnector:  # noqa: S107 - a name
        opened.append(connected(kadi_server["base_url"]))
        return Kadi4MatConnector(
            Kadi4MatConnector.Settings(**settings),
            Kadi4MatConnector.Credentials(token=kadi_server.get(token, token)),
            ConnectorEnvironment(http=opened[-1]),
        )

    yield make
    for http in opened:
        http.close()


def test_the_address_of_a_record_is_a_page_for_people(connector: Any):
    (record,) = connector().put_materials([Material(key="page-1", name="Page")])
    with urllib.request.urlopen(record.url, timeout=30) as response:  # noqa: S310 - http on this machine
        assert response.headers["Content-Type"].startswith("text/html")
