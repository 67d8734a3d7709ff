"""What a policy learned, carried over to another: by the names of inputs and actions, not by their places.

Vocabularies grow with what was measured, so that the same fragment has another number in the next round.
Inputs without a known name begin at zero, which changes no output; actions without one begin as in a new
policy. Knows no reward and no campaign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import torch

from models.gflownet.conditioning import is_of_beta, is_of_function

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from models.gflownet.conditioning import ConditionSampler
    from models.gflownet.environment import Environment

LEAST_KNOWN = 0.5
"""Share of the actions and of the inputs that must be known: of less, hardly anything would be left."""
_NAMED = {
    "first.weight": 1,
    "vocabulary.weight": 0,
    "vocabulary.bias": 0,
    "words.own": 0,
    "words.bias": 0,
    "partition.inner.weight": 1,
    "scale_inner.weight": 1,
}
"""The dimension of each parameter whose places have names: 0 of outputs, 1 of inputs."""
_OPTIONAL = ("flow.", "backward_vocabulary.", "backward_slot.", "scale_", "partition.inner.")
"""Parts of a network that only some losses or conditions need."""


class OtherPolicyError(ValueError):
    """A policy cannot begin from another one; the message says in what they differ."""


@final
@dataclass(frozen=True, slots=True)
class PolicyNames:
    """Names of what a policy reads and does: inputs [D], condition inputs [C] and vocabulary actions."""

    format: str
    inputs: tuple[str, ...]
    code: tuple[str, ...]
    actions: tuple[str, ...]

    @classmethod
    def of(
        cls, environment: Environment, conditions: ConditionSampler, objectives: Sequence[str]
    ) -> PolicyNames:
        """Return the names of a policy in an environment, with the objectives of its preferences."""
        return cls(
            environment.format,
            tuple(environment.input_names()),
            tuple(conditions.input_names(objectives)),
            tuple(environment.action_names()),
        )

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> PolicyNames:
        """Return names from plain JSON."""
        lists = {name: tuple(stored[name]) for name in ("inputs", "code", "actions")}
        return cls(stored["format"], **lists)


@final
@dataclass(frozen=True, slots=True)
class CarriedOver:
    """The weights of a policy that begins from another one, and how many of its actions were known."""

    weights: dict[str, Tensor]
    n_actions: int
    n_known: int


def carry_over(
    weights: Mapping[str, Tensor], theirs: PolicyNames, fresh: Mapping[str, Tensor], ours: PolicyNames
) -> CarriedOver:
    """Return the weights of a new policy that begins from another one.

    Args:
        weights: of the other policy (`state_dict`).
        theirs: its names.
        fresh: of the new policy at its own start.
        ours: its names.

    Raises:
        OtherPolicyError: if formats or networks differ, or fewer than `LEAST_KNOWN` of the names are known.
    """
    if theirs.format != ours.format:
        raise OtherPolicyError(f"objects are built in another way ({theirs.format}, not {ours.format})")
    for what in ("actions", "inputs"):
        known, wanted = set(getattr(theirs, what)), getattr(ours, what)
        if sum(name in known for name in wanted) < LEAST_KNOWN * len(wanted):
            raise OtherPolicyError(f"most building blocks are others (by the names of {what})")
    _check_network(weights, fresh)
    n_plain = tuple(len(found.get("vocabulary.bias", ())) for found in (weights, fresh))
    places = _all_places(theirs, ours, n_plain)
    inputs = len(ours.inputs) + len(ours.code)
    if "first.weight" not in fresh or fresh["first.weight"].shape[1] != inputs:
        # other trunks read building blocks by number, also in layers that have no names
        if (theirs.inputs, theirs.actions, theirs.code) != (ours.inputs, ours.actions, ours.code):
            raise OtherPolicyError("this trunk knows building blocks by number, and they are not the same")
        places = {}
    made = {
        name: _placed(weights[name], value, _NAMED.get(name), places.get(name))
        if name in weights
        else value.clone()
        for name, value in fresh.items()
    }
    known = set(theirs.actions)
    return CarriedOver(made, len(ours.actions), sum(name in known for name in ours.actions))


def _all_places(theirs: PolicyNames, ours: PolicyNames, n_plain: tuple[int, ...]) -> dict[str, Tensor]:
    """Return for each parameter of `_NAMED` the other policy's places of our names, -1 where it has none.

    `n_plain` are the actions of each policy before those that have features.
    """
    actions = _places(theirs.actions[: n_plain[0]], ours.actions[: n_plain[1]])
    words = _places(theirs.actions[n_plain[0] :], ours.actions[n_plain[1] :])
    beta = _places(*([name for name in names.code if is_of_beta(name)] for names in (theirs, ours)))
    return {
        "first.weight": _places((*theirs.inputs, *theirs.code), (*ours.inputs, *ours.code)),
        "vocabulary.weight": actions,
        "vocabulary.bias": actions,
        "words.own": words,
        "words.bias": words,
        "partition.inner.weight": _places(theirs.code, ours.code),
        "scale_inner.weight": beta,
    }


def _places(theirs: Sequence[str], ours: Sequence[str]) -> Tensor:
    place = {name: index for index, name in enumerate(theirs) if not is_of_function(name)}
    return torch.tensor([place.get(name, -1) for name in ours], dtype=torch.int64)


def _placed(value: Tensor, fresh: Tensor, dim: int | None, places: Tensor | None) -> Tensor:
    """Return the new parameter: the other policy's where its name is known.

    A new row keeps its fresh start; a new column is zero.
    """
    if dim is None or places is None:
        return value.to(fresh)
    places = places.to(fresh.device)
    known = places >= 0
    made = fresh.clone() if dim == 0 else torch.zeros_like(fresh)
    made.index_copy_(dim, known.nonzero().squeeze(1), value.to(fresh).index_select(dim, places[known]))
    return made


def _check_network(weights: Mapping[str, Tensor], fresh: Mapping[str, Tensor]) -> None:
    """Raise unless all parameters, but for their named dimension, have the same names and shapes."""
    one, other = (
        {name: _unnamed_shape(value, _NAMED.get(name)) for name, value in found.items()}
        for found in (weights, fresh)
    )
    differs = {
        name
        for name in one.keys() | other.keys()
        if one.get(name) != other.get(name)
        and not (name.startswith(_OPTIONAL) and (name not in one or name not in other))
    }
    if differs:
        raise OtherPolicyError(f"the network has another shape ({', '.join(sorted(differs))})")


def _unnamed_shape(value: Tensor, dim: int | None) -> tuple[int, ...]:
    return tuple(size for place, size in enumerate(value.shape) if place != dim)
