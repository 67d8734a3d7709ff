"""Only the requested proxies are fitted, but every type is learned by one of them."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from gpytorch.kernels import RBFKernel
from pydantic import ValidationError

from models.proxies.contract import TrainingTable
from models.proxies.model_selection import MINIMUM_TO_VALIDATE, fit_best
from models.proxies.registry import build_proxies
from models.specs.decisions import PROXIES, ProxySpec


def table(n: int, types: Sequence[str] = ("y",)) -> TrainingTable:
    """Return a table of straight lines."""
    x = torch.linspace(0, 1, n, dtype=torch.float64).unsqueeze(-1)
    values = x.expand(-1, len(types)).clone()
    nothing, one = torch.full_like(values, torch.nan), torch.ones(len(types), dtype=torch.float64)
    return TrainingTable(tuple(types), x, values, nothing, 0 * one, one)


def test_every_installed_proxy_can_be_opened() -> None:
    assert tuple(build_proxies(RBFKernel, PROXIES, table(30, ("y", "z")))) == PROXIES
    assert ProxySpec().kinds is None
    assert ProxySpec(kinds=PROXIES).kinds == PROXIES


@pytest.mark.parametrize("kind", ["gaussian_process", "deep_ensemble", "random_forest"])
def test_one_kind_alone_is_calibrated(kind: str) -> None:
    some = table(2 * MINIMUM_TO_VALIDATE)
    fitted = fit_best(some, build_proxies(RBFKernel, [kind], some), seed=0, tick=lambda *_: None)
    summary: Any = fitted.summary()["y"]
    assert summary["chosen"] == kind
    assert set(summary["scores"]) == {kind}


def test_too_few_results_go_to_a_gaussian_process() -> None:
    assert list(build_proxies(RBFKernel, ["deep_ensemble"], table(3))) == [
        "gaussian_process",
        "deep_ensemble",
    ]


def test_too_many_results_go_to_a_random_forest() -> None:
    assert list(build_proxies(RBFKernel, ["gaussian_process"], table(2001))) == [
        "gaussian_process",
        "random_forest",
    ]


@pytest.mark.parametrize("kinds", [["forest"], ["random_forest", "random_forest"]])
def test_a_wrong_kind_is_named(kinds: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        ProxySpec.model_validate({"kinds": kinds})
    assert caught.value.errors()[0]["ctx"]["pointer"] == f"/kinds/{len(kinds) - 1}"


def test_no_kind_at_all_is_refused() -> None:
    with pytest.raises(ValidationError):
        ProxySpec.model_validate({"kinds": []})
