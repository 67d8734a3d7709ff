"""Thompson sampling: a sampled function is taken for the true one (Thompson, Biometrika 25, 1933)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from models.acquisition.contract import Acquisition

if TYPE_CHECKING:
    from torch import Tensor

    from models.acquisition.contract import AcquisitionContext


@final
class ThompsonSampling(Acquisition):
    """The scalarised utility under the sampled function, which is fixed for a round."""

    uses_incumbents: ClassVar[bool] = False
    uses_draws: ClassVar[bool] = True

    def __init__(self, context: AcquisitionContext) -> None:
        self._scalarise = context.scalarise

    def statistics(self, mean: Tensor, sd: Tensor, drawn: Tensor | None) -> Tensor:  # noqa: ARG002 - the contract's
        """Return the drawn utilities [N, M].

        Raises:
            ValueError: if nothing was drawn.
        """
        if drawn is None:
            raise ValueError("drawn: Thompson sampling needs the utilities under a drawn function")
        return drawn

    def value(self, statistics: Tensor, preference: Tensor) -> Tensor:
        """Return the scalarised drawn utilities [N]."""
        return self._scalarise(statistics, preference)


ACQUISITION = ThompsonSampling
