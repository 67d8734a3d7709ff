"""No log-reward saturates: better objects are distinct at every temperature and on every range."""

import math

import pytest
import torch
from torch import Tensor
from true_values import TrueValues

from models.acquisition import get_acquisition
from models.acquisition.contract import SCALARISATIONS, AcquisitionContext
from models.data.utility import Utility
from models.reward.log_reward import ObjectLogReward
from models.reward.utility import fit_utility
from models.specs.objectives import Objective
from models.specs.sampler import MOST_BETA

BETAS = (1e-3, 1.0, 16.0, 64.0, 300.0, MOST_BETA)
N, BEST, MEASURED = 4000, 150, 96
RESOLUTION = 1e-5
"""Statistics are rounded to six decimals."""


def heavy_tailed(m: int = 1, seed: int = 0) -> Tensor:
    """Return values [N, M], mostly near 0 and a few very large, as in fitness landscapes."""
    normal = torch.randn(N, m, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (2.0 * normal).exp()


def rewards(
    values: Tensor, utilities: list[Utility], beta: float, kind: str = "upper_confidence_bound"
) -> Tensor:
    m = values.shape[1]
    reached = torch.stack([item.of(values[:, i]) for i, item in enumerate(utilities)], dim=1)[:MEASURED]
    context = AcquisitionContext(
        1.0, SCALARISATIONS["augmented_chebyshev"], reached, (reached, torch.zeros_like(reached))
    )
    texts = [str(row) for row in range(len(values))]
    model = TrueValues(dict(zip(texts, values.tolist(), strict=True)))
    reward = ObjectLogReward(model, utilities, get_acquisition(kind)(context), 0.0)  # type: ignore[arg-type]
    return reward(texts, torch.full((len(texts),), beta), torch.full((len(texts), m), 1 / m))


def assert_distinct(utility: Tensor, answer: Tensor) -> None:
    """Check that log-rewards [N] rise wherever the utility [N] rises by more than the rounding."""
    assert bool(answer.isfinite().all())
    rows = [int(utility.argmin())]
    for row in utility.argsort().tolist():
        last = float(utility[rows[-1]])
        if float(utility[row]) > last + RESOLUTION * max(1.0, abs(last)):
            rows.append(row)
    assert len(rows) > len(utility) / 10
    assert bool((answer[rows].diff() > 0).all())


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize(
    "kind", ["upper_confidence_bound", "expected_improvement", "expected_hypervolume_improvement"]
)
@pytest.mark.parametrize("seed", range(3))
def test_the_best_of_a_heavy_tail_do_not_tie_on_a_learned_range(beta: float, kind: str, seed: int) -> None:
    values = heavy_tailed(seed=seed)
    learned = fit_utility(Objective(name="y"), "none", values[:MEASURED, 0])
    assert learned.high == float(values[:MEASURED].max())
    answer = rewards(values, [learned], beta, kind)
    best = values[:, 0].topk(BEST).indices
    best = best[values[best, 0] > learned.high]
    assert len(answer[best].unique()) == len(best)
    assert_distinct(learned.of(values[best, 0]), answer[best])


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("span", [(0.0, 1.0), (0.0, 1e-6), (1e3, 2e3), (-1.0, 500.0)])
@pytest.mark.parametrize("direction", ["maximize", "minimize", "target"])
def test_all_are_distinct_on_every_stated_range(
    beta: float, span: tuple[float, float], direction: str
) -> None:
    values = heavy_tailed()
    target = 5.0 if direction == "target" else None
    wanted = Objective.model_validate({"name": "y", "direction": direction, "target": target, "range": span})
    stated = fit_utility(wanted, "none", torch.empty(0))
    assert_distinct(stated.of(values[:, 0]), rewards(values, [stated], beta))


@pytest.mark.parametrize("beta", BETAS)
def test_several_objectives_and_doubtful_objects_are_distinct(beta: float) -> None:
    values = heavy_tailed(2)
    both = [Utility(0.0, 1.0, "maximize"), Utility(0.0, 50.0, "minimize")]
    reached = torch.stack([item.of(values[:, i]) for i, item in enumerate(both)], dim=1)
    even = torch.full_like(reached, 0.5)
    utility = SCALARISATIONS["augmented_chebyshev"](reached, even)
    assert_distinct(utility, rewards(values, both, beta))


def test_above_one_a_reward_rises_by_the_logarithm_and_has_no_step() -> None:
    values = torch.tensor([[0.5], [1.0], [1.0 + 1e-6], [math.e], [math.e**2]], dtype=torch.float64)
    answer = rewards(values, [Utility(0.0, 1.0, "maximize")], 10.0)
    assert answer.tolist() == pytest.approx([5.0, 10.0, 10.00001, 20.0, 30.0], abs=2e-6)


def test_below_the_soft_floor_a_reward_falls_as_a_root_and_has_no_step() -> None:
    values = torch.tensor([[-1.0], [-2.0], [-2.000001], [-14.0]], dtype=torch.float64)
    answer = rewards(values, [Utility(0.0, 1.0, "maximize")], 10.0)
    assert answer.tolist() == pytest.approx([-10.0, -20.0, -20.00001, -19.0 - math.sqrt(241)], abs=2e-6)
