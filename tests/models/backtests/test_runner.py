"""A replay is fair: one initial set per seed, no unmeasured value, and correct metrics."""

from typing import Any

import pytest
import torch

from models.backtests.contract import BacktestTask, Choice, Strategy, untried
from models.backtests.runner import BacktestPlan, Evaluator, backtest, summarise
from models.backtests.strategies import METHODS, build_strategy
from models.backtests.table import TableDomain, TableLab
from models.backtests.utilities import measured_utilities
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import History, Measurement, Prediction

TEXTS = [f"{number:08b}" for number in range(0, 256, 2)]


def signal(text: str) -> float:
    return text.count("1") + 3.0 * (text[:2] == "01")


@pytest.fixture
def spec() -> CampaignSpec:
    return CampaignSpec.model_validate(
        {
            "name": "switches",
            "domain": {"kind": "switches", "n": 8},
            "objectives": [{"name": "signal"}, {"name": "few", "computed": "ones", "direction": "minimize"}],
            "sampler": {"steps": 30, "trajectories_per_step": 16, "beta": [1, 16]},
        }
    )


@pytest.fixture
def lab(spec: CampaignSpec) -> TableLab:
    return TableLab(
        spec, open_domain(spec.domain), [Measurement(text, "signal", signal(text)) for text in TEXTS]
    )


def run(
    spec: CampaignSpec, lab: TableLab, methods: tuple[str, ...], make: Any = build_strategy, **changes: Any
) -> list[Any]:
    plan = BacktestPlan(
        spec, **({"rounds": 2, "batch_size": 6, "initial": 16, "seeds": (0, 1)} | changes), methods=methods
    )
    assert lab.objects is not None
    return backtest(plan, lab, TableDomain(open_domain(spec.domain), lab.objects), lambda *_: None, make)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_replays(spec: CampaignSpec, lab: TableLab, method: str) -> None:
    rows = run(spec, lab, (method,), seeds=(0,))
    assert [row["measured"] for row in rows] == [16, 22, 28]
    assert rows[-1]["hypervolume"] >= rows[0]["hypervolume"]


