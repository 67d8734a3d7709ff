"""Lazy picks over joint draws, against hypervolumes computed in full."""

from collections.abc import Callable

import pytest
import torch
from botorch.utils.multi_objective.box_decompositions.dominated import DominatedPartitioning

from models.selection.contract import Candidates, JointUtilities, Request
from models.selection.hypervolume import _reference, select
from models.selection.limits import BatchLimits

MakePlane = Callable[..., Candidates]


def _expected_volume(draws: torch.Tensor, reference: torch.Tensor) -> float:
    volumes = [float(DominatedPartitioning(reference, each).compute_hypervolume()) for each in draws]
    return sum(volumes) / len(volumes)


def test_each_pick_improves_the_expected_hypervolume_the_most(make_plane: MakePlane) -> None:
    candidates = make_plane(30)
    assert candidates.utilities is not None
    draws, known = candidates.utilities.candidates, candidates.utilities.known
    reference = _reference(known)
    picked: list[int] = []
    for pick in select(candidates, Request(4, 0.5, 0.0), BatchLimits(30, 4)):
        better = (candidates.values >= candidates.values.sort(descending=True).values[14]).nonzero().squeeze(1).tolist()
        gains = {
            row: _expected_volume(torch.cat([known, draws[:, [*picked, row]]], dim=1), reference)
            for row in better
            if row not in picked
        }
        # BoTorch smooths improvements: the pick is the best up to that
        assert gains[pick.index] >= max(gains.values()) * 0.999
        picked.append(pick.index)


def test_directions_find_what_improves_the_hypervolume_of_three_objectives() -> None:
    generator = torch.Generator().manual_seed(0)
    mean = torch.rand(12, 3, generator=generator, dtype=torch.float64)
    draws = mean + 0.1 * torch.randn(16, 12, 3, generator=generator, dtype=torch.float64)
    known = draws[:, :2] - 0.3
    values = torch.ones(12, dtype=torch.float64)
    candidates = Candidates(values, values, torch.eye(12).double(), utilities=JointUtilities(draws, known))
    reference = _reference(known)
    picked: list[int] = []
    for pick in select(candidates, Request(3, 0.5, 0.0), BatchLimits(12, 3)):
        gains = {
            row: _expected_volume(torch.cat([known, draws[:, [*picked, row]]], dim=1), reference)
            - _expected_volume(torch.cat([known, draws[:, picked]], dim=1), reference)
            for row in range(12)
            if row not in picked
        }
        # random directions estimate the volumes: the pick is among the best up to that
        assert gains[pick.index] >= max(gains.values()) * 0.85
        picked.append(pick.index)


def test_one_objective_prefers_what_may_beat_the_best() -> None:
    generator = torch.Generator().manual_seed(0)
    mean = torch.tensor([0.0, 0.9, 0.9, 0.3], dtype=torch.float64)
    sd = torch.tensor([0.01, 0.01, 0.5, 0.01], dtype=torch.float64)
    draws = (mean + sd * torch.randn(128, 4, generator=generator, dtype=torch.float64)).unsqueeze(-1)
    known = torch.full((128, 1, 1), 0.95, dtype=torch.float64)
    candidates = Candidates(mean, sd, torch.eye(4, dtype=torch.float64), utilities=JointUtilities(draws, known))
    assert select(candidates, Request(1, 0.0, 0.0), BatchLimits(4, 1))[0].index == 2


def test_a_copy_of_a_pick_is_worth_little() -> None:
    generator = torch.Generator().manual_seed(0)
    base = 1 + 0.3 * torch.randn(64, 1, 2, generator=generator, dtype=torch.float64)
    other = 0.9 + 0.3 * torch.randn(64, 1, 2, generator=generator, dtype=torch.float64)
    draws = torch.cat([base, base + 1e-3, other], dim=1)
    known = torch.zeros(64, 1, 2, dtype=torch.float64)
    values = torch.ones(3, dtype=torch.float64)
    candidates = Candidates(values, values, torch.eye(3, dtype=torch.float64), utilities=JointUtilities(draws, known))
    assert [pick.index for pick in select(candidates, Request(2, 0.0, 0.0), BatchLimits(3, 2))] == [1, 2]


def test_unlikely_feasibility_counts() -> None:
    draws = torch.tensor([[1.0], [1.1]], dtype=torch.float64).expand(8, -1, -1)
    feasibility = torch.tensor([1.0, 0.1], dtype=torch.float64)
    values = torch.tensor([1.0, 1.0], dtype=torch.float64)
    candidates = Candidates(
        values,
        values,
        torch.eye(2, dtype=torch.float64),
        feasibility=feasibility,
        utilities=JointUtilities(draws, torch.zeros(8, 1, 1, dtype=torch.float64)),
    )
    assert select(candidates, Request(1, 0.0, 0.0), BatchLimits(2, 1))[0].index == 0


def test_asks_for_joint_draws() -> None:
    values = torch.ones(3, dtype=torch.float64)
    with pytest.raises(ValueError, match="joint draws"):
        select(Candidates(values, values, torch.eye(3)), Request(1, 0.0, 0.0), BatchLimits(3, 1))
