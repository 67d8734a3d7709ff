"""One rule of the latest assay version: rounds learn from, and insights show, the same results."""

from collections.abc import Sequence
from typing import Any

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.insights.measured_table import measured
from models.records import Measurement
from models.rounds.fitting.results import clean_results

A, B, C = "0001", "0010", "0100"
V1: dict[str, Any] = {"assay_version": "v1"}
V2: dict[str, Any] = {"assay_version": "v2"}
CASES: dict[str, tuple[Sequence[Measurement], set[str]]] = {
    "an old version is used again": (
        (Measurement(A, "y", 1.0, **V1), Measurement(B, "y", 2.0, **V2), Measurement(C, "y", 3.0, **V1)),
        {B},
    ),
    "results without a version are older than any": (
        (Measurement(A, "y", 1.0, **V1), Measurement(B, "y", 2.0, **V2), Measurement(C, "y", 3.0)),
        {B},
    ),
    "a failure names no version": (
        (Measurement(A, "y", outcome="failed_qc"), Measurement(B, "y", 2.0, **V2)),
        {B},
    ),
    "a failure by the newest version": (
        (Measurement(B, "y", 2.0, **V1), Measurement(A, "y", outcome="assay_failed", **V2)),
        {B},
    ),
    "no version at all": ((Measurement(A, "y", 1.0), Measurement(B, "y", 2.0)), {A, B}),
}


def _spec() -> CampaignSpec:
    body: dict[str, Any] = {
        "name": "any",
        "domain": {"kind": "switches", "n": 4},
        "objectives": [{"name": "y", "range": [0, 5]}],
        "proxies": {"assay_versions": "latest"},
    }
    return CampaignSpec.model_validate(body)


@pytest.mark.parametrize(("results", "expected"), CASES.values(), ids=CASES)
def test_proxies_and_insights_read_the_same_objects(
    results: Sequence[Measurement], expected: set[str]
) -> None:
    spec = _spec()
    domain = open_domain(spec.domain)
    assert set(clean_results(spec, domain, results, 0).table.objects) == expected
    assert set(measured(spec, domain, results, ()).objects) == expected
