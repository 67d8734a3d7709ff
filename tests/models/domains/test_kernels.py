"""The kernels against their definitions."""

from unittest.mock import Mock

import pytest
import torch

from models.domains import kernels
from models.domains.kernels import TanimotoAndDescriptorsKernel, TanimotoKernel, tanimoto


def _by_definition(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    low = torch.minimum(left[:, None], right[None]).sum(-1)
    high = torch.maximum(left[:, None], right[None]).sum(-1)
    return torch.where(high > 0, low / high, torch.ones_like(high))


@pytest.mark.parametrize("decimals", [0, 6])
def test_equals_the_definition(decimals: int):
    generator = torch.Generator().manual_seed(0)
    x = 4 * torch.rand(9, 30, generator=generator, dtype=torch.float64) - 1.0
    x = x.clamp_min(0)
    x = x.round(decimals=decimals)
    x[3] = 0
    assert torch.allclose(tanimoto(x, x[:5]), _by_definition(x, x[:5]))
    assert torch.allclose(tanimoto(x[None], x[None])[0], _by_definition(x, x))


def test_is_positive_definite_with_unit_diagonal():
    x = torch.randint(0, 4, (40, 12), generator=torch.Generator().manual_seed(1)).double()
    gram = TanimotoKernel()(x).to_dense()
    assert torch.allclose(gram.diagonal(), torch.ones(40, dtype=torch.float64))
    assert torch.linalg.eigvalsh(gram).min() > -1e-9
    assert torch.allclose(TanimotoKernel()(x, diag=True), torch.ones(40, dtype=torch.float64))
    pairs = TanimotoKernel()(x[:20], x[20:], diag=True)
    assert torch.allclose(pairs, gram[:20, 20:].diagonal())


def test_refuses_negative_features():
    with pytest.raises(ValueError, match="non-negative"):
        tanimoto(torch.tensor([[-1.0, 2.0]]), torch.tensor([[1.0, 2.0]]))


def test_what_is_kept_belongs_to_its_rows():
    kernel = TanimotoKernel()
    generator = torch.Generator().manual_seed(0)
    for _ in range(2):
        rows = torch.randint(0, 3, (6, 4), generator=generator).double()
        for _ in range(2):
            torch.testing.assert_close(kernel(rows).to_dense(), tanimoto(rows, rows))
        torch.testing.assert_close(kernel(rows, rows[:2]).to_dense(), tanimoto(rows, rows[:2]))


COUNTS, DESCRIPTORS, MORE = 30, 4, 2


def _mixed_rows(n: int, seed: int = 0) -> torch.Tensor:
    """Return counts, descriptors that may be negative, and columns that no kernel reads."""
    generator = torch.Generator().manual_seed(seed)
    counts = torch.randint(0, 3, (n, COUNTS), generator=generator).double()
    others = torch.randn(n, DESCRIPTORS + MORE, generator=generator, dtype=torch.float64)
    return torch.cat([counts, others], dim=1)


def _sum_kernel() -> TanimotoAndDescriptorsKernel:
    kernel = TanimotoAndDescriptorsKernel(COUNTS, DESCRIPTORS).double()
    kernel.smooth.outputscale = 0.7
    kernel.smooth.base_kernel.lengthscale = 1.3
    return kernel


def _sum_by_definition(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return the sum by Rasmussen & Williams 2006, equation 4.17, with nu = 5/2."""
    block = slice(COUNTS, COUNTS + DESCRIPTORS)
    away = 5**0.5 * torch.cdist(left[:, block], right[:, block]) / 1.3
    smooth = (1 + away + away.square() / 3) * torch.exp(-away)
    return tanimoto(left[:, :COUNTS], right[:, :COUNTS]) + 0.7 * smooth


@torch.no_grad()
def test_counts_and_descriptors_equal_the_definition():
    kernel, x = _sum_kernel(), _mixed_rows(12)
    torch.testing.assert_close(kernel(x).to_dense(), _sum_by_definition(x, x))
    torch.testing.assert_close(kernel(x, x[:5]).to_dense(), _sum_by_definition(x, x[:5]))
    torch.testing.assert_close(kernel(x, diag=True), torch.full((12,), 1.7, dtype=torch.float64))
    pairs = kernel(x[:6], x[6:], diag=True)
    torch.testing.assert_close(pairs, _sum_by_definition(x[:6], x[6:]).diagonal())
    torch.testing.assert_close(kernel(x[None]).to_dense()[0], _sum_by_definition(x, x))


@torch.no_grad()
def test_counts_and_descriptors_are_positive_definite():
    assert torch.linalg.eigvalsh(_sum_kernel()(_mixed_rows(60)).to_dense()).min() > 1e-9


def test_weight_and_length_scale_are_fitted_and_their_prior_is_found():
    kernel, x = _sum_kernel(), _mixed_rows(12)
    kernel(x).to_dense().sum().backward()
    gradients = {name: parameter.grad for name, parameter in kernel.named_parameters()}
    assert len(gradients) == 2
    assert all(gradient is not None and float(gradient.abs().sum()) > 0 for gradient in gradients.values())
    assert len(list(kernel.named_priors())) == 1
    wide = TanimotoAndDescriptorsKernel(COUNTS, 16)
    assert float(wide.smooth.base_kernel.lengthscale.detach()) == pytest.approx(4.0)


def test_similarities_of_counts_are_computed_once_while_the_rest_is_fitted(monkeypatch: pytest.MonkeyPatch):
    counted = Mock(side_effect=tanimoto)
    monkeypatch.setattr(kernels, "tanimoto", counted)
    kernel, x = _sum_kernel(), _mixed_rows(12)
    before = kernel(x).to_dense().detach()
    kernel.smooth.base_kernel.lengthscale = 0.4
    after = kernel(x).to_dense().detach()
    assert counted.call_count == 1
    assert not torch.equal(before, after)
    kernel(_mixed_rows(12, seed=1)).to_dense()
    assert counted.call_count == 2


def test_counts_are_not_copied():
    kernel, x = _sum_kernel(), _mixed_rows(12)
    kernel(x).to_dense()
    kept, _ = kernel.tanimoto._kept
    assert kept.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
