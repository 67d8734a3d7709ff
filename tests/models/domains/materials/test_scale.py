"""Levels that span decades count by their ratios, in features, in the kernel and in similarities."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from models.domains.contract import Domain
from models.domains.materials.process import Continuous, Ordinal, Variable

DECADES = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2]


def variable(**fields: Any) -> Ordinal | Continuous:
    """Return a numeric variable."""
    result: Any = TypeAdapter(Variable).validate_python({"name": "c", "type": "ordinal", **fields})
    assert isinstance(result, Ordinal | Continuous)
    return result


@pytest.mark.parametrize(
    ("values", "is_log"),
    [
        (DECADES, True),
        ([1, 10, 100], True),
        ([1, 2, 5, 10, 20, 50, 100], True),
        ([0.1, 1, 5, 10, 50, 100], True),
        ([1e-6, 1e-2], True),
        ([1, 50, 100], False),
        ([1, 25, 50, 75, 100], False),
        ([0, 1e-5, 1e-3], False),
        ([-1, 10, 1000], False),
        ([20, 40, 80], False),
        ([5], False),
    ],
)
def test_who_sets_nothing_gets_the_scale_on_which_values_are_even(values: list[float], *, is_log: bool) -> None:
    assert variable(values=values).is_log == is_log
    assert not variable(values=values, scale="linear").is_log


def test_a_scale_can_be_requested() -> None:
    assert variable(values=[10, 20, 30], scale="log").is_log
    steps = {"type": "continuous", "low": 0.01, "high": 10.0, "resolution": 0.01}
    assert not variable(**steps).is_log
    assert variable(**steps, scale="log").is_log


@pytest.mark.parametrize(
    "fields", [{"values": [0, 1]}, {"values": [-1, 1]}, {"type": "continuous", "low": 0, "high": 1, "resolution": 0.1}]
)
def test_a_log_scale_of_numbers_without_logarithms_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="log scale needs positive values") as caught:
        variable(**fields, scale="log")
    assert caught.value.errors()[0]["ctx"]["pointer"] == "/scale"


@pytest.fixture
def domain(open_spec: Callable[..., Domain]) -> Domain:
    return open_spec("mixture", process=[{"name": "c", "type": "ordinal", "values": DECADES}])


def test_neighbouring_decades_are_equally_far_apart(domain: Domain) -> None:
    texts = [domain.parse({"c": str(value)}) for value in DECADES]
    np.testing.assert_allclose(domain.features(texts)[:, 0], [0, 0.25, 0.5, 0.75, 1], atol=1e-12)
    similarity = domain.similarity(texts, texts)
    np.testing.assert_allclose(np.diag(similarity, 1), 0.75)
    covariance = domain.kernel().double()(torch.tensor(domain.features(texts))).to_dense().detach()
    np.testing.assert_allclose(np.diag(covariance, 1), float(covariance[0, 1]))
    np.testing.assert_array_equal(domain.properties(texts, ["c"])["c"], DECADES)


def test_a_variable_from_before_there_were_scales_keeps_its_features() -> None:
    stored = {"name": "c", "type": "ordinal", "values": [1e-6, 1e-4, 1e-2]}
    assert Ordinal.model_validate(stored).is_log
    assert not Ordinal.from_stored(stored).is_log
    assert Ordinal.from_stored(Ordinal.model_validate(stored).model_dump()).is_log
