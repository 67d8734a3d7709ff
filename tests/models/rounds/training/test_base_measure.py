"""The base measure of a round.

As the campaign asks, exact, told, and kept with what the round leaves behind.
"""

import json
import math
from collections import Counter
from functools import cache
from typing import Any

import pytest
import torch

from models.campaign.requests import SampleRequest
from models.campaign.spec import CampaignSpec
from models.checkpoint import pack, unpack
from models.domains import open_domain
from models.gflownet.exact import enumerate_space, log_target
from models.inference.load import load_trained_campaign
from models.propose import propose
from models.records import History, Measurement, Proposal
from models.rounds.artefact import ArtefactError
from models.rounds.training.base_measure import EVERY_OBJECT, BaseMeasure, base_measure, restore
from models.rounds.training.state_reward import StateReward
from models.summaries.training import BaseMeasureUsed

PEPTIDES = {"kind": "peptides", "min_length": 3, "max_length": 6, "alphabet": "AKLW"}
COMPOSITIONS = {
    "kind": "materials",
    "space": "composition",
    "elements": ["Mg", "Al", "O", "S", "N"],
    "max_atoms": 8,
}
MOLECULES = {"kind": "molecules", "max_fragments": 4, "vocabulary_size": 20}
MIXTURES = {"kind": "materials", "space": "mixture", "components": list("abcdef"), "grid": 10}
MEASURED = ("AKL", "AKLW", "WWLK", "KKKKK", "AWL", "LLLA", "TOOFAR")
SEED = 4


def campaign(domain: dict[str, Any], **changes: Any) -> CampaignSpec:
    body = {
        "name": "any",
        "domain": domain,
        "objectives": [{"name": "glow", "range": [0, 4]}],
        "proxies": {"kinds": ["gaussian_process"]},
        "sampler": {"steps": 150, "beta": [1, 16], "exhaustive": False},
        "batch": {"size": 10},
    }
    return CampaignSpec.model_validate(body | changes)


def measure_of(domain: dict[str, Any], **asked: Any) -> BaseMeasure:
    spec = campaign(domain, base_measure=asked)
    opened = open_domain(spec.domain)
    known = [text for text in MEASURED if domain["kind"] == "peptides"]
    return base_measure(spec, opened, opened.environment([]), known, SEED)


def results() -> History:
    """Return peptides that glow by their share of W."""
    texts = ("AKL", "AKLW", "WWLK", "KKKKK", "AWL", "LLLA", "WLWLA", "KAAAAK", "WWWKLL", "LAKLAW")
    return History(tuple(Measurement(text, "glow", 4 * text.count("W") / len(text)) for text in texts))


@cache
def made(kind: str) -> Proposal:
    spec = campaign(PEPTIDES, base_measure={"kind": kind})
    return propose(spec, results(), seed=SEED, report=lambda *_: None)


@pytest.mark.parametrize("domain", [PEPTIDES, COMPOSITIONS, MIXTURES, MOLECULES])
def test_by_default_every_size_weighs_the_same_and_every_object_of_a_size(domain: dict[str, Any]):
    measure = measure_of(domain)
    assert measure.kind == "sizes"
    assert list(measure.weights.values()) == pytest.approx([1 / len(measure.weights)] * len(measure.weights))
    opened = open_domain(campaign(domain).domain)
    environment = opened.environment([])
    assert opened.sizes is not None
    assert measure.unit == opened.sizes.unit
    prior = measure.prior(environment)
    assert prior is not None
    if domain is MOLECULES:
        assert measure.counts is not None
        assert measure.counts.how == "estimated"
        return
    finals = enumerate_space(environment).final_states
    log_density, sizes = prior(finals).double(), environment.size(finals)
    assert float(log_density.logsumexp(dim=0)) == pytest.approx(0, abs=1e-5)
    for size in measure.weights:
        of_size = log_density[sizes == size]
        assert float(of_size.max() - of_size.min()) == 0
        assert float(of_size.logsumexp(dim=0).exp()) == pytest.approx(1 / len(measure.weights), rel=1e-5)


def test_sizes_may_weigh_as_measured():
    """One more than the measured objects of each length; what cannot be built has no length."""
    weights = measure_of(PEPTIDES, kind="measured").weights
    assert weights == pytest.approx({3: 0.3, 4: 0.4, 5: 0.2, 6: 0.1})


def test_named_sizes_weigh_as_often_as_the_campaign_says():
    weights = measure_of(PEPTIDES, weights={"3": 3, "6": 0.5}).weights
    assert weights == pytest.approx({3: 3 / 5.5, 4: 1 / 5.5, 5: 1 / 5.5, 6: 0.5 / 5.5})
    assert measure_of(PEPTIDES, kind="measured", weights={"3": 2}).weights[3] == pytest.approx(6 / 13)


