"""Training losses, one file each, named like the loss. Each defines `LOSS`, a `contract.Loss`."""

from importlib import import_module

from models.gflownet.losses.contract import Loss
from models.specs.sampler import LOSSES


def get_loss(name: str, delta: float | None = 1.0, decay: float | None = None) -> Loss:
    """Return the loss of that name.

    Args:
        name: one of `LOSSES`.
        delta: Huber threshold of the residual, None for squared.
        decay: lambda of sub-trajectory balance, None for the loss's own; other losses ignore it.

    Raises:
        ValueError: if there is no such loss.
    """
    if name not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}, not {name!r}")
    loss: Loss = import_module(f"{__name__}.{name}").LOSS(delta, decay)
    return loss
