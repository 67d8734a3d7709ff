"""A genetic search of the same reward: its choices are new, allowed and better than random ones."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from models.backtests.acquisition_ga import AcquisitionGA
from models.backtests.contract import BacktestTask, Oracle
from models.backtests.runner import BacktestPlan, backtest
from models.backtests.table import TableDomain
from models.backtests.variation import steps_breed
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.contract import Domain
from models.records import History, Measurement

N = 14


class Counting(Oracle):
    """Prefers switches that alternate."""

    objects = None

    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:  # noqa: ARG002 - exact
        return tuple(
            Measurement(text, "turns", value, round=n_round)
            for text, value in zip(objects, self.truth(objects)[:, 0].tolist(), strict=True)
        )

    def truth(self, objects: Sequence[str]) -> Any:
        turns = [sum(a != b for a, b in itertools.pairwise(text)) for text in objects]
        return np.array([turns, [text.count("1") for text in objects]], dtype=np.float64).T


@pytest.fixture
def spec() -> CampaignSpec:
    return CampaignSpec.model_validate(
        {
            "name": "switches",
            "domain": {"kind": "switches", "n": N},
            "objectives": [
                {"name": "turns", "range": [0, N - 1]},
                {"name": "few", "computed": "ones", "direction": "minimize", "range": [0, N]},
            ],
            "proxies": {"kinds": ["gaussian_process"]},
        }
    )


def test_it_finds_more_than_chance(spec: CampaignSpec) -> None:
    domain, plan = open_domain(spec.domain), BacktestPlan(spec, 2, 8, 20, (0,), ("random",))
    chance = backtest(plan, Counting(), domain, lambda *_: None)
    evolved = backtest(plan, Counting(), domain, lambda *_: None, lambda _: AcquisitionGA(calls=600))
    assert evolved[0]["hypervolume"] == chance[0]["hypervolume"]
    assert evolved[-1]["hypervolume"] > chance[-1]["hypervolume"]
    assert 300 <= evolved[-1]["n_scored"] <= 600 + 2 * 512


def test_it_repeats_and_proposes_nothing_twice(spec: CampaignSpec) -> None:
    domain, lab = open_domain(spec.domain), Counting()
    start = tuple(f"{number:014b}" for number in range(40, 60))
    history = History(lab.measure(start, 0, 0))
    task = BacktestTask(spec, domain, None, lambda _: None)
    one, same = (AcquisitionGA(calls=300).choose(task, history, 6, 3).objects for _ in range(2))
    assert one == same
    assert len(set(one)) == 6
    assert not set(one) & set(start)


def some_in_order(parents: Sequence[str], generator: torch.Generator) -> list[str]:
    """Breed anything, whether or not the table holds it."""
    numbers = torch.randint(2**N, (len(parents),), generator=generator).tolist()
    return [f"{number:0{N}b}" for number in numbers]


@pytest.mark.parametrize("breed", [steps_breed, lambda _: some_in_order], ids=["steps", "of a peer"])
def test_with_a_table_only_its_objects_are_bred_and_scored(
    breed: Callable[[Domain], Any], spec: CampaignSpec
) -> None:
    domain, lab = open_domain(spec.domain), Counting()
    table = tuple(f"{number:0{N}b}" for number in range(0, 2**N, 16))
    history = History(lab.measure(table[:30], 0, 0))
    scored: list[str] = []
    watched = TableDomain(domain, table)
    features = watched.features
    watched.features = lambda texts: scored.extend(texts) or features(texts)  # type: ignore[method-assign,func-returns-value]
    choice = AcquisitionGA(breed, calls=300).choose(
        BacktestTask(spec, watched, table, lambda _: None), history, 6, 3
    )
    assert len(set(choice.objects)) == 6
    assert set(choice.objects) <= set(table) - set(table[:30])
    assert 200 <= choice.n_scored <= 300 + 2 * 512
    assert set(scored) <= set(table)


def test_a_choice_has_the_predictions_of_its_objects(spec: CampaignSpec) -> None:
    domain, lab = open_domain(spec.domain), Counting()
    start = tuple(f"{number:0{N}b}" for number in range(40, 60))
    task = BacktestTask(spec, domain, None, lambda _: None)
    choice = AcquisitionGA(calls=300).choose(task, History(lab.measure(start, 0, 0)), 6, 3)
    assert set(choice.predictions) == set(choice.objects)
    assert all(
        item["turns"].low < item["turns"].mean < item["turns"].high for item in choice.predictions.values()
    )
