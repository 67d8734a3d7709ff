"""Specification of a molecule campaign. Torch-free; knows no construction."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from models.domains.collections import CollectionReference
from models.domains.molecules.chemistry.alert_policy import NOTHING_MORE, AlertPolicy
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
from models.domains.molecules.library.rules import Listed, check_builder
from models.domains.molecules.limits import MAX_FRAGMENT_LENGTH, MAX_HEAVY_ATOMS, USUAL_RING_SIZE
from models.domains.molecules.reactions.rules import check_reactions, with_tautomers
from models.domains.molecules.reactions.spec import ReactionsSpec
from models.specs.base import DomainSpec, field_error, is_stored

OLDER = {
    "fragmentation": "brics",
    "max_heavy_atoms": 32,
    "max_fragments": 6,
    "vocabulary_size": 200,
    "tautomers": "as_drawn",
    "stereo": "racemate",
    "alerts": NOTHING_MORE.model_dump(),
}
"""What a stored specification means that lacks these fields."""


class MoleculesSpec(DomainSpec):
    """Small organic molecules: built of fragments, made by reactions, or chosen from a list."""

    kind: Literal["molecules"] = Field(default="molecules", description="Selects the domain of molecules.")
    builder: Literal["fragments", "library", "reactions"] = Field(
        default="fragments",
        description="Where molecules come from: `fragments` bonds fragments to trees; `library` chooses from "
        "the list in `library`, of which a round scores every entry; `reactions` makes them from building "
        "blocks, each with its route.",
    )
    max_heavy_atoms: int = Field(
        default=40, ge=4, le=MAX_HEAVY_ATOMS, description="Most atoms other than hydrogen in one molecule."
    )
    max_fragments: int = Field(
        default=16,
        ge=1,
        le=24,
        description="Most fragments in one molecule; a larger space needs more training steps. A drug has "
        "about nine under the rules `units`, and four under `brics`.",
    )
    vocabulary_size: int = Field(
        default=300, ge=10, le=600, description="How many of the common fragments to use, most common first."
    )
    fragmentation: Literal["units", "brics"] = Field(
        default="units",
        description="Where molecules are cut into fragments. `units`: at every single bond outside rings "
        "that chemists vary, so that F, CH3, OH, CN and NH2 are fragments, ring systems and groups such as "
        "amides stay whole, and centres in fragments keep their configuration. `brics`: by the modified "
        "BRICS rules of campaigns created before `units`, without configuration.",
    )
    max_ring_size: int = Field(
        default=USUAL_RING_SIZE,
        ge=3,
        le=MAX_HEAVY_ATOMS,
        description="Most atoms in one ring of a proposed molecule; more than 8 admits the macrocycles of "
        "measured molecules. `fragments` of your own may have larger rings.",
    )
    fragments: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=MAX_FRAGMENT_LENGTH)], ...] | None,
        Field(
            default=None,
            min_length=1,
            max_length=600,
            description="Use only these fragments: SMILES with [*] where a bond may be made, such as "
            "[*]c1ccccc1, or without any for a substituent that its first atom attaches, such as F, OC or "
            "C#N. A fragment that `fragmentation` cuts is used as its pieces. Absent: the `vocabulary_size` "
            "most common ones, and those of measured molecules.",
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

    library: Listed | None = Field(
        default=None,
        description="The list of `builder: library`: SMILES, or a collection that was uploaded. Nothing else "
        "is proposed. The limits of building (`max_heavy_atoms`, `max_fragments`) do not apply to it.",
    )

    reactions: ReactionsSpec | None = Field(
        default=None,
        description="Templates, building blocks and limits of `builder: reactions`. Absent: the common "
        "reactions on a list of commodity chemicals.",
    )

    @model_validator(mode="before")
    @classmethod
    def _keeps_its_meaning(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            return value
        return {**OLDER, **value} if is_stored(info) else with_tautomers(value)

    @model_validator(mode="after")
    def _reactions_can_be_compiled(self, info: ValidationInfo) -> Self:
        if is_stored(info):
            return self
        is_made, has_reactions = self.builder == "reactions", self.reactions is not None
        check_reactions(self, is_made=is_made, has_reactions=has_reactions, tautomers=self.tautomers)
        if self.reactions is not None:
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
    def _library_goes_with_its_builder(self, info: ValidationInfo) -> Self:
        check_builder(
            self,
            is_list=self.builder == "library",
            has_list=self.library is not None,
            is_new=not is_stored(info),
        )
        return self

    @model_validator(mode="after")
    def _fragments_can_be_joined(self, info: ValidationInfo) -> Self:
        if self.fragments is not None and not is_stored(info):
            from models.domains.molecules.fragments.attachments import InvalidFragmentError
            from models.domains.molecules.fragments.rules import RULES
            from models.domains.molecules.fragments.vocabulary import compile_fragments

            try:
                compile_fragments(self.fragments, RULES[self.fragmentation])
            except InvalidFragmentError as error:
                raise field_error("/fragments", str(error)) from error
        return self

    @model_validator(mode="after")
    def _design_is_possible(self, info: ValidationInfo) -> Self:
        if not is_stored(info):
            from models.domains.molecules.designs.conflicts import check_design

            check_design(self)
        return self
