"""The files in `examples/` work as the README says: each campaign is valid and takes its table."""

import json
from pathlib import Path

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.exchange import CampaignView, read_results

EXAMPLES = Path(__file__).parents[3] / "examples"
TABLES = {"materials": "band_gaps.csv", "molecules": "solubilities.csv", "peptides": "bitter_peptides.csv"}


@pytest.mark.parametrize("kind", sorted(path.stem for path in EXAMPLES.glob("*.json")))
def test_every_row_of_an_example_table_is_accepted_by_its_campaign(kind: str):
    spec = CampaignSpec.model_validate(json.loads((EXAMPLES / f"{kind}.json").read_text()))
    assert spec.domain.kind == kind
    content = (EXAMPLES / TABLES[kind]).read_bytes()
    report = read_results(content, "text/csv", CampaignView(spec, open_domain(spec.domain)))
    assert report.count("accepted") == len(report.rows) >= 20
    assert report.all_warnings() == []
