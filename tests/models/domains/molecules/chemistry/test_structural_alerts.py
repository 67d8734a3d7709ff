"""Alerts of the public catalogues block or are reported by the campaign's policy."""

import pytest
from pydantic import ValidationError

from models.domains import open_domain
from models.domains.molecules.alert_policy import AlertPolicy
from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.structural_alerts import ALERTS, alerts_of
from models.domains.molecules.spec import MoleculesSpec

NITRO = "O=[N+]([O-])c1ccc(-c2ccncc2)cc1"
AZO = "CN(C)c1ccc(N=Nc2ccccc2)cc1"
PEROXIDE = "COOC"
CLEAN = "c1ccc(-c2ccccn2)cc1"


def test_a_new_campaign_blocks_brenk_and_reports_pains():
    domain = open_domain(MoleculesSpec())
    assert [item.code for item in domain.check(NITRO)] == [
        "alert: BRENK: nitro group",
        "alert: BRENK: Oxygen-nitrogen single bond",
    ]
    assert all(item.is_policy for item in domain.check(NITRO))
    assert domain.check(CLEAN) == []
    assert domain.alerts(CLEAN) == ()
    assert any(name.startswith("PAINS: ") for name in domain.alerts(AZO))


def test_our_own_list_blocks_whatever_the_policy_says():
    domain = open_domain(MoleculesSpec(alerts=AlertPolicy(block=(), flag=())))
    assert [item.code for item in domain.check(PEROXIDE)] == ["alert: a peroxide"]
    assert domain.check(NITRO) == []


def test_an_alert_can_be_ignored_and_a_catalogue_only_reported():
    policy = AlertPolicy(block=(), flag=("BRENK",), ignore=("BRENK: nitro group",))
    found = alerts_of(molecule(NITRO), policy)
    assert found.blocking == ()
    assert found.flagged == ("BRENK: Oxygen-nitrogen single bond",)
    assert open_domain(MoleculesSpec(alerts=policy)).check(NITRO) == []


def test_a_stored_campaign_keeps_its_policy():
    stored = {name: value for name, value in MoleculesSpec().model_dump().items() if name != "alerts"}
    domain = open_domain(MoleculesSpec.from_stored(stored))
    assert domain.check(NITRO) == []
    assert [item.code for item in domain.check(PEROXIDE)] == ["alert: a peroxide"]
    assert MoleculesSpec.from_stored(MoleculesSpec().model_dump()).alerts.block == ("BRENK",)


@pytest.mark.parametrize(
    ("policy", "pointer", "words"),
    [
        ({"block": ["brenk"], "flag": ["Brenk"]}, "/flag/0", "not both"),
        ({"ignore": ["BRENK: nitro"]}, "/ignore/0", "similar ones: nitro group"),
        (
            {"ignore": ["NIH: nitro group"]},
            "/ignore/0",
            "of no catalogue that is read here",
        ),
    ],
)
def test_a_policy_that_contradicts_itself_says_where(policy: dict[str, list[str]], pointer: str, words: str):
    with pytest.raises(ValidationError, match=words) as error:
        AlertPolicy.model_validate(policy)
    assert error.value.errors()[0]["ctx"]["pointer"] == pointer


def test_no_catalogue_has_an_alert_of_our_own_name():
    assert not any(": " in name for name in ALERTS)
