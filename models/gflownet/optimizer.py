"""Adam's step without its bookkeeping, which costs more than the arithmetic on small networks. It knows no loss."""

import torch


@torch.no_grad()
def gradient_norm(parameters: list[torch.nn.Parameter]) -> torch.Tensor:
    """Return the Euclidean norm of all gradients there are, as a scalar tensor."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norms = torch._foreach_norm(gradients)  # noqa: SLF001 - what get_total_norm calls as well
    norm: torch.Tensor = torch.linalg.vector_norm(torch.stack(norms))
    return norm


@torch.no_grad()
def adam_step(optimizer: torch.optim.Adam) -> None:
    """Do what `step` of a fused Adam without decay, amsgrad or hooks does, bit for bit."""
    groups = []
    for group in optimizer.param_groups:
        moved = [parameter for parameter in group["params"] if parameter.grad is not None]
        if any(parameter not in optimizer.state for parameter in moved):
            optimizer.step()  # makes the state of parameters that never had a gradient
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
