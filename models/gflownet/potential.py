"""Learned energy decomposition: partial log-rewards for any reward (LED-GFN, arXiv:2310.03301).

A potential psi(s, c) is a network on the policy's own inputs, learned beside the policy so that its
increments along a trajectory share the log-reward of its object. Forward-looking losses take what it has
gained since the initial state for the log-reward earned so far. The paper learns a potential per
transition; ours is one per state, and a final state has its exact log-reward in place of it. So every
potential, however poor, leaves the optimum where it is.

Letters: B trajectories, N transitions in total, D encoding width, C condition width.
"""

from collections.abc import Mapping
from typing import final

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.environment import Environment
from models.gflownet.optimizer import flat_state, load_state
from models.gflownet.trajectories import Features, Trajectories

WIDTH = 128
DROPPED = 0.1
"""Share of a trajectory's increments that is left out of each fit, so that they come to be alike."""


@final
class LearnedPotential(nn.Module):
    """psi(s, c) = a(s, c) + beta * b(s, c), since a log-reward is beta times a utility and more.

    Args:
        environment: of the states.
        conditions: of the policy.
        generator: of the first weights.
    """

    def __init__(self, environment: Environment, conditions: ConditionSampler, generator: Generator) -> None:
        super().__init__()
        self._conditions = conditions
        self.inner = nn.Linear(environment.encoding_width + conditions.width, WIDTH, device="meta")
        self.outer = nn.Linear(WIDTH, 2, device="meta")
        self.to_empty(device="cpu")
        with torch.no_grad():
            for parameter in self.parameters():
                bound = 1.0 / parameter.shape[-1] ** 0.5 if parameter.dim() > 1 else 0.0
                parameter.uniform_(-bound, bound, generator=generator)
        self.to(environment.device)

    def forward(self, features: Features, condition: Condition) -> Tensor:
        """Return potentials [N] of states with these features under conditions [N]."""
        encoding = features.spread(features.encoding)
        inputs = torch.cat([encoding, self._conditions.encode(condition)], dim=1)
        parts = self.outer(functional.silu(self.inner(inputs)))
        scaled: Tensor = parts[:, 0] + condition.beta * parts[:, 1]
        return scaled

    def of(self, trajectories: Trajectories, condition: Condition) -> Tensor:
        """Return potentials [N + B] of all states of trajectories under their conditions [B]."""
        everyone = torch.arange(len(trajectories), device=condition.beta.device)
        rows = torch.cat([trajectories.trajectory, everyone])
        return self(trajectories.features, condition.at(rows))  # type: ignore[no-any-return]

    def loss(
        self, trajectories: Trajectories, log_reward: Tensor, condition: Condition, generator: Generator
    ) -> Tensor:
        """Return the mean squared error of the decomposition, per transition.

        The mean of the kept increments is to be the log-reward [B] over the number of transitions.
        """
        potentials = self.of(trajectories, condition)
        n = trajectories.n_transitions
        increments = potentials[trajectories.following()] - potentials[:n]
        drawn = torch.rand(n, generator=generator, device=increments.device)
        kept = (drawn >= DROPPED).to(increments)
        counts = trajectories.total(kept)
        mean = trajectories.total(kept * increments) / counts.clamp_min(1.0)
        error = (mean - log_reward / trajectories.lengths) * (counts > 0)
        return error.square().mean()


@final
class PotentialTraining:
    """A potential in training, with an optimiser and random numbers of its own.

    Args:
        environment: of the states.
        conditions: of the policy.
        learning_rate: of the potential.
        seed: of its weights and of what each fit leaves out.
    """

    def __init__(
        self, environment: Environment, conditions: ConditionSampler, learning_rate: float, seed: int
    ) -> None:
        self.potential = LearnedPotential(environment, conditions, Generator().manual_seed(seed))
        self._optimizer = torch.optim.Adam(self.potential.parameters(), lr=learning_rate)
        self._generator = Generator(device=environment.device).manual_seed(seed)

    def partial_log_rewards(self, trajectories: Trajectories, final: Tensor, condition: Condition) -> Tensor:
        """Return the partial log-rewards of the visited states [N + B], then learn from the trajectories.

        For final states they are `final` [B], prior included.
        """
        with torch.no_grad():
            potentials = self.potential.of(trajectories, condition)[: trajectories.n_transitions]
            starts = trajectories.total(potentials.masked_fill(trajectories.time > 0, 0.0))
        self._optimizer.zero_grad()
        loss = self.potential.loss(trajectories, final, condition, self._generator)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return torch.cat([potentials - starts[trajectories.trajectory], final])

    def state_dict(self) -> dict[str, Tensor]:
        """Return weights, moments and random state."""
        moments = flat_state(self._optimizer)
        return {
            **{f"weights.{name}": value for name, value in self.potential.state_dict().items()},
            **{f"optimizer.{name}": value for name, value in moments.items()},
            "generator": self._generator.get_state(),
        }

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore what `state_dict` returned."""
        parts: dict[str, dict[str, Tensor]] = {"weights": {}, "optimizer": {}}
        for key, value in state.items():
            group, _, name = key.partition(".")
            if group in parts:
                parts[group][name] = value
        self.potential.load_state_dict(parts["weights"])
        load_state(self._optimizer, parts["optimizer"])
        self._generator.set_state(state["generator"])
