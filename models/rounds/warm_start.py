"""A training that begins from what an earlier round left: its policy, its best objects and its multipliers.

Knows artefacts by their content; not which round they are of, nor where they are kept. What cannot serve
costs only the start: the policy is then trained anew, and a message says why.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from models.gflownet.carrying_over import OtherPolicyError, carry_over
from models.messages.message import Message, message
from models.rounds.artefact import ArtefactError, describe_space, names_of, read_artefact
from models.rounds.training.round_prior import NO_PRIOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.campaign.spec import CampaignSpec
    from models.gflownet.carrying_over import PolicyNames
    from models.gflownet.environment import Environment
    from models.gflownet.trainer import Trainer
    from models.reward.lagrange_multipliers import LagrangeMultipliers
    from models.rounds.artefact import Artefact
    from models.rounds.training.round_prior import RoundPrior


@final
@dataclass(frozen=True, slots=True)
class Start:
    """What a training began from, as plain JSON (None for a new policy), and what a reader should know."""

    summary: dict[str, Any] | None
    messages: tuple[Message, ...] = ()


def digest(start: bytes | None) -> str | None:
    """Return the name of what a round is to begin from."""
    return None if start is None else hashlib.sha256(start).hexdigest()


def warm_start(
    trainer: Trainer,
    multipliers: LagrangeMultipliers,
    spec: CampaignSpec,
    start: bytes | None,
    made_from: Mapping[str, Any],
) -> Start:
    """Let a trainer at its start begin from an earlier round, where that is possible.

    Args:
        trainer: that has taken no step.
        multipliers: of the round's reward.
        spec: of the round.
        start: content of the earlier round's artefact; None leaves the trainer as it is.
        made_from: `provenance` of this round.
    """
    if start is None:
        return Start(None)
    ours = names_of(spec, trainer.environment, trainer.conditions)
    try:
        earlier = read_artefact(start)
        _check_prior(trainer, earlier)
        carried = carry_over(
            earlier.policy, _names(earlier, made_from, ours), trainer.policy.state_dict(), ours
        )
    except ArtefactError as error:
        return Start(None, (message("start_damaged", reason=str(error)),))
    except OtherPolicyError as error:
        return Start(None, (message("start_of_other_policy", reason=str(error)),))
    states, is_known = trainer.environment.states(earlier.best)
    trainer.begin_from(carried.weights, states[is_known], spec.sampler.steps_when_warm)
    _restore(multipliers, earlier, spec)
    found = {
        "sha256": digest(start),
        "campaign_id": None,
        "round": None,
        "actions": carried.n_actions,
        "known_actions": carried.n_known,
        "best_objects": int(is_known.sum()),
        "steps": trainer.settings.steps,
    }
    return Start(found)


def earlier_prior(start: bytes | None, environment: Environment) -> RoundPrior:
    """Return the prior that an earlier round's artefact kept; none where it is of another space, or damaged.

    Args:
        start: content of the artefact; None without one.
        environment: of this round.
    """
    if start is None:
        return NO_PRIOR
    try:
        earlier = read_artefact(start)
    except ArtefactError:  # the warm start says so
        return NO_PRIOR
    space = describe_space(environment)
    if any(earlier.made_from.get(key) != value for key, value in space.items()):
        return NO_PRIOR
    return earlier.round_prior(environment)


def _check_prior(trainer: Trainer, earlier: Artefact) -> None:
    """Raise unless both policies, or none, have logits beside a prior: its part cannot be told from theirs.

    The priors may differ, as they do when something was measured in between.
    """
    if earlier.has_prior != (trainer.policy.prior is not None):
        owner = "the earlier policy" if earlier.has_prior else "this round"
        raise OtherPolicyError(f"only {owner} has a learned prior")


def _names(earlier: Artefact, made_from: Mapping[str, Any], ours: PolicyNames) -> PolicyNames:
    """Return the names of an earlier policy; one of an older release has ours, if it is of the same space.

    Raises:
        OtherPolicyError: if nothing tells what its numbers mean.
    """
    if earlier.names is not None:
        return earlier.names
    same = all(earlier.made_from.get(key) == made_from[key] for key in ("environment", "vocabulary"))
    named = [item["name"] for item in earlier.made_from["spec"]["objectives"]]
    if not same or named != [item["name"] for item in made_from["spec"]["objectives"]]:
        raise OtherPolicyError("an older release trained it, for other building blocks or objectives")
    return ours


def _restore(multipliers: LagrangeMultipliers, earlier: Artefact, spec: CampaignSpec) -> None:
    """Let multipliers begin where those of the same constraints ended, if they weigh alike."""
    constraints, state = spec.model_dump(mode="json")["constraints"], earlier.multipliers
    is_same = earlier.made_from["spec"]["constraints"] == constraints
    is_alike = len(state["values"]) == len(multipliers) and state.get("beta_scale") == multipliers.beta_scale
    if is_same and is_alike:
        multipliers.restore(state)
