"""A transparent table of switches: the value is the number that are on, plus a bonus."""

import itertools

import pytest

from models.backtests.table import TableDomain, TableLab
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import Measurement

LETTERS = ["".join(letters) for letters in itertools.product("01", repeat=8)]


def signal(text: str) -> float:
    """Return the true value of an object."""
    return text.count("1") + 3.0 * (text[:2] == "01")


@pytest.fixture
def spec() -> CampaignSpec:
    """Return a campaign for one measured objective."""
    return CampaignSpec.model_validate(
        {
            "name": "switches",
            "domain": {"kind": "switches", "n": 8},
            "objectives": [{"name": "signal"}],
            "sampler": {"steps": 30, "trajectories_per_step": 16, "beta": [1, 16]},
        }
    )


@pytest.fixture
def lab(spec: CampaignSpec) -> TableLab:
    """Return an oracle with every second object."""
    table = [Measurement(text, "signal", signal(text)) for text in LETTERS[::2]]
    return TableLab(spec, open_domain(spec.domain), table)


@pytest.fixture
def domain(spec: CampaignSpec, lab: TableLab) -> TableDomain:
    """Return the domain, with the table's objects computed once."""
    assert lab.objects is not None
    return TableDomain(open_domain(spec.domain), lab.objects)
