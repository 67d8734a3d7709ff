"""Specification of a molecule campaign. Torch-free; knows no construction."""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from models.domains.molecules.designs.spec import (
    MOST_PATTERNS,
    Exclude,
    Forbidden,
    GrowSpec,
    Known,
    Leads,
    LinkSpec,
    Required,
    ScaffoldSpec,
)
from models.domains.molecules.limits import MAX_FRAGMENT_LENGTH, MAX_HEAVY_ATOMS
from models.specs.base import DomainSpec, is_stored


class MoleculesSpec(DomainSpec):
    """Small organic molecules, built as trees of fragments."""

    kind: Literal["molecules"] = Field(default="molecules", description="Selects the domain of molecules.")
    builder: Literal["fragments"] = Field(
        default="fragments", description="How molecules are built: as trees of fragments that are bonded."
    )
    max_heavy_atoms: int = Field(
        default=32, ge=4, le=MAX_HEAVY_ATOMS, description="Most atoms other than hydrogen in one molecule."
    )
    max_fragments: int = Field(
        default=6,
        ge=1,
        le=12,
        description="Most fragments in one molecule; a larger space needs more training steps.",
    )
    vocabulary_size: int = Field(
        default=200, ge=10, le=300, description="How many of the common fragments to use, most common first."
    )
    fragments: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=MAX_FRAGMENT_LENGTH)], ...] | None,
        Field(
            default=None,
            min_length=1,
            max_length=600,
            description="Use only these fragments: SMILES with [*] where a bond may be made, such as "
            "[*]c1ccccc1. Absent: the `vocabulary_size` most common ones, and those of "
            "measured molecules.",
        ),
    ]

    scaffold: ScaffoldSpec | None = Field(
        default=None,
        description="Decorate this scaffold: every molecule has it. `max_fragments` counts the rest.",
    )
    grow: GrowSpec | None = Field(
        default=None,
        description="Grow from this core: every molecule has it. `max_fragments` counts the rest.",
    )
    link: LinkSpec | None = Field(
        default=None, description="Link these two fragments: every molecule has both."
    )
    leads: Leads | None = Field(
        default=None, description="Compounds to start from, and how far from them candidates may be."
    )
    required: tuple[Required, ...] = Field(
        default=(), max_length=MOST_PATTERNS, description="Substructures that every candidate has."
    )
    forbidden: tuple[Forbidden, ...] = Field(
        default=(), max_length=MOST_PATTERNS, description="Substructures that no candidate has."
    )
    exclude: Exclude | None = Field(default=None, description="Compounds that are never proposed.")
    known: Known | None = Field(
        default=None,
        description="Compounds that the lab has: not proposed again, and their fragments may be used.",
    )
    min_heavy_atoms: int = Field(
        default=1, ge=1, le=MAX_HEAVY_ATOMS, description="Fewest atoms other than hydrogen in one candidate."
    )
    max_rings: int | None = Field(default=None, ge=0, le=20, description="Most rings in one candidate.")
    max_rotatable_bonds: int | None = Field(
        default=None, ge=0, le=40, description="Most rotatable bonds in one candidate."
    )

    @field_validator("fragments")
    @classmethod
    def _fragments_can_be_joined(
        cls, fragments: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        if fragments is not None and not is_stored(info):
            from models.domains.molecules.fragments.vocabulary import compile_fragments

            compile_fragments(fragments)
        return fragments

    @model_validator(mode="after")
    def _design_is_possible(self, info: ValidationInfo) -> Self:
        if not is_stored(info):
            from models.domains.molecules.designs.conflicts import check_design

            check_design(self)
        return self
