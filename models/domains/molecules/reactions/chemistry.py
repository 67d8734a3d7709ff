"""The routes of one campaign: templates and stock compiled to arrays, and their execution. Torch-free.

Letters: `N` blocks, `S` steps, `G` groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


@final
class Reactions:
    """Templates and stock, with the arrays that tell without RDKit which steps are possible.

    A step is possible where each group of `needs` occurs once in the growing molecule and none of `forbids`
    does, and the partner is one of `partners`. The counts of a product are those of both reactants and
    `change`, where the step `is_tracked`; elsewhere they are `count(product)`. The heavy atoms of a product
    are those of both reactants minus `lost_atoms`, for all steps.
    """

    groups: tuple[str, ...]
    """Names of the tracked groups [G]."""
    counts: npt.NDArray[np.int16]
    """Occurrences of each group in each block [N, G]."""
    steps: tuple[StepKind, ...]
    """[S]"""
    needs: npt.NDArray[np.bool_]
    """[S, G]"""
    forbids: npt.NDArray[np.bool_]
    """[S, G]"""
    partners: npt.NDArray[np.bool_]
    """Blocks that may be the partner of a step [S, N]; all False for unimolecular steps."""
    change: npt.NDArray[np.int16]
    """[S, G]; zeros where a step is not tracked."""
    is_tracked: npt.NDArray[np.bool_]
    """[S]; always True for our own templates, perhaps False for those of users."""
    heavy_atoms: npt.NDArray[np.int16]
    """[N]"""
    lost_atoms: npt.NDArray[np.int16]
    """[S]; negative where a reagent adds atoms."""

    def __init__(
        self, templates: Sequence[Template], stock: Stock, max_steps: int, max_heavy_atoms: int
    ) -> None:
        self.templates = tuple(templates)
        self.stock = stock
        self.max_steps = max_steps
        self.max_heavy_atoms = max_heavy_atoms
        raise NotImplementedError

    def count(self, smiles: str) -> npt.NDArray[np.int16]:
        """Return how often each group occurs in a molecule [G], counted by RDKit and remembered."""
        raise NotImplementedError

    def apply(self, smiles: str, step: int, partner: int | None = None) -> str | None:
        """Return the product's canonical text; None if guards do not hold or the product is not unique."""
        raise NotImplementedError

    def execute(self, route: Route) -> str | None:
        """Return the molecule that a route makes; None if any of its steps cannot be carried out."""
        raise NotImplementedError

    def routes(self, smiles: str) -> tuple[Route, ...]:
        """Return all routes of this space that make a molecule."""
        raise NotImplementedError

    def describe(self, route: Route) -> Mapping[str, Any]:
        """Return the JSON of a candidate's route."""
        raise NotImplementedError