def test_rounds_of_a_replay_are_not_diagnosed(
    spec: CampaignSpec, lab: TableLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diagnose(*_: Any) -> None:
        raise AssertionError("nobody reads how a replayed round's policy converged")

    monkeypatch.setattr("models.propose.diagnose", diagnose)
    rows = run(spec, lab, ("assayflow_generative",), rounds=1, seeds=(0,))
    assert [row["measured"] for row in rows] == [16, 22]


@pytest.mark.parametrize("method", ["assayflow", "assayflow_generative"])
def test_a_round_knows_what_earlier_ones_predicted(spec: CampaignSpec, lab: TableLab, method: str) -> None:
    known: list[History] = []

    class Overheard(Strategy):
        def __init__(self) -> None:
            self.method = build_strategy(method)

        def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
            known.append(history)
            return self.method.choose(task, history, k, seed)

    run(spec, lab, (method,), lambda _: Overheard(), seeds=(0,))
    first, second = known
    assert first.forecasts == ()
    proposed = [item.object for item in second.measurements if item.round == 1]
    assert [item.object for item in second.forecasts] == proposed
    assert {(item.round, item.objective) for item in second.forecasts} == {(1, "signal")}
    assert all(item.prediction.low < item.prediction.mean < item.prediction.high for item in second.forecasts)


def test_all_methods_start_from_the_same_objects(spec: CampaignSpec, lab: TableLab) -> None:
    seen: dict[str, list[tuple[str, ...]]] = {}

    class Watching(Strategy):
        def __init__(self, name: str) -> None:
            self.name = name

        def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:  # noqa: ARG002
            seen.setdefault(self.name, []).append(tuple(result.object for result in history.measurements))
            return Choice(tuple(untried(task, history)[:k]))

    run(spec, lab, ("random", "greedy"), Watching, rounds=1)
    assert seen["random"] == seen["greedy"]
    assert seen["random"][0] != seen["random"][1]


@pytest.mark.parametrize(
    "chosen",
    [("11111111",), (TEXTS[0], TEXTS[0]), tuple(TEXTS[:7])],
    ids=["not in the table", "twice", "too many"],
)
def test_an_unfair_choice_stops_the_replay(
    spec: CampaignSpec, lab: TableLab, chosen: tuple[str, ...]
) -> None:
    class Cheat(Strategy):
        def choose(self, *_: Any) -> Choice:
            return Choice(chosen)

    with pytest.raises(RuntimeError, match="a method chose"):
        run(spec, lab, ("random",), lambda _: Cheat(), initial=1)


def test_the_judge_knows_the_best(spec: CampaignSpec, lab: TableLab) -> None:
    assert lab.objects is not None
    judge = Evaluator(spec, TableDomain(open_domain(spec.domain), lab.objects), lab)
    everything = judge.score(list(lab.objects), ())
    assert everything["regret"] == 0
    assert everything["hypervolume"] == pytest.approx(judge.best["hypervolume"])
    assert everything["enrichment"] == pytest.approx(1.0)
    assert everything["best_signal"] == max(signal(text) for text in TEXTS)
    assert everything["best_few"] == 0
    some = judge.score(list(lab.objects[:5]), lab.objects[:5])
    assert some["regret"] > 0


def test_means_and_intervals_over_seeds() -> None:
    rows = [
        {"method": "a", "seed": seed, "round": 0, "best": value} for seed, value in enumerate((1.0, 2.0, 3.0))
    ]
    (row,) = summarise(rows)
    assert row["best"] == pytest.approx(2.0)
    assert row["best_half"] == pytest.approx(4.302652729911275 / 3**0.5)  # t(.975, 2) and a deviation of 1


def test_a_figure_that_one_seed_lacks_is_summarised_over_the_others() -> None:
    rows = [{"method": "a", "seed": 0, "round": 1, "best": 1.0}]
    rows.append({"method": "a", "seed": 1, "round": 1, "best": 3.0, "coverage": 0.5})
    (row,) = summarise(rows)
    assert (row["best"], row["coverage"]) == (2.0, 0.5)


def test_later_rounds_see_earlier_predictions_and_coverage_is_reported(
    spec: CampaignSpec, lab: TableLab
) -> None:
    seen = []

    class Seer(Strategy):
        """Is right about every second object; what it says of a computed objective does not count."""

        def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:  # noqa: ARG002
            seen.append(history.forecasts)
            objects = tuple(untried(task, history)[:k])
            errors = [10.0 * (row % 2) for row in range(k)]
            predicted = {
                text: {
                    "signal": Prediction(
                        signal(text) + error, 1.0, signal(text) + error - 2, signal(text) + error + 2
                    ),
                    "few": Prediction(99.0, 0.0, 99.0, 99.0),
                }
                for text, error in zip(objects, errors, strict=True)
            }
            return Choice(objects, predictions=predicted)

    rows = run(spec, lab, ("random",), lambda _: Seer(), seeds=(0,))
    assert [row.get("coverage") for row in rows] == [None, 0.5, 0.5]
    assert [len(forecasts) for forecasts in seen] == [0, 6]
    assert {item.round for item in seen[1]} == {1}


def test_a_missing_value_is_as_poor_as_can_be(spec: CampaignSpec) -> None:
    history = History((Measurement("00000001", "signal", 1.0), Measurement("00000011", "signal", 5.0)))
    names, utilities = measured_utilities(spec, open_domain(spec.domain), history)
    assert names == ["00000001", "00000011"]
    assert torch.allclose(utilities[:, 0], torch.tensor([0.0, 1.0], dtype=torch.float64))


@pytest.mark.parametrize("changes", [{"rounds": 0}, {"batch_size": 0}, {"initial": 0}, {"seeds": ()}])
def test_a_plan_without_sense_is_refused(spec: CampaignSpec, changes: dict[str, Any]) -> None:
    fields: dict[str, Any] = {
        "rounds": 1,
        "batch_size": 1,
        "initial": 1,
        "seeds": (0,),
        "methods": ("random",),
    }
    with pytest.raises(ValueError, match="at least"):
        BacktestPlan(spec, **(fields | changes))


def test_an_unknown_method_is_named(spec: CampaignSpec) -> None:
    with pytest.raises(ValueError, match="luck"):
        BacktestPlan(spec, 1, 1, 1, (0,), ("luck",))
