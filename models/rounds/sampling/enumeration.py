"""A space that is small enough to be listed: every object it can build, and every one of them asked about.

A space that is a list from the start has all its objects asked about, however many they are.

Knows the environment; not what is believed of its objects. Letters: X final states, W state width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from models.gflownet.exact import SpaceTooLargeError, enumerate_space

if TYPE_CHECKING:
    from torch import Tensor

    from models.campaign.spec import CampaignSpec
    from models.gflownet.environment import Environment
    from models.gflownet.exact import Space

MOST_EDGES = 100_000
MOST_STATES = 20_000
"""Spaces with more edges in a layer or more objects than this are not listed."""
MOST_SCORED = 5_000
"""Objects of a space that a round scores one and all; a larger one is drawn from."""


def enumerate_if_small(
    spec: CampaignSpec, environment: Environment, *, is_diagnosed: bool = True
) -> Space | None:
    """Return the whole space.

    None where it is too large, or where scorers from outside would be asked about it all.
    A round that draws (`exhaustive` is off) needs it for its diagnosis alone.
    """
    if spec.scorers or not (is_diagnosed or spec.sampler.exhaustive):
        return None
    try:
        space = enumerate_space(environment, MOST_EDGES)
    except SpaceTooLargeError:
        return None
    return space if len(space) <= MOST_STATES else None


def states_to_score(spec: CampaignSpec, space: Space | None, listed: Tensor | None = None) -> Tensor | None:
    """Return the final states [X, W] of all objects, where a round scores each of them without sampling.

    `listed` are those of a space that is a list.
    """
    if listed is not None:
        return listed if spec.sampler.exhaustive and not spec.scorers else None
    if space is None or not spec.sampler.exhaustive or len(space) > MOST_SCORED:
        return None
    return space.final_states


@final
@dataclass(frozen=True, slots=True)
class Listing:
    """What a round lists: the space where it is small, and its final states [X, W] where all are scored."""

    space: Space | None
    states: Tensor | None

    @property
    def n_scored(self) -> int | None:
        """The number of objects that are all scored; None where the space is sampled."""
        return None if self.states is None else len(self.states)


def list_space(spec: CampaignSpec, environment: Environment, *, is_diagnosed: bool = True) -> Listing:
    """Return what a round lists of its space."""
    space = enumerate_if_small(spec, environment, is_diagnosed=is_diagnosed)
    return Listing(space, states_to_score(spec, space, environment.listed()))
