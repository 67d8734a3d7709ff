"""Specification of a molecule campaign. Torch-free; knows no construction."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from models.domains.molecules.alert_policy import NOTHING_MORE, AlertPolicy
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

    tautomers: Literal["merged", "as_drawn"] = Field(
        default="merged",
        description="Whether tautomers are one compound. `merged`: all are stored and proposed as one "
        "standard form. `as_drawn`: each is a compound of its own, but imidic acids are read as amides.",
    )
    stereo: Literal["enumerate", "racemate"] = Field(
        default="enumerate",
        description="Stereochemistry of candidates. `enumerate`: of the stereoisomers of what was built, the "
        "one with the best predictions is proposed. `racemate`: the mixture is proposed. Files say which.",
    )
    alerts: AlertPolicy = Field(
        default=AlertPolicy(),
        description="What is done about structural alerts of PAINS, BRENK, NIH and ChEMBL.",
    )

    @model_validator(mode="before")
    @classmethod
    def _keeps_its_meaning(cls, value: Any, info: ValidationInfo) -> Any:
        # A campaign from before there was a choice keeps the objects and the alerts it had.
        if is_stored(info) and isinstance(value, dict):
            return {
                "tautomers": "as_drawn",
                "stereo": "racemate",
                "alerts": NOTHING_MORE.model_dump(),
                **value,
            }
        return value

    @field_validator("fragments")
    @classmethod
    def _fragments_can_be_joined(
        cls, fragments: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        if fragments is not None and not is_stored(info):
            from models.domains.molecules.fragments.vocabulary import compile_fragments

            compile_fragments(fragments)
        return fragments
