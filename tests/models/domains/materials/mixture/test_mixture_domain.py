from collections.abc import Callable

import numpy as np
import pytest
import torch

from models.domains.contract import Domain
from models.domains.materials import PLUGIN

PROCESS = [
    {"name": "solvent", "type": "categorical", "values": ["DMAc", "BuCN"]},
    {"name": "t", "type": "continuous", "low": 20, "high": 100, "resolution": 20, "units": "°C"},
]


@pytest.fixture(scope="module")
def domain(open_spec: Callable[..., Domain]) -> Domain:
    return open_spec("mixture", components=["A", "B", "C"], grid=4, max_components=2, process=PROCESS)


def recipe(domain: Domain, **values: str | float) -> str:
    return domain.parse({name: str(value) for name, value in values.items()})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"A": 0.25, "B": 0.75, "solvent": "DMAc", "t": 60}, None),
        ({"A": 0.3, "B": 0.7, "solvent": "DMAc", "t": 60}, "multiples of 1/4"),
        ({"A": 0.25, "B": 0.25, "C": 0.5, "solvent": "DMAc", "t": 60}, "3 components"),
        ({"A": 1, "solvent": "water", "t": 60}, "solvent: water"),
        ({"A": 1, "solvent": "DMAc", "t": 55}, "t: 55"),
    ],
)
def test_check_names_each_broken_limit(domain: Domain, values: dict[str, str | float], words: str | None):
    reasons = [item.message for item in domain.check(recipe(domain, **values))]
    assert (reasons == []) if words is None else (len(reasons) == 1 and words in reasons[0])


def test_columns_name_every_component_and_variable(domain: Domain):
    text = recipe(domain, B=1, solvent="BuCN", t=20)
    assert domain.object_columns == ("A", "B", "C", "solvent", "t")
    assert domain.columns(text) == {"A": 0, "B": 1, "C": 0, "solvent": "BuCN", "t": 20}
    assert domain.display(text) == "B 100 %, solvent BuCN, t 20 °C"


def test_computed_properties_are_the_recipe_and_its_mixing(domain: Domain):
    texts = [recipe(domain, A=0.5, B=0.5, solvent="DMAc", t=40), recipe(domain, C=1, solvent="DMAc", t=20)]
    values = domain.properties(texts, list(domain.computed))
    assert set(values) == {"n_components", "mixing_entropy", "A", "B", "C", "t"}
    np.testing.assert_array_equal(values["n_components"], [2, 1])
    np.testing.assert_allclose(values["mixing_entropy"], [np.log(2), 0])
    np.testing.assert_array_equal(values["t"], [40, 20])
    np.testing.assert_array_equal(values["C"], [0, 1])


def test_features_stand_where_the_kernel_reads_them(domain: Domain):
    features = domain.features([recipe(domain, A=0.25, C=0.75, solvent="BuCN", t=40)])
    np.testing.assert_allclose(features, [[0.25, 0, 0.75, 0.25, 0, 1]])
    outside = domain.features([recipe(domain, A=1, solvent="water", t=180)])
    np.testing.assert_allclose(outside, [[1, 0, 0, 2, 0, 0]])


def test_similarity_counts_mixture_and_each_variable_once(domain: Domain):
    left = recipe(domain, A=0.5, B=0.5, solvent="DMAc", t=20)
    right = recipe(domain, A=0.5, C=0.5, solvent="BuCN", t=60)
    assert domain.similarity([left], [right])[0, 0] == pytest.approx((0.5 + 0 + 0.5) / 3)


def test_each_part_has_a_lengthscale_in_the_kernel(domain: Domain):
    texts = [recipe(domain, A=1, solvent="DMAc", t=20), recipe(domain, A=1, solvent="BuCN", t=20)]
    rows = torch.tensor(domain.features(texts))
    kernel = domain.kernel().double()
    widths = [parameter.shape[-1] for parameter in kernel.parameters()]
    assert sorted(widths) == [1, 1, 3]
    gram = kernel(rows).to_dense().detach()
    assert gram[0, 0] == pytest.approx(1)
    assert 0 < gram[0, 1] < 1


def test_conditions_alone_have_no_mixture_properties():
    reaction = PLUGIN.open(PLUGIN.spec.model_validate(PLUGIN.examples[2][0]))
    assert set(reaction.computed) == {"concentration", "temperature"}
    assert reaction.object_columns == ("base", "solvent", "concentration", "temperature")


def test_drawing_has_a_card_each(domain: Domain):
    text = recipe(domain, A=0.5, B=0.5, solvent="DMAc", t=40)
    drawn = domain.draw([text, text], ["first", "second"])
    assert drawn.count("<g ") == 2
    assert "A 50 %" in drawn
