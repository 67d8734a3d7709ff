"""Hidden layers in bfloat16: close to float32, invariant to padding, and unused in sampling."""

import itertools
from dataclasses import replace

import pytest
import torch
from exactness import SETTINGS, assert_exact
from torch import nn

from models.gflownet import mixed_precision
from models.gflownet import policy as policy_module
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.environments.strings import Strings
from models.gflownet.exact import enumerate_space
from models.gflownet.mixed_precision import has_fast_bfloat16, hidden_layers, is_worthwhile, padded
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.sampler import rollout_forward, sample
from models.gflownet.scoring import score
from models.gflownet.trunks.contract import Precision

ENVIRONMENT = Strings("ACGT", 4)
CONDITIONS = ConditionSampler((1.0, 8.0), 2)


def layers(*widths: int) -> list[nn.Linear]:
    torch.manual_seed(5)
    return [nn.Linear(n_in, n_out) for n_in, n_out in itertools.pairwise(widths)]


def exact(inputs: torch.Tensor, result: list[nn.Linear]) -> torch.Tensor:
    for layer in result:
        inputs = layer(inputs).relu()
    return inputs


def test_rows_are_padded_to_a_few_sizes() -> None:
    sizes = [padded(n) for n in range(1, 5000)]
    assert all(
        n <= size <= max(1.125 * n, n + mixed_precision.LEAST_PADDING)
        for n, size in enumerate(sizes, start=1)
    )
    assert len({size for size in sizes if 2048 < size <= 4096}) <= 8
    assert sizes == sorted(sizes)


def test_rounded_layers_and_their_gradients_are_near_the_exact_ones(generator: torch.Generator) -> None:
    result = layers(12, 32, 24)
    parts = torch.randn(70, 8, generator=generator), torch.randn(70, 4, generator=generator)
    weights = torch.randn(70, 24, generator=generator)
    answers = []
    for hidden in (exact(torch.cat(parts, dim=1), result), hidden_layers(parts, result)):
        gradients = torch.autograd.grad(
            (hidden * weights).sum(), [p for layer in result for p in layer.parameters()]
        )
        answers.append([hidden.detach(), *gradients])
    for truth, rounded in zip(*answers, strict=True):
        assert rounded.dtype == torch.float32
        assert 0 < (rounded - truth).norm() < 0.1 * truth.norm()
    assert (answers[1][0] - answers[0][0]).norm() < 0.01 * answers[0][0].norm()


def test_what_is_padded_changes_nothing(generator: torch.Generator) -> None:
    result, inputs = layers(6, 16), torch.randn(130, 6, generator=generator)
    assert torch.equal(hidden_layers((inputs[:65],), result), hidden_layers((inputs,), result)[:65])


def scored(policy: Policy, conditions: ConditionSampler = CONDITIONS) -> torch.Tensor:
    condition = conditions.sample(40, torch.Generator().manual_seed(2))
    walked = rollout_forward(policy, ENVIRONMENT, condition, torch.Generator().manual_seed(3))
    return score(policy, walked, condition).log_pf


def built(precision: Precision, conditions: ConditionSampler = CONDITIONS) -> Policy:
    spec = PolicySpec(width=32, precision=precision)
    return Policy(ENVIRONMENT, conditions, spec, torch.Generator().manual_seed(1))


def test_only_learning_is_rounded() -> None:
    truth, rounded = built("float32"), built("bfloat16")
    with torch.no_grad():
        assert torch.equal(scored(rounded), scored(truth))
    learned = scored(rounded).detach()
    assert not torch.equal(learned, scored(truth).detach())
    assert torch.allclose(learned, scored(truth).detach(), atol=0.02)
    draws = [
        sample(
            policy,
            ENVIRONMENT,
            CONDITIONS.sample(9, torch.Generator().manual_seed(4)),
            9,
            torch.Generator().manual_seed(6),
        )
        for policy in (truth, rounded)
    ]
    assert torch.equal(draws[0].final_states, draws[1].final_states)
    assert torch.equal(draws[0].log_pf, draws[1].log_pf)


@pytest.mark.parametrize(
    ("has_units", "least_work", "is_rounded"), [(True, 1, True), (True, 10**9, False), (False, 1, False)]
)
def test_the_fastest_is_rounded_for_much_work_on_the_right_processor(
    has_units: bool,  # noqa: FBT001 - a parameter of the test
    least_work: int,
    is_rounded: bool,  # noqa: FBT001 - a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policy_module, "has_fast_bfloat16", lambda _: has_units)
    monkeypatch.setattr(mixed_precision, "LEAST_WORK", least_work)
    assert torch.equal(scored(built("fastest")), scored(built("float32"))) != is_rounded


@pytest.mark.parametrize(
    ("most", "is_rounded"), [(mixed_precision.MOST_BETA, True), (mixed_precision.MOST_BETA + 1, False)]
)
def test_cold_policies_are_not_rounded(
    most: float,
    is_rounded: bool,  # noqa: FBT001 - a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policy_module, "has_fast_bfloat16", lambda _: True)
    monkeypatch.setattr(mixed_precision, "LEAST_WORK", 1)
    conditions = ConditionSampler((1.0, most), 2)
    rounded, truth = (built(precision, conditions) for precision in ("fastest", "float32"))
    assert torch.equal(scored(rounded, conditions), scored(truth, conditions)) != is_rounded


def test_work_is_rows_by_weights() -> None:
    assert not is_worthwhile(mixed_precision.LEAST_WORK // 1024 - 1, layers(32, 32))
    assert is_worthwhile(mixed_precision.LEAST_WORK // 1024 + 1, layers(32, 32))


def test_no_claim_is_made_of_devices_that_were_not_measured() -> None:
    assert not has_fast_bfloat16(torch.device("cuda"))
    assert has_fast_bfloat16(torch.device("cpu")) == bool(torch.cpu.get_capabilities().get("amx_bf16", False))


@pytest.mark.slow
def test_a_policy_that_learns_in_bfloat16_is_as_exact() -> None:
    environment = Hypergrid(2, 5)
    x = enumerate_space(environment).final_states[:, :-1].double() / 4
    utilities = torch.stack(
        [torch.exp(-8 * (x - 0.2).square().sum(1)), torch.exp(-8 * (x - 0.8).square().sum(1))], dim=1
    )
    settings = replace(SETTINGS, policy=replace(SETTINGS.policy, precision="bfloat16"))
    assert_exact(environment, utilities, settings=settings)
