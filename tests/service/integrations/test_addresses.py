"""Whatever calls an address of a user refuses the same ones, when it is entered and without calling it."""

from collections.abc import Callable

import pytest
from address_table import LIST, METADATA, REFUSED_URLS, REFUSED_WITH_A_LIST, SPECIAL, url_of
from pydantic import ValidationError

from models.specs.scorers import ScorerSpec
from service.errors import UnprocessableError
from service.integrations import connector_settings, webhooks
from service.lims.registry import connector_kind
from service.outbound.scorers import RefusedScorerError, check_scorer
from service.settings import Settings


def enter_scorer(url: str, hosts: str) -> None:
    spec = ScorerSpec.model_validate({"name": "docking", "url": url})
    check_scorer(spec, Settings(scorer_hosts=hosts))


def enter_connector(url: str, hosts: str) -> None:
    rules = Settings(connector_hosts=hosts).connector_rules
    connector_settings.check_address(connector_kind("elabftw"), url, rules, has_credentials=True)


def enter_webhook(url: str, hosts: str) -> None:
    webhooks.check_address(url, Settings(webhook_hosts=hosts).webhook_rules)


ENTRANCES = pytest.mark.parametrize("enter", [enter_scorer, enter_connector, enter_webhook])
REFUSED = (RefusedScorerError, UnprocessableError, ValidationError)


@ENTRANCES
@pytest.mark.parametrize("url", [url for url, _ in REFUSED_URLS])
def test_an_address_that_cannot_be_meant_is_refused(enter: Callable[[str, str], None], url: str):
    with pytest.raises(REFUSED):
        enter(url, "")


@ENTRANCES
@pytest.mark.parametrize("network", [*SPECIAL, *METADATA], ids=str)
def test_a_special_address_is_refused(enter: Callable[[str, str], None], network: object):
    addresses = [network] if isinstance(network, str) else [network[0], network[-1]]  # type: ignore[index]
    for address in addresses:
        for scheme in ("http", "https"):
            with pytest.raises(REFUSED):
                enter(url_of(address, scheme), "public")


@ENTRANCES
def test_a_list_opens_what_it_names_and_nothing_else(enter: Callable[[str, str], None]):
    enter("https://dock.example.org:8443/", LIST)
    enter("http://10.1.2.3:8080/", LIST)
    for url in REFUSED_WITH_A_LIST:
        with pytest.raises(REFUSED):
            enter(url, LIST)


@pytest.mark.parametrize("enter", [enter_connector, enter_webhook])
def test_credentials_go_over_tls_or_to_a_listed_host(enter: Callable[[str, str], None]):
    with pytest.raises(UnprocessableError, match="over https"):
        enter("http://lims.example.org/", "public")
    enter("http://lims.example.org/", "public lims.example.org")
