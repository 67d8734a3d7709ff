"""Prefix sub-trajectory balance against a brute-force sum over the sub-trajectories of prefixes."""

import pytest
import torch
from loss_spaces import grid
from torch import Tensor

from models.domains.peptides.environment import PeptidesEnvironment
from models.domains.peptides.spec import PeptidesSpec
from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.environment import Environment
from models.gflownet.exploration.uniform import UniformMixture
from models.gflownet.losses import get_loss
from models.gflownet.policy import Policy, PolicySpec, masked_log_softmax
from models.gflownet.rewards import LogRewardFn, stopped_log_rewards
from models.gflownet.scoring import score
from models.gflownet.trajectories import Trajectories

CONDITIONS = ConditionSampler((1.0, 4.0), 2)
GRID, REWARD = grid()
CONDITION = CONDITIONS.fixed(2.0, (0.3, 0.7), n=64)


def log_stop(policy: Policy, trajectories: Trajectories, row: int) -> float:
    """Return the log-probability of stopping before one transition."""
    stop = trajectories.environment.stop_action
    features = trajectories.features.at(slice(0, trajectories.n_transitions))
    context = policy.context(CONDITION).at(trajectories.trajectory)
    logits = policy.forward_logits(policy.hidden(features, context), features, context)
    return float(masked_log_softmax(logits, trajectories.forward_mask)[row, stop])


def brute_force(policy: Policy, trajectories: Trajectories, log_reward: Tensor) -> list[float]:
    """Return the mean over pairs of prefixes, one trajectory and one sub-trajectory after another."""
    scores = score(policy, trajectories, CONDITION)
    losses = []
    for one in range(len(trajectories)):
        rows = (trajectories.trajectory == one).nonzero().squeeze(1)
        rows = rows[trajectories.time[rows].argsort()].tolist()
        is_stopped = int(trajectories.actions[rows[-1]]) == trajectories.environment.stop_action
        flows = [
            float(log_reward[row]) - log_stop(policy, trajectories, row)
            if log_reward[row].isfinite()
            else float(policy.log_z(CONDITION)[one])
            for row in rows
        ]
        if not is_stopped:
            flows.append(float(log_reward[trajectories.n_transitions + one]))
        penalties = []
        for i in range(len(flows)):
            for j in range(i + 1, len(flows)):
                along = sum(float(scores.log_pf[row] - scores.log_pb[row]) for row in rows[i:j])
                penalties.append(0.5 * (flows[i] + along - flows[j]) ** 2)
        losses.append(sum(penalties) / max(len(penalties), 1))
    return losses


def peptide_reward(states: Tensor, condition: Condition) -> Tensor:
    """Return beta times the mean residue number [B]."""
    return condition.beta * states[:, :-1].float().mean(dim=1)


SPACES: dict[str, tuple[Environment, LogRewardFn]] = {
    "every trajectory stops": (GRID, REWARD),
    "some end at the greatest length": (
        PeptidesEnvironment(PeptidesSpec(kind="peptides", min_length=1, max_length=4, alphabet="ACD")),
        peptide_reward,
    ),
}


@pytest.mark.parametrize("has_learned_backward", [False, True])
@pytest.mark.parametrize("space", SPACES)
@torch.no_grad()
def test_pairs_are_of_prefixes_each_of_which_counts_once(
    space: str,
    has_learned_backward: bool,  # noqa: FBT001
    generator: torch.Generator,
) -> None:
    environment, reward = SPACES[space]
    spec = PolicySpec(width=16, has_learned_backward=has_learned_backward)
    policy = Policy(environment, CONDITIONS, spec, generator)
    trajectories = UniformMixture(0.5).trajectories(policy, environment, CONDITION, generator)
    assert len(trajectories.lengths.unique()) > 2
    final = reward(trajectories.final_states, CONDITION)
    log_reward = stopped_log_rewards(trajectories, final, CONDITION, reward)
    expected = brute_force(policy, trajectories, log_reward)
    computed = get_loss("prefix_sub_trajectory_balance", delta=None)(
        trajectories, log_reward, policy, CONDITION
    )
    assert computed.tolist() == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert (computed[(trajectories.lengths == 1)] == 0).all()
