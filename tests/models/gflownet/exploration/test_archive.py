"""How often each rank of an archive is drawn."""

import pytest
import torch

from models.gflownet.environments.strings import Strings
from models.gflownet.exploration.archive import RANK_COEFFICIENT, Archive, rank_quantiles

ENVIRONMENT = Strings("AB", 6)
N = 64


def filled(order: list[int]) -> Archive:
    archive = Archive(ENVIRONMENT.state_width, N)
    texts = [format(number, "06b").replace("0", "A").replace("1", "B") for number in order]
    states, _ = ENVIRONMENT.states(texts)
    archive.observe(ENVIRONMENT, states, -torch.tensor(order, dtype=torch.float32))
    return archive


def test_reciprocal_weights_are_those_published(generator: torch.Generator) -> None:
    archive = filled(torch.randperm(N, generator=generator).tolist())
    drawn = archive.draw(100_000, "reciprocal", torch.device("cpu"), generator)
    ranks = [int(text.replace("A", "0").replace("B", "1"), 2) for text in ENVIRONMENT.objects(drawn)]
    shares = torch.bincount(torch.tensor(ranks), minlength=N) / len(ranks)
    edges = (RANK_COEFFICIENT * N + torch.arange(N + 1)).log()
    assert torch.allclose(shares, edges.diff() / (edges[-1] - edges[0]), atol=0.005)


def test_powers_of_a_uniform_number_are_as_before() -> None:
    uniform = torch.linspace(0, 0.99, 12)
    assert torch.equal(rank_quantiles(uniform, "power", 2.0), uniform.square())


def test_the_last_quantile_is_the_worst_object() -> None:
    archive = filled(list(range(N)))
    assert ENVIRONMENT.objects(archive.at(torch.tensor([0.0, 1.0]))) == ["AAAAAA", "BBBBBB"]


def test_a_capacity_is_positive() -> None:
    with pytest.raises(ValueError, match="capacity"):
        Archive(ENVIRONMENT.state_width, 0)
