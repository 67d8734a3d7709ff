"""Files of a campaign whose objective is derived: results of the parts go in, predictions come out."""

from dataclasses import replace

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import MatchedMeasured, Prediction, ProposedCandidate
from service.campaigns.results import measured_types
from service.exchange import CampaignView, read_results
from service.exchange.batch import BatchRow, flat_rows, write_batch

SPEC = CampaignSpec.model_validate(
    {
        "name": "selective",
        "domain": {"kind": "molecules"},
        "objectives": [
            {"name": "potency", "type": "IC50", "units": "nM", "transform": "log10", "direction": "minimize"},
            {"name": "selectivity", "derived": {"ratio": ["hERG", "IC50"]}},
        ],
    }
)
DOMAIN = open_domain(SPEC.domain)
CANDIDATE = ProposedCandidate(
    rank=1,
    object="CCO",
    predictions={"potency": Prediction(5, 0.2, 3, 8), "selectivity": Prediction(300, 0.4, 60, 1500)},
    computed={},
    acquisition=1.0,
    feasibility=1.0,
    guardrails={},
    beta=8.0,
    preference={},
    log_reward=1.0,
    log_pf=-3.0,
    nearest_measured=None,
    reason="",
    alerts=("PAINS: azo A(324)",),
    matched_pair=MatchedMeasured("CC", "H>>O"),
)


def test_a_batch_predicts_the_ratio_and_asks_for_its_parts():
    row = flat_rows([BatchRow("id", "proposed", CANDIDATE)], SPEC, DOMAIN)[0]
    assert row["selectivity_mean"] == 300
    names = list(row)
    assert names[-6:] == ["potency", "hERG", "relation", "units", "outcome", "comment"]
    assert "selectivity" not in row
    assert (row["alerts"], row["matched_pair"], row["matched_change"]) == ("PAINS: azo A(324)", "CC", "H>>O")
    assert write_batch([BatchRow("id", "proposed", CANDIDATE)], SPEC, DOMAIN, "xlsx").content


def test_a_batch_without_alerts_has_no_column_of_them():
    plain = replace(CANDIDATE, alerts=(), matched_pair=None)
    row = flat_rows([BatchRow("id", "proposed", plain)], SPEC, DOMAIN)[0]
    assert not {"alerts", "matched_pair", "matched_change"} & set(row)


def test_results_of_the_parts_are_read_in_their_units():
    table = "smiles,IC50 (nM),hERG (uM)\nCCO,5,20\n"
    report = read_results(table.encode(), "text/csv", CampaignView(SPEC, DOMAIN))
    found = {row.result.type: row.result.value for row in report.accepted if row.result}
    assert found == {"IC50": 5.0, "hERG": 20_000.0}


def test_a_filled_in_batch_is_read_and_a_value_of_the_ratio_is_not():
    table = "smiles,selectivity_mean,selectivity,potency,hERG\nCCO,300,1000,5,20000\n"
    report = read_results(table.encode(), "text/csv", CampaignView(SPEC, DOMAIN))
    found = {row.result.type: row.result.value for row in report.accepted if row.result}
    assert found == {"IC50": 5.0, "hERG": 20_000.0}
    assert any("'selectivity'" in warning for warning in report.warnings)


def test_a_candidate_is_settled_by_results_of_all_parts():
    assert measured_types(SPEC.model_dump(mode="json")) == {"IC50", "hERG"}
