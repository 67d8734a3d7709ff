"""Errors of fitting one proxy, separated from everything else that ends a round.

A failed proxy does not end a round: code that fits several catches `ProxyError`, reports it and continues.
Knows no proxy, domain or campaign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from linear_operator.utils.errors import NanError, NotPSDError

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.proxies.contract import FittedProxy, Posterior, Proxy, TrainingTable

    Answer = TypeVar("Answer")

FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    NanError,
    NotPSDError,
    RuntimeError,  # PyTorch's own, LinAlgError and out of memory among them
    TypeError,
    ValueError,
)
"""Exceptions of numerical work. `Exception` would also catch a worker's time limit and a cancellation."""


class ProxyError(RuntimeError):
    """A proxy could not be fitted, or predicted values that are no finite numbers."""


def guard(compute: Callable[[], Answer]) -> Answer:
    """Return what `compute` returns.

    Raises:
        ProxyError: if a numerical error occurs.
    """
    try:
        return compute()
    except FAILURES as error:
        reason = str(error).strip().split("\n", maxsplit=1)[0]
        raise ProxyError(f"{type(error).__name__}: {reason}" if reason else type(error).__name__) from error


def fit_and_predict(
    proxy: Proxy, table: TrainingTable, rows: TrainingTable, *, seed: int
) -> tuple[FittedProxy, Posterior]:
    """Return the proxy fitted to a table, and its posterior [N, M] at `rows`.

    Raises:
        ProxyError: if it cannot be fitted, or a prediction is not finite.
    """
    fitted = guard(lambda: proxy.fit(table, seed=seed))
    posterior = guard(lambda: fitted.posterior(rows.features))
    if not all(bool(part.isfinite().all()) for part in (posterior.mean, posterior.sd, posterior.noise_sd)):
        raise ProxyError("its predictions are not finite")
    return fitted, posterior