@pytest.mark.parametrize(
    ("domain", "asked"),
    [
        (PEPTIDES, {"kind": "objects"}),
        (PEPTIDES | {"min_length": 6}, {}),
        ({"kind": "switches", "n": 6}, {}),
        (
            {
                "kind": "materials",
                "space": "mixture",
                "process": [{"name": "t", "type": "ordinal", "values": [1, 2]}],
            },
            {},
        ),
    ],
)
def test_one_size_or_equal_objects_change_no_number(domain: dict[str, Any], asked: dict[str, Any]):
    assert measure_of(domain, **asked).prior(open_domain(campaign(domain).domain).environment([])) is None


def test_equal_seeds_count_equally():
    assert measure_of(MOLECULES) == measure_of(MOLECULES)


def test_an_artefact_keeps_it():
    for measure in (measure_of(PEPTIDES), measure_of(MOLECULES), measure_of(PEPTIDES, kind="objects")):
        assert restore(json.loads(json.dumps(measure.state()))) == measure
    assert restore(None) == EVERY_OBJECT


def test_lengths_are_spread_where_they_collapsed():
    """A short training; the reward speaks for W, at every length alike."""
    told = {kind: made(kind).summary["base_measure"] for kind in ("objects", "sizes")}
    shares = {}
    for kind, measure in told.items():
        drawn = {item["size"]: item["drawn"] for item in measure["sizes"]}
        shares[kind] = {size: drawn.get(size, 0) / sum(drawn.values()) for size in range(3, 7)}
    assert shares["objects"][6] + shares["objects"][5] > 0.8
    assert max(shares["sizes"].values()) < 0.45
    assert min(shares["sizes"].values()) > 0.1
    assert told["objects"]["counted"] is None
    assert told["sizes"]["counted"] == "exact"
    assert (told["sizes"]["kind"], told["sizes"]["unit"]) == ("sizes", "residues")


