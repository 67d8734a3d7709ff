"""Presets of what a round designs: settings that a domain decides together under one name. Torch-free.

A domain names the presets that it has (`Domain.designs`); a round takes from one what a campaign leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, final

if TYPE_CHECKING:
    from collections.abc import Mapping

DesignName = Literal["explore", "hit_to_lead", "lead_optimisation"]
BEFORE: DesignName = "explore"
"""What a round with few measured objects has, and what stored specifications from before presets mean."""
FOLLOWING: DesignName = "hit_to_lead"
"""What a sampled space has by default from `ENOUGH` measured objects on."""
ENOUGH = 50
EVERYWHERE = (0.0, 1.0)
"""The similarity window that admits every object."""


@final
@dataclass(frozen=True, slots=True)
class Preset:
    """What a preset sets where a campaign leaves it open; a plain one changes nothing.

    `shares` are of `BehaviourSpec`, by field; `words` say in a sentence what the preset is for.
    """

    words: str
    similarity_window: tuple[float, float] = EVERYWHERE
    diversity: float = 0.5
    exploration: float = 0.2
    shares: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
