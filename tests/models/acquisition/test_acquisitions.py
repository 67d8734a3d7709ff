"""Every acquisition, found by looking, prefers the better and scores on the scale of utilities."""

import pkgutil
from importlib import import_module

import pytest
import torch

import models.acquisition
from models.acquisition.contract import Acquisition
from models.acquisition.upper_confidence_bound import UpperConfidenceBound


def _implementations() -> list[type[Acquisition]]:
    for info in pkgutil.iter_modules(models.acquisition.__path__):
        import_module(f"models.acquisition.{info.name}")
    return Acquisition.__subclasses__()


@pytest.mark.parametrize("kind", _implementations(), ids=lambda kind: kind.__name__)
def test_prefers_the_better(kind: type[Acquisition]) -> None:
    mean = torch.linspace(0, 1, 12, dtype=torch.float64).reshape(6, 2)
    score = kind().score(mean, torch.full_like(mean, 0.1))
    assert score.shape == (6, 2)
    assert bool((score.diff(dim=0) > 0).all())


def test_upper_confidence_bound_weighs_deviations() -> None:
    mean, sd = torch.tensor([[1.0], [0.5]]), torch.tensor([[0.0], [1.0]])
    assert UpperConfidenceBound(0.0).score(mean, sd).argmax() == 0
    assert UpperConfidenceBound(2.0).score(mean, sd).tolist() == [[1.0], [2.5]]
    with pytest.raises(ValueError, match="kappa"):
        UpperConfidenceBound(-1.0)
