"""What a round leaves behind opens to the very same beliefs and policy, in every domain, or is refused."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
import torch
from domain_examples import open_example
from torch import Tensor

from models.campaign.requests import SampleRequest
from models.campaign.spec import CampaignSpec
from models.checkpoint import pack, unpack
from models.domains import open_domain
from models.inference.load import load_trained_campaign
from models.messages.message import texts
from models.proxies import random_forest
from models.proxies.selection_rules import SelectionSettings
from models.records import Forecast, History, Measurement, Prediction
from models.rounds.artefact import ArtefactError, attempted_objects, pack_artefact, provenance
from models.rounds.fitting.fit import RoundModel, fit, random_objects
from models.rounds.reporting.summary import versions
from models.rounds.training.state_reward import StateReward
from models.rounds.training.train import RewardShape, build_trainer
from models.safety.hazard_lists import HazardList
from models.safety.screened_domain import ScreenedDomain

pytestmark = pytest.mark.usefixtures("quick_proxies")

KINDS = ("molecules", "peptides", "materials", "switches")
SWITCHES = {"kind": "switches", "n": 6}
ALL = ("gaussian_process", "deep_ensemble", "random_forest", "multi_task_gaussian_process")
BETAS = (1.0, 64.0)
SEED = 3


@dataclass(frozen=True)
class Left:
    """A round as far as its artefact."""

    spec: CampaignSpec
    history: History
    domain: ScreenedDomain
    fitted: RoundModel
    weights: dict[str, Tensor]
    artefact: bytes
    objects: list[str]


def _domain_spec(kind: str) -> dict[str, Any]:
    return SWITCHES if kind == "switches" else dict(open_example(kind, 0).spec)


def _campaign(kind: str) -> tuple[CampaignSpec, History]:
    """Return a campaign whose rounds have everything: two assays, one censored, failures and a guardrail."""
    body: dict[str, Any] = {
        "name": "any",
        "domain": _domain_spec(kind),
        "objectives": [{"name": "potency", "range": [0, 10]}, {"name": "length"}],
        "guardrails": [{"name": "toxicity", "type": "length", "max": 100}],
        "constraints": [{"type": "length", "max": 90, "probability": 0.5, "enforcement": "lagrangian"}],
        "sampler": {"steps": 2, "trajectories_per_step": 8},
        "proxies": {"kinds": ALL if kind == "switches" else ALL[:2]},
    }
    spec = CampaignSpec.model_validate(body)
    walks = sorted(random_objects(open_domain(spec.domain).environment([])))[:24]
    results = [Measurement(text, "potency", float(row % 7)) for row, text in enumerate(walks)]
    signs = ["<" if row % 5 == 0 else "=" for row in range(len(walks))]
    results += [
        Measurement(text, "length", float(len(text)), sign) for text, sign in zip(walks, signs, strict=True)
    ]
    failed = Measurement(walks[0], "potency", outcome="failed_synthesis")
    proposed = walks[1:9]  # one round proposed these, with far too narrow intervals
    results = [replace(item, round=1 if item.object in proposed else None) for item in results]
    forecasts = tuple(Forecast(1, text, "potency", Prediction(3.0, 0.01, 2.9, 3.1)) for text in proposed)
    return spec, History((*results, failed), pending=tuple(walks[:1]), forecasts=forecasts)


@cache
def _left(kind: str) -> Left:
    spec, history = _campaign(kind)
    domain = ScreenedDomain(open_domain(spec.domain), spec.domain, ())
    environment = domain.environment(attempted_objects(history))
    fitted = fit(spec, domain, environment, history, SEED, lambda *_: None)
    fitted.reward.multipliers.update(torch.ones(4, len(fitted.reward.multipliers)))
    trainer = build_trainer(
        spec.sampler.with_beta(BETAS),
        environment,
        StateReward(environment, fitted.reward),
        RewardShape(2),
        SEED,
        [],
    )
    trainer.step()
    artefact = pack_artefact(
        fitted, trainer, provenance(spec, domain, environment, history, SEED, ()), domain, ()
    )
    weights = {name: value.clone() for name, value in trainer.policy.state_dict().items()}
    return Left(spec, history, domain, fitted, weights, artefact, random_objects(environment)[:30])


@pytest.fixture(params=KINDS)
def left(request: pytest.FixtureRequest) -> Left:
    return _left(request.param)


def _told(fitted: RoundModel, objects: list[str]) -> list[Tensor]:
    model = fitted.model
    features = model.features(objects)
    evaluation = model.evaluate(objects)
    families = model.proxies.hypotheses(features, "length")
    beta, even = torch.full((len(objects),), 4.0), torch.full((len(objects), 2), 0.5)
    return [
        evaluation.objectives.mean,
        evaluation.objectives.sd,
        evaluation.objectives.noise_sd,
        evaluation.feasibility,
        evaluation.constraint_probabilities,
        evaluation.uncertainty_weight,
        *model.proxies.interval(features),
        *(part for held in families for part in (held.belief.mean, held.belief.sd, held.weights)),
        torch.tensor([held.weight for held in families]),
        fitted.reward(objects, beta, even),
    ]


def test_opened_beliefs_equal_the_round_s_to_the_bit(left: Left) -> None:
    opened = load_trained_campaign(
        left.spec, left.history, seed=SEED, artefact=left.artefact, report=lambda *_: None, domain=left.domain
    )
    assert opened.source is not None
    assert opened.fitted.model.proxies.summary() == left.fitted.model.proxies.summary()
    for one, other in zip(_told(left.fitted, left.objects), _told(opened.fitted, left.objects), strict=True):
        assert torch.equal(one, other)
    assert opened.fitted.reward.multipliers.state() == left.fitted.reward.multipliers.state()
    found = opened.source.policy.state_dict()
    assert set(found) == set(left.weights)
    assert all(torch.equal(found[name], value) for name, value in left.weights.items())


def test_intervals_of_an_older_release_stay_as_its_round_told_them() -> None:
    left = _left("switches")
    tensors, header = unpack(left.artefact)
    assert header.pop("intervals") == 2
    given = {"seed": SEED, "report": lambda *_: None, "domain": left.domain}
    opened = load_trained_campaign(left.spec, left.history, artefact=pack(tensors, header), **given)
    features = left.fitted.model.features(left.objects)
    now = left.fitted.model.proxies
    plain = now.under(SelectionSettings(rule=left.spec.proxies.selection, is_corrected=False))
    ends = opened.fitted.model.proxies.interval(features)
    assert all(torch.equal(*pair) for pair in zip(ends, plain.interval(features), strict=True))
    assert not torch.allclose(ends[1], now.interval(features)[1])


def test_nothing_is_cross_validated_when_opened(left: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a fold was fitted")

    monkeypatch.setattr("models.proxies.model_selection.held_out_posteriors", never)
    given = {"seed": SEED, "report": lambda *_: None, "domain": left.domain}
    load_trained_campaign(left.spec, left.history, artefact=left.artefact, **given)
    with pytest.raises(AssertionError, match="a fold"):
        load_trained_campaign(left.spec, left.history, artefact=None, **given)


def test_an_opened_round_draws_and_judges_in_every_domain(left: Left) -> None:
    opened = load_trained_campaign(
        left.spec, left.history, seed=SEED, artefact=left.artefact, report=lambda *_: None, domain=left.domain
    )
    samples, summary = opened.sample(SampleRequest(n=6, beta=(2, 30), seed=1), left.history, lambda *_: None)
    names = [item.object for item in samples]
    assert len(set(names)) == summary["chosen"] == 6
    assert not set(names) & {result.object for result in left.history.measurements}
    assert all(item.log_pf is not None and item.log_pf < 0 for item in samples)
    columns = {name: str(value) for name, value in left.domain.columns(names[0]).items()}
    near = SampleRequest.model_validate({"n": 4, "like": {"object": columns, "similarity": 0.3}, "seed": 1})
    neighbours, _ = opened.sample(near, left.history, lambda *_: None)
    assert neighbours
    similarity = left.domain.similarity([item.object for item in neighbours], [names[0]])[:, 0]
    assert float(similarity.min()) >= 0.3
    assert list(similarity) == sorted(similarity, reverse=True)
    judged = opened.predict(names, left.history, lambda *_: None)
    assert [item.refused for item in judged] == [()] * 6


@pytest.fixture
def switches() -> tuple[CampaignSpec, History, bytes]:
    one = _left("switches")
    return one.spec, one.history, one.artefact


def test_another_origin_is_refused_by_name(switches: tuple[CampaignSpec, History, bytes]) -> None:
    spec, history, artefact = switches
    kappa = spec.model_copy(update={"acquisition": spec.acquisition.model_copy(update={"kappa": 2.0})})
    others = [
        ("another specification", kappa, history, SEED),
        ("another results", spec, replace(history, pending=()), SEED),
        ("another seed", spec, history, SEED + 1),
    ]
    for told, its_spec, its_history, seed in others:
        with pytest.raises(ArtefactError, match=told):
            load_trained_campaign(its_spec, its_history, seed=seed, artefact=artefact, report=lambda *_: None)


def test_what_the_policy_does_not_depend_on_may_change(switches: tuple[CampaignSpec, History, bytes]) -> None:
    spec, history, artefact = switches
    other = spec.model_copy(update={"name": "other", "batch": spec.batch.model_copy(update={"size": 3})})
    assert (
        load_trained_campaign(other, history, seed=SEED, artefact=artefact, report=lambda *_: None).source
        is not None
    )


def test_a_field_that_came_since_has_its_default(switches: tuple[CampaignSpec, History, bytes]) -> None:
    """An older installation told a specification without it.

    One it never heard of makes another specification.
    """
    spec, history, artefact = switches
    tensors, header = unpack(artefact)
    del header["made_from"]["spec"]["acquisition"]["scalarisation"]
    older = pack(tensors, header)
    assert (
        load_trained_campaign(spec, history, seed=SEED, artefact=older, report=lambda *_: None).source
        is not None
    )
    header["made_from"]["spec"]["unheard"] = 1
    with pytest.raises(ArtefactError, match="another specification"):
        load_trained_campaign(
            spec, history, seed=SEED, artefact=pack(tensors, header), report=lambda *_: None
        )


def test_damage_is_refused(switches: tuple[CampaignSpec, History, bytes]) -> None:
    spec, history, artefact = switches
    for content in (
        b"",
        artefact[:-1],
        artefact[:-1] + bytes([artefact[-1] ^ 1]),
        pack({}, {"identity": "other"}),
    ):
        with pytest.raises(ArtefactError, match="cannot be read"):
            load_trained_campaign(spec, history, seed=SEED, artefact=content, report=lambda *_: None)


def test_a_policy_of_another_shape_is_refused(switches: tuple[CampaignSpec, History, bytes]) -> None:
    spec, history, artefact = switches
    tensors, header = unpack(artefact)
    tensors["policy.first.weight"] = tensors["policy.first.weight"][:, :-1]
    with pytest.raises(ArtefactError, match="another shape"):
        load_trained_campaign(
            spec, history, seed=SEED, artefact=pack(tensors, header), report=lambda *_: None
        )


def test_other_versions_are_told(switches: tuple[CampaignSpec, History, bytes]) -> None:
    spec, history, artefact = switches
    tensors, header = unpack(artefact)
    header["versions"] |= {"torch": "0.1", "processor": "m68k"}
    opened = load_trained_campaign(
        spec, history, seed=SEED, artefact=pack(tensors, header), report=lambda *_: None
    )
    (told,) = opened._messages
    assert told.code == "computed_by_other_versions"
    assert {"torch", "processor"} <= set(told.params["packages"])
    header["versions"] |= versions()
    del header["versions"]["processor"]  # an older release did not tell it
    opened = load_trained_campaign(
        spec, history, seed=SEED, artefact=pack(tensors, header), report=lambda *_: None
    )
    assert opened._messages == ()


def _named(*texts: str) -> HazardList:
    return HazardList("a", "1", "switches", "0" * 64, lambda _: lambda text: "bad" if text in texts else None)


def test_a_hazard_list_that_came_or_went_leaves_earlier_rounds_playable() -> None:
    """Building blocks come from measured objects.

    Those of the round stay, and today's lists decide what is drawn.
    """
    left = _left("molecules")
    measured = left.history.measurements[0].object
    named = replace(_named(measured), domain="molecules")
    given: dict[str, Any] = {"seed": SEED, "report": lambda *_: None}
    opened = load_trained_campaign(left.spec, left.history, artefact=left.artefact, hazards=[named], **given)
    assert opened.source is not None
    found = opened.source.policy.state_dict()
    assert all(torch.equal(found[name], value) for name, value in left.weights.items())
    (judged,) = opened.predict([measured], replace(left.history, measurements=()), lambda *_: None)
    assert "hazard list a: bad" in judged.refused

    screened = ScreenedDomain(left.domain, left.spec.domain, [named])
    environment = screened.environment(attempted_objects(left.history))
    withheld = screened.withheld(attempted_objects(left.history))
    assert withheld == [measured]
    trainer = build_trainer(
        left.spec.sampler.with_beta(BETAS),
        environment,
        StateReward(environment, left.fitted.reward),
        RewardShape(2),
        SEED,
        [],
    )
    made_from = provenance(left.spec, screened, environment, left.history, SEED, withheld)
    artefact = pack_artefact(left.fitted, trainer, made_from, screened, withheld)
    assert load_trained_campaign(left.spec, left.history, artefact=artefact, **given).source is not None

    tensors, header = unpack(artefact)
    del header["withheld"]  # an older release told only which lists there were
    older = pack(tensors, header)
    assert (
        load_trained_campaign(left.spec, left.history, artefact=older, hazards=[named], **given).source
        is not None
    )
    with pytest.raises(ArtefactError, match="building blocks"):
        load_trained_campaign(left.spec, left.history, artefact=older, **given)


def test_another_layout_of_states_is_refused(
    switches: tuple[CampaignSpec, History, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of a class is nobody's business: only `format` counts."""
    spec, history, artefact = switches
    renamed = type("Renamed", (type(open_domain(spec.domain).environment([])),), {})
    given: dict[str, Any] = {"seed": SEED, "artefact": artefact, "report": lambda *_: None}
    monkeypatch.setattr("assayflow_tiny.environment.SwitchesEnvironment", renamed)
    assert load_trained_campaign(spec, history, **given).source is not None
    monkeypatch.setattr(renamed, "format", "switches 2")
    with pytest.raises(ArtefactError, match="another environment"):
        load_trained_campaign(spec, history, **given)


