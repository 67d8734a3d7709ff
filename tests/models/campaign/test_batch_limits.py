"""The limits of a batch, checked on a whole batch."""

from typing import Any

import pytest

from models.campaign.batch_limits import broken_limits
from models.domains import installed
from models.domains.contract import Domain
from models.specs.decisions import BatchSpec


@pytest.fixture(scope="module")
def switches() -> Domain:
    plugin = installed()["switches"]
    return plugin.open(plugin.spec.model_validate({"kind": "switches", "n": 4}))


def batch(**limit: Any) -> BatchSpec:
    return BatchSpec.model_validate({"limits": [limit]})


def test_a_budget_counts_controls_too(switches: Domain) -> None:
    spec = batch(kind="budget", property="ones", max=4)
    assert broken_limits(spec, switches, ["1100", "1000"], ()) == []
    assert broken_limits(spec, switches, ["1100", "1000"], ["0110"]) == ["ones sums to 5, more than 4"]


def test_groups_have_so_many_members(switches: Domain) -> None:
    spec = batch(kind="group", by="first", max=1)
    assert broken_limits(spec, switches, ["1100", "0000"], ["1111"]) == []
    assert broken_limits(spec, switches, ["1100", "1000"], ()) == ["2 have first '1', more than 1"]


def test_clusters_have_so_many_members(switches: Domain) -> None:
    spec = batch(kind="group", by="cluster", max=1, similarity=0.75)
    assert broken_limits(spec, switches, ["1111", "0000"], ()) == []
    assert broken_limits(spec, switches, ["1111", "1110"], ()) == ["more than 1 are alike"]


def test_what_all_must_share_is_one_value(switches: Domain) -> None:
    spec = batch(kind="shared", column="switches")
    assert broken_limits(spec, switches, ["1111"], ()) == []
    (told,) = broken_limits(spec, switches, ["1111", "1110"], ())
    assert "all must share" in told


def test_an_empty_batch_breaks_nothing(switches: Domain) -> None:
    assert broken_limits(batch(kind="budget", property="ones", max=0.5), switches, [], ["1111"]) == []
