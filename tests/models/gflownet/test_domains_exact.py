"""Every installed domain's smallest examples: one conditional policy against the exact distribution."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from domain_examples import Example, examples_of, open_example
from exactness import SETTINGS, BesidePrior, assert_exact, tabulated

from models.domains import installed
from models.domains.molecules.environment.fragment_trees import FragmentTrees
from models.domains.molecules.fragments.rules import UNITS
from models.domains.molecules.fragments.vocabulary import compile_fragments
from models.gflownet.counting import count_objects
from models.gflownet.environment import Environment
from models.gflownet.exact import Space, enumerate_space
from models.gflownet.prior import SizePrior

MOST_EDGES = 20_000
MOST_OBJECTS = 3_000


def small_space(environment: Environment) -> Space | None:
    """Return the enumerated space, or None when it is too large.

    Spaces in which several final states are one object have exact tests of their own, over objects.
    """
    if environment.has_aliases:
        return None
    try:
        space = enumerate_space(environment, limit=MOST_EDGES)
    except ValueError:
        return None
    return space if len(space) <= MOST_OBJECTS else None


def smooth_utilities(example: Example, texts: list[str]) -> torch.Tensor:
    """Return two utilities [X, 2] in 0-1, smooth in the domain's own features; -inf without an object."""
    is_object = [bool(text) for text in texts]
    features = example.domain.features([text for text in texts if text])
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    weights = np.random.default_rng(5).normal(size=(features.shape[1], 2)) / max(features.shape[1], 1) ** 0.5
    utilities = torch.full((len(texts), 2), -torch.inf, dtype=torch.float64)
    utilities[torch.tensor(is_object)] = torch.as_tensor(1 / (1 + np.exp(-2 * features @ weights)))
    return utilities


@pytest.mark.slow
@pytest.mark.parametrize("kind", installed())
def test_domain_is_within_total_variation_005_at_3_temperatures_and_3_preferences(kind: str):
    n_compared = 0
    for example in examples_of(kind):
        environment = example.domain.environment(example.texts)
        space = small_space(environment)
        if space is None:
            continue
        texts = environment.objects(space.final_states)
        named = [text for text in texts if text]
        assert len(set(named)) == len(named), "two final states stand for one object"
        assert_exact(environment, smooth_utilities(example, texts), settings=replace(SETTINGS, steps=1000))
        n_compared += 1
    assert n_compared, f"no example of {kind} is small enough to enumerate"


@pytest.mark.slow
def test_molecules_of_units_are_within_total_variation_005_at_3_temperatures_and_3_preferences():
    """Single atoms, a centre with two configurations and a ring with equal sites."""
    texts = ("[*]C([*])[*]", "[*]N([*])[*]", "[*]O[*]", "[1*][C@H]([2*])[3*]", "[*]c1ccc([*])cc1")
    environment = FragmentTrees(compile_fragments(texts, UNITS), 4, 10)
    space = enumerate_space(environment, limit=MOST_EDGES)
    made = environment.objects(space.final_states)
    named = [text for text in made if text]
    assert len(set(named)) == len(named) > 40
    example = open_example("molecules", 0)
    utilities = smooth_utilities(example, made)
    assert_exact(environment, utilities, settings=SETTINGS)


def even_sizes(environment: Environment) -> SizePrior:
    """Return the prior with equal mass for every size."""
    log_counts = dict(count_objects(environment, 0).log_counts)
    return SizePrior(environment, [-log_counts.get(size, 0.0) for size in range(max(log_counts) + 1)])


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in installed() if kind != "switches"])
def test_domain_samples_base_measure_times_reward_within_005_at_3_temperatures(kind: str):
    n_compared = 0
    for example in examples_of(kind):
        environment = example.domain.environment(example.texts)
        space = small_space(environment)
        if space is None or len(environment.size(space.final_states).unique()) == 1:
            continue
        utilities = smooth_utilities(example, environment.objects(space.final_states))
        prior = even_sizes(environment)
        beside = BesidePrior(tabulated(space, utilities), prior)
        assert_exact(environment, utilities, log_reward=beside, settings=replace(SETTINGS, steps=1000))
        n_compared += 1
    assert n_compared, f"no example of {kind} has several sizes"
