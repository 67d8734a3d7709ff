"""Trained conditional policies against exact distributions, on the reference environments."""

import pytest
import torch
from exactness import assert_exact

from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.environments.strings import Strings
from models.gflownet.exact import enumerate_space


def grid_utilities(environment: Hypergrid) -> torch.Tensor:
    x = enumerate_space(environment).final_states[:, :-1].double() / (environment.side - 1)
    one = torch.exp(-8 * (x - torch.tensor([0.2, 0.7])).square().sum(1))
    other = torch.exp(-8 * (x - torch.tensor([0.8, 0.3])).square().sum(1)) + 0.3 * torch.sin(9 * x.sum(1))
    return torch.stack([one, other], dim=1)


def string_utilities(environment: Strings) -> torch.Tensor:
    letters = enumerate_space(environment).final_states[:, :-1] - 1
    generator = torch.Generator().manual_seed(3)
    weights = torch.rand(2, environment.length, environment.n_actions, generator=generator)
    pairs = torch.rand(2, environment.length - 1, environment.n_actions, environment.n_actions, generator=generator)
    places = torch.arange(environment.length)
    single = weights[:, places, letters].mean(2)
    double = pairs[:, places[:-1], letters[:, :-1], letters[:, 1:]].mean(2)
    return (single + double).T * 2


@pytest.mark.slow
def test_hypergrid_8x8_is_within_total_variation_005_at_3_temperatures_and_3_preferences():
    environment = Hypergrid(2, 8)
    found = assert_exact(environment, grid_utilities(environment))
    assert max(abs(deviation.log_z_error) for deviation in found) < 0.1


@pytest.mark.slow
def test_strings_of_4_over_4_letters_are_within_total_variation_005_at_3_temperatures_and_3_preferences():
    environment = Strings("ACGT", 4)
    found = assert_exact(environment, string_utilities(environment))
    assert max(abs(deviation.log_z_error) for deviation in found) < 0.1


@pytest.mark.slow
def test_forbidden_objects_get_almost_no_probability():
    environment = Strings("AB", 4)
    utilities = string_utilities(environment)
    utilities[::3] = -torch.inf
    assert_exact(environment, utilities)
