"""A queue of trajectories: one rollout serves several training steps. Knows no policy, behaviour or loss.

The cost of a rollout grows with its longest trajectory, so few trajectories cost nearly as much as many.
Queued trajectories were sampled by a policy a few gradient steps older. Losses allow this, since they score
with the current policy. Letters: B trajectories of one step, k steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import final

import torch
from torch import Tensor

from models.gflownet.conditioning import Condition, join_conditions
from models.gflownet.environment import Environment
from models.gflownet.prior import ActionPrior
from models.gflownet.trajectories import Reads, Trajectories, featurize_trajectories

COLUMNS = ("states", "actions", "backward_actions", "trajectory", "time", "lengths")
CONDITION = tuple(item.name for item in fields(Condition))


def interleave(conditions: Sequence[Condition]) -> Condition:
    """Return the conditions [B] of k steps in turn, one of each after another: [B * k]."""
    if len(conditions) == 1:
        return conditions[0]
    turns = torch.arange(len(conditions) * len(conditions[0])).view(len(conditions), -1).t().flatten()
    return join_conditions(conditions).at(turns.to(conditions[0].beta.device))


@final
class TrajectoryQueue:
    """Conditions and trajectories that are queued for their steps."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Condition, Trajectories]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def push(self, condition: Condition, trajectories: Trajectories, n_steps: int) -> None:
        """Split interleaved conditions and their trajectories [B * k] into k steps."""
        parts = trajectories.split(n_steps)
        self._waiting += [(condition.at(slice(i, None, n_steps)), part) for i, part in enumerate(parts)]

    def pop(self) -> tuple[Condition, Trajectories]:
        """Return the next training batch."""
        return self._waiting.pop(0)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the queued trajectories."""
        state: dict[str, Tensor] = {}
        for i, (condition, part) in enumerate(self._waiting):
            state |= {
                f"{i}.{name}": value for name in CONDITION if (value := getattr(condition, name)) is not None
            }
            state |= {f"{i}.{name}": getattr(part, name) for name in COLUMNS}
        return state

    def load_state_dict(
        self,
        state: Mapping[str, Tensor],
        environment: Environment,
        prior: ActionPrior | None = None,
        reads: Reads = "encoding",
    ) -> None:
        """Restore the queue; masks, and features for a prior and a trunk that reads them, are made anew."""
        self._waiting = []
        while f"{len(self)}.beta" in state:
            start = f"{len(self)}."
            columns = {name: state[start + name].to(environment.device) for name in COLUMNS}
            condition = Condition(
                **{
                    name: state[start + name].to(environment.device)
                    for name in CONDITION
                    if start + name in state
                }
            )
            states = columns["states"]
            mask = environment.forward_mask(states[: len(columns["actions"])])
            features = featurize_trajectories(
                environment, states, columns["trajectory"], columns["time"], prior, reads
            )
            part = Trajectories(environment, **columns, forward_mask=mask, features=features)
            self._waiting.append((condition, part))