RANGES = {
    "peptides": ({"kind": "peptides", "min_length": 8, "max_length": 24}, "hydrophobicity"),
    "compositions": (
        {
            "kind": "materials",
            "space": "composition",
            "elements": ["Mg", "Al", "Zn", "Ga", "In", "Si", "Ge", "P", "As", "S", "Se"],
            "max_atoms": 8,
        },
        "mean_atomic_number",
    ),
    "molecules": ({"kind": "molecules", "max_fragments": 4}, "molecular_weight"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RANGES)
def test_a_range_of_sizes_means_all_of_it(name: str):
    domain, computed = RANGES[name]
    sampler = {"steps": 80, "trajectories_per_step": 32, "beta": [1, 4], "exhaustive": False}
    spec = campaign(
        domain, objectives=[{"name": "wanted", "computed": computed}], sampler=sampler, batch={"size": 24}
    )
    proposal = propose(spec, History(), seed=SEED, report=lambda *_: None, is_diagnosed=False)
    sizes = proposal.summary["base_measure"]["sizes"]
    total = sum(item["drawn"] for item in sizes)
    shares = [item["drawn"] / total for item in sizes]
    assert len(sizes) > 3
    assert max(shares) < 3 / len(sizes)
    assert min(shares) > 1 / (4 * len(sizes))
    assert sum(item["chosen"] > 0 for item in sizes) > len(sizes) / 3


def test_a_round_tells_what_came_of_every_size():
    proposal = made("sizes")
    sizes = {item["size"]: item for item in proposal.summary["base_measure"]["sizes"]}
    assert sorted(sizes) == [3, 4, 5, 6]
    chosen = Counter(len(candidate.object) for candidate in proposal.candidates)
    assert {size: item["chosen"] for size, item in sizes.items()} == {size: chosen[size] for size in sizes}
    assert sum(item["allowed"] for item in sizes.values()) == proposal.summary["allowed"]
    assert sum(item["drawn"] for item in sizes.values()) == proposal.summary["draws"]["by_policy"]
    for size, item in sizes.items():
        assert item["weight"] == pytest.approx(0.25)
        assert item["log_count"] == pytest.approx(size * math.log(4))
        assert item["log_count_error"] == 0
        assert item["log_density"] == pytest.approx(math.log(0.25) - size * math.log(4))
    assert "sizes" not in proposal.summary["draws"]


def test_insights_take_it_as_it_is_told():
    for kind in ("sizes", "objects"):
        told = made(kind).summary["base_measure"]
        assert BaseMeasureUsed.model_validate_json(json.dumps(told)).model_dump() == told


def test_convergence_is_measured_against_base_measure_times_reward():
    for kind, most in (("sizes", 0.2), ("objects", 0.35)):
        cold = made(kind).summary["convergence"]
        assert cold[0]["total_variation"] < most
        assert cold[0]["effective_share"] > 0.5
    log_z = {kind: made(kind).summary["convergence"][0]["log_z"] for kind in ("sizes", "objects")}
    assert 0 <= log_z["sizes"] < 1.01
    assert log_z["objects"] > math.log(4**6)


def test_candidates_are_told_their_reward_alone():
    for kind in ("sizes", "objects"):
        for candidate in made(kind).candidates:
            assert candidate.log_reward is not None
            assert candidate.beta is not None
            assert -0.1 <= candidate.log_reward <= 2 * candidate.beta


def opened(kind: str, artefact: bytes | None = None, asked: str | None = None):
    spec = campaign(PEPTIDES, base_measure={"kind": asked or kind})
    content = artefact or made(kind).artefact
    return load_trained_campaign(spec, results(), seed=SEED, artefact=content, report=lambda *_: None)


def test_samples_tell_the_measure_that_their_policy_was_trained_with(monkeypatch: pytest.MonkeyPatch):
    def never(*_: object) -> None:
        raise AssertionError("counted again")

    made("sizes")
    monkeypatch.setattr("models.rounds.training.base_measure.count_objects", never)
    instrument = opened("sizes")
    samples, summary = instrument.sample(SampleRequest(n=8, beta=2, seed=1), results(), lambda *_: None)
    told = {item["size"]: item for item in summary["base_measure"]["sizes"]}
    then = {item["size"]: item for item in made("sizes").summary["base_measure"]["sizes"]}
    assert [told[size]["log_density"] for size in told] == [then[size]["log_density"] for size in then]
    assert {size: item["chosen"] for size, item in told.items()} == {
        size: sum(len(item.object) == size for item in samples) for size in told
    }
    source = instrument.source
    assert source is not None
    finals = enumerate_space(source.environment).final_states
    states = StateReward(
        source.environment, instrument.fitted.reward, instrument.measure.prior(source.environment)
    )
    target = log_target(states.log_target(finals, source.conditions.fixed(1.0, (1.0,), len(finals))))
    short = target[source.environment.size(finals) == 3].exp().sum()
    assert 0.15 < float(short) < 0.35


def test_an_artefact_from_before_weighed_all_objects_the_same():
    """It has no base measure, and neither has the specification in it."""
    artefact = made("objects").artefact
    assert artefact is not None
    tensors, header = unpack(artefact)
    del header["base_measure"], header["made_from"]["spec"]["base_measure"]
    older = pack(tensors, header)
    instrument = opened("objects", older)
    assert instrument.measure == EVERY_OBJECT
    _, summary = instrument.sample(SampleRequest(n=4, seed=1), results(), lambda *_: None)
    assert summary["base_measure"]["kind"] == "objects"
    with pytest.raises(ArtefactError, match="another specification"):
        opened("objects", older, asked="sizes")


def test_sentences_tell_of_crowded_and_of_uncertain_sizes():
    sizes = open_domain(campaign(PEPTIDES).domain).sizes
    even, every = measure_of(PEPTIDES), measure_of(PEPTIDES, kind="objects")
    crowded, spread = {5: 3, 6: 97}, {5: 40, 6: 60}
    assert even.messages(spread, sizes) == every.messages(spread, sizes) == []
    assert even.messages({}, sizes) == []
    assert (
        "97% of what the policy drew has 6 residues, a size that weighs 25%"
        in even.messages(crowded, sizes)[0].text
    )
    assert "`base_measure.kind` is objects" in every.messages(crowded, sizes)[0].text
    assert measure_of(PEPTIDES | {"min_length": 6}).messages({6: 9}, sizes) == []
    state = measure_of(MOLECULES).state()
    state["sizes"][-1][-1] = 0.7
    told = restore(state).messages({}, None)
    assert len(told) == 1
    assert "4 fragments" in told[0].text
    assert "70%" in told[0].text


def test_a_state_reward_adds_the_prior_once():
    measure = measure_of(PEPTIDES)
    environment = open_domain(campaign(PEPTIDES).domain).environment([])
    prior = measure.prior(environment)
    instrument = opened("sizes")
    assert instrument.source is not None
    states, _ = environment.states(["AKL", "WWWKLL"])
    reward = StateReward(environment, instrument.fitted.reward, prior)
    for beta in (1.0, 16.0):
        condition = instrument.source.conditions.fixed(beta, (1.0,), 2)
        difference = reward.log_target(states, condition) - reward(states, condition)
        expected = torch.tensor([math.log(0.25) - size * math.log(4) for size in (3, 6)], dtype=torch.float32)
        torch.testing.assert_close(difference, expected, atol=1e-4, rtol=0)
