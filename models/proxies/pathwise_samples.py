"""A function sampled from a proxy's posterior, with the same value for the same object at every call.

Thompson sampling evaluates the sample object by object over thousands of calls, so a joint draw at all
objects is impossible. A Gaussian posterior is drawn jointly at anchors (ordinary objects of the space).
Elsewhere the value is the conditional mean given the anchors, plus a residual made from the object's features
and the seed (pathwise conditioning, Wilson et al., arXiv:2002.09309, on the sparse approximation of Snelson &
Ghahramani, NIPS 2006). Mean and variance equal the posterior's at every object. The part of a correlation
that no anchor explains is dropped, as are correlations between assay types. A posterior made of members is
sampled by choosing one of them. Knows no acquisition.

Letters: N objects, D features, M assay types, A anchors, K members.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol, final, runtime_checkable

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Generator, Tensor

    from models.proxies.contract import FittedProxy

JITTER = 1e-6
"""Share of the largest variance that is added to the anchors' covariance for its factorisation."""


class Path(Protocol):
    """A drawn function."""

    def __call__(self, features: Tensor) -> Tensor:
        """Return its values [N, M] at features [N, D]."""


@runtime_checkable
class Covarying(Protocol):
    """The additional interface of a proxy with a Gaussian posterior."""

    def covariance_with(self, anchors: Tensor) -> Callable[[Tensor], Tensor]:
        """Return the function from features [N, D] to posterior covariances [M, A, N] with anchors [A, D]."""


def sample_path(proxy: FittedProxy, anchors: Tensor, seed: int) -> Path:
    """Return a function drawn from the posterior; equal seeds give equal functions.

    Args:
        proxy: a fitted proxy.
        anchors: features [A, D] of ordinary objects, at which Gaussian posteriors are drawn jointly.
        seed: of the draw.
    """
    if isinstance(proxy, Covarying):
        return GaussianPath(proxy, anchors, torch.Generator().manual_seed(seed))
    return _member(proxy, anchors, seed)


def own_normals(features: Tensor, n: int, seed: int) -> Tensor:
    """Return standard normal numbers [N, n] that depend on each object's features and the seed alone."""
    rows = np.ascontiguousarray(features.detach().cpu().numpy() + 0.0)  # + 0.0: a negative zero is a zero
    salt = seed.to_bytes(16, "little", signed=True)
    digests = b"".join(hashlib.shake_128(salt + row.tobytes()).digest(8 * n) for row in rows)
    whole = np.frombuffer(digests, dtype=np.uint64).reshape(len(rows), n) >> np.uint64(11)
    normal: Tensor = torch.special.ndtri((torch.from_numpy(whole.astype(np.float64)) + 0.5) / 2**53)
    return normal.to(features)


@final
class GaussianPath:
    """A function drawn from a Gaussian posterior, independently per assay type.

    Args:
        proxy: a fitted proxy with posterior covariances.
        anchors: features [A, D] at which the draw is joint.
        generator: of the draw.
    """

    def __init__(self, proxy: FittedProxy, anchors: Tensor, generator: Generator) -> None:
        assert isinstance(proxy, Covarying)
        self._proxy = proxy
        self._posterior = proxy.posterior
        self._covariance = proxy.covariance_with(anchors)
        gram = self._covariance(anchors)  # [M, A, A]
        largest = gram.diagonal(dim1=1, dim2=2).amax(dim=1) if len(anchors) else gram.new_zeros(len(gram))
        slack = JITTER * largest[:, None, None] * torch.eye(len(anchors)).to(gram)
        self._factor = torch.linalg.cholesky(gram + slack)
        self._normal = torch.randn(gram.shape[:2], generator=generator, dtype=gram.dtype).to(gram)
        self._seed = int(torch.randint(2**62, (), generator=generator))

    @torch.no_grad()
    def __call__(self, features: Tensor) -> Tensor:
        """Return its values [N, M] at features [N, D]."""
        posterior = self._posterior(features)
        half = torch.linalg.solve_triangular(self._factor, self._covariance(features), upper=False)  # [M, A, N]
        data_update = torch.einsum("man,ma->nm", half, self._normal)
        unexplained = (posterior.sd.square() - half.square().sum(dim=1).T).clamp_min(0.0)
        values: Tensor = posterior.mean + data_update
        values += unexplained.sqrt() * own_normals(features, posterior.mean.shape[1], self._seed)
        return values


def _member(proxy: FittedProxy, anchors: Tensor, seed: int) -> Path:
    """Return the function of one member; the seed restarts at every call, so it is always the same.

    Raises:
        TypeError: if there is a single member, so that joint draws are new functions each time.
    """
    if len(proxy.members(anchors[:1]).mean) == 1:
        raise TypeError(f"{type(proxy).__name__} has neither covariances nor members: no function can be drawn")
    return lambda features: proxy.draw(features, 1, torch.Generator().manual_seed(seed))[0]
