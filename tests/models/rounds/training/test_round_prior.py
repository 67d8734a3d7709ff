"""The prior of a round: fitted on what gave results, told in the summary, kept in the artefact."""

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from models.backtests.oracles.ehrlich import build_ehrlich
from models.backtests.oracles.sequences import EhrlichLab
from models.campaign.requests import SampleRequest
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.gflownet.prior_fit import LEAST_OBJECTS
from models.inference.load import load_trained_campaign
from models.propose import propose
from models.records import History, Measurement
from models.rounds.artefact import read_artefact
from models.rounds.training.base_measure import base_measure
from models.rounds.training.round_prior import NO_PRIOR, makeable, restore_prior, round_prior

pytestmark = pytest.mark.usefixtures("quick_proxies")

LENGTH = 12
LAB = EhrlichLab(build_ehrlich(20, LENGTH, (2, 4, 4), 101), 101)


def campaign(**sampler: Any) -> CampaignSpec:
    return CampaignSpec.model_validate(
        {
            "name": "walks",
            "domain": {"kind": "peptides", "min_length": LENGTH, "max_length": LENGTH},
            "objectives": [{"name": "value"}],
            "proxies": {"kinds": ["gaussian_process"]},
            "batch": {"size": 6},
            "sampler": {"steps": 12, "trajectories_per_step": 16, "hidden_width": 16, **sampler},
        }
    )


def history(n: int = 120) -> History:
    return History(LAB.measure(LAB.start(n, 0), 0, 0))


def unrelated(n: int = 40) -> History:
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), LENGTH)) for _ in range(n)]
    return History(tuple(Measurement(text, "value", float(row % 5)) for row, text in enumerate(texts)))


class Kept:
    """A checkpoint store in memory."""

    def __init__(self) -> None:
        self.content: bytes | None = None

    def load(self) -> bytes | None:
        return self.content

    def save(self, content: bytes) -> None:
        self.content = content


class Stop(Exception):  # noqa: N818 - it is no error
    """Stops a round while it trains."""


def quiet(*_: object) -> None:
    """Hear nothing."""


def test_a_round_starts_from_what_was_made_and_its_artefact_keeps_it():
    spec, known = campaign(prior="measured"), history()
    proposal = propose(spec, known, seed=1, report=quiet, is_diagnosed=False)
    told = proposal.summary["prior"]
    assert told["used"]
    assert told["kind"] == "measured"
    assert told["objects"] == 120
    assert told["order"] >= 2
    assert told["perplexity"] < told["uniform_perplexity"] == pytest.approx(20)
    opened = load_trained_campaign(spec, known, seed=1, artefact=proposal.artefact, report=quiet)
    kept = read_artefact(proposal.artefact).round_prior(opened.source.environment)
    assert kept.summary() == told
    drawn, _ = opened.sample(SampleRequest(n=60, seed=2), known, quiet)
    failed = float(np.isnan(LAB.truth([item.object for item in drawn])).mean())
    plain = propose(campaign(prior="none"), known, seed=1, report=quiet, is_diagnosed=False)
    alone = load_trained_campaign(
        campaign(prior="none"), known, seed=1, artefact=plain.artefact, report=quiet
    )
    others, _ = alone.sample(SampleRequest(n=60, seed=2), known, quiet)
    assert failed < 0.4
    assert failed < 0.5 * float(np.isnan(LAB.truth([item.object for item in others])).mean())


def test_a_restored_prior_is_the_same_to_the_bit():
    spec, environment = campaign(prior="measured"), open_domain(campaign().domain).environment([])
    texts = list(LAB.start(120, 0))
    measure = base_measure(spec, open_domain(spec.domain), environment, texts, 0)
    fitted = round_prior(spec.sampler, environment, measure, texts, 7)
    again = restore_prior(*fitted.state(), environment)
    states, _ = environment.states(texts)
    states, _ = environment.backward_step_with_forward(states, torch.zeros(len(states), dtype=torch.int64))
    mask = environment.forward_mask(states)
    assert fitted.learned is not None
    assert again.learned is not None
    assert torch.equal(fitted.learned(states, mask), again.learned(states, mask))
    assert again.summary() == fitted.summary()
    assert restore_prior({}, None, environment) == NO_PRIOR


