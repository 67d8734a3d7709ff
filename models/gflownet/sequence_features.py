"""Features of growing sequences that do not depend on the place: a rule between neighbours is learned once.

Letters: B batch, L places, V letters. Letters are numbers from 1, 0 after the end.
"""

import torch
from torch import Tensor

RECENT = 3
"""Last letters that are told apart by how far they are from the end."""


def width(n_letters: int) -> int:
    """Return how many features there are for V letters."""
    return RECENT * n_letters + n_letters**2


def place_free(letters: Tensor, n_letters: int) -> Tensor:
    """Return the last letters one-hot from the end, and which pairs of neighbours occur [B, 3 V + V^2]."""
    n = len(letters)
    end = (letters > 0).sum(dim=1, keepdim=True)  # [B, 1]
    back = end - 1 - torch.arange(RECENT, device=letters.device)  # [B, 3]
    last = letters.gather(1, back.clamp_min(0)) * (back >= 0)
    recent = letters.new_zeros(n, RECENT, n_letters + 1, dtype=torch.float32)
    recent.scatter_(2, last.unsqueeze(2), 1.0)
    left, right = letters[:, :-1], letters[:, 1:]
    pair = torch.where(right > 0, (left - 1) * n_letters + right, 0)  # [B, L - 1]
    pairs = letters.new_zeros(n, n_letters**2 + 1, dtype=torch.float32).scatter_(1, pair, 1.0)
    return torch.cat([recent[:, :, 1:].flatten(1), pairs[:, 1:]], dim=1)
