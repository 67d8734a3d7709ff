"""Specification of a molecule campaign. Torch-free; knows no construction."""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from models.domains.collections import CollectionReference, kind_of_list
from models.domains.molecules.limits import (
    MAX_FRAGMENT_LENGTH,
    MAX_HEAVY_ATOMS,
    MAX_LISTED_LENGTH,
    MOST_LISTED,
)
from models.domains.molecules.reactions.spec import ReactionsSpec
from models.specs.base import DomainSpec, field_error, is_stored

LibraryField = Annotated[
    Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=MAX_LISTED_LENGTH)], ...],
        Field(min_length=1, max_length=MOST_LISTED),
        Tag("list"),
    ]
    | Annotated[CollectionReference, Tag("collection")],
    Discriminator(kind_of_list),
]


class MoleculesSpec(DomainSpec):
    """Small organic molecules, built as trees of fragments."""

    kind: Literal["molecules"] = Field(default="molecules", description="Selects the domain of molecules.")
    builder: Literal["fragments", "library", "reactions"] = Field(
        default="fragments",
        description="Where molecules come from: `fragments` bonds fragments to trees; `library` chooses from "
        "the list in `library`, of which a round scores every entry; `reactions` makes them from building "
        "blocks, each with its route.",
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

    library: LibraryField | None = Field(
        default=None,
        description="The list of `builder: library`: SMILES, or a collection that was uploaded. Nothing else "
        "is proposed. The limits of building (`max_heavy_atoms`, `max_fragments`) do not apply to it.",
    )

    reactions: ReactionsSpec | None = Field(
        default=None,
        description="Templates, building blocks and limits of `builder: reactions`. Absent: the common "
        "reactions on a list of commodity chemicals.",
    )

    @model_validator(mode="after")
    def _reactions_can_be_compiled(self, info: ValidationInfo) -> Self:
        if self.reactions is not None and self.builder != "reactions":
            raise field_error("/reactions", "only builder reactions reads `reactions`")
        if self.reactions is not None and not is_stored(info):
            from models.domains.molecules.reactions.space import check

            check(self.reactions)
        return self

    @field_validator("library")
    @classmethod
    def _library_can_be_read(
        cls, library: tuple[str, ...] | CollectionReference | None, info: ValidationInfo
    ) -> tuple[str, ...] | CollectionReference | None:
        if library is not None and not is_stored(info):
            from models.domains.molecules.library.catalogue import check_list

            check_list(library)
        return library

    @model_validator(mode="after")
    def _library_goes_with_its_builder(self) -> Self:
        if (self.builder == "library") != (self.library is not None):
            raise field_error(
                "/library", "builder library needs a list in `library`, and no other builder does"
            )
        return self

    @field_validator("fragments")
    @classmethod
    def _fragments_can_be_joined(
        cls, fragments: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        if fragments is not None and not is_stored(info):
            from models.domains.molecules.fragments.vocabulary import compile_fragments

            compile_fragments(fragments)
        return fragments
