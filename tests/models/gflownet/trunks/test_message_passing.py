"""Message passing: no numbering matters, every difference of attachment does, and sampling agrees."""

import pytest
import torch

from models.domains.molecules.environment.fragment_trees import FragmentTrees
from models.domains.molecules.fragments.vocabulary import compile_fragments
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.sampler import rollout_forward
from models.gflownet.structures import Graph
from models.gflownet.trajectories import Features, featurize

VOCABULARY = ("[*]c1ccc([*])cc1", "[*]c1cc([*])cc([*])c1", "[*]C([*])=O", "[*]OC", "[*]C1CC1", "[*]N[*]")
ENVIRONMENT = FragmentTrees(compile_fragments(VOCABULARY), 4, 20)
CONDITIONS = ConditionSampler((1.0, 8.0), 2)


@pytest.fixture
def policy(generator: torch.Generator) -> Policy:
    return Policy(ENVIRONMENT, CONDITIONS, PolicySpec(trunk="message_passing", width=32), generator)


def pooled(policy: Policy, states: torch.Tensor) -> torch.Tensor:
    """Return the hidden vectors [N, H] from graphs alone, with nothing in the encoding."""
    features = featurize(ENVIRONMENT, states, reads=policy.reads)
    bare = Features(torch.zeros_like(features.encoding), features.slots, structure=features.structure)
    return policy.hidden(bare, policy.context(CONDITIONS.fixed(2.0, (0.5, 0.5), n=len(states))))


def test_any_order_of_building_gives_one_hidden_vector(policy: Policy, generator: torch.Generator):
    walked = rollout_forward(policy, ENVIRONMENT, CONDITIONS.sample(512, generator), generator)
    _, group = torch.unique(ENVIRONMENT.key(walked.states), return_inverse=True)
    index = torch.arange(len(group))
    first = torch.full((int(group.max()) + 1,), len(group)).scatter_reduce(0, group, index, "amin")
    others = walked.states[first[group]]
    differs = (others != walked.states).any(dim=1)
    assert int(differs.sum()) > 50
    hidden = [pooled(policy, states[differs]) for states in (walked.states, others)]
    assert torch.allclose(*hidden, atol=1e-5)


def test_ortho_meta_and_para_are_told_apart(policy: Policy):
    texts = ["COc1ccccc1C1CC1", "COc1cccc(C2CC2)c1", "COc1ccc(C2CC2)cc1"]
    states, is_known = ENVIRONMENT.states(texts)
    assert is_known.all()
    hidden = pooled(policy, states)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (hidden[one] - hidden[other]).abs().max() > 1e-4


def test_sampling_and_scoring_see_the_same_logits(policy: Policy, generator: torch.Generator):
    states, _ = ENVIRONMENT.states(["COc1ccccc1C1CC1", "COC1CC1", "COc1ccc(C2CC2)cc1"])
    condition = CONDITIONS.sample(3, generator)
    features = featurize(ENVIRONMENT, states, reads=policy.reads)
    logits = [
        policy.forward_logits(policy.hidden(features, context), features, context)
        for context in (policy.context(condition), policy.sampling_context(condition))
    ]
    assert torch.allclose(*logits, atol=1e-5)


def test_empty_nodes_change_nothing(policy: Policy):
    larger = FragmentTrees(compile_fragments(VOCABULARY), 6, 20)
    graphs = [env.graph(env.states(["COc1ccccc1C1CC1"])[0]) for env in (ENVIRONMENT, larger)]
    assert [graph.nodes.shape[1] for graph in graphs] == [4, 6]
    encoding = torch.zeros(1, ENVIRONMENT.encoding_width)
    context = policy.context(CONDITIONS.fixed(2.0, (0.5, 0.5)))
    hidden = [policy.hidden(Features(encoding, None, structure=graph), context) for graph in graphs]
    assert torch.allclose(*hidden, atol=1e-6)
    assert all(isinstance(graph, Graph) for graph in graphs)
