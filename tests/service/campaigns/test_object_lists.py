"""The example of a list: read as an upload, named by its campaign, and chosen from in a round."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import collections, open_domain
from models.propose import propose
from models.records import History, Measurement, Proposal
from models.rounds.sampling import candidate_pool
from models.rounds.selecting import best_of_list
from service.campaigns.object_lists import ListFile, read_list
from service.campaigns.reading import Reader
from service.children import Children
from service.exchange.object_lists import ListReport

EXAMPLES = Path(__file__).parents[3] / "examples" / "molecules"
KNOWN = ("CC(=O)Nc1ccc(O)cc1", "COc1cc(C=O)ccc1O", "CCCC(CCC)C(=O)O", "c1ccc2[nH]ccc2c1")
HISTORY = History(tuple(Measurement(text, "logS", -float(n)) for n, text in enumerate(KNOWN)))


@pytest.fixture(scope="module")
def report() -> Iterator[ListReport]:
    children = Children()
    file = ListFile(content=(EXAMPLES / "library.csv").read_bytes(), media_type="text/csv", name="shelf")
    yield read_list(Reader(children, 30.0), file)
    children.close()


@pytest.fixture
def document(report: ListReport) -> Iterator[dict[str, Any]]:
    """Return the example's campaign over the uploaded list, with hardly any training."""
    content = report.content()
    collections.set_source(lambda _digest: content)
    campaign = json.loads((EXAMPLES / "library.json").read_text())
    CampaignSpec.model_validate(campaign)
    campaign["domain"]["library"] = {"collection": hashlib.sha256(content).hexdigest()}
    yield campaign | {"sampler": {"steps": 2}}
    collections.set_source(collections._no_source)


def run(spec: CampaignSpec) -> Proposal:
    return propose(spec, HISTORY, seed=3, report=lambda *_: None, is_diagnosed=False)


def test_every_row_of_the_example_is_kept_with_its_names(report: ListReport):
    assert (report.counts["accepted"], report.counts["rejected"]) == (50, 0)
    assert report.columns == ["smiles", "smiles_as_sent", "catalogue_number", "name", "price"]
    assert any("counterion" in text for row in report.remarks for text in row["warnings"])


def test_a_round_scores_the_whole_list_and_keeps_the_best_of_a_long_one(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    spec = CampaignSpec.model_validate(document)
    domain = open_domain(spec.domain)
    whole = run(spec)
    monkeypatch.setattr(candidate_pool, "LIST_CHUNK", 10)
    monkeypatch.setattr(candidate_pool, "MOST_KEPT", 20)
    for name, number in (("VALUABLE", 16), ("UNKNOWN", 4), ("SPREAD", 4)):
        monkeypatch.setattr(best_of_list, name, number)
    pruned = run(spec)
    for made in (whole, pruned):
        refused = made.summary["refused"]
        assert refused["already measured"] == 4
        assert made.summary["draws"]["listed"] == made.summary["allowed"] + sum(refused.values()) == 50
        assert made.summary["allowed"] == whole.summary["allowed"] > 20
        chosen = {candidate.object for candidate in made.candidates}
        assert len(chosen) == 4
        assert domain.environment([]).states(sorted(chosen))[1].all()
    numbers = [domain.columns(candidate.object)["catalogue_number"] for candidate in whole.candidates]
    assert all(str(number).startswith("EX-") for number in numbers)
