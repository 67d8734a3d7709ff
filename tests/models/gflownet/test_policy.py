"""The network: masks, conditions and slots have the effects they should, and only those."""

import pytest
import torch

from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environments.strings import Strings
from models.gflownet.policy import LogPartition, Policy, PolicySpec, SlotHead, masked_log_softmax
from models.gflownet.trajectories import Features, featurize
from models.gflownet.used_slots import UsedSlots

ENVIRONMENT = Strings("ACG", 3)
CONDITIONS = ConditionSampler((1.0, 8.0), 2)


def test_masked_log_softmax_excludes_masked_actions_and_survives_empty_rows():
    logits = torch.zeros(2, 3, requires_grad=True)
    log_p = masked_log_softmax(logits, torch.tensor([[True, False, True], [False, False, False]]))
    assert log_p[0].exp().tolist() == pytest.approx([0.5, 0.0, 0.5])
    assert log_p[1].isfinite().all()
    log_p[:, 0].sum().backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize(
    "spec",
    [PolicySpec(width=16), PolicySpec(width=16, has_concatenation=False), PolicySpec(width=16, depth=1)],
)
def test_sampling_and_scoring_see_the_same_logits(spec: PolicySpec, generator: torch.Generator):
    policy = Policy(ENVIRONMENT, CONDITIONS, spec, generator)
    states = ENVIRONMENT.step(ENVIRONMENT.reset(6), torch.tensor([0, 1, 2, 0, 1, 2]))
    features = featurize(ENVIRONMENT, states)
    condition = CONDITIONS.sample(6, generator)
    logits = [
        policy.forward_logits(policy.hidden(features, context), features, context)
        for context in (policy.context(condition), policy.sampling_context(condition))
    ]
    assert torch.allclose(*logits, atol=1e-5)


@pytest.mark.parametrize("has_logit_scale", [False, True])
@pytest.mark.parametrize("has_concatenation", [False, True])
def test_the_condition_acts_only_through_enabled_inputs(
    has_logit_scale: bool,  # noqa: FBT001 - a parameter of the test
    has_concatenation: bool,  # noqa: FBT001 - a parameter of the test
    generator: torch.Generator,
):
    spec = PolicySpec(width=16, has_logit_scale=has_logit_scale, has_concatenation=has_concatenation)
    policy = Policy(ENVIRONMENT, CONDITIONS, spec, generator)
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator))
    features = featurize(ENVIRONMENT, ENVIRONMENT.reset(2))
    low_and_high = CONDITIONS.fixed(1.0, (0.5, 0.5)).beta, CONDITIONS.fixed(8.0, (0.5, 0.5)).beta
    condition = CONDITIONS.fixed(1.0, (0.5, 0.5), n=2)
    condition.beta.copy_(torch.cat(low_and_high))
    context = policy.context(condition)
    logits = policy.forward_logits(policy.hidden(features, context), features, context)
    assert (not torch.allclose(logits[0], logits[1])) == (has_logit_scale or has_concatenation)
    if has_logit_scale and not has_concatenation:
        ratio = logits[0] / logits[1]
        assert torch.allclose(ratio, ratio[0].expand(3))
        assert ratio[0] > 0


def test_slot_logits_follow_their_slots(generator: torch.Generator):
    head = SlotHead(hidden=8, slot=5, width=16, generator=generator)
    hidden, slots = torch.randn(3, 8, generator=generator), torch.randn(3, 4, 5, generator=generator)
    order = torch.tensor([2, 0, 3, 1])
    seen, reordered = (Features(torch.empty(3, 0), UsedSlots.of(some)) for some in (slots, slots[:, order]))
    assert torch.allclose(head(hidden, seen)[:, order], head(hidden, reordered), atol=1e-6)


def test_log_partition_is_fitted_to_a_line_in_beta(generator: torch.Generator):
    partition = LogPartition(CONDITIONS, generator)
    beta = torch.tensor([1.0, 2.0, 8.0])
    code = CONDITIONS.encode(CONDITIONS.fixed(1.0, (1.0, 1.0), n=3))
    partition.fit(beta, code, 3.0 * beta + 1.5)
    assert torch.allclose(partition(beta, code), 3.0 * beta + 1.5, atol=1e-5)
    partition.fit(torch.full((3,), 4.0), code, torch.tensor([1.0, 2.0, 3.0]))
    assert partition(torch.tensor([4.0]), code[:1]).item() == pytest.approx(2.0, abs=1e-6)


def test_the_line_is_fitted_to_what_the_network_leaves(generator: torch.Generator):
    partition = LogPartition(CONDITIONS, generator)
    torch.nn.init.uniform_(partition.outer.weight, -1, 1, generator=generator)
    condition = CONDITIONS.sample(64, generator)
    code = CONDITIONS.encode(condition)
    with torch.no_grad():
        wanted = partition(condition.beta, code) + 3.0 * condition.beta + 1.5
    partition.fit(condition.beta, code, wanted)
    assert torch.allclose(partition(condition.beta, code), wanted, atol=1e-4)


def test_a_missing_flow_head_is_an_error(generator: torch.Generator):
    policy = Policy(ENVIRONMENT, CONDITIONS, PolicySpec(width=16), generator)
    with pytest.raises(RuntimeError, match="without a log-flow head"):
        policy.log_flow(torch.zeros(1, 16), policy.context(CONDITIONS.sample(1, generator)))
