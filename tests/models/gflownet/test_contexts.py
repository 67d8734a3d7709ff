"""What domains say that the next step depends on, and priors fitted on objects with something in common."""

import math
from itertools import pairwise

import pytest
import torch
from domain_examples import names, open_example
from torch import Generator, Tensor

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.contract import Domain
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environment import Environment
from models.gflownet.genetic_operators import complete
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.prior import AutoregressivePrior
from models.gflownet.prior_fit import fit_prior, log_likelihood, walk_back
from models.gflownet.sampler import sample

LEADING = 12
"""Words of the vocabulary that the related objects are made of, as far as masks allow."""


def visited(environment: Environment, n: int = 40) -> Tensor:
    """Return the unfinished states on the way to random objects."""
    generator = Generator().manual_seed(0)
    states, found = complete(environment, environment.reset(n), generator), []
    while len(states):
        mask = environment.backward_mask(states)
        states, mask = states[mask.any(dim=1)], mask[mask.any(dim=1)]
        if len(states):
            states = environment.backward_step(states, mask.long().argmax(dim=1))
            found.append(states)
    return torch.cat(found)


@pytest.mark.parametrize(("kind", "index"), names())
def test_contexts_go_from_coarse_to_fine_and_do_not_depend_on_numbering(kind: str, index: int):
    example = open_example(kind, index)
    environment = example.domain.environment(example.texts)
    states = visited(environment)
    contexts = environment.contexts(states)
    assert contexts.dtype == torch.int64
    assert len(contexts) == len(states)
    parents = [torch.zeros(len(states), dtype=torch.int64), *contexts.unbind(dim=1)]
    for coarse, fine in pairwise(parents):
        pairs = torch.stack([fine, coarse], dim=1).unique(dim=0)
        assert len(pairs) == len(fine.unique())
    of_key: dict[int, list[int]] = {}
    for key, row in zip(environment.key(states).tolist(), contexts.tolist(), strict=True):
        assert of_key.setdefault(key, row) == row


@pytest.mark.parametrize(("kind", "index"), names())
def test_a_state_that_may_end_tells_its_size_before(kind: str, index: int):
    example = open_example(kind, index)
    environment = example.domain.environment(example.texts)
    if environment.ending_action is None:
        pytest.skip("building does not follow sizes")
    states = visited(environment)
    states = states[environment.forward_mask(states)[:, environment.ending_action]]
    ended = environment.step(states, torch.full((len(states),), environment.ending_action))
    assert len(states)
    assert bool(environment.is_final(ended).all())
    assert torch.equal(environment.open_size(states), environment.size(ended))


def related(environment: Environment, n: int, generator: Generator) -> Tensor:
    """Return distinct final states built of few words wherever masks allow, chosen by the last one."""
    states = environment.reset(n)
    n_words = environment.n_actions - environment.n_slots
    order = torch.randperm(n_words, generator=Generator().manual_seed(4))
    weights = torch.full((environment.n_actions,), 0.02)
    weights[environment.n_slots + order[: min(LEADING, n_words // 3)]] = 1.0
    while bool((walking := ~environment.is_final(states)).any()):
        rows = walking.nonzero().squeeze(1)
        chances = environment.forward_mask(states[rows]) * weights
        chosen = torch.multinomial(chances, 1, generator=generator).squeeze(1)
        states = states.index_copy(0, rows, environment.step(states[rows], chosen))
    _, first = torch.unique(environment.key(states), return_inverse=True)
    kept = torch.stack([(first == group).nonzero()[0, 0] for group in range(int(first.max()) + 1)])
    return states[kept[torch.randperm(len(kept), generator=generator)]]


def score_of(environment: Environment, prior: AutoregressivePrior, states: Tensor) -> tuple[float, float]:
    """Return the mean log-probability per choice of objects, and that of uniform choices."""
    choices = walk_back(environment, states, Generator().manual_seed(2))
    uniform = -choices.masks.sum(dim=1).double().log().mean()
    return float(log_likelihood(prior.table, choices).mean()), float(uniform)


ELEMENTS = ["Li", "Na", "Mg", "Al", "Si", "P", "S", "Fe", "Co", "Ni", "Mn", "Cl", "F", "O"]
MIXTURE = {
    "kind": "materials",
    "space": "mixture",
    "components": ["A", "B", "C", "D", "E", "F"],
    "grid": 10,
    "max_components": 4,
}
SPACES = {
    "molecules": {"kind": "molecules", "max_fragments": 4, "max_heavy_atoms": 30},
    "compositions": {"kind": "materials", "space": "composition", "elements": ELEMENTS, "max_atoms": 10},
    "mixtures": MIXTURE,
    "peptides": {"kind": "peptides", "min_length": 8, "max_length": 12},
}


def opened(space: str) -> Domain:
    body = {"name": space, "domain": SPACES[space], "objectives": [{"name": "y"}]}
    return open_domain(CampaignSpec.model_validate(body).domain)


@pytest.mark.parametrize("space", SPACES)
def test_an_untrained_policy_builds_objects_like_those_it_was_fitted_on(space: str):
    environment = opened(space).environment([])
    generator = Generator().manual_seed(1)
    known = related(environment, 600, generator)
    half = len(known) // 2
    assert half >= 20
    sizes = dict.fromkeys(environment.size(known).unique().tolist(), 1.0)
    prior, record = fit_prior(environment, known[:half], sizes, Generator().manual_seed(0))
    assert prior is not None
    assert record.order >= 1
    held_out, uniform = score_of(environment, prior, known[half:])
    assert held_out > uniform + 0.1
    policy = Policy(environment, ConditionSampler((1.0, 8.0), 1), PolicySpec(width=16), generator, prior)
    drawn = sample(policy, environment, policy.conditions.fixed(1.0), 300, generator).final_states
    of_samples, _ = score_of(environment, prior, drawn)
    of_random, _ = score_of(environment, prior, complete(environment, environment.reset(300), generator))
    assert math.isfinite(of_random)
    assert of_samples > of_random + 0.1
