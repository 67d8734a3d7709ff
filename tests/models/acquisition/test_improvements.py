"""Expected improvements agree with Monte Carlo, and with each other where they must."""

import itertools
import math

import pytest
import torch
from botorch.utils.multi_objective.hypervolume import Hypervolume
from torch import Tensor

from models.acquisition.contract import AcquisitionContext, Scalarise, augmented_chebyshev, weighted_sum
from models.acquisition.expected_hypervolume_improvement import ExpectedHypervolumeImprovement
from models.acquisition.expected_improvement import ExpectedImprovement
from models.acquisition.improvement.front import cells_beyond, front_of, reference_point
from models.acquisition.improvement.gaussian import expected_excess
from models.acquisition.improvement.scale import ImprovementScale, trade_offs

SAMPLES = 20_000


def _numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _sphere(n: int, m: int, seed: int = 0) -> Tensor:
    direction = _numbers(n, m, seed=seed)
    return 0.8 * direction / direction.norm(dim=1, keepdim=True)


def _situation(incumbents: Tensor, scalarise: Scalarise = augmented_chebyshev) -> AcquisitionContext:
    empty = incumbents[:0]
    return AcquisitionContext(1.0, scalarise, incumbents, (empty, empty))


def _draws(mean: Tensor, sd: Tensor, n: int = SAMPLES) -> Tensor:
    """Return antithetic samples [2 n, M] of one object's utilities."""
    normal = torch.randn(n, len(mean), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return mean + sd * torch.cat([normal, -normal])


def _volume(points: Tensor) -> float:
    return float(Hypervolume(torch.zeros(points.shape[1], dtype=torch.float64)).compute(front_of(points)))


def test_a_gaussian_s_excess_is_that_of_samples_and_of_limits() -> None:
    mean, sd = torch.tensor([0.0, 0.3, -0.5, 1.0], dtype=torch.float64), torch.tensor([1.0, 0.2, 0.4, 0.0])
    bound = torch.tensor([0.2, 0.5, 0.1, 0.4], dtype=torch.float64)
    normal = torch.randn(400_000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    sampled = (mean + sd * normal - bound).clamp_min(0).mean(dim=0)
    assert torch.allclose(expected_excess(mean, sd.double(), bound), sampled, atol=3e-3)
    assert float(expected_excess(mean[:1], sd[:1].double(), torch.tensor([math.inf]))) == 0
    assert float(expected_excess(mean[:1] - 100, sd[:1].double(), bound[:1])) == 0


@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize("scalarise", [weighted_sum, augmented_chebyshev])
def test_expected_improvement_is_that_of_many_samples(m: int, scalarise: Scalarise) -> None:
    incumbents = _sphere(12, m)
    acquisition = ExpectedImprovement(_situation(incumbents, scalarise))
    mean, sd = _numbers(8, m, seed=1), 0.05 + 0.3 * _numbers(8, m, seed=2)
    weights = _numbers(8, m, seed=3) + 0.02
    preference = weights / weights.sum(dim=1, keepdim=True)
    result = acquisition.improvement(acquisition.statistics(mean, sd, None), preference)
    for row in range(8):
        reached = scalarise(_draws(mean[row], sd[row], 100_000), preference[row])
        best = scalarise(incumbents, preference[row]).max()
        sampled = float((reached - best).clamp_min(0).mean())
        assert float(result[row]) == pytest.approx(sampled, abs=0.015 * float(sd[row].max()))


def _gains(points: Tensor, front: Tensor) -> Tensor:
    """Return the volume above 0 that each point [N, M] adds to a front, by inclusion and exclusion."""
    gains = points.clamp_min(0).prod(dim=1)
    for size in range(1, len(front) + 1):
        for members in itertools.combinations(range(len(front)), size):
            shared = torch.minimum(points, front[list(members)].amin(dim=0)).clamp_min(0).prod(dim=1)
            gains = gains + (-1) ** size * shared
    return gains


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_hypervolume_improvement_is_that_of_many_samples(m: int) -> None:
    incumbents = _sphere(6, m)
    acquisition = ExpectedHypervolumeImprovement(_situation(incumbents))
    mean, sd = 0.5 + 0.5 * _numbers(2, m, seed=1), 0.2 + 0.2 * _numbers(2, m, seed=2)
    weights = torch.stack([torch.ones(m), torch.linspace(1.0, 0.2, m)]).double()
    preference = weights / weights.sum(dim=1, keepdim=True)
    result = acquisition.improvement(acquisition.statistics(mean, sd, None), preference)
    for row in range(2):
        seen, front = (1 - weights[row] * (1 - at) for at in (_draws(mean[row], sd[row]), incumbents))
        gain = _gains(seen, front)
        assert _gains(seen[:1], front).item() == pytest.approx(
            _volume(torch.cat([front, seen[:1]])) - _volume(front), abs=1e-9
        )
        assert float(gain.mean()) > 0.01
        assert float(result[row]) == pytest.approx(float(gain.mean()), rel=0.04)


def test_ties_and_points_on_a_grid_change_nothing() -> None:
    grid = torch.cartesian_prod(*[torch.arange(4, dtype=torch.float64) / 4] * 3)
    incumbents = grid[(grid.sum(dim=1) - 1).abs() < 1e-9]
    acquisition = ExpectedHypervolumeImprovement(_situation(torch.cat([incumbents, incumbents])))
    point, even = torch.full((1, 3), 0.55, dtype=torch.float64), torch.full((1, 3), 1 / 3, dtype=torch.float64)
    certain = acquisition.improvement(acquisition.statistics(point, torch.zeros_like(point), None), even)
    gain = _volume(torch.cat([incumbents, point])) - _volume(incumbents)
    assert float(certain) == pytest.approx(gain, abs=1e-9)


@pytest.mark.parametrize("offset", [0.0, -3.0])
def test_with_one_objective_it_is_the_expected_improvement(offset: float) -> None:
    incumbents = _numbers(15, 1) + offset
    context = AcquisitionContext(
        1.0, weighted_sum, incumbents, (_numbers(9, 1) + offset, torch.full((9, 1), 0.1).double())
    )
    volume, single = ExpectedHypervolumeImprovement(context), ExpectedImprovement(context)
    mean, sd, all_of_it = _numbers(30, 1, seed=1) + offset, 0.3 * _numbers(30, 1, seed=2), torch.ones(30, 1).double()
    statistics = single.statistics(mean, sd, None)
    assert torch.allclose(volume.improvement(statistics, all_of_it), single.improvement(statistics, all_of_it))
    assert torch.allclose(volume.value(statistics, all_of_it), single.value(statistics, all_of_it))


def test_all_weight_on_one_objective_is_its_expected_improvement() -> None:
    incumbents = _sphere(10, 3)
    acquisition = ExpectedHypervolumeImprovement(_situation(incumbents))
    alone = ExpectedImprovement(_situation(incumbents[:, 1:2]))
    mean, sd = _numbers(20, 3, seed=1), 0.3 * _numbers(20, 3, seed=2)
    only = torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.float64).expand(20, -1)
    expected = alone.improvement(alone.statistics(mean[:, 1:2], sd[:, 1:2], None), only[:, 1:2])
    assert torch.allclose(acquisition.improvement(acquisition.statistics(mean, sd, None), only), expected)


def test_five_objectives_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 4 objectives"):
        ExpectedHypervolumeImprovement(_situation(_sphere(4, 5)))


def test_boxes_are_disjoint_and_fill_what_is_not_dominated() -> None:
    front = front_of(_sphere(14, 3, seed=5))
    cells = cells_beyond(front)
    low, high = (
        torch.stack([cells.coordinates[at[:, m], m] for m in range(3)], dim=1) for at in (cells.lower, cells.upper)
    )
    points = 1.4 * _numbers(2_000, 3, seed=6) - 0.2
    inside = ((points.unsqueeze(1) > low) & (points.unsqueeze(1) <= high)).all(dim=2).sum(dim=1)
    dominated = (front.unsqueeze(0) >= points.unsqueeze(1)).all(dim=2).any(dim=1)
    assert torch.equal(inside, (~dominated).long())


def test_the_reference_point_is_poor_until_everything_is_poorer() -> None:
    assert reference_point(torch.tensor([[0.2, 0.1], [0.9, -0.5]])).tolist() == [0.0, 0.0]
    assert reference_point(torch.zeros(0, 2)).tolist() == [0.0, 0.0]
    assert reference_point(torch.tensor([[0.5, -1.0]]).double()).tolist() == pytest.approx([0.0, -1.1])


def test_the_scale_has_its_fixed_points_for_every_preference() -> None:
    strength = torch.tensor([[0.4], [0.1]], dtype=torch.float64)
    scale = ImprovementScale(lambda statistics, preference: statistics[:, 0] * preference[:, 0] ** 0, strength, 3)
    preference = trade_offs(3)
    scaled = [scale(torch.full((len(preference),), 0.4 * factor).double(), preference) for factor in (0, 0.1, 1, 10)]
    means = [float(part.mean()) for part in scaled]
    assert means == pytest.approx([0, 0.52, 1, 1.5], abs=0.01)
    assert all(float(part.max() - part.min()) < 1e-9 for part in scaled)
    assert torch.allclose(preference.sum(dim=1), torch.ones(len(preference)).double())
