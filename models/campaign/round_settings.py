"""The settings of one round: what a campaign states, and what the mode of the round decides for the rest.

A listed space has every object scored, so its batch is chosen as in Bayesian optimisation: the largest joint
improvement under one Gaussian process, without a separate share for exploration. The batch of a sampled space
is chosen by value with diversity (docs/decisions/0039). What candidates are for, the preset `design`, decides
further settings where a domain has presets (docs/decisions/0052). Pure and torch-free; knows no data.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, final

from models.domains import open_domain
from models.specs.decisions import AUTO, JOINT_SELECTOR, PROXIES, VALUE_SELECTOR, AcquisitionSpec
from models.specs.designs import BEFORE, ENOUGH, EVERYWHERE, FOLLOWING, DesignName, Preset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.campaign.spec import CampaignSpec

ONE_PROXY = ("gaussian_process",)
"""The model of few results in a listed space."""
FEW_RESULTS = 500
"""Measured objects up to which that model has no competitor."""
PLAIN = Preset("as the mode of the round decides")
"""Of a domain without presets, and of a listed space that states none."""
BEHAVIOUR = "sampler.behaviour"
OUTSIDE = "(objects outside it count for less and are not refused)"
"""What a similarity window does, for readers who find candidates outside it."""

Mode = Literal["listed", "sampled"]


@final
@dataclass(frozen=True, slots=True)
class Situation:
    """What a round knows before it fits anything.

    `listed` is the number of objects of a space that are all scored, None where they are sampled; `measured`
    is the number of measured objects.
    """

    listed: int | None = None
    measured: int = 0

    @property
    def mode(self) -> Mode:
        """How the candidates of the round come about."""
        return "sampled" if self.listed is None else "listed"


@final
@dataclass(frozen=True, slots=True)
class RoundSettings:
    """Settings of a round without anything open; `by_default` names the fields that the mode decided.

    `min_similarity` None is learned from the measured objects.
    """

    mode: Mode
    selector: str
    diversity: float
    exploration: float
    kinds: tuple[str, ...]
    min_similarity: float | None
    by_default: tuple[str, ...]
    design: DesignName | None = None
    similarity_window: tuple[float, float] = EVERYWHERE
    shares: Mapping[str, float] = field(default_factory=dict)

    def applied(self, spec: CampaignSpec) -> CampaignSpec:
        """Return a specification whose sampler takes its trajectories from where the preset says."""
        behaviour = spec.sampler.behaviour.model_copy(update=dict(self.shares))
        sampler = spec.sampler.model_copy(update={"behaviour": behaviour})
        return spec.model_copy(update={"sampler": sampler})

    def decided(self) -> list[str]:
        """Return the settings that the preset decided, each with its value in words."""
        low, high = self.similarity_window
        is_open = self.similarity_window == EVERYWHERE
        values = {
            "applicability.similarity_window": "none" if is_open else f"{low:g} to {high:g} {OUTSIDE}",
            "batch.diversity": f"{self.diversity:g}",
            "batch.exploration": f"{self.exploration:g}",
            **{f"{BEHAVIOUR}.{name}": f"{share:.2g}" for name, share in self.shares.items()},
        }
        return [f"{name} {value}" for name, value in values.items() if name in self.by_default]

    @property
    def is_joint_by_default(self) -> bool:
        """Whether the mode decided that the batch is chosen for its joint improvement."""
        return self.selector == JOINT_SELECTOR and "batch.selector" in self.by_default

    def summary(self) -> dict[str, Any]:
        """Return the settings as plain JSON."""
        stated = asdict(self)
        kinds, by_default, window = (stated.pop(key) for key in ("kinds", "by_default", "similarity_window"))
        lists = {"proxies": list(kinds), "by_default": list(by_default), "similarity_window": list(window)}
        return stated | lists


def round_settings(spec: CampaignSpec, situation: Situation) -> RoundSettings:
    """Return the settings of a round."""
    batch, kinds, near = spec.batch, spec.proxies.kinds, spec.applicability
    is_listed = situation.listed is not None
    is_open = near.min_similarity is None and near.outside_share is None
    few = is_listed and situation.measured <= FEW_RESULTS
    name = _design(spec, situation)
    preset = PLAIN if name is None else open_domain(spec.domain).designs[name]
    behaviour = spec.sampler.behaviour
    open_fields = {
        "batch.selector": batch.selector == AUTO,
        "batch.diversity": batch.diversity is None,
        "batch.exploration": batch.exploration is None,
        "proxies.kinds": kinds is None,
        "applicability.min_similarity": near.min_similarity is None,
    }
    if name is not None:
        open_fields |= {
            "design": spec.design is None,
            "applicability.similarity_window": near.similarity_window is None,
            **{f"{BEHAVIOUR}.{share}": True for share in behaviour.open_shares},
        }
    shared = behaviour.shared_as(preset.shares)
    return RoundSettings(
        mode=situation.mode,
        selector=_selector(spec, is_listed=is_listed),
        diversity=_or(batch.diversity, preset.diversity),
        exploration=_or(batch.exploration, 0.0 if is_listed else preset.exploration),
        kinds=kinds or (ONE_PROXY if few else PROXIES),
        min_similarity=0.0 if is_listed and is_open and near.if_listed == "off" else near.min_similarity,
        by_default=tuple(name for name, is_left in open_fields.items() if is_left),
        design=name,
        similarity_window=near.similarity_window or preset.similarity_window,
        shares={share: getattr(shared, share) for share in behaviour.open_shares},
    )


def _design(spec: CampaignSpec, situation: Situation) -> DesignName | None:
    """Return the preset of the round; a list of objects that is not sampled has only a stated one."""
    domain = open_domain(spec.domain)
    if not domain.designs:
        return None
    if spec.design is not None or situation.listed is not None or not domain.has_default_design:
        return spec.design
    return FOLLOWING if situation.measured >= ENOUGH else BEFORE


def _or(stated: float | None, by_mode: float) -> float:
    return by_mode if stated is None else stated


def _selector(spec: CampaignSpec, *, is_listed: bool) -> str:
    """Return the selector; a stated diversity or acquisition asks for a batch that is ranked by value.

    Joint improvement knows neither, so choosing by it would ignore what the campaign states.
    """
    if spec.batch.selector != AUTO:
        return spec.batch.selector
    asked, usual = spec.acquisition, AcquisitionSpec()
    is_plain = spec.batch.diversity is None and (asked.kind, asked.kappa) == (usual.kind, usual.kappa)
    return JOINT_SELECTOR if is_listed and is_plain else VALUE_SELECTOR
