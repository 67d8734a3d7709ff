"""A stopped replay continues where it was, with the metrics of an uninterrupted one."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import torch

from models.backtests import rounds
from models.backtests.contract import BacktestTask, Choice, Strategy, untried
from models.backtests.runner import BacktestPlan, backtest
from models.backtests.strategies import METHODS, build_strategy
from models.backtests.table import TableDomain, TableLab
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import Cancelled, History, Measurement

TEXTS = [f"{number:07b}" for number in range(0, 128, 2)]
SPEC = CampaignSpec.model_validate(
    {
        "name": "switches",
        "domain": {"kind": "switches", "n": 7},
        "objectives": [{"name": "signal"}, {"name": "few", "computed": "ones", "direction": "minimize"}],
        "proxies": {"kinds": ["gaussian_process"]},
        "sampler": {"steps": 20, "trajectories_per_step": 16, "beta": [1, 16]},
    }
)


class Shelf:
    """A store in memory."""

    def __init__(self, *records: bytes) -> None:
        self.records = list(records)

    def load(self) -> list[bytes]:
        return list(self.records)

    def append(self, record: bytes) -> None:
        self.records.append(record)


class Counted(Strategy):
    """A strategy that counts its calls, and may be stopped at one."""

    calls = 0

    def __init__(self, method: Strategy, most: float = float("inf")) -> None:
        self._method, self._most = method, most

    def needs_earlier_choices(self, task: BacktestTask) -> bool:
        return self._method.needs_earlier_choices(task)

    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
        if Counted.calls >= self._most:
            raise Cancelled
        Counted.calls += 1
        return self._method.choose(task, history, k, seed)


class Lucky(Strategy):
    """A strategy that draws from torch's global generator."""

    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:  # noqa: ARG002
        left = untried(task, history)
        return Choice(tuple(left[row] for row in torch.randperm(len(left))[:k].tolist()))


def replay(
    kept: Shelf | None,
    methods: tuple[str, ...] = ("random", "genetic"),
    most: float = float("inf"),
    make: Callable[[str], Strategy] = build_strategy,
    **changes: Any,
) -> list[dict[str, Any]]:
    """Replay with a limited number of choices, `changes` to the plan, and `extra` on all values."""
    Counted.calls = 0
    extra = changes.pop("extra", 0.0)
    numbers: dict[str, Any] = {"spec": SPEC, "rounds": 3, "batch_size": 4, "initial": 12, "seeds": (0, 1)}
    plan = BacktestPlan(**numbers | changes, methods=methods)
    domain = open_domain(plan.spec.domain)
    lab = TableLab(
        plan.spec, domain, [Measurement(text, "signal", text.count("1") + extra) for text in TEXTS]
    )
    assert lab.objects is not None
    tabled = TableDomain(domain, lab.objects)
    return backtest(plan, lab, tabled, lambda *_: None, lambda name: Counted(make(name), most), kept)


def stopped(kept: Shelf, after: int, **options: Any) -> None:
    with pytest.raises(Cancelled):
        replay(kept, most=after, **options)
    assert len(kept.records) == after


def timeless(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.mark.filterwarnings(
    "ignore::botorch.exceptions.warnings.OptimizationWarning"
)  # a fit that is tried again
@pytest.mark.parametrize("method", METHODS)
def test_every_method_goes_on_as_if_it_had_not_been_stopped(method: str) -> None:
    kept = Shelf()
    whole = replay(kept, (method,), rounds=2, seeds=(0,))
    resumed = replay(Shelf(kept.records[0]), (method,), rounds=2, seeds=(0,))
    # a policy begins from that of the choice before, which is made again without being stored again
    assert Counted.calls == (2 if method == "assayflow_generative" else 1)
    assert timeless(resumed) == timeless(whole)


def test_only_choices_of_the_same_replay_are_repeated() -> None:
    kept = Shelf()
    method, spec = ("assayflow_generative",), SPEC
    whole = replay(kept, method, rounds=2)
    assert len(kept.records) == 4
    first_seed_done = Shelf(*kept.records[:3])
    resumed = replay(first_seed_done, method, rounds=2)
    assert Counted.calls == 2
    assert timeless(resumed) == timeless(whole)
    sampler = spec.sampler.model_copy(update={"start_from": "nothing"})
    cold = {"spec": spec.model_copy(update={"sampler": sampler}), "rounds": 2, "seeds": (0,)}
    shelf = Shelf()
    replay(shelf, method, **cold)
    replay(Shelf(shelf.records[0]), method, **cold)
    assert Counted.calls == 1


@pytest.mark.filterwarnings("ignore::botorch.exceptions.warnings.OptimizationWarning")
def test_a_policy_begins_from_the_choice_before(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []
    whole = rounds.propose

    def note(*given: Any, **named: Any) -> Any:
        begun.append(named["start"] is not None)
        return whole(*given, **named)

    monkeypatch.setattr(rounds, "propose", note)
    for start_from, wanted in (
        ("previous", [False, True]),
        ("nothing", [False, False]),
        (str(uuid4()), [False, True]),
    ):
        begun.clear()
        sampler = SPEC.sampler.model_copy(update={"start_from": start_from})
        replay(
            None,
            ("assayflow_generative",),
            rounds=2,
            seeds=(0,),
            spec=SPEC.model_copy(update={"sampler": sampler}),
        )
        assert begun == wanted, start_from


def test_each_choice_is_made_once_whenever_a_replay_is_stopped() -> None:
    kept = Shelf()
    for after in range(1, 12):
        with pytest.raises(Cancelled):
            replay(kept, most=1)
        assert len(kept.records) == after
    rows = replay(kept)
    assert (Counted.calls, len(kept.records)) == (1, 12)
    assert timeless(rows) == timeless(replay(None))
    assert replay(kept) == rows  # seconds are those of the first time
    assert Counted.calls == 0


def test_what_a_method_draws_from_torch_itself_does_not_depend_on_the_choices_before() -> None:
    kept = Shelf()
    before = torch.random.get_rng_state()
    stopped(kept, after=4, make=lambda _: Lucky())
    torch.rand(5)
    assert timeless(replay(kept, make=lambda _: Lucky())) == timeless(replay(None, make=lambda _: Lucky()))
    torch.random.set_rng_state(before)


@pytest.mark.parametrize(
    "damage",
    [b"", b"{}", b"\xff\x00", b'{"key": 1, "objects": "all"}', b"[1, 2]"],
    ids=["empty", "bare", "raw", "wrong", "list"],
)
def test_a_damaged_choice_is_passed_over(damage: bytes) -> None:
    kept = Shelf()
    rows = replay(kept)
    result = replay(Shelf(damage, *kept.records[1:]))
    assert Counted.calls == 1
    assert timeless(result) == timeless(rows)


def test_choices_of_anything_else_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Shelf()
    replay(kept)
    other = SPEC.model_copy(update={"seed": 5})
    for changes in ({"extra": 1.0}, {"spec": other}, {"batch_size": 5}, {"initial": 11}, {"seeds": (2, 3)}):
        replay(Shelf(*kept.records), **changes)
        assert Counted.calls == 12, changes
    replay(Shelf(*kept.records), ("random", "greedy"), make=lambda _: build_strategy("random"))
    assert Counted.calls == 6
    monkeypatch.setattr("models.backtests.runner.versions", lambda: {"assayflow": "another"})
    replay(Shelf(*kept.records))
    assert Counted.calls == 12


def test_a_longer_replay_takes_what_a_shorter_one_chose() -> None:
    kept = Shelf()
    replay(kept, rounds=2)
    replay(kept)
    assert Counted.calls == 4
