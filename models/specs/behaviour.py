"""Where training trajectories come from, as shares of each step. Torch-free."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from models.specs.base import FrozenModel, field_error

RankWeights = Literal["power", "reciprocal"]
"""How often a rank is drawn: as a power of a uniform number, or in proportion to 1 / (k N + rank)."""
USUAL_SHARES = {
    "measured_share": 0.1,
    "replay_share": 0.1,
    "local_search_share": 0.0,
    "genetic_share": 0.0,
}
"""Shares of training trajectories where neither a campaign nor its preset sets them."""


class BehaviourSpec(FrozenModel):
    """Where training trajectories come from: shares of each step; the policy itself samples what is left.

    Replay costs no new proxy call where scores are cached. A trajectory that is sampled or found by local
    search costs one per new object.
    """

    measured_share: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of backward rollouts from measured objects. Absent: 0.1, or that of `design`.",
    )
    replay_share: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of backward rollouts from the best objects so far. Absent: 0.1, or that of "
        "`design`.",
    )
    diverse_share: float = Field(
        default=0.0, ge=0, le=1, description="Share of backward rollouts from objects of every utility."
    )
    tempered_share: float = Field(
        default=0.0, ge=0, le=1, description="Share that is sampled with logits / `temperature`."
    )
    temperature: float = Field(
        default=2.0, gt=0, le=100, description="Temperature of `tempered_share`; above 1 explores more."
    )
    averaged_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share that is sampled by the exponential moving average of the policy.",
    )
    average_decay: float = Field(default=0.99, ge=0, lt=1, description="Decay of that average per step.")
    local_search_share: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of local search: samples, and proposals that rebuild their last steps, all of "
        "them learned from. It edits what a domain can undo: any outer fragment of a molecule, but of a "
        "peptide or sequence only the end. Absent: 0, or that of `design`.",
    )
    local_search_depth: int = Field(
        default=3,
        ge=1,
        le=1000,
        description="Building steps that local search undoes at most; every number up to it is equally "
        "probable. Of a peptide only so many residues at its end can change.",
    )
    local_search_rounds: int = Field(
        default=4,
        ge=1,
        le=100,
        description="Proposals of local search from each sample."
        " Each is a trajectory of its own, with its proxy call.",
    )
    genetic_share: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of a genetic algorithm on the building steps of the best objects. Absent: 0, or "
        "that of `design`.",
    )
    genetic_parents: int = Field(
        default=256,
        ge=2,
        le=100_000,
        description="Number of best objects that are parents of the genetic algorithm, and that conservative "
        "search edits.",
    )
    genetic_policy_mates: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Probability that a second parent is a new sample of the policy instead of one of the "
        "best objects.",
    )
    conservative_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of conservative search: building steps of the best objects are erased at random "
        "and chosen anew by the policy. It edits a sequence anywhere.",
    )
    conservative_delta: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="Probability that a step is erased in an object whose predictions are certain.",
    )
    conservative_lambda: float = Field(
        default=0.2,
        ge=0,
        le=100,
        description="How much less is erased where predictions are uncertain: the probability of a step is "
        "`conservative_delta` minus this times sigma, and at least 0. Sigma is the mean standard deviation "
        "of the predicted utilities, which the range of an objective spans from 0 to 1, and at most 1.",
    )
    rank_weights: RankWeights = Field(
        default="power",
        description="How often each rank of the best objects is replayed, bred from or edited. `power`: half "
        "of the draws are of the best quarter, and in replay of fewer where beta is high. `reciprocal`: in "
        "proportion to 1 / (0.01 N + rank) of N objects, half of the draws of the best 9 %.",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        shares = self._shares(USUAL_SHARES)
        stated = {name: share for name, share in shares.items() if getattr(self, name) is not None}
        if sum(stated.values()) > 1 + 1e-9:
            largest = max(stated, key=lambda name: stated[name])
            raise field_error(
                f"/{largest}", f"{', '.join(shares)} must sum to at most 1, not {sum(stated.values()):g}"
            )
        return self

    @property
    def open_shares(self) -> tuple[str, ...]:
        """The shares that are left open."""
        return tuple(name for name in USUAL_SHARES if getattr(self, name) is None)

    def shared_as(self, preset: Mapping[str, float]) -> Self:
        """Return the specification with open shares as a preset has them, or else as usual.

        What is stated holds: where both sum to more than 1, those of the preset shrink together.
        """
        shares = self._shares({**USUAL_SHARES, **preset})
        wanted = sum(shares[name] for name in self.open_shares)
        left = 1.0 - sum(share for name, share in shares.items() if name not in self.open_shares)
        fits = 1.0 if wanted <= left else max(0.0, left) / wanted
        return self.model_copy(update={name: fits * shares[name] for name in self.open_shares})

    def _shares(self, usual: Mapping[str, float]) -> dict[str, float]:
        names = [name for name in type(self).model_fields if name.endswith("_share")]
        return {name: usual[name] if getattr(self, name) is None else getattr(self, name) for name in names}