def test_as_many_other_building_blocks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy would fit their number, and mean others by its actions."""
    left = _left("molecules")
    given: dict[str, Any] = {"seed": SEED, "artefact": left.artefact, "report": lambda *_: None}
    kind = type(left.domain.environment(attempted_objects(left.history)))
    whole = kind.vocabulary
    monkeypatch.setattr(kind, "vocabulary", lambda self: whole(self)[::-1])
    with pytest.raises(ArtefactError, match="another vocabulary of building blocks"):
        load_trained_campaign(left.spec, left.history, **given)


def test_a_policy_that_learned_from_other_features_is_refused_with_what_to_do() -> None:
    """Held-out predictions and multipliers belong to the beliefs of then, which cannot be fitted again."""
    left = _left("molecules")
    tensors, header = unpack(left.artefact)
    assert header["made_from"]["features"] == 3
    del header["made_from"]["features"]  # a release with the first version of features did not tell it
    given: dict[str, Any] = {"seed": SEED, "report": lambda *_: None}
    with pytest.raises(
        ArtefactError, match=r"version of the features of objects \(start a new round"
    ) as said:
        load_trained_campaign(left.spec, left.history, artefact=pack(tensors, header), **given)
    assert str(said.value).count("another") == 1


def test_features_that_stayed_the_same_leave_earlier_rounds_playable(
    switches: tuple[CampaignSpec, History, bytes],
) -> None:
    spec, history, artefact = switches
    tensors, header = unpack(artefact)
    del header["made_from"]["features"]
    older = pack(tensors, header)
    opened = load_trained_campaign(spec, history, seed=SEED, artefact=older, report=lambda *_: None)
    assert opened.source is not None


def test_a_proxy_that_failed_then_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, history = _campaign("switches")
    domain = ScreenedDomain(open_domain(spec.domain), spec.domain, ())
    environment = domain.environment(attempted_objects(history))

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("view size is not compatible")

    with monkeypatch.context() as patch:
        patch.setattr(random_forest.RandomForest, "fit", broken)
        fitted = fit(spec, domain, environment, history, SEED, lambda *_: None)
    reward = StateReward(environment, fitted.reward)
    trainer = build_trainer(spec.sampler.with_beta(BETAS), environment, reward, RewardShape(2), SEED, [])
    artefact = pack_artefact(
        fitted, trainer, provenance(spec, domain, environment, history, SEED, ()), domain, ()
    )
    opened = load_trained_campaign(spec, history, seed=SEED, artefact=artefact, report=lambda *_: None)
    assert opened.fitted.model.proxies.failures == {
        "random_forest": "RuntimeError: view size is not compatible"
    }
    assert opened.fitted.model.proxies.summary() == fitted.model.proxies.summary()
    assert any("random forest could not learn" in told for told in texts(opened.fitted.messages()))
