"""One function drawn from a proxy's belief, which gives the same answer whenever it is asked about the same object.

Thompson sampling asks for the draw object by object, over thousands of calls; a joint draw of everything that may ever
be asked is impossible. A Gaussian process is drawn by Matheron's rule (Wilson et al., arXiv:2002.09309): a draw of the
prior, corrected by what it misses of the data. The prior's draw is joint at the training rows and at anchor objects;
elsewhere it is their interpolation plus an own remainder of every object (Snelson & Ghahramani's FITC, NIPS 2006), made
from the object's features and the seed. So mean and variance are the posterior's at every object; of correlations
between new objects only the part that anchors and training rows do not explain is left out. Knows no acquisition.

Letters: N objects, D features, M assay types, A anchors (training rows first), n training rows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, final

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Generator, Tensor

JITTER = 1e-6
"""Share of the largest prior variance that is added to factorise the anchors' covariance."""


class Path(Protocol):
    """A drawn function."""

    def __call__(self, features: Tensor) -> Tensor:
        """Return its values [N, M] at features [N, D]."""


def own_normals(features: Tensor, n: int, seed: int) -> Tensor:
    """Return standard normal numbers [N, n] that depend on nothing but each object's features and the seed."""
    rows = np.ascontiguousarray(features.detach().cpu().numpy() + 0.0)  # + 0.0: a negative zero is a zero
    salt = seed.to_bytes(16, "little", signed=True)
    digests = b"".join(hashlib.shake_128(salt + row.tobytes()).digest(8 * n) for row in rows)
    whole = np.frombuffer(digests, dtype=np.uint64).reshape(len(rows), n)
    uniform = (torch.from_numpy((whole >> np.uint64(11)).astype(np.float64)) + 0.5) / 2**53
    normal: Tensor = torch.special.ndtri(uniform)
    return normal.to(features)


@final
@dataclass(frozen=True, slots=True)
class Conditioned:
    """A Gaussian process with its data.

    `covariance` of the prior is [N, N'] for two sets of features and `variance` its diagonal [N] for one;
    `noise` [n] are the variances of the targets [n], and `solve` applies (K + noise)^-1 to [n, 1].
    """

    covariance: Callable[[Tensor, Tensor], Tensor]
    variance: Callable[[Tensor], Tensor]
    training: Tensor
    targets: Tensor
    noise: Tensor
    solve: Callable[[Tensor], Tensor]


@final
class GaussianPath:
    """A function drawn from a conditioned Gaussian process.

    Args:
        process: the process with its data.
        anchors: features of further objects [., D] at which the prior is drawn jointly.
        generator: of the draw.
    """

    def __init__(self, process: Conditioned, anchors: Tensor, generator: Generator) -> None:
        self._process = process
        self._anchors = torch.cat([process.training, anchors.to(process.training)])
        gram = process.covariance(self._anchors, self._anchors)
        slack = JITTER * gram.diagonal().amax().clamp_min(1.0) if len(gram) else 0.0
        self._factor = torch.linalg.cholesky(gram + slack * torch.eye(len(gram), dtype=gram.dtype, device=gram.device))
        n = len(process.targets)
        normal = torch.randn(len(gram) + n, generator=generator, dtype=gram.dtype).to(gram)
        self._normal = normal[: len(gram)]
        missed = process.targets - self._factor[:n] @ self._normal - process.noise.sqrt() * normal[len(gram) :]
        self._correction = process.solve(missed.unsqueeze(-1)).squeeze(-1)

    @torch.no_grad()
    def __call__(self, features: Tensor, own: Tensor) -> Tensor:
        """Return the function [N] at features [N, D]; `own` [N] are the objects' own normal numbers."""
        cross = self._process.covariance(self._anchors, features)  # [A, N]
        half = torch.linalg.solve_triangular(self._factor, cross, upper=False)
        unexplained = (self._process.variance(features) - half.square().sum(dim=0)).clamp_min(0.0)
        known = cross[: len(self._correction)].T @ self._correction
        values: Tensor = half.T @ self._normal + unexplained.sqrt() * own + known
        return values
