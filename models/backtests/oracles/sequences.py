"""An oracle of peptides by an Ehrlich function: residues are its tokens, in a random order.

A peptide with an infeasible transition cannot be made. Knows no strategy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import numpy as np

from models.backtests.contract import Oracle
from models.domains.peptides.residues import RESIDUES
from models.records import Measurement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.backtests.oracles.ehrlich import Ehrlich
    from models.domains.contract import Floats


@final
class EhrlichLab(Oracle):
    """Measures one quantity without noise; a campaign starts from random walks of the transition matrix.

    Args:
        function: the measured function.
        seed: of the order of residues, so that properties of residues carry no information.
        quantity: the assay type of the results.
    """

    objects = None

    def __init__(self, function: Ehrlich, seed: int, quantity: str = "value") -> None:
        n_tokens = len(function.transitions)
        self._function = function
        self._quantity = quantity
        self.alphabet = "".join(RESIDUES[index] for index in np.random.default_rng(seed).permutation(len(RESIDUES)))
        self.alphabet = self.alphabet[:n_tokens]
        self._token = {residue: token for token, residue in enumerate(self.alphabet)}
        self.start = self._walks

    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:  # noqa: ARG002 - no noise
        """Return the values of peptides [N]; one that cannot be made is a failed synthesis."""
        result = self._values(objects).tolist()
        return tuple(
            Measurement(text, self._quantity, outcome="failed_synthesis", round=n_round)
            if value != value  # noqa: PLR0124 - NaN alone differs from itself
            else Measurement(text, self._quantity, value, round=n_round)
            for text, value in zip(objects, result, strict=True)
        )

    def truth(self, objects: Sequence[str]) -> Floats:
        """Return the values [N, 1]; NaN for infeasible peptides."""
        return self._values(objects)[:, None]

    def optimum(self) -> str:
        """Return a peptide of the greatest value, 1."""
        return self._text(self._function.optimum().tolist())

    def _values(self, objects: Sequence[str]) -> Floats:
        tokens = [[self._token[residue] for residue in text] for text in objects]
        return self._function.value(np.array(tokens, dtype=np.int64).reshape(len(objects), self._function.length))

    def _walks(self, n: int, seed: int) -> tuple[str, ...]:
        """Return up to n distinct feasible peptides."""
        walks = self._function.sample(2 * n, seed).tolist()
        return tuple(dict.fromkeys(self._text(tokens) for tokens in walks))[:n]

    def _text(self, tokens: Sequence[int]) -> str:
        return "".join(self.alphabet[token] for token in tokens)
