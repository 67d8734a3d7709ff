"""A round that begins from an earlier one: what it takes over, what it refuses, and what it tells."""

from typing import Any

import pytest
import torch

from models.campaign.spec import CampaignSpec
from models.checkpoint import pack, unpack
from models.gflownet.environment import Environment
from models.propose import propose
from models.records import Cancelled, History, Measurement, Proposal, Stage
from models.rounds import warm_start
from models.rounds.artefact import read_artefact
from models.rounds.training import train
from models.specs import sampler as sampler_spec
from models.summaries.round import RoundSummary

pytestmark = pytest.mark.usefixtures("quick_proxies")

BASE: dict[str, Any] = {
    "name": "switches",
    "domain": {"kind": "switches", "n": 7},
    "objectives": [{"name": "signal"}, {"name": "few", "computed": "ones", "direction": "minimize"}],
    "proxies": {"kinds": ["gaussian_process"]},
    "batch": {"size": 4},
    "sampler": {"steps": 40, "trajectories_per_step": 16, "beta": [1, 16], "exhaustive": False},
}
PEPTIDES = {"kind": "peptides", "min_length": 3, "max_length": 6, "alphabet": "ADGK"}


@pytest.fixture(autouse=True)
def _few_steps_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler_spec, "LEAST_WARM", 1)


class Memory:
    """A checkpoint store in memory."""

    content: bytes | None = None

    def load(self) -> bytes | None:
        return self.content

    def save(self, content: bytes) -> None:
        self.content = content


def spec(**changes: Any) -> CampaignSpec:
    return CampaignSpec.model_validate(BASE | changes)


def history(n: int = 12, *more: str) -> History:
    texts = [f"{number:07b}" for number in range(1, 128, 10)][:n]
    return History(tuple(Measurement(text, "signal", float(text.count("1"))) for text in (*texts, *more)))


def run(made: CampaignSpec, known: History, **others: Any) -> Proposal:
    return propose(made, known, **({"seed": 5, "report": lambda *_: None} | others))


def comparable(proposal: Proposal) -> tuple[object, object, bytes | None]:
    return (
        proposal.candidates,
        {key: value for key, value in proposal.summary.items() if key != "cost"},
        proposal.artefact,
    )


def codes(proposal: Proposal) -> list[str]:
    return [item["code"] for item in proposal.summary["messages"]]


@pytest.fixture(scope="module")
def first() -> Proposal:
    return run(spec(), history())


def test_a_first_round_begins_from_nothing_and_keeps_its_best(first: Proposal):
    assert first.summary["start"] is None
    assert first.summary["training"]["steps"] == 40
    assert first.artefact is not None
    found = read_artefact(first.artefact)
    assert len(found.best) == len(set(found.best)) > 16
    assert found.names is not None
    assert found.made_from["start"] is None


def test_the_next_round_takes_three_tenths_of_the_steps_from_there(first: Proposal):
    assert first.artefact is not None
    second = run(spec(), history(12, "1110011"), seed=6, start=first.artefact)
    told = RoundSummary.model_validate(second.summary, extra="forbid").start
    assert told is not None
    assert (told.steps, told.sha256) == (12, warm_start.digest(first.artefact))
    assert (told.actions, told.known_actions) == (told.actions, told.actions)
    assert told.best_objects == len(read_artefact(first.artefact).best)
    assert second.summary["training"]["steps"] == 12
    assert second.artefact is not None
    assert read_artefact(second.artefact).made_from["start"] == told.sha256
    assert not {"start_damaged", "start_of_other_policy"} & set(codes(second))


def test_warm_steps_are_the_campaign_s(first: Proposal):
    sampler = BASE["sampler"] | {"warm_steps": 3}
    assert run(spec(sampler=sampler), history(), start=first.artefact).summary["training"]["steps"] == 3
    assert CampaignSpec.model_validate(BASE | {"sampler": {"steps": 2}}).sampler.steps_when_warm == 1


