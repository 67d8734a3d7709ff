"""Adam in two parameter groups with decaying rates, without overhead that dominates small networks.

Knows no loss.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from models.gflownet.policy import Policy


def build_optimizer(policy: "Policy") -> torch.optim.Adam:
    """Return an optimiser of the network and, as second group, log Z; call `set_rates` before each step."""
    partition = list(policy.partition.parameters())
    others = [value for name, value in policy.named_parameters() if not name.startswith("partition.")]
    return torch.optim.Adam([{"params": others}, {"params": partition}], fused=True)


def set_rates(optimizer: torch.optim.Adam, rates: tuple[float, float], done: float, final: float) -> None:
    """Set the groups' learning rates on a cosine decay to the share `final`, at progress `done`."""
    left = max(0.0, 1.0 - done)
    factor = final + (1.0 - final) * 0.5 * (1.0 - math.cos(math.pi * left))
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate * factor


def flat_state(optimizer: torch.optim.Adam) -> dict[str, torch.Tensor]:
    """Return the moments by name, without the rates, which `set_rates` gives."""
    state = optimizer.state_dict()["state"]
    return {f"{index}.{name}": value for index, slot in state.items() for name, value in slot.items()}


def load_state(optimizer: torch.optim.Adam, flat: Mapping[str, torch.Tensor]) -> None:
    """Restore what `flat_state` returned."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in flat.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value.clone()
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


@torch.no_grad()
def gradient_norm(parameters: list[torch.nn.Parameter]) -> torch.Tensor:
    """Return the Euclidean norm of all gradients there are, as a scalar tensor."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norms = torch._foreach_norm(gradients)  # noqa: SLF001 - what get_total_norm calls as well
    norm: torch.Tensor = torch.linalg.vector_norm(torch.stack(norms))
    return norm


@torch.no_grad()
def adam_step(optimizer: torch.optim.Adam) -> None:
    """Reproduce `step` of a fused Adam without decay, amsgrad or hooks, bit for bit."""
    groups = []
    for group in optimizer.param_groups:
        moved = [parameter for parameter in group["params"] if parameter.grad is not None]
        if any(parameter not in optimizer.state for parameter in moved):
            optimizer.step()  # creates the state of parameters that never had a gradient
            return
        if moved:
            groups.append((group, moved, [optimizer.state[parameter] for parameter in moved]))
    for group, moved, states in groups:
        steps = [state["step"] for state in states]
        torch._foreach_add_(steps, 1)
        torch._fused_adam_(
            moved,
            [parameter.grad for parameter in moved],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            steps,
            lr=group["lr"],
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=0.0,
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )
