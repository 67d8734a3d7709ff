"""Picks over joint samples, against hypervolumes and improvements computed in full."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from botorch.utils.multi_objective.box_decompositions.dominated import DominatedPartitioning

from models.acquisition.improvement.gaussian import expected_excess
from models.selection.contract import Candidates, JointUtilities, SelectionRequest
from models.selection.hypervolume import ENOUGH, _reference, select
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
    for pick in select(candidates, SelectionRequest(4, 0.5, 0.0), BatchLimits(30, 4)):
        better = (
            (candidates.values >= candidates.values.sort(descending=True).values[14])
            .nonzero()
            .squeeze(1)
            .tolist()
        )
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
    for pick in select(candidates, SelectionRequest(3, 0.5, 0.0), BatchLimits(12, 3)):
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
    candidates = Candidates(
        mean, sd, torch.eye(4, dtype=torch.float64), utilities=JointUtilities(draws, known)
    )
    assert select(candidates, SelectionRequest(1, 0.0, 0.0), BatchLimits(4, 1))[0].index == 2


def _of_one_utility(
    draws: torch.Tensor, known: torch.Tensor, n_pending: int = 0, n_poor: int = ENOUGH
) -> Candidates:
    """Return candidates with samples [S, N], known objects [S, R] and many poor ones."""
    values = draws.mean(dim=0)
    known = torch.cat([known.new_full((len(known), n_poor), -9.0), known], dim=1)
    utilities = JointUtilities(draws.unsqueeze(-1), known.unsqueeze(-1), n_pending)
    return Candidates(values, draws.std(dim=0), torch.eye(len(values)).double(), utilities=utilities)


def _first(candidates: Candidates) -> int:
    return select(candidates, SelectionRequest(1, 0.0, 0.0), BatchLimits(len(candidates.values), 1))[0].index


def test_one_objective_improves_on_what_is_expected_of_the_measured_once_they_are_enough() -> None:
    normal = torch.randn(4096, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    best = 1.0 + 0.3 * normal[:, :1]
    # the first is correlated with the best and is probably better; over a sampled best it gains .1 at
    # most, and a gamble .15
    draws = torch.cat([best + 0.1, 1.0 + 0.25 * normal[:, 1:2], 0.5 + 0.1 * normal[:, 2:]], dim=1)
    assert _first(_of_one_utility(draws, best)) == 0
    assert _first(_of_one_utility(draws, best, n_poor=ENOUGH - 2)) == 1


def test_one_objective_improves_on_what_the_pending_turn_out_to_be() -> None:
    normal = torch.randn(1024, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    draws = torch.cat([1.0 + 0.3 * normal[:, :1], 0.95 + 0.3 * normal[:, 1:]], dim=1)
    measured, copied = torch.full((1024, 1), 0.9, dtype=torch.float64), draws[:, :1]
    known = torch.cat([measured, copied], dim=1)
    assert _first(_of_one_utility(draws, known, n_pending=1)) == 1
    assert _first(_of_one_utility(draws, measured)) == 0


def test_one_objective_compares_improvements_of_any_size() -> None:
    normal = torch.randn(64, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    known = torch.ones(64, 1, dtype=torch.float64)
    small = 1.0 - 2e-6 + torch.tensor([1e-6, 2e-6]) * normal
    assert _first(_of_one_utility(small, known)) == 1
    hopeless = 0.5 + torch.tensor([0.001, 0.01]) * normal
    assert _first(_of_one_utility(hopeless, known)) == 1


def test_a_batch_of_one_objective_fixes_each_pick_at_its_mean() -> None:
    generator = torch.Generator().manual_seed(1)
    indices = torch.rand(20, 1, generator=generator, dtype=torch.float64)
    covariance = 0.04 * torch.exp(-(((indices - indices.T) / 0.2) ** 2)) + 1e-8 * torch.eye(20)
    mean = 0.5 + 0.3 * torch.rand(20, generator=generator, dtype=torch.float64)
    normal = torch.randn(4096, 20, generator=generator, dtype=torch.float64)
    draws = mean + normal @ torch.linalg.cholesky(covariance).T
    known = 0.7 + 0.1 * torch.randn(4096, 3, generator=generator, dtype=torch.float64)
    picked: list[int] = []
    for pick in select(_of_one_utility(draws, known), SelectionRequest(5, 0.5, 0.0), BatchLimits(20, 5)):
        seen = torch.tensor(picked, dtype=torch.int64)
        best = torch.cat([mean[seen], known.mean(dim=0)]).amax()
        half = torch.linalg.solve(covariance[seen][:, seen], covariance[seen])
        deviation = (covariance - covariance[:, seen] @ half).diagonal().clamp_min(0).sqrt()
        gains = expected_excess(mean, deviation, best)
        gains[picked] = 0.0
        # moments of samples have small errors: the pick is the best up to that
        assert float(gains[pick.index]) >= 0.95 * float(gains.max())
        picked.append(pick.index)


def test_a_pick_that_hardly_can_be_made_is_not_the_one_to_beat() -> None:
    normal = torch.randn(1024, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    draws = torch.tensor([9.0, 1.2, 0.6]) + torch.tensor([0.1, 0.1, 0.6]) * normal
    known = torch.ones(1024, 1, dtype=torch.float64)
    for feasibility, then in ((0.2, 1), (1.0, 2)):
        candidates = replace(
            _of_one_utility(draws, known), feasibility=torch.tensor([feasibility, 1, 1], dtype=torch.float64)
        )
        picks = select(candidates, SelectionRequest(2, 0.0, 0.0), BatchLimits(3, 2))
        assert [pick.index for pick in picks] == [0, then]


def test_a_copy_of_a_pick_adds_little() -> None:
    generator = torch.Generator().manual_seed(0)
    base = 1 + 0.3 * torch.randn(64, 1, 2, generator=generator, dtype=torch.float64)
    other = 0.9 + 0.3 * torch.randn(64, 1, 2, generator=generator, dtype=torch.float64)
    draws = torch.cat([base, base + 1e-3, other], dim=1)
    known = torch.zeros(64, 1, 2, dtype=torch.float64)
    values = torch.ones(3, dtype=torch.float64)
    candidates = Candidates(
        values, values, torch.eye(3, dtype=torch.float64), utilities=JointUtilities(draws, known)
    )
    assert [pick.index for pick in select(candidates, SelectionRequest(2, 0.0, 0.0), BatchLimits(3, 2))] == [
        1,
        2,
    ]


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
    assert select(candidates, SelectionRequest(1, 0.0, 0.0), BatchLimits(2, 1))[0].index == 0


def test_requires_joint_samples() -> None:
    values = torch.ones(3, dtype=torch.float64)
    with pytest.raises(ValueError, match="joint draws"):
        select(Candidates(values, values, torch.eye(3)), SelectionRequest(1, 0.0, 0.0), BatchLimits(3, 1))


@pytest.mark.parametrize("n_objectives", [2, 3])
def test_several_objectives_improve_on_what_the_pending_turn_out_to_be(n_objectives: int) -> None:
    normal = torch.randn(128, 2, n_objectives, generator=torch.Generator().manual_seed(0)).double()
    mean = torch.full((2, n_objectives), 0.7, dtype=torch.float64)
    mean[1, 0] = 0.65
    draws = mean + 0.1 * normal
    measured = torch.full((128, 1, n_objectives), 0.5, dtype=torch.float64)
    assert _chosen(draws, measured, n_pending=0) == 0
    # a copy of the first is under way: what it may bring is expected already
    assert _chosen(draws, torch.cat([measured, draws[:, :1]], dim=1), n_pending=1) == 1


def _chosen(draws: torch.Tensor, known: torch.Tensor, n_pending: int) -> int:
    equal = torch.ones(draws.shape[1], dtype=torch.float64)
    utilities = JointUtilities(draws, known, n_pending)
    candidates = Candidates(equal, equal, torch.eye(len(equal)).double(), utilities=utilities)
    return _first(candidates)