@pytest.mark.parametrize("stop_after", [1, 3, 7])
def test_interrupted_and_resumed_is_as_if_never_interrupted(
    first: Proposal, stop_after: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(train, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(train, "TICK_SECONDS", 0.0)
    given = {"start": first.artefact, "seed": 6}
    whole = run(spec(), history(), **given)
    store, calls = Memory(), 0

    def stop(stage: Stage, progress: float, message: str) -> None:  # noqa: ARG001
        nonlocal calls
        calls += stage == "training" and "step" in message
        if calls > stop_after:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(spec(), history(), report=stop, checkpoint=store, **given)
    assert store.content is not None
    assert comparable(run(spec(), history(), checkpoint=store, **given)) == comparable(whole)


def test_a_checkpoint_of_another_start_is_passed_over(first: Proposal):
    store = Memory()
    run(spec(), history(), checkpoint=store)
    warm = run(spec(), history(), start=first.artefact)
    assert comparable(run(spec(), history(), start=first.artefact, checkpoint=store)) == comparable(warm)
    assert warm.summary["training"]["loss"] != first.summary["training"]["loss"]


@pytest.mark.parametrize("damage", ["cut", "changed", "foreign"])
def test_a_damaged_start_costs_only_the_start(first: Proposal, damage: str):
    assert first.artefact is not None
    content = {
        "cut": first.artefact[:-9],
        "changed": first.artefact[:-9] + b"x" + first.artefact[-8:],
        "foreign": b"not an artefact",
    }[damage]
    result = run(spec(), history(), start=content)
    assert "start_damaged" in codes(result)
    assert (result.candidates, result.summary["start"]) == (first.candidates, None)
    assert result.summary["training"] == first.summary["training"]


def test_a_start_from_another_space_is_left_and_said(first: Proposal):
    cases = [
        (spec(domain=PEPTIDES, objectives=[{"name": "signal"}]), "built in another way"),
        (spec(sampler=BASE["sampler"] | {"hidden_width": 32}), "network has another shape"),
        (spec(domain={"kind": "switches", "n": 6}), "building blocks are others"),
    ]
    for made, reason in cases:
        result = run(made, History(), start=first.artefact)
        (told,) = [item for item in result.summary["messages"] if item["code"] == "start_of_other_policy"]
        assert reason in told["text"]
        assert result.summary["start"] is None
        assert result.summary["training"]["steps"] == 40


def test_an_artefact_of_an_older_release_serves_the_same_space(first: Proposal):
    assert first.artefact is not None
    tensors, header = unpack(first.artefact)
    del header["names"], header["best"], header["made_from"]["start"]
    older = pack(tensors, header)
    result = run(spec(), history(), start=older)
    assert (result.summary["start"]["best_objects"], result.summary["start"]["steps"]) == (0, 12)
    header["made_from"]["vocabulary"] = "another"
    other = run(spec(), history(), start=pack(tensors, header))
    assert "older release" in " ".join(other.summary["statements"])


def test_multipliers_of_the_same_constraints_go_on(first: Proposal):
    del first
    bound = {"type": "signal", "max": 4, "probability": 0.5, "enforcement": "lagrangian"}
    made = spec(constraints=[bound])
    one = run(made, history())
    assert one.artefact is not None
    ended = read_artefact(one.artefact).multipliers["n_updates"]
    two = run(made, history(), start=one.artefact)
    other = run(spec(constraints=[bound | {"max": 5}]), history(), start=one.artefact)
    assert two.artefact is not None
    assert other.artefact is not None
    assert read_artefact(two.artefact).multipliers["n_updates"] == ended + 2
    assert read_artefact(other.artefact).multipliers["n_updates"] == 2


def test_only_objects_that_can_still_be_built_are_replayed(first: Proposal, monkeypatch: pytest.MonkeyPatch):
    assert first.artefact is not None
    tensors, header = unpack(first.artefact)
    kept = header["best"][:3]
    header["best"] = [*kept, "1", "no object"]
    begun: list[torch.Tensor] = []
    begin_from = train.Trainer.begin_from

    def note(self: Any, weights: Any, best: torch.Tensor, steps: int) -> None:
        begun.append(best)
        begin_from(self, weights, best, steps)

    monkeypatch.setattr(train.Trainer, "begin_from", note)
    result = run(spec(), history(), start=pack(tensors, header))
    assert result.summary["start"]["best_objects"] == len(begun[0]) == 3


def test_names_that_differ_between_equal_shapes_are_noticed(first: Proposal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Environment, "action_names", lambda self: ["other"] * (self.n_actions - self.n_slots))
    result = run(spec(), history(), start=first.artefact)
    assert "building blocks are others" in " ".join(result.summary["statements"])


def test_other_objectives_are_no_hindrance(first: Proposal):
    result = run(spec(objectives=[{"name": "signal"}]), history(), start=first.artefact)
    assert result.summary["start"]["steps"] == 12


def test_policies_with_and_without_a_prior_do_not_mix():
    """Their logits mean different things; the priors of two rounds may differ."""
    none, measured = (spec(sampler=BASE["sampler"] | {"prior": kind}) for kind in ("none", "measured"))
    texts = [f"{number:07b}" for number in range(48)]
    known = History(tuple(Measurement(text, "signal", float(text.count("1"))) for text in texts))
    with_prior, without = run(measured, known), run(none, known)
    assert with_prior.artefact is not None
    assert without.artefact is not None
    assert read_artefact(with_prior.artefact).has_prior
    assert not read_artefact(without.artefact).has_prior
    more = History((*known.measurements, Measurement("1010101", "signal", 4.0)))
    assert run(measured, more, start=with_prior.artefact).summary["start"]["steps"] == 12
    for made, start, owner in ((measured, without, "this round"), (none, with_prior, "the earlier policy")):
        result = run(made, more, start=start.artefact)
        assert result.summary["start"] is None
        assert f"only {owner} has a learned prior" in " ".join(result.summary["statements"])
