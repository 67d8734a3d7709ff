"""Offsets added to simulated results are recovered, and no others."""

import math

import numpy as np
import pytest
import torch
from gpytorch.kernels import RBFKernel
from torch import Tensor

from models.data.batch_effects import BatchEffects, learn_offsets
from models.data.tables import tabulate
from models.data.versions import latest_version, only_latest
from models.messages.message import texts
from models.records import Measurement
from models.specs.objectives import MeasuredQuantity


def _features(names: object) -> Tensor:
    return torch.tensor([[float(name)] for name in names], dtype=torch.float64)  # type: ignore[attr-defined]


def _truth(name: str) -> float:
    return math.sin(2 * float(name))


def _world(seed: int, offsets: dict[str, float], shared: int, per_version: int = 25) -> list[Measurement]:
    """Return results of a log10 quantity: versions have `shared` objects in common and others alone."""
    rng = np.random.default_rng(seed)
    common = [f"{x:.4f}" for x in rng.uniform(-3, 3, shared)]
    results = []
    for version, offset in offsets.items():
        own = [f"{x:.4f}" for x in rng.uniform(-3, 3, per_version - shared)]
        results += [
            Measurement(name, "y", 10 ** (_truth(name) + offset + rng.normal(0, 0.1)), assay_version=version)
            for name in [*common, *own]
        ]
    return results


def _learn(results: list[Measurement], *, plates: bool = True) -> BatchEffects:
    return learn_offsets(results, "log10", _features, RBFKernel(), plates=plates, seed=0)


@pytest.mark.parametrize("seed", range(3))
def test_finds_version_offsets_against_the_latest(seed: int) -> None:
    results = _world(seed, {"v1": 0.6, "v2": -0.4, "v3": 0.0}, shared=8)
    result = _learn(results)
    assert result.reference == "v3"
    assert set(result.versions) == {"v1", "v2"}
    for name, truth in (("v1", 0.6), ("v2", -0.4)):
        offset, error = result.versions[name]
        assert offset == pytest.approx(truth, abs=0.15)
        assert abs(offset - truth) < 4 * error
        assert result.shared[name] == 8
    assert result.offset_of(Measurement("0", "y", 1.0, assay_version="v3")) == 0.0


def test_finds_plate_offsets_and_translates_results() -> None:
    rng = np.random.default_rng(0)
    truth = {"p1": 0.5, "p2": -0.5, "p3": 0.0}
    results = [
        Measurement(name := f"{x:.4f}", "y", 10 ** (_truth(name) + truth[plate] + rng.normal(0, 0.1)), plate=plate)
        for plate in truth
        for x in rng.uniform(-3, 3, 24)
    ]
    result = _learn(results)
    assert {str(name): pair[0] for name, pair in result.plates.items()} == pytest.approx(truth, abs=0.2)
    quantity = {"y": MeasuredQuantity(transform="log10")}
    errors = [
        np.mean([(value - _truth(name)) ** 2 for name, value in zip(t.objects, t.values[:, 0], strict=True)])
        for t in (tabulate(results, quantity, result.offset_of), tabulate(results, quantity))
    ]
    assert errors[0] < 0.3 * errors[1]
    assert _learn(results, plates=False).summary() == {}


def test_the_same_assay_twice_has_hardly_an_offset() -> None:
    offset, error = _learn(_world(1, {"v1": 0.0, "v2": 0.0}, shared=8)).versions["v1"]
    assert abs(offset) < 0.12
    assert error < 0.15


def test_versions_without_common_objects_are_reported_as_confounded() -> None:
    apart = _learn(_world(0, {"v1": 0.6, "v2": 0.0}, shared=0))
    together = _learn(_world(0, {"v1": 0.6, "v2": 0.0}, shared=8))
    assert any("shares no object" in sentence for sentence in texts(apart.messages("y")))
    assert not any("shares no object" in sentence for sentence in texts(together.messages("y")))
    assert apart.summary()["versions"]["v1"]["offset"] == pytest.approx(apart.versions["v1"][0])


def test_one_version_and_no_plates_learn_nothing() -> None:
    nothing = _learn(_world(0, {"v1": 0.6}, shared=5))
    assert nothing.summary() == {}
    assert nothing.messages("y") == []
    assert nothing.offset_of(Measurement("0", "y", 1.0, assay_version="v1", plate="p")) == 0.0


def test_results_that_name_no_version_are_older_than_any() -> None:
    results = [Measurement("a", "y", 1.0, assay_version="v1"), Measurement("b", "y", 1.0)]
    assert latest_version(results) == "v1"
    assert latest_version(results[1:]) is None


def test_only_the_latest_version_counts_but_failures_stay() -> None:
    results = [
        Measurement("a", "y", 1.0, assay_version="v1"),
        Measurement("b", "y", outcome="failed_synthesis", assay_version="v1"),
        Measurement("c", "y", 2.0, assay_version="v2"),
        Measurement("c", "z", 2.0, assay_version="v1"),
    ]
    kept, left_out = only_latest(results)
    assert [(r.object, r.type) for r in kept] == [("b", "y"), ("c", "y"), ("c", "z")]
    assert left_out == {"y": 1}
