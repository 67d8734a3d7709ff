"""The checks of the environment conformance suite detect defects planted in a correct environment."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from assayflow_tiny.environment import SwitchesEnvironment
from environment_walks import check_backward, check_states, walk
from torch import Tensor

SOUND = SwitchesEnvironment(3, "cpu")


def _changes_its_input(states: Tensor, actions: Tensor) -> Tensor:
    return states.scatter_(1, (actions // 2).unsqueeze(1), (actions % 2 + 1).unsqueeze(1))


def _undoes_another_step(states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
    following = SOUND.step(states, actions)
    return following, SOUND.backward_mask(following).to(torch.int64).argmax(dim=1)


DEFECTS: dict[str, Callable[..., Any]] = {
    "step": _changes_its_input,
    "step_with_reverse": _undoes_another_step,
    "backward_step_with_forward": lambda states, actions: (SOUND.backward_step(states, actions), 2 * actions),
    "backward_step": lambda states, _actions: torch.zeros_like(states),
    "forward_mask": lambda states: torch.ones(len(states), SOUND.n_actions, dtype=torch.bool),
    "backward_mask": lambda states: torch.zeros(len(states), SOUND.n_backward_actions, dtype=torch.bool),
    "is_final": lambda states: (states[:, :-1] > 0).all(dim=1),
    "encode": lambda states: SOUND.encode(states).double(),
    "key": lambda states: SOUND.key(states).to(torch.int32),
}


def _check_all(env: SwitchesEnvironment) -> None:
    batches = walk(env, seed=1)
    for states in batches:
        check_states(env, states)
    rows, actions = env.backward_mask(batches[-1]).nonzero().unbind(dim=1)
    check_backward(env, batches[-1][rows], actions)


def test_a_sound_environment_passes():
    _check_all(SwitchesEnvironment(3, "cpu"))


@pytest.mark.parametrize("method", DEFECTS)
def test_a_planted_defect_is_noticed(method: str, monkeypatch: pytest.MonkeyPatch):
    env = SwitchesEnvironment(3, "cpu")
    monkeypatch.setattr(env, method, DEFECTS[method])
    with pytest.raises(AssertionError):
        _check_all(env)
