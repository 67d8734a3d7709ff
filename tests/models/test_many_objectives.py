"""Rounds by default settings with one to five measured objectives, complete and partial, in every domain."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from domain_examples import open_example
from gpytorch.kernels import RBFKernel

from models.campaign.spec import CampaignSpec
from models.domains import installed, open_domain
from models.propose import propose
from models.proxies import deep_ensemble, random_forest
from models.proxies.contract import Posterior, Proxy, TrainingTable
from models.proxies.gaussian_process import GaussianProcess
from models.proxies.guarded import ProxyError
from models.proxies.multi_task_gaussian_process import MultiTaskGaussianProcess
from models.records import History, Measurement, Proposal
from models.rounds.fitting.fit import random_objects

pytestmark = pytest.mark.usefixtures("quick_proxies")

MOST_OBJECTIVES = 5
N_OBJECTS = 24
CASES = [
    (kind, n_objectives, is_complete)
    for kind in installed()
    for n_objectives in range(1, MOST_OBJECTIVES + 1)
    for is_complete in (True, False)
    if kind != "molecules" or (n_objectives, is_complete) in {(1, True), (MOST_OBJECTIVES, False)}
]
"""Domains, objectives and whether all are measured; of molecules, whose rounds take longest, both ends."""


def _campaign(kind: str, n_objectives: int, **changes: Any) -> tuple[CampaignSpec, list[str]]:
    body: dict[str, Any] = {
        "name": "any",
        "domain": dict(open_example(kind, 0).spec),
        "objectives": [{"name": f"y{place}"} for place in range(n_objectives)],
        "batch": {"size": 3},
        "sampler": {"steps": 2, "trajectories_per_step": 8},
        **changes,
    }
    spec = CampaignSpec.model_validate(body)
    objects = sorted(random_objects(open_domain(spec.domain).environment([])))
    return spec, objects[: min(N_OBJECTS, len(objects) // 2)]


def _results(objects: list[str], n_objectives: int, *, is_complete: bool) -> tuple[Measurement, ...]:
    generator = torch.Generator().manual_seed(7)
    values = torch.randn(len(objects), n_objectives, generator=generator, dtype=torch.float64)
    values[:, 1:] = 0.5 * values[:, 1:] + values[:, :1]
    return tuple(
        Measurement(text, f"y{place}", float(values[row, place]))
        for row, text in enumerate(objects)
        for place in range(n_objectives)
        if is_complete or (row + place) % 2
    )


def _propose(spec: CampaignSpec, results: tuple[Measurement, ...]) -> Proposal:
    return propose(spec, History(results), seed=1, report=lambda *_: None)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "n_objectives", "is_complete"), CASES)
def test_a_round_by_default_settings_proposes(kind: str, n_objectives: int, is_complete: bool) -> None:  # noqa: FBT001
    spec, objects = _campaign(kind, n_objectives)
    proposal = _propose(spec, _results(objects, n_objectives, is_complete=is_complete))
    assert proposal.candidates
    assert proposal.summary["failed_proxies"] == {}


@pytest.mark.parametrize("n_types", range(1, MOST_OBJECTIVES + 1))
def test_the_joint_process_learns_any_number_of_types(n_types: int) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(20, 3, generator=generator, dtype=torch.float64)
    values = x.sum(dim=1, keepdim=True) + torch.arange(n_types)
    ones = torch.ones(n_types, dtype=torch.float64)
    table = TrainingTable(
        tuple("abcde"[:n_types]), x, values, torch.full_like(values, torch.nan), 0 * ones, ones
    )
    fitted = MultiTaskGaussianProcess(RBFKernel).fit(table, seed=0)
    assert float((fitted.posterior(x).mean - values).abs().max()) < 0.3


def _broken(*_: object, **__: object) -> None:
    raise RuntimeError("view size is not compatible")


PROXIES: dict[str, type[Proxy]] = {
    "gaussian_process": GaussianProcess,
    "multi_task_gaussian_process": MultiTaskGaussianProcess,
    "deep_ensemble": deep_ensemble.DeepEnsemble,
    "random_forest": random_forest.RandomForest,
}


@pytest.mark.parametrize("name", PROXIES)
def test_one_broken_proxy_costs_no_round(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, objects = _campaign("peptides", 2, proxies={"kinds": [*PROXIES]})
    monkeypatch.setattr(PROXIES[name], "fit", _broken)
    proposal = _propose(spec, _results(objects, 2, is_complete=True))
    assert proposal.candidates
    assert proposal.summary["failed_proxies"] == {name: "RuntimeError: view size is not compatible"}
    assert any(
        f"The {name.replace('_', ' ')} could not learn" in told for told in proposal.summary["statements"]
    )


@pytest.mark.parametrize("part", ["mean", "sd"])
def test_predictions_that_are_no_numbers_are_a_failure(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = random_forest.FittedRandomForest.posterior

    def predict(self: random_forest.FittedRandomForest, features: torch.Tensor) -> Posterior:
        belief = whole(self, features)
        return replace(belief, **{part: getattr(belief, part) * torch.nan})

    spec, objects = _campaign("peptides", 1, proxies={"kinds": [*PROXIES]})
    monkeypatch.setattr(random_forest.FittedRandomForest, "posterior", predict)
    proposal = _propose(spec, _results(objects, 1, is_complete=True))
    assert proposal.candidates
    assert proposal.summary["failed_proxies"] == {"random_forest": "its predictions are not finite"}


def test_a_spare_proxy_steps_in_where_the_only_one_asked_for_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, objects = _campaign("peptides", 1)
    only = spec.model_copy(update={"proxies": spec.proxies.model_copy(update={"kinds": ("deep_ensemble",)})})
    monkeypatch.setattr(deep_ensemble.DeepEnsemble, "fit", _broken)
    proposal = _propose(only, _results(objects, 1, is_complete=True))
    assert proposal.summary["proxies"]["y0"]["chosen"] in ("gaussian_process", "random_forest")


def test_a_round_without_any_proxy_fails_and_names_every_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, objects = _campaign("peptides", 1)
    for proxy in PROXIES.values():
        monkeypatch.setattr(proxy, "fit", _broken)
    with pytest.raises(ProxyError, match=r"no proxy could learn y0: .*gaussian process: .*random forest: "):
        _propose(spec, _results(objects, 1, is_complete=True))


def test_what_stops_a_round_is_no_failure_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    class TimeLimitError(Exception):
        pass

    def interrupted(*_: object, **__: object) -> None:
        raise TimeLimitError

    spec, objects = _campaign("peptides", 1, proxies={"kinds": [*PROXIES]})
    monkeypatch.setattr(random_forest.RandomForest, "fit", interrupted)
    with pytest.raises(TimeLimitError):
        _propose(spec, _results(objects, 1, is_complete=True))
