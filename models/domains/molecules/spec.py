"""What a campaign may say about its molecules. Torch-free; it knows nothing of how they are built."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from models.domains.molecules.limits import MAX_FRAGMENT_LENGTH, MAX_HEAVY_ATOMS
from models.specs.base import DomainSpec, is_stored


class MoleculesSpec(DomainSpec):
    """Small organic molecules, built as trees of fragments."""

    kind: Literal["molecules"] = "molecules"
    builder: Literal["fragments"] = "fragments"
    max_heavy_atoms: Annotated[int, Field(ge=4, le=MAX_HEAVY_ATOMS)] = 32
    max_fragments: Annotated[int, Field(ge=1, le=12)] = 6
    vocabulary_size: Annotated[int, Field(ge=10, le=300, description="how many of the common fragments to use")] = 200
    fragments: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=MAX_FRAGMENT_LENGTH)], ...] | None,
        Field(
            default=None,
            min_length=1,
            max_length=600,
            description="only these fragments: SMILES with [*] where a bond may be made, such as [*]c1ccccc1",
        ),
    ]

    @field_validator("fragments")
    @classmethod
    def _fragments_can_be_joined(
        cls, fragments: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        if fragments is not None and not is_stored(info):
            from models.domains.molecules.fragments.vocabulary import compile_fragments

            compile_fragments(fragments)
        return fragments
