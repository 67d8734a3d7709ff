"""The Tanimoto kernel against its definition."""

import pytest
import torch

from models.domains.kernels import TanimotoKernel, tanimoto


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
