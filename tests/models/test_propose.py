"""One round, end to end, on a space small enough to see through."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from models.campaign.spec import CampaignSpec
from models.propose import propose
from models.proxies import deep_ensemble
from models.records import Cancelled, History, Measurement, Proposal, Stage
from models.rounds.sampling.candidate_pool import DRAWS
from models.rounds.training import train

ALL = ["".join(letters) for letters in itertools.product("01", repeat=7)]
BASE: dict[str, Any] = {
    "name": "switches",
    "domain": {"kind": "switches", "n": 7},
    "objectives": [
        {"name": "signal", "direction": "maximize", "units": "mV"},
        {"name": "few", "computed": "ones", "direction": "minimize"},
    ],
    "batch": {"size": 6},
    "sampler": {"steps": 40, "trajectories_per_step": 16, "beta": [1, 16], "exhaustive": False},
}


def _signal(text: str) -> float:
    return text.count("1") + 3.0 * (text[:2] == "01")


def _measured(n: int, kind: str = "signal", seed: int = 0) -> list[Measurement]:
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(ALL)[:n]
    return [Measurement(str(text), kind, _signal(text) + rng.normal(0, 0.1)) for text in chosen]


def _spec(**changes: Any) -> CampaignSpec:
    return CampaignSpec.model_validate(BASE | changes)


def _silent(stage: Stage, progress: float, message: str) -> None:
    assert stage
    assert 0 <= progress <= 1
    assert message


def _propose(spec: CampaignSpec, history: History, seed: int = 0, **others: Any) -> Proposal:
    return propose(spec, history, **({"seed": seed, "report": _silent} | others))


class Memory:
    """A checkpoint store in memory."""

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.n_saved = 0

    def load(self) -> bytes | None:
        return self.content

    def save(self, content: bytes) -> None:
        self.content = content
        self.n_saved += 1


def _comparable(proposal: Proposal) -> tuple[object, object]:
    return proposal.candidates, {key: value for key, value in proposal.summary.items() if key != "cost"}


@pytest.fixture(scope="module", autouse=True)
def quick_ensemble() -> Iterator[None]:
    """Train the ensemble, which is not what is tested here, for fewer steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 25)
        yield


@pytest.fixture(scope="module")
def round_one() -> tuple[CampaignSpec, History, Proposal]:
    measured = _measured(30)
    known = {result.object for result in measured}
    others = [text for text in ALL if text not in known]
    history = History(tuple(measured), pending=tuple(others[:10]), excluded=tuple(others[10:20]))
    spec = _spec()
    return spec, history, _propose(spec, history)


def test_batch_is_exact_new_allowed_and_distinct(round_one: tuple[CampaignSpec, History, Proposal]) -> None:
    spec, history, proposal = round_one
    objects = [candidate.object for candidate in proposal.candidates]
    closed = {result.object for result in history.measurements} | set(history.pending) | set(history.excluded)
    assert len(objects) == len(set(objects)) == spec.batch.size
    assert not closed & set(objects)
    assert set(objects) <= set(ALL)
    assert [candidate.rank for candidate in proposal.candidates] == [1, 2, 3, 4, 5, 6]


def test_reserves_follow_the_batch_and_are_no_part_of_it(
    round_one: tuple[CampaignSpec, History, Proposal],
) -> None:
    spec, history, proposal = round_one
    assert [item.rank for item in proposal.reserves] == list(range(7, 11))
    closed = {item.object for item in (*proposal.candidates, *history.measurements)} | set(history.pending)
    assert not {item.object for item in proposal.reserves} & closed
    assert all(item.predictions and item.reason and item.log_pf is not None for item in proposal.reserves)
    hasty = _propose(spec, history, is_diagnosed=False)
    assert (hasty.candidates, hasty.reserves) == (proposal.candidates, ())


def test_what_search_found_in_training_may_be_chosen(
    round_one: tuple[CampaignSpec, History, Proposal],
) -> None:
    _, history, proposal = round_one
    behaviour = {"genetic_share": 0.5, "genetic_parents": 20}
    searched = _propose(_spec(sampler=BASE["sampler"] | {"behaviour": behaviour}), history)
    assert proposal.summary["sampled"] % DRAWS == 0
    assert searched.summary["sampled"] % DRAWS == 20
    assert all(
        math.isfinite(candidate.log_pf) for candidate in searched.candidates if candidate.log_pf is not None
    )


