"""A table oracle returns its results, and its domain equals the wrapped domain."""

from typing import Any

import numpy as np
import pytest

from models.backtests.table import TableDomain, TableError, TableLab
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import Measurement


def test_an_object_needs_every_objective_or_a_failure(spec: CampaignSpec) -> None:
    two = CampaignSpec.model_validate(
        spec.model_dump(mode="json") | {"objectives": [{"name": "signal"}, {"name": "noise"}]}
    )
    table = [
        Measurement("00000001", "signal", 1.0),
        Measurement("00000011", "signal", 2.0),
        Measurement("00000011", "noise", 0.5),
        Measurement("00000111", "signal", outcome="failed_synthesis"),
    ]
    lab = TableLab(two, open_domain(two.domain), table)
    assert lab.objects == ("00000011", "00000111")


def test_a_table_without_a_whole_object_is_refused(spec: CampaignSpec) -> None:
    with pytest.raises(TableError, match="signal"):
        TableLab(spec, open_domain(spec.domain), [Measurement("00000001", "other", 1.0)])


def test_answers_are_dated_and_truth_is_pooled(spec: CampaignSpec) -> None:
    table = [Measurement("00000001", "signal", 1.0), Measurement("00000001", "signal", 2.0)]
    lab = TableLab(spec, open_domain(spec.domain), table)
    assert [item.round for item in lab.measure(["00000001"], 3, 0)] == [3, 3]
    assert lab.truth(["00000001"])[0, 0] == pytest.approx(1.5)


def test_a_failure_has_no_true_value(spec: CampaignSpec) -> None:
    table = [Measurement("00000001", "signal", outcome="insoluble"), Measurement("00000011", "signal", 2.0)]
    lab = TableLab(spec, open_domain(spec.domain), table)
    assert np.isnan(lab.truth(["00000001", "00000011"])[0, 0])


def test_features_and_properties_are_the_domains_own(domain: TableDomain, lab: Any, spec: CampaignSpec) -> None:
    plain = open_domain(spec.domain)
    for texts in (list(lab.objects[5:9]), ["11111111", lab.objects[0]]):  # of the table, and beside it
        assert np.allclose(domain.features(texts), plain.features(texts))
        assert np.allclose(domain.properties(texts, ["ones"])["ones"], plain.properties(texts, ["ones"])["ones"])
