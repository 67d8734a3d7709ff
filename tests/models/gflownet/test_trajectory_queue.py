"""Queued trajectories reach their steps completely and with their own conditions."""

import torch

from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.policy import Policy, PolicySpec
from models.gflownet.sampler import rollout_forward
from models.gflownet.scoring import score
from models.gflownet.trajectory_queue import TrajectoryQueue, interleave

ENVIRONMENT = Hypergrid(2, 5)
CONDITIONS = ConditionSampler((1.0, 8.0), 2)


def walked(n_steps: int, n: int, generator: torch.Generator):
    policy = Policy(ENVIRONMENT, CONDITIONS, PolicySpec(width=16), generator)
    drawn = [CONDITIONS.sample(n, generator) for _ in range(n_steps)]
    condition = interleave(drawn)
    return policy, drawn, condition, rollout_forward(policy, ENVIRONMENT, condition, generator)


def test_each_step_gets_its_own_conditions_and_whole_trajectories(generator: torch.Generator):
    policy, drawn, condition, whole = walked(3, 7, generator)
    scores = score(policy, whole, condition)
    total = whole.total(scores.log_pf - scores.log_pb)
    ahead = TrajectoryQueue()
    ahead.push(condition, whole, 3)
    assert len(ahead) == 3
    for step, expected in enumerate(drawn):
        mine, part = ahead.pop()
        assert torch.equal(mine.beta, expected.beta)
        assert torch.equal(mine.preference, expected.preference)
        assert torch.equal(part.final_states, whole.final_states[step::3])
        assert torch.equal(part.lengths, whole.lengths[step::3])
        assert torch.equal(
            part.states[part.following()][part.time == part.lengths[part.trajectory] - 1].sort(0).values,
            part.final_states.sort(0).values,
        )
        again = score(policy, part, mine)
        assert torch.allclose(part.total(again.log_pf - again.log_pb), total[step::3], atol=1e-5)
    assert len(ahead) == 0


def test_what_waits_is_kept_and_taken_back_bit_for_bit(generator: torch.Generator):
    _, _, condition, whole = walked(4, 5, generator)
    ahead, other = TrajectoryQueue(), TrajectoryQueue()
    ahead.push(condition, whole, 4)
    ahead.pop()
    other.load_state_dict(ahead.state_dict(), ENVIRONMENT)
    assert len(other) == 3
    for _ in range(3):
        (condition, part), (same_condition, same) = ahead.pop(), other.pop()
        assert torch.equal(condition.beta, same_condition.beta)
        for name in ("states", "actions", "backward_actions", "trajectory", "time", "lengths", "forward_mask"):
            assert torch.equal(getattr(part, name), getattr(same, name)), name
        assert torch.equal(part.features.encoding, same.features.encoding)


def test_one_step_at_a_time_is_left_as_it_is(generator: torch.Generator):
    _, _, condition, whole = walked(1, 6, generator)
    ahead = TrajectoryQueue()
    ahead.push(condition, whole, 1)
    mine, part = ahead.pop()
    assert part is whole
    assert torch.equal(mine.beta, condition.beta)
