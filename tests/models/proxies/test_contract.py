"""A table carries exact and censored cells side by side."""

import math

import pytest
import torch
from torch import Tensor

from models.proxies.contract import TrainingTable

NAN, INF = math.nan, math.inf


def _table(values: list[list[float]], lower: list[list[float]], upper: list[list[float]]) -> TrainingTable:
    cells = [torch.tensor(cell, dtype=torch.float64) for cell in (values, lower, upper)]
    n, m = cells[0].shape
    one: Tensor = torch.ones(m, dtype=torch.float64)
    features = torch.arange(n, dtype=torch.float64)[:, None]
    return TrainingTable(
        tuple("abc"[:m]), features, cells[0], torch.full_like(cells[0], NAN), 0 * one, one, cells[1], cells[2]
    )


def test_knows_exact_and_censored_cells_through_rows_and_columns() -> None:
    table = _table([[1.0, NAN], [NAN, NAN]], [[NAN, -INF], [2.0, NAN]], [[NAN, 5.0], [3.0, NAN]])
    assert table.measured.tolist() == [[True, False], [False, False]]
    assert table.censored.tolist() == [[False, True], [True, False]]
    assert table.known.tolist() == [[True, True], [True, False]]
    part = table.columns([0]).rows(torch.tensor([1]))
    assert (float(part.lower), float(part.upper)) == (2.0, 3.0)
    assert part.types == ("a",)


def test_nothing_is_censored_by_default() -> None:
    x = torch.zeros(2, 1, dtype=torch.float64)
    table = TrainingTable(("a",), x, x + 1, x, x[0], x[0] + 1)
    assert not bool(table.censored.any())
    assert table.lower.shape == table.values.shape


@pytest.mark.parametrize(
    ("value", "lower", "upper", "message"),
    [
        (NAN, 2.0, 2.0, "less than"),
        (NAN, 3.0, 2.0, "less than"),
        (1.0, 0.0, 2.0, "no value"),
        (NAN, 0.0, NAN, "has both"),
        (NAN, -INF, INF, "finite bound"),
    ],
)
def test_refuses_bounds_without_sense(value: float, lower: float, upper: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _table([[value]], [[lower]], [[upper]])


def test_standard_leans_on_neither_side() -> None:
    """The location of a type with censored values is that of all values, not of the uncensored part."""
    sample = torch.randn(400, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    values = sample.masked_fill(sample > 0, NAN)
    lower = torch.where(sample > 0, 0.0, NAN).double()
    upper = torch.where(sample > 0, INF, NAN).double()
    location, scale = _table(values.tolist(), lower.tolist(), upper.tolist()).standard()
    assert float(location) == pytest.approx(0.0, abs=0.15)
    assert float(scale) == pytest.approx(1.0, abs=0.15)
