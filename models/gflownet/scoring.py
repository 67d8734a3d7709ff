"""Log-probabilities of given trajectories under a policy, in one pass over all states. Knows no loss.

The behaviour samples, the policy scores: nothing here depends on how the trajectories were sampled.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition
from models.gflownet.policy import Context, Policy, masked_log_softmax
from models.gflownet.trajectories import Features, Trajectories


class Scores(NamedTuple):
    """Per transition [N]: `log_pf`, `log_pb`, and with a flow head `log_flow` of its state (else None).

    With a prior `log_prior` is that of the action. `log_multiplicity` is that of the final state at the last
    transition, else 0; None in an environment without aliases.
    """

    log_pf: Tensor
    log_pb: Tensor
    log_flow: Tensor | None
    log_prior: Tensor | None = None
    log_multiplicity: Tensor | None = None

    @property
    def log_reference(self) -> Tensor:
        """What log P_F is balanced against [N]: log P_B, or with a prior that of the prior.

        A prior is a distribution over trajectories, as P_B is given their objects. The balance of every loss
        then holds for p_prior(tau) R(x) in place of P_B(tau | x) R(x), and flows are mean rewards under the
        prior (relative trajectory balance, arXiv:2405.20971).

        Where an object has several final states, P_B first draws one of them evenly. A prior needs no such
        step: its density of an object is the sum over all trajectories, whichever state they end in.
        """
        if self.log_prior is not None:
            return self.log_prior
        return self.log_pb if self.log_multiplicity is None else self.log_pb - self.log_multiplicity


def score(policy: Policy, trajectories: Trajectories, condition: Condition) -> Scores:
    """Score B trajectories under their B conditions."""
    n = trajectories.n_transitions
    is_learned = policy.spec.has_learned_backward
    rows = trajectories.trajectory
    if is_learned:
        rows = torch.cat([rows, torch.arange(len(trajectories), device=rows.device)])
    features = trajectories.features.at(slice(0, len(rows)))
    context = policy.context(condition).at(rows)
    hidden = policy.hidden(features, context)
    before = context if not is_learned else context.first(n)
    backward_logits = None
    mask, actions = trajectories.forward_mask, trajectories.actions.unsqueeze(1)
    if is_learned:
        logits, backward_logits = policy.both_logits(hidden, features, context)
        log_pf = _log_pf(logits[:n], mask, actions)
    elif policy.words is None:
        log_pf = _log_pf(policy.forward_logits(hidden, features, before), mask, actions)
    else:
        log_pf = _log_pf_in_groups(policy, hidden, features, before, trajectories)
    log_prior = trajectories.features.log_prior
    return Scores(
        log_pf=log_pf,
        log_pb=_log_pb(trajectories, backward_logits),
        log_flow=_log_flow(policy, trajectories, condition, policy.log_flow(hidden[:n], before))
        if policy.spec.has_flow
        else None,
        log_prior=None
        if log_prior is None
        else trajectories.features.spread(log_prior)[:n].gather(1, actions).squeeze(1),
        log_multiplicity=_log_multiplicity(trajectories) if trajectories.environment.has_aliases else None,
    )


def _log_pf(logits: Tensor, mask: Tensor, actions: Tensor) -> Tensor:
    """Return the log-probabilities [N] of actions [N, 1] by logits and mask [N, A]."""
    # every state before a transition has an allowed action, so no row is empty
    log_pf = logits.masked_fill(mask.logical_not(), -torch.inf).log_softmax(dim=1)
    return log_pf.gather(1, actions).squeeze(1)


def _log_pf_in_groups(
    policy: Policy, hidden: Tensor, features: Features, context: Context, trajectories: Trajectories
) -> Tensor:
    """Return the log-probabilities [N] of the actions, where many words are closed in many of the states."""
    mask, actions = trajectories.forward_mask, trajectories.actions.unsqueeze(1)
    order, parts = [], []
    for rows, width in policy.row_groups(mask):
        of_rows = (hidden[rows], features.at(rows), context.at(rows))
        logits = policy.forward_logits(*of_rows, is_plain=width < policy.n_actions)
        parts.append(_log_pf(logits, mask[rows, :width], actions[rows]))
        order.append(rows)
    return torch.cat(parts)[torch.cat(order).argsort()]


def _log_multiplicity(trajectories: Trajectories) -> Tensor:
    """Return the final state's log-multiplicity at the last transition of each trajectory, else 0 [N]."""
    values = trajectories.environment.log_multiplicity(trajectories.final_states)
    is_last = trajectories.time + 1 == trajectories.lengths[trajectories.trajectory]
    return torch.where(is_last, values[trajectories.trajectory], 0.0)


def _log_pb(trajectories: Trajectories, logits: Tensor | None) -> Tensor:
    """Return log P_B [N]; uniform over allowed backward actions without learned logits [N + B, R]."""
    mask = trajectories.environment.backward_mask(trajectories.states)  # [N + B, R]
    following = trajectories.following()
    if logits is None:
        return -mask.sum(dim=1).float().log()[following]
    log_pb = masked_log_softmax(logits, mask)
    flat = torch.add(trajectories.backward_actions, following, alpha=log_pb.shape[1])
    return log_pb.view(-1).index_select(0, flat)


def _log_flow(policy: Policy, trajectories: Trajectories, condition: Condition, relative: Tensor) -> Tensor:
    """Return log F of the state before each transition [N]; for the initial state, log Z(c)."""
    log_z = policy.log_z(condition)[trajectories.trajectory]
    return torch.where(trajectories.time == 0, log_z, log_z + relative)
