"""A chemistry of letters with the attributes of `Reactions`, in which several routes make one object.

A molecule is a text of its letters in order: small letters are reactive groups, large ones atoms that stay.
"""

from collections import defaultdict
from types import SimpleNamespace

import numpy as np

from models.domains.molecules.reactions.route import Route
from models.domains.molecules.reactions.steps import StepKind

GROUPS = ("a", "b", "p")
BLOCKS = ("Xa", "Yb", "Zab", "Vbp", "Wa", "Uaa")
JOIN, REMOVE = "join", "remove"


def _ordered(letters: str) -> str:
    return "".join(sorted(letters))


class ToyReactions:
    """Joins one a with one b, where the growing molecule has no second; removes p, which leaves an a.

    With `is_tracked` off, what a removal does to the groups has to be counted.
    """

    def __init__(
        self, blocks: tuple[str, ...] = BLOCKS, max_steps: int = 2, most: int = 9, *, is_tracked: bool = True
    ) -> None:
        self.groups = GROUPS
        self.stock = SimpleNamespace(
            blocks=tuple(SimpleNamespace(smiles=_ordered(block), price=None) for block in blocks)
        )
        self.templates = (SimpleNamespace(name=JOIN), SimpleNamespace(name=REMOVE))
        self.max_steps, self.max_heavy_atoms = max_steps, most
        self.steps = (StepKind(0, 0, False), StepKind(0, 1, False), StepKind(1, 0, True))
        texts = [block.smiles for block in self.stock.blocks]
        self.counts = np.array([self.count(text) for text in texts], dtype=np.int16)
        self.needs = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.bool_)
        self.forbids = np.zeros((3, 3), dtype=np.bool_)
        self.partners = np.array(
            [self.counts[:, 1] == 1, self.counts[:, 0] == 1, np.zeros(len(texts), np.bool_)], dtype=np.bool_
        )
        self.change = np.array([[-1, -1, 0], [-1, -1, 0], [1, 0, -1]], dtype=np.int16)
        self.is_tracked = np.array([True, True, is_tracked])
        if not is_tracked:
            self.change[2] = 0
        self.heavy_atoms = np.array([len(text) for text in texts], dtype=np.int16)
        self.lost_atoms = np.array([2, 2, 0], dtype=np.int16)
        self._routes: dict[str, list[Route]] | None = None

    def count(self, smiles: str) -> np.ndarray:
        """Return how often each group occurs [G]."""
        return np.array([smiles.count(group) for group in GROUPS], dtype=np.int16)

    def apply(self, smiles: str, step: int, partner: int | None = None) -> str | None:
        """Return the product, or None where the step is not possible."""
        if step == 2:
            is_possible = partner is None and smiles.count("p") == 1
            return _ordered(smiles.replace("p", "a")) if is_possible else None
        if partner is None:
            return None
        ours, theirs = ("a", "b") if step == 0 else ("b", "a")
        other = self.stock.blocks[partner].smiles
        if smiles.count(ours) != 1 or other.count(theirs) != 1:
            return None
        product = _ordered(smiles.replace(ours, "", 1) + other.replace(theirs, "", 1))
        return product if len(product) <= self.max_heavy_atoms else None

    def execute(self, route: Route) -> str | None:
        """Return the product of the whole route."""
        text: str | None = self.stock.blocks[route.first].smiles
        if len(text) > self.max_heavy_atoms:
            return None
        for step, partner in route.steps:
            text = None if text is None else self.apply(text, step, partner)
        return text

    def routes(self, smiles: str) -> tuple[Route, ...]:
        """Return all routes to a molecule, by listing every route of the space once."""
        if self._routes is None:
            self._routes = defaultdict(list)
            level = [Route(first) for first in range(len(self.stock.blocks))]
            for _ in range(self.max_steps + 1):
                made = [(route, self.execute(route)) for route in level]
                for route, text in made:
                    if text is not None:
                        self._routes[text].append(route)
                level = [longer for route, text in made if text for longer in self._longer(route)]
        return tuple(self._routes.get(smiles, ()))

    def best_route(self, smiles: str) -> Route | None:
        """Return one of the shortest routes, if there is any."""
        return min(self.routes(smiles), key=lambda route: len(route.steps), default=None)

    def _longer(self, route: Route) -> list[Route]:
        if len(route.steps) == self.max_steps:
            return []
        partners = [*range(len(self.stock.blocks)), None]
        return [Route(route.first, (*route.steps, (step, one))) for step in range(3) for one in partners]
