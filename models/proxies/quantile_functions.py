"""The hypotheses that a Gaussian belief holds: functions that lie a number of deviations above or below its mean.

A process is one distribution over functions, which a guardrail cannot take apart: asked for its worst hypothesis it
would answer with the average of all. So it is told as K functions f_k = mean + z_k sd, weighted by the normal density
at their deviation. Each keeps a small deviation of its own, for what lies between two of them, and all together have
the process' mean and variance. Measurement noise stays apart. Knows no process and no guardrail.

Letters: K functions, N objects, M assay types.
"""

from __future__ import annotations

import math

import torch

from models.proxies.contract import Posterior

STEP = 0.6
OFFSETS = torch.arange(-4, 5, dtype=torch.float64) * STEP
"""Where the K functions lie, in deviations."""
OWN = 0.25
"""Share of the process' deviation that every function keeps."""


def member_weights() -> torch.Tensor:
    """Return the weights [K] of the functions: the normal density at their places."""
    density = torch.exp(-0.5 * OFFSETS.square())
    return density / density.sum()


SPREAD = math.sqrt((1 - OWN**2) / float(member_weights() @ OFFSETS.square()))
"""Deviation of the functions about the mean, for which the variance of all is the process' own."""


def quantile_functions(posterior: Posterior) -> Posterior:
    """Return the functions [K, N, M] of a Gaussian belief [N, M]."""
    offsets = SPREAD * OFFSETS.to(posterior.mean).reshape(-1, 1, 1)
    mean = posterior.mean + offsets * posterior.sd
    return Posterior(mean, (OWN * posterior.sd).expand_as(mean), posterior.noise_sd.expand_as(mean))
