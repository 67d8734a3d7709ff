"""Priors fitted to objects: held-out likelihood decides whether there is one; sizes keep their weights."""

import numpy as np
import pytest
import torch

from models.backtests.oracles.ehrlich import build_ehrlich
from models.domains.peptides.environment import PeptidesEnvironment
from models.domains.peptides.residues import RESIDUES
from models.domains.peptides.spec import PeptidesSpec
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environments.strings import Strings
from models.gflownet.exact import enumerate_space, prior_log_probability
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.prior import log_density
from models.gflownet.prior_fit import FitRecord, fit_prior, log_likelihood, walk_back
from models.gflownet.sampler import sample


def walks(length: int, n: int, seed: int = 100) -> list[str]:
    """Return feasible sequences of an Ehrlich function."""
    tokens = build_ehrlich(20, length, (2, 4, 4), seed).sample(n, seed).tolist()
    return list(dict.fromkeys("".join(RESIDUES[token] for token in row) for row in tokens))


def random_peptides(n: int, seed: int, low: int = 8, high: int = 16, letters: str = RESIDUES) -> list[str]:
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list(letters), size=rng.integers(low, high + 1))) for _ in range(n)]


def fitted(environment, texts: list[str], sizes=None):  # noqa: ANN001
    states, known = environment.states(texts)
    assert known.all()
    return fit_prior(environment, states, sizes or {}, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("length", [15, 32])
def test_walks_by_a_rule_get_a_prior_that_keeps_the_rule(length: int):
    environment = PeptidesEnvironment(PeptidesSpec(min_length=length, max_length=length))
    prior, record = fitted(environment, walks(length, 128), {length: 1.0})
    assert prior is not None
    assert record.order >= 2
    assert record.perplexity < 0.9 * record.uniform_perplexity
    assert record.uniform_perplexity == pytest.approx(20)
    policy = Policy(environment, ConditionSampler((1.0, 1.0), 1), PolicySpec(), torch.Generator(), prior)
    condition = policy.conditions.fixed(1.0)
    drawn = sample(policy, environment, condition, 2_000, torch.Generator().manual_seed(1))
    number = {residue: index for index, residue in enumerate(RESIDUES)}
    tokens = np.array([[number[x] for x in text] for text in environment.objects(drawn.final_states)])
    feasible = build_ehrlich(20, length, (2, 4, 4), 100).is_feasible(tokens).mean()
    assert feasible > {15: 0.97, 32: 0.99}[length]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [9, 30, 100])
def test_unrelated_peptides_get_no_prior(n: int, seed: int):
    environment = PeptidesEnvironment(PeptidesSpec(min_length=8, max_length=16))
    prior, record = fitted(environment, random_peptides(n, seed))
    assert prior is None
    assert record.order == 0
    assert record.n_objects == n
    if n >= 10:
        assert record.held_out == record.uniform


def test_a_composition_alone_gives_a_prior_of_order_one():
    environment = PeptidesEnvironment(PeptidesSpec(min_length=8, max_length=16))
    prior, record = fitted(environment, random_peptides(100, 0, letters="AAAAAAKKKKLLLLG"), {12: 1.0})
    assert prior is not None
    assert record.order == 1
    assert record.perplexity < 5


def test_new_objects_of_the_same_kind_are_predicted_as_well_as_the_record_says():
    environment = PeptidesEnvironment(PeptidesSpec(min_length=15, max_length=15))
    prior, record = fitted(environment, walks(15, 128), {15: 1.0})
    others, _ = environment.states(walks(15, 128, seed=100)[:1] + build_others())
    choices = walk_back(environment, others[1:], torch.Generator())
    told = float(log_likelihood(prior.table, choices).mean())
    assert told == pytest.approx(record.held_out, abs=0.08)


def build_others() -> list[str]:
    """Return further walks of the function whose first ones were fitted."""
    tokens = build_ehrlich(20, 15, (2, 4, 4), 100).sample(400, 7).tolist()
    return ["".join(RESIDUES[token] for token in row) for row in tokens]


def test_sizes_have_their_weights_exactly():
    environment = PeptidesEnvironment(PeptidesSpec(min_length=2, max_length=5, alphabet="AKW"))
    rng, after = np.random.default_rng(0), {"A": "KKKKKW", "K": "AAAAAK", "W": "AAAAAK"}
    texts = []
    for length in rng.integers(2, 6, 300):
        text = "A"
        while len(text) < length:
            text += str(rng.choice(list(after[text[-1]])))
        texts.append(text)
    texts = sorted(set(texts))
    weights = {2: 0.1, 3: 0.4, 4: 0.3, 5: 0.2}
    states, _ = environment.states(texts)
    prior, record = fit_prior(environment, states, weights, torch.Generator().manual_seed(0))
    assert record.order > 0
    space = enumerate_space(environment)
    log_p = prior_log_probability(space, prior)
    assert float(log_p.exp().sum()) == pytest.approx(1, abs=1e-5)
    by_size = torch.zeros(6, dtype=torch.float64).index_add(
        0, environment.size(space.final_states), log_p.exp()
    )
    assert by_size.tolist() == pytest.approx([0, 0, 0.1, 0.4, 0.3, 0.2], abs=1e-5)
    torch.testing.assert_close(
        log_density(prior, environment, space.final_states).double(), log_p, atol=1e-4, rtol=0
    )
    likely, unlikely = (environment.key(environment.states([text])[0]) for text in ("AKAK", "WWWW"))
    keys = environment.key(space.final_states)
    assert float(log_p[keys == likely]) > float(log_p[keys == unlikely]) + 1


def test_forced_actions_tell_nothing():
    environment = PeptidesEnvironment(
        PeptidesSpec(min_length=4, max_length=4, alphabet="AK", fixed={2: "W", 3: "W"})
    )
    states, _ = environment.states(["AWWK", "KWWA"])
    choices = walk_back(environment, states, torch.Generator())
    assert sorted(choices.owner.tolist()) == [0, 0, 1, 1]
    assert choices.masks.sum(dim=1).tolist() == [2] * 4


def test_without_choices_there_is_no_prior():
    environment = Strings("A", 3)
    states, _ = environment.states(["AAA"] * 12)
    assert fit_prior(environment, states, {}, torch.Generator()) == (None, FitRecord(12, 0))
