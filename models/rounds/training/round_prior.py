"""The prior of a round: what the measured objects have in common, as probabilities of building steps.

Objects that gave a result can be made, so that the policy starts from what is typical of them; failed
attempts have no part in it. Where they have nothing in common that held-out objects confirm, the base measure
stands alone. Knows the specification and objects; no reward.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, final

import torch

from models.gflownet.counting import count_objects
from models.gflownet.prior import AutoregressivePrior
from models.gflownet.prior_counts import BackoffTable
from models.gflownet.prior_fit import LEAST_OBJECTS, FitRecord, fit_prior
from models.messages.message import Message, message
from models.rounds.training.base_measure import BaseMeasure

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from torch import Tensor

    from models.gflownet.common_choices import CommonChoices
    from models.gflownet.environment import Environment
    from models.specs.sampler import SamplerSpec

PREFIX = "prior."
COMMON_OBJECTS = 100
"""Measured objects that weigh as much as the common counts."""


@final
@dataclass(frozen=True, slots=True)
class RoundPrior:
    """The prior of a round's policy; without one, `learned` is None and the base measure stands alone."""

    kind: str
    learned: AutoregressivePrior | None = None
    record: FitRecord | None = None
    has_one_size: bool = False
    """Whether all objects of the space have one size, so that nothing has to be decided."""

    def left_of(self, measure: BaseMeasure) -> BaseMeasure:
        """Return what is left of a base measure beside the prior.

        All of it without one; the weights of sizes where the prior ends objects by them; else nothing.
        """
        if self.learned is None:
            return measure
        if self.learned.ends is not None:
            return replace(measure, log_densities=())
        return BaseMeasure(measure.kind, measure.unit, None, {})

    def summary(self) -> dict[str, Any]:
        """Return how the prior was chosen, as plain JSON."""
        record = self.record
        return {
            "kind": self.kind,
            "used": self.learned is not None,
            "objects": None if record is None else record.n_objects,
            "order": None if record is None else record.order,
            "perplexity": None if record is None else record.perplexity,
            "uniform_perplexity": None if record is None else record.uniform_perplexity,
        }

    def messages(self) -> list[Message]:
        """Return what a reader should know of it."""
        if self.kind == "none":
            return []
        if self.learned is None and self.kind == "measured" and self.record is not None:
            return [message("prior_not_learned", objects=self.record.n_objects)]
        if self.learned is None:
            return [message("prior_not_kept")]
        return [message("prior_decides_sizes")] if self.learned.ends is None and not self.has_one_size else []

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what an artefact keeps: tensors by name, and plain JSON."""
        header = {"kind": self.kind, "record": None if self.record is None else asdict(self.record)}
        if self.learned is None:
            return {}, header | {"used": False}
        tensors = {f"{PREFIX}rows": self.learned.table.rows}
        tensors |= {f"{PREFIX}keys.{i}": keys for i, keys in enumerate(self.learned.table.keys)}
        if self.learned.ends is not None:
            tensors[f"{PREFIX}ends"] = self.learned.ends
        return tensors, header | {"used": True}


NO_PRIOR = RoundPrior("none")


def makeable(measured: Sequence[str], proposed: Collection[str]) -> list[str]:
    """Return the measured objects that a prior is fitted on: those that no round proposed.

    What rounds propose is ever more alike. A prior of it would narrow the next round to what the last one
    already had. Where too few objects came from elsewhere, proposed ones count as well.
    """
    others = [text for text in measured if text not in proposed]
    return others if len(others) >= LEAST_OBJECTS else list(measured)


def round_prior(
    spec: SamplerSpec,
    environment: Environment,
    measure: BaseMeasure,
    measured: Sequence[str],
    seed: int,
    earlier: RoundPrior = NO_PRIOR,
) -> RoundPrior:
    """Return the prior that a campaign asks for.

    Args:
        spec: says whether there is one.
        environment: of the round.
        measure: has the weights of sizes, which the prior keeps where sizes are known while building.
        measured: canonical texts of objects that gave a result; those the environment cannot build have no
            part.
        seed: of the ways that lead to them.
        earlier: the prior of the round that training begins from, for `checkpoint`.
    """
    if spec.prior == "none":
        return NO_PRIOR
    has_one_size = len(measure.weights) == 1
    if spec.prior == "checkpoint":
        sizes = _size_weights(measure, environment, seed)
        kept = None if earlier.learned is None else earlier.learned.with_sizes(sizes)
        return RoundPrior(spec.prior, kept, earlier.record, has_one_size)
    states, is_known = environment.states(measured)
    states, common = states[is_known], _common(spec, environment)
    generator = torch.Generator(device=environment.device).manual_seed(seed)
    if common is None or measure.weights:
        sizes = _size_weights(measure, environment, seed)
    else:
        sizes = Counter(environment.size(states).tolist()) + Counter(common.sizes)
    learned, record = fit_prior(environment, states, sizes, generator, common)
    return RoundPrior(spec.prior, learned, record, has_one_size)


def _common(spec: SamplerSpec, environment: Environment) -> CommonChoices | None:
    if spec.prior != "common":
        return None
    common = environment.common_choices()
    if common is None:
        raise ValueError("/sampler/prior: nobody counted how often the parts of these objects are used")
    return common.scaled_to(COMMON_OBJECTS)


def _size_weights(measure: BaseMeasure, environment: Environment, seed: int) -> Mapping[int, float]:
    """Return the weight of each size under the base measure; none where building does not follow sizes."""
    if environment.ending_action is None or measure.weights:
        return measure.weights
    log_counts = count_objects(environment, seed).log_counts
    most = max(log_counts.values())
    return {size: math.exp(log_count - most) for size, log_count in log_counts.items()}


def restore_prior(
    tensors: Mapping[str, Tensor], header: Mapping[str, Any] | None, environment: Environment
) -> RoundPrior:
    """Return the prior of an artefact's `state`; older ones had none."""
    if header is None:
        return NO_PRIOR
    record = None if header["record"] is None else FitRecord(**header["record"])
    if not header["used"]:
        return RoundPrior(header["kind"], None, record)
    found = {name: tensor.to(environment.device) for name, tensor in tensors.items()}
    keys = tuple(found[f"{PREFIX}keys.{i}"] for i in range(len(found)) if f"{PREFIX}keys.{i}" in found)
    table = BackoffTable(found[f"{PREFIX}rows"], keys)
    return RoundPrior(
        header["kind"], AutoregressivePrior(environment, table, found.get(f"{PREFIX}ends")), record
    )