@pytest.mark.parametrize("loss", ["trajectory_balance", "relative_trajectory_balance"])
def test_without_anything_in_common_a_round_is_that_without_a_prior(loss: str):
    known = unrelated()
    proposal = propose(campaign(prior="measured", loss=loss), known, seed=1, report=quiet, is_diagnosed=False)
    plain = propose(campaign(prior="none"), known, seed=1, report=quiet, is_diagnosed=False)
    assert not proposal.summary["prior"]["used"]
    assert proposal.summary["prior"]["order"] == 0
    assert "prior_not_learned" in [item["code"] for item in proposal.summary["messages"]]
    assert [item.object for item in proposal.candidates] == [item.object for item in plain.candidates]


def test_failed_attempts_have_no_part():
    texts = list(LAB.start(60, 0))
    failed = tuple(Measurement(text, "value", outcome="failed_synthesis") for text in texts[40:])
    known = History((*LAB.measure(texts[:40], 0, 0), *failed))
    proposal = propose(campaign(prior="measured"), known, seed=1, report=quiet, is_diagnosed=False)
    assert proposal.summary["prior"]["objects"] == 40


def test_an_interrupted_round_with_a_prior_ends_the_same():
    spec, known = campaign(prior="measured", loss="relative_trajectory_balance"), history()
    whole = propose(spec, known, seed=1, report=quiet, is_diagnosed=False)
    store = Kept()

    def interrupt(stage: str, *_: object) -> None:
        if stage == "sampling":
            raise Stop

    with pytest.raises(Stop):
        propose(spec, known, seed=1, report=interrupt, checkpoint=store, is_diagnosed=False)
    assert store.content is not None
    resumed = propose(spec, known, seed=1, report=quiet, checkpoint=store, is_diagnosed=False)
    assert [(item.object, item.log_pf) for item in resumed.candidates] == [
        (item.object, item.log_pf) for item in whole.candidates
    ]


def test_a_round_takes_over_the_prior_of_the_one_it_begins_from():
    first = propose(campaign(prior="measured"), history(), seed=1, report=quiet, is_diagnosed=False)
    spec = campaign(prior="checkpoint", start_from="previous")
    second = propose(spec, unrelated(), seed=2, report=quiet, start=first.artefact, is_diagnosed=False)
    told = second.summary["prior"]
    assert told == first.summary["prior"] | {"kind": "checkpoint"}
    assert second.summary["start"]["actions"] == second.summary["start"]["known_actions"]
    opened = load_trained_campaign(spec, unrelated(), seed=2, artefact=second.artefact, report=quiet)
    drawn, _ = opened.sample(SampleRequest(n=60, seed=2), unrelated(), quiet)
    assert float(np.isnan(LAB.truth([item.object for item in drawn])).mean()) < 0.4


def test_without_a_round_to_begin_from_there_is_no_prior_to_take_over():
    spec = campaign(prior="checkpoint", start_from="previous")
    alone = propose(spec, history(), seed=2, report=quiet, is_diagnosed=False)
    assert not alone.summary["prior"]["used"]
    assert "prior_not_kept" in [item["code"] for item in alone.summary["messages"]]


@pytest.mark.parametrize("had", [True, False])
def test_a_policy_beside_a_prior_does_not_serve_one_without(had: bool):  # noqa: FBT001
    one, other = ("measured", "none") if had else ("none", "measured")
    first = propose(campaign(prior=one), history(), seed=1, report=quiet, is_diagnosed=False)
    begun = propose(
        campaign(prior=other), history(), seed=2, report=quiet, start=first.artefact, is_diagnosed=False
    )
    assert begun.summary["start"] is None
    assert "start_of_other_policy" in [item["code"] for item in begun.summary["messages"]]