def test_candidates_carry_consistent_numbers(round_one: tuple[CampaignSpec, History, Proposal]) -> None:
    _, history, proposal = round_one
    measured = {result.object for result in history.measurements}
    for candidate in proposal.candidates:
        signal, few = candidate.predictions["signal"], candidate.predictions["few"]
        assert signal.low < signal.mean < signal.high
        assert signal.high - signal.mean == pytest.approx(signal.mean - signal.low)
        assert 1.0 < (signal.high - signal.low) / 2 / signal.sd < 3.0
        assert few.mean == few.low == few.high == candidate.computed["ones"] == candidate.object.count("1")
        assert sum(candidate.preference.values()) == pytest.approx(1.0)
        assert candidate.feasibility == 1.0
        assert candidate.log_reward == pytest.approx(candidate.beta * candidate.acquisition, rel=1e-5)
        assert candidate.log_pf < 0
        assert candidate.nearest_measured is not None
        assert candidate.nearest_measured.object in measured
        assert f"signal {signal.mean:.3g} mV" in candidate.reason
        assert candidate.nearest_measured.object in candidate.reason
        assert ("to explore" in candidate.reason) != ("to exploit" in candidate.reason)
    assert sum("to explore" in candidate.reason for candidate in proposal.candidates) == 1


def test_predictions_are_near_the_truth(round_one: tuple[CampaignSpec, History, Proposal]) -> None:
    _, _, proposal = round_one
    errors = [c.predictions["signal"].mean - _signal(c.object) for c in proposal.candidates]
    assert float(np.abs(errors).mean()) < 1.0


def test_summary_counts_add_up(round_one: tuple[CampaignSpec, History, Proposal]) -> None:
    _, history, proposal = round_one
    summary = proposal.summary
    assert summary["data_digest"] == history.digest()
    assert summary["sampled"] == summary["allowed"] + sum(summary["refused"].values())
    assert summary["refused"]["already measured"] + summary["refused"]["pending"] <= 40
    assert summary["proxies"]["signal"]["results"]["objects"] == 30
    assert set(summary["cost"]["seconds"]) == {"fitting", "training", "sampling", "selecting"}
    assert summary["training"]["steps"] == 40
    assert len(summary["training"]["loss"]) == 40
    assert summary["statements"] == []
    assert summary["log_z"]["1"] < summary["log_z"]["16"]


def test_equal_arguments_give_equal_proposals(round_one: tuple[CampaignSpec, History, Proposal]) -> None:
    spec, history, first = round_one
    assert _comparable(_propose(spec, history)) == _comparable(first)
    assert _propose(spec, history, seed=1).candidates != first.candidates


