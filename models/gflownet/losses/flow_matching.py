"""Flow matching (arXiv:2106.04399): the inflow of a state equals its outflow, or its reward when final.

An edge carries F(s) P_F(a | s), so that the policy is the same as for the other losses. Every parent of every
visited state is evaluated, so this loss is the most expensive where states have many parents.
"""

from typing import NamedTuple, final

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.log_space import scatter_logsumexp
from models.gflownet.losses.contract import Loss, penalty
from models.gflownet.policy import Policy, masked_log_softmax
from models.gflownet.trajectories import Features, Reads, Trajectories, featurize


class _Parents(NamedTuple):
    """The P edges into the visited states: `child` is a row of the trajectories' states."""

    child: Tensor
    action: Tensor
    mask: Tensor
    is_initial: Tensor
    features: Features


@torch.no_grad()
def _parents(trajectories: Trajectories, reads: Reads) -> _Parents:
    environment = trajectories.environment
    child, backward_action = environment.backward_mask(trajectories.states).nonzero(as_tuple=True)
    states, action = environment.backward_step_with_forward(trajectories.states[child], backward_action)
    is_initial = environment.backward_mask(states).any(dim=1).logical_not()
    return _Parents(
        child,
        action,
        environment.forward_mask(states),
        is_initial,
        featurize(environment, states, reads=reads),
    )


@final
class FlowMatching(Loss):
    """One residual per visited state after the initial one, averaged over each trajectory."""

    needs_flow = True
    allows_prior = False

    def __call__(
        self, trajectories: Trajectories, log_reward: Tensor, policy: Policy, condition: Condition
    ) -> Tensor:
        """Return the mean penalty of log inflow - log outflow over each trajectory [B]."""
        everyone = torch.arange(len(trajectories), device=log_reward.device)
        belongs = torch.cat([trajectories.trajectory, everyone])  # [N + B]
        parents = _parents(trajectories, policy.reads)
        log_z = policy.log_z(condition)
        context = policy.context(condition).at(belongs[parents.child])
        hidden = policy.hidden(parents.features, context)
        logits = policy.forward_logits(hidden, parents.features, context)
        log_pf = masked_log_softmax(logits, parents.mask).gather(1, parents.action.unsqueeze(1)).squeeze(1)
        base = log_z[belongs[parents.child]]
        log_flow = torch.where(parents.is_initial, base, base + policy.log_flow(hidden, context))
        inflow = scatter_logsumexp(log_flow + log_pf, parents.child, len(trajectories.states))[
            trajectories.following()
        ]
        return trajectories.total(
            penalty(inflow - self._outflow(trajectories, log_reward, policy, condition), self.delta)
        ) / (trajectories.lengths)

    def _outflow(
        self, trajectories: Trajectories, log_reward: Tensor, policy: Policy, condition: Condition
    ) -> Tensor:
        """Return the outflow of the state after each transition [N]: its flow, or its reward when final."""
        before = slice(0, trajectories.n_transitions)
        context = policy.context(condition).at(trajectories.trajectory)
        log_flow = policy.log_flow(policy.hidden(trajectories.features.at(before), context), context)
        log_flow = log_flow + policy.log_z(condition)[trajectories.trajectory]
        return torch.cat([log_flow, log_reward])[trajectories.following()]


LOSS = FlowMatching
