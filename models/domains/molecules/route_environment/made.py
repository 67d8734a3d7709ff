"""What routes make, and which routes make the same: molecules are handled one by one only here.

Each question is answered once for each route and each molecule, as far as the memory goes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from models.domains.molecules.reactions.chemistry import Reactions
    from models.domains.molecules.reactions.route import Route

N_ROUTES = 200_000
N_MOLECULES = 100_000
"""Routes and molecules that are remembered."""


class MissingRouteError(RuntimeError):
    """The reactions do not list a route among those of the molecule that it makes."""


@final
class Made:
    """The molecules of routes, by execution, and the routes of molecules, by enumeration."""

    def __init__(self, reactions: Reactions) -> None:
        self._reactions = reactions
        self.text = lru_cache(N_ROUTES)(self._text)
        """The canonical SMILES that a route makes; empty if it cannot be carried out."""
        self.routes = lru_cache(N_MOLECULES)(reactions.routes)
        """All routes of this space that make a molecule."""

    def _text(self, route: Route) -> str:
        return self._reactions.execute(route) or ""

    def counts(self, route: Route) -> npt.NDArray[np.int16] | None:
        """Return how often each group occurs in what a route makes [G]; None if it makes nothing."""
        text = self.text(route)
        return self._reactions.count(text) if text else None

    def n_routes(self, route: Route) -> int:
        """Return how many routes make what this one makes; 1 if it makes nothing.

        Raises:
            MissingRouteError: if this route is not among them: the target would be wrong without a word.
        """
        text = self.text(route)
        if not text:
            return 1
        found = self.routes(text)
        if route not in found:
            raise MissingRouteError(f"{text} is made by {route}, which is none of its {len(found)} routes")
        return len(found)
