"""Kinds of steps, and what the parts of a space of routes know of it. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from models.domains.molecules.reactions.route import Route
    from models.domains.molecules.reactions.stock import Stock
    from models.domains.molecules.reactions.templates import Template


class StepKind(NamedTuple):
    """A template, and which of its reactants (0 or 1) the growing molecule is."""

    template: int
    role: int
    is_unimolecular: bool


class RouteSpace(Protocol):
    """Templates and stock, and how steps are executed."""

    templates: tuple[Template, ...]
    steps: tuple[StepKind, ...]
    stock: Stock
    max_steps: int

    @property
    def firsts(self) -> npt.NDArray[np.bool_]:
        """Return the blocks with which a route may begin [N]."""

    @property
    def partners(self) -> npt.NDArray[np.bool_]:
        """Return the blocks that may be the partner of each step [S, N]."""

    @property
    def counts(self) -> npt.NDArray[np.int16]:
        """Return how often each group occurs in each block [N, G]."""

    @property
    def change(self) -> npt.NDArray[np.int16]:
        """Return what each step adds to the summed counts [S, G]."""

    @property
    def is_tracked(self) -> npt.NDArray[np.bool_]:
        """Return the steps after which `change` tells the counts [S]."""

    def count(self, smiles: str) -> npt.NDArray[np.int16]:
        """Return how often each group occurs in a molecule [G]."""

    def allowed(self, counts: npt.NDArray[np.int16], step: int) -> npt.NDArray[np.bool_]:
        """Return which rows of counts [R, G] satisfy the guards of a step's growing molecule [R]."""

    def apply(self, smiles: str, step: int, partner: int | None = None) -> str | None:
        """Return the canonical text of a step's product; None if the step is not possible."""

    def execute(self, route: Route) -> str | None:
        """Return the molecule that a route makes; None if any of its steps is not possible."""
