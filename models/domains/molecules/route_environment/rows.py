"""Rows of integers that are routes: first block, then step and partner for each step, then whether stopped.

Blocks and steps count from 1; 0 is nothing. A step that needs a partner is pending while it has none.

Letters: B batch, W = 2 T + 2 state width, T most steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from models.domains.molecules.reactions.route import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


class RouteColumns(NamedTuple):
    """The parts of rows [B, W]; `pending` is the step that waits for its partner, 0 without one."""

    first: Tensor  # [B]
    steps: Tensor  # [B, T]
    partners: Tensor  # [B, T]
    stopped: Tensor  # [B] (bool)
    n_steps: Tensor  # [B] the pending one included
    pending: Tensor  # [B]


def split(states: Tensor, needs_partner: Tensor) -> RouteColumns:
    """Return the parts of rows [B, W]; `needs_partner` [1 + S] is that of `RouteTables`."""
    steps, partners = states[:, 1:-1:2], states[:, 2:-1:2]
    waits = needs_partner[steps] & (partners == 0)  # [B, T], at most one of them
    return RouteColumns(
        first=states[:, 0],
        steps=steps,
        partners=partners,
        stopped=states[:, -1] == 1,
        n_steps=(steps > 0).sum(dim=1),
        pending=(steps * waits).sum(dim=1),
    )


def route_of(row: Sequence[int]) -> Route:
    """Return the route of a row that has a first block and no pending step."""
    pairs = zip(row[1:-1:2], row[2:-1:2], strict=True)
    steps = tuple((step - 1, partner - 1 if partner else None) for step, partner in pairs if step)
    return Route(row[0] - 1, steps)


def row_of(route: Route, max_steps: int) -> list[int]:
    """Return the row [W] of a finished route."""
    pairs = [
        value for step, partner in route.steps for value in (step + 1, 0 if partner is None else partner + 1)
    ]
    return [route.first + 1, *pairs, *[0] * (2 * (max_steps - len(route.steps))), 1]


def rows_to_tensor(routes: Sequence[Route], max_steps: int) -> Tensor:
    """Return the rows [N, W] of finished routes."""
    rows = [row_of(route, max_steps) for route in routes]
    return torch.tensor(rows, dtype=torch.int64).reshape(len(rows), 2 * max_steps + 2)