@pytest.mark.parametrize(
    ("sampler", "field", "words"),
    [
        ({"loss": "relative_trajectory_balance", "prior": "none"}, "/loss", "needs a prior"),
        ({"loss": "flow_matching", "prior": "measured"}, "/loss", "no form for a prior"),
        ({"backward_policy": "learned", "prior": "measured"}, "/backward_policy", "set it to uniform"),
        ({"prior": "checkpoint", "start_from": "nothing"}, "/prior", "set start_from"),
    ],
)
def test_what_does_not_go_together_is_refused_by_field(sampler: dict[str, str], field: str, words: str):
    with pytest.raises(ValidationError, match=words) as caught:
        campaign(**sampler)
    assert caught.value.errors()[0]["ctx"]["pointer"] == field


@pytest.mark.parametrize("kind", ["sizes", "objects"])
def test_lengths_keep_the_weights_of_the_base_measure(kind: str):
    body = campaign(prior="measured").model_dump(mode="json") | {"base_measure": {"kind": kind}}
    body["domain"] |= {"min_length": LENGTH - 1, "max_length": LENGTH}
    spec = CampaignSpec.model_validate(body)
    domain = open_domain(spec.domain)
    environment, texts = domain.environment([]), list(LAB.start(120, 0))
    measure = base_measure(spec, domain, environment, texts, 0)
    found = round_prior(spec.sampler, environment, measure, texts, 7)
    assert found.messages() == []
    left = found.left_of(measure)
    assert left.weights == measure.weights
    assert left.prior(environment) is None
    assert found.learned is not None
    state = environment.states([texts[0][:-1]])[0]
    state, _ = environment.backward_step_with_forward(state, torch.zeros(1, dtype=torch.int64))
    assert environment.open_size(state).tolist() == [LENGTH - 1]
    end = found.learned(state, environment.forward_mask(state))[0, environment.ending_action].exp()
    # of all peptides, 20 times as many have one residue more
    assert float(end) == pytest.approx(0.5 if kind == "sizes" else 1 / 21, rel=1e-3)


def test_where_sizes_are_not_known_while_building_the_prior_decides_about_them():
    body = campaign(prior="measured").model_dump(mode="json")
    body["domain"] = {
        "kind": "materials",
        "space": "mixture",
        "components": list("ABCDEF"),
        "grid": 10,
        "max_components": 3,
    }
    spec = CampaignSpec.model_validate(body)
    domain = open_domain(spec.domain)
    environment, rng = domain.environment([]), np.random.default_rng(0)
    rows = [{"A": share, "B": 10 - share} for share in range(1, 10)]
    rows += [{"A": share, "B": int(rng.integers(1, 10 - share)), "C": 0} for share in range(1, 9)]
    for row in rows:
        row["C"] = 10 - row["A"] - row["B"]
    texts = [domain.parse({name: str(row.get(name, 0) / 10) for name in "ABCDEF"}) for row in rows]
    measure = base_measure(spec, domain, environment, texts, 0)
    found = round_prior(spec.sampler, environment, measure, texts, 7)
    assert found.learned is not None
    assert [item.code for item in found.messages()] == ["prior_decides_sizes"]
    left = found.left_of(measure)
    assert left.weights == {}
    assert left.prior(environment) is None


def test_stored_specifications_have_no_prior():
    stored = campaign().model_dump(mode="json")
    del stored["sampler"]["prior"]
    assert CampaignSpec.from_stored(stored).sampler.prior == "none"


def test_a_prior_is_fitted_on_what_came_from_elsewhere_while_that_is_enough() -> None:
    given = [f"given {index}" for index in range(LEAST_OBJECTS)]
    proposed = {"proposed 1", "proposed 2"}
    assert makeable([*given, *sorted(proposed)], proposed) == given
    assert makeable([*given[1:], *sorted(proposed)], proposed) == [*given[1:], *sorted(proposed)]
