"""The demonstrations' real tables and simulated assays."""

import csv
import io

import numpy as np
import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.demo.labs import kinds, open_case
from service.demo.labs.simulated import FAILURES, LABEL, fill_in
from service.exchange import CampaignView, read_results

KINDS = kinds()


def as_csv(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def test_the_three_domains_have_a_demonstration():
    assert {"materials", "molecules", "peptides"} <= set(KINDS)
    with pytest.raises(LookupError, match="molecules, peptides"):
        open_case("crystals")


@pytest.mark.parametrize("kind", KINDS)
def test_every_measured_row_is_accepted_and_read_by_the_campaign(kind: str):
    case = open_case(kind)
    spec = CampaignSpec.model_validate(case.spec())
    report = read_results(as_csv(case.measured()), "text/csv", CampaignView(spec, open_domain(spec.domain)))
    assert report.count("accepted") == len(report.rows) >= 50
    changed = [warning for row in report.rows for warning in row.warnings]
    assert all(warning.startswith("read as its standard tautomer") for warning in changed)
    assert len(changed) < len(report.rows) / 20


@pytest.mark.parametrize("kind", KINDS)
def test_a_simulated_assay_reads_known_objects_nearly_as_they_were_measured(kind: str):
    case = open_case(kind)
    rows = [row for row in case.measured() if row.get("value")]
    measured = np.array([float(row["value"]) for row in rows])
    readings = case.fit()(rows)
    assert np.isfinite(readings).all()
    assert np.corrcoef(readings, measured)[0, 1] > 0.7
    assert readings == pytest.approx(case.fit()(rows))


@pytest.mark.parametrize("kind", KINDS)
def test_own_objects_are_a_measured_a_possible_and_an_impossible_one(kind: str):
    case = open_case(kind)
    domain = open_domain(CampaignSpec.model_validate(case.spec()).domain)
    known = {
        domain.parse({name: row[name] for name in domain.object_columns if row.get(name)})
        for row in case.measured()
    }
    measured, possible, impossible = (domain.parse(columns) for columns in case.own)
    assert measured in known
    assert {possible, impossible}.isdisjoint(known)
    assert domain.check(possible) == []
    assert domain.check(impossible)


def test_a_simulated_lab_measures_fails_censors_and_is_marked_as_simulated():
    rows = [
        {"candidate_id": str(i), "x": "", "relation": "", "outcome": "", "comment": ""} for i in range(20)
    ]
    truth = np.linspace(0, 1, 20)
    filled = fill_in(rows, "x", truth, 0.01, np.random.default_rng(0))
    failed = [row for row in filled if row["outcome"]]
    bounds = [(row, value) for row, value in zip(filled, truth, strict=True) if row["relation"]]
    assert (len(failed), len(bounds)) == (2, 2)
    assert all(row["outcome"] in FAILURES and row["x"] == "" for row in failed)
    assert all(float(row["x"]) < value for row, value in bounds)
    assert all(row["comment"].startswith(LABEL) for row in filled)
    exact = [(float(row["x"]), value) for row, value in zip(filled, truth, strict=True) if row["x"]]
    assert all(abs(reading - value) < 0.06 for reading, value in exact)
    assert filled == fill_in(rows, "x", truth, 0.01, np.random.default_rng(0))