@pytest.mark.parametrize("stop_at", ["training", "sampling"])
def test_interrupted_and_resumed_is_as_if_never_interrupted(
    round_one: tuple[CampaignSpec, History, Proposal], stop_at: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, history, whole = round_one
    monkeypatch.setattr(train, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(train, "TICK_SECONDS", 0.0)
    store = Memory()
    calls = 0

    def stop(stage: Stage, progress: float, message: str) -> None:
        nonlocal calls
        _silent(stage, progress, message)
        calls += stage == stop_at
        if calls > (20 if stop_at == "training" else 0):
            raise Cancelled

    with pytest.raises(Cancelled):
        _propose(spec, history, report=stop, checkpoint=store)
    steps: list[str] = []

    def note(stage: Stage, progress: float, message: str) -> None:  # noqa: ARG001
        if stage == "training" and "step" in message:
            steps.append(message)

    resumed = _propose(spec, history, report=note, checkpoint=store)
    assert _comparable(resumed) == _comparable(whole)
    assert steps[0] != "training, step 0 of 40"


def test_checkpoint_of_another_round_is_passed_over(
    round_one: tuple[CampaignSpec, History, Proposal],
) -> None:
    spec, history, whole = round_one
    store = Memory()
    _propose(spec, history, seed=5, checkpoint=store)
    assert store.n_saved >= 1
    assert _comparable(_propose(spec, history, checkpoint=store)) == _comparable(whole)
    store.content = b"damaged"
    assert _comparable(_propose(spec, history, checkpoint=store)) == _comparable(whole)


def test_a_space_too_small_gives_fewer_and_says_so() -> None:
    spec = _spec(domain={"kind": "switches", "n": 3}, batch={"size": 10})
    proposal = _propose(spec, History(excluded=("000", "111")))
    assert len(proposal.candidates) == 6
    assert any("holds 6 of the 10" in statement for statement in proposal.summary["statements"])
    assert proposal.summary["refused"]["excluded"] >= 2


def test_cold_start_is_told_and_fills_the_space() -> None:
    spec = _spec(objectives=[{"name": "signal"}], batch={"size": 4})
    proposal = _propose(spec, History())
    assert len(proposal.candidates) == 4
    assert proposal.summary["cold_start"] == ["signal"]
    assert any("cold start" in statement for statement in proposal.summary["statements"])
    assert all(c.predictions == {} and c.nearest_measured is None for c in proposal.candidates)
    objects = [c.object for c in proposal.candidates]
    distances = [
        sum(a != b for a, b in zip(x, y, strict=True)) for x, y in itertools.combinations(objects, 2)
    ]
    assert min(distances) >= 3


def test_computed_constraints_refuse() -> None:
    spec = _spec(constraints=[{"property": "ones", "max": 2}])
    proposal = _propose(spec, History(tuple(_measured(30))))
    assert all(c.object.count("1") <= 2 for c in proposal.candidates)
    assert proposal.summary["refused"]["constraint on a computed property"] > 0


def test_measured_constraints_ask_for_their_probability() -> None:
    results = _measured(40) + [
        Measurement(m.object, "weight", 10.0 * m.object.count("1")) for m in _measured(40)
    ]
    spec = _spec(constraints=[{"type": "weight", "max": 35.0, "probability": 0.9}])
    proposal = _propose(spec, History(tuple(results)))
    assert len(proposal.candidates) == 6
    assert all(c.object.count("1") <= 3 for c in proposal.candidates)
    few = _propose(spec, History(tuple(_measured(40))))
    assert any("constraint on weight is not enforced" in statement for statement in few.summary["statements"])


def test_guardrails_refuse_and_bound_every_candidate() -> None:
    rail = {"name": "heat", "type": "heat", "max": 45.0, "risk": 0.05}
    results = _measured(40) + [
        Measurement(m.object, "heat", 10.0 * m.object.count("1")) for m in _measured(40)
    ]
    guarded = _propose(_spec(guardrails=[rail]), History(tuple(results)))
    assert guarded.summary["refused"]["guardrail heat"] > 0
    for candidate in guarded.candidates:
        assert candidate.guardrails["heat"] <= 0.05
        assert candidate.object.count("1") <= 4


def test_a_guardrail_without_results_refuses_everything_before_training() -> None:
    rail = {"name": "heat", "type": "heat", "max": 45.0}
    stages: set[str] = set()
    proposal = _propose(
        _spec(guardrails=[rail]), History(tuple(_measured(20))), report=lambda stage, *_: stages.add(stage)
    )
    assert proposal.candidates == ()
    assert "guardrail heat" in proposal.summary["statements"][-1]
    assert stages == {"fitting"}


def test_failures_teach_feasibility_and_do_not_drag_the_mean() -> None:
    results = _measured(60)
    failed = [m.object for m in results if m.object[6] == "1"]
    mixed = [
        Measurement(m.object, "signal", outcome="failed_synthesis") if m.object in failed else m
        for m in results
    ]
    proposal = _propose(_spec(), History(tuple(mixed)))
    assert proposal.summary["feasibility"]["learned"]
    assert sum(c.object[6] == "0" for c in proposal.candidates) >= 5
    errors = [
        c.predictions["signal"].mean - _signal(c.object) for c in proposal.candidates if c.object[6] == "0"
    ]
    assert abs(float(np.mean(errors))) < 1.0


def test_log10_predictions_are_in_units() -> None:
    results = [Measurement(m.object, "signal", 10 ** (m.value or 0.0)) for m in _measured(40)]
    spec = _spec(objectives=[{"name": "signal", "direction": "minimize", "transform": "log10"}])
    proposal = _propose(spec, History(tuple(results)))
    for candidate in proposal.candidates:
        prediction = candidate.predictions["signal"]
        assert 0 < prediction.low < prediction.mean < prediction.high
        assert 1.0 < math.log10(prediction.high / prediction.mean) / prediction.sd < 3.0


def test_censored_results_are_told_and_not_proposed_again() -> None:
    censored = [Measurement(text, "signal", 0.0, relation="<") for text in ALL[:20]]
    fresh = [m for m in _measured(60) if m.object not in ALL[:20]]
    proposal = _propose(_spec(), History((*fresh, *censored)))
    assert any("20 results of signal are bounds" in statement for statement in proposal.summary["statements"])
    assert not {c.object for c in proposal.candidates} & set(ALL[:20])


def test_progress_never_goes_back() -> None:
    heard: list[float] = []
    _propose(_spec(), History(tuple(_measured(15))), report=lambda _, progress, __: heard.append(progress))
    assert heard == sorted(heard)
    assert heard[0] == 0.0
    assert heard[-1] > 0.9
