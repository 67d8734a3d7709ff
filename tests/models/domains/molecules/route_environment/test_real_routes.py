"""Routes of the common reactions: masks against RDKit, execution, aliases, the target, and a whole round."""

import math
from collections import Counter
from dataclasses import replace

import pytest
import torch
from environment_walks import check_backward, check_forward, check_states, pick
from exactness import SETTINGS

from models.campaign.spec import CampaignSpec
from models.domains.molecules.domain import Molecules
from models.domains.molecules.reactions.chemistry import Reactions
from models.domains.molecules.reactions.space import open_reactions
from models.domains.molecules.reactions.spec import ReactionsSpec, StockRow
from models.domains.molecules.route_environment.routes import Routes
from models.domains.molecules.route_environment.rows import route_of
from models.domains.molecules.spec import MoleculesSpec
from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.exact import (
    Space,
    by_object,
    enumerate_space,
    log_shares,
    log_target,
    policy_log_probability,
    total_variation,
)
from models.gflownet.genetic_operators import complete
from models.gflownet.policy import PolicySpec
from models.gflownet.trainer import Trainer
from models.propose import propose
from models.records import History, Measurement

AMINO_ACID, BOC_AMINE = "O=C(O)c1ccc(Br)cc1", "CC(C)(C)OC(=O)N1CCNCC1"
STOCK = (
    AMINO_ACID,
    BOC_AMINE,
    "OB(O)c1ccccc1",
    "NCc1ccccc1",
    "CC(=O)O",
    "C1COCCN1",
    "O=Cc1ccccc1",
    "COC(=O)c1ccc(N)cc1",
    "O=S(=O)(Cl)c1ccccc1",
    "OCC1CC1",
)


def reactions(stock: tuple[str, ...] = STOCK, max_steps: int = 2, heavy: int = 30) -> Reactions:
    rows = tuple(StockRow(smiles=text, price=1.0 + place) for place, text in enumerate(stock))
    return open_reactions(ReactionsSpec(stock=rows, max_steps=max_steps), heavy)


@pytest.mark.parametrize("heavy", [30, 18])
def test_masks_are_those_of_rdkit_on_a_small_stock(heavy: int):
    space = reactions(heavy=heavy)
    env = Routes(space)
    blocks = range(len(space.stock.blocks))
    for layer in enumerate_space(env).layers:
        columns = env._columns(layer.states)
        whole = layer.states[(columns.first > 0) & (columns.pending == 0)]
        whole = whole[env.open_size(whole) < space.max_steps]
        mask = env.forward_mask(whole)
        for row, state in enumerate(whole.tolist()):
            text = space.execute(route_of(state))
            assert text is not None
            for step, kind in enumerate(space.steps):
                partners = [None] if kind.is_unimolecular else blocks
                made = {partner for partner in partners if space.apply(text, step, partner) is not None}
                assert bool(mask[row, step]) == bool(made), (text, kind)
                if made and not kind.is_unimolecular:
                    waiting = env.step(whole[row : row + 1], torch.tensor([step]))
                    opened = env.forward_mask(waiting)[0].nonzero().squeeze(1) - len(space.steps) - 1
                    assert set(opened.tolist()) == made, (text, kind)


def test_hundreds_of_random_walks_are_carried_out_and_their_groups_are_those_that_were_tracked():
    space = open_reactions(ReactionsSpec(), 32)
    env = Routes(space)
    generator = torch.Generator().manual_seed(0)
    states = complete(env, env.reset(400), generator)
    texts = env.objects(states)
    assert all(texts)
    assert len(set(env.size(states).tolist())) == space.max_steps + 1
    counts, heavy = env._counts(states, env._columns(states)), env._heavy_atoms(env._columns(states))
    for row, text in enumerate(texts):
        assert counts[row].tolist() == space.count(text).tolist(), text
    assert int(heavy.max()) <= space.max_heavy_atoms


def test_walks_with_the_common_reactions_keep_the_contract():
    env = Routes(open_reactions(ReactionsSpec(), 28))
    generator = torch.Generator().manual_seed(1)
    states = env.reset(24)
    while len(states):
        check_states(env, states)
        states = check_forward(env, states, pick(env.forward_mask(states), generator))
        check_backward(env, states, torch.zeros(len(states), dtype=torch.int64))
        states = states[~env.is_final(states)]


def test_routes_are_counted_as_a_full_listing_counts_them():
    env = Routes(reactions())
    final = enumerate_space(env).final_states
    texts = env.objects(final)
    counted = Counter(texts)
    assert max(counted.values()) > 2
    expected = torch.tensor([math.log(counted[text]) for text in texts])
    assert torch.allclose(env.log_multiplicity(final), expected)
    states, is_known = env.states(sorted(counted))
    assert bool(is_known.all())
    assert env.objects(states) == sorted(counted)


def small_space() -> tuple[Routes, Space]:
    env = Routes(reactions((AMINO_ACID, BOC_AMINE, "OB(O)c1ccccc1", "NCc1ccccc1", "CC(=O)O")))
    return env, enumerate_space(env)


@pytest.mark.slow
def test_molecules_of_several_routes_have_their_target():
    env, space = small_space()
    texts = env.objects(space.final_states)
    generator = torch.Generator().manual_seed(5)
    values = dict(
        zip(sorted(set(texts)), (3 * torch.rand(len(set(texts)), generator=generator)).tolist(), strict=True)
    )

    def log_reward(states: torch.Tensor, condition: Condition) -> torch.Tensor:
        return condition.beta * torch.tensor([values[text] for text in env.objects(states)])

    settings = replace(SETTINGS, steps=900, policy=PolicySpec(width=128))
    trainer = Trainer(env, ConditionSampler((1.0, 2.0), 1), log_reward, settings, seed=0)
    trainer.run(settings.steps)
    for beta in (1.0, 2.0):
        log_p = policy_log_probability(space, trainer.policy, trainer.conditions.fixed(beta, [1.0]))
        log_r = beta * torch.tensor([values[text] for text in texts], dtype=torch.float64)
        right = by_object(space, log_target(log_r + log_shares(space)))
        wrong = by_object(space, log_target(log_r))
        assert total_variation(by_object(space, log_p), right) <= 0.05
        assert total_variation(right, wrong) > 0.1


def test_a_round_proposes_molecules_with_routes():
    stock = [{"smiles": text, "price": 2.0} for text in STOCK]
    spec = CampaignSpec.model_validate(
        {
            "name": "routes",
            "domain": {
                "kind": "molecules",
                "builder": "reactions",
                "max_heavy_atoms": 30,
                "reactions": {"stock": stock, "max_steps": 2},
            },
            "objectives": [
                {"name": "potency", "range": [0, 10]},
                {"name": "steps", "computed": "route_steps", "direction": "minimize", "range": [0, 2]},
            ],
            "sampler": {"steps": 8, "trajectories_per_step": 8, "beta": [1, 8], "exhaustive": False},
            "batch": {"size": 4},
        }
    )
    assert isinstance(spec.domain, MoleculesSpec)
    domain = Molecules(spec.domain)
    measured = ["CC(=O)NCc1ccccc1", "O=C(NCc1ccccc1)c1ccc(Br)cc1", "CC(=O)N1CCOCC1"]
    results = [Measurement(text, "potency", 5.0 + place) for place, text in enumerate(measured)]
    proposal = propose(spec, History(tuple(results)), seed=0, report=lambda *_: None)
    assert len(proposal.candidates) == 4
    for candidate in proposal.candidates:
        route = domain.route(candidate.object)
        assert route is not None
        assert {block["smiles"] for block in route["blocks"]} <= set(STOCK)
