"""Specification of what a lab has: scaffolds, ends to link, leads, substructures, lists. Torch-free."""

from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)

from models.domains.collections import CollectionReference, ListOrCollection
from models.domains.molecules.limits import MAX_HEAVY_ATOMS, MAX_POSITIONS
from models.specs.base import FrozenModel, field_error, is_stored

MOST_INLINE = 1_000
"""Structures in one list of a specification; longer lists are uploaded as collections."""
MOST_GROUPS = 600
MOST_PATTERNS = 64

Structure = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
"""A SMILES, CXSMILES or molfile."""
Listed = ListOrCollection[Annotated[tuple[Structure, ...], Field(min_length=1, max_length=MOST_INLINE)]]
"""Structures given inline, or in the `smiles` column of an uploaded collection."""
Groups = ListOrCollection[Annotated[tuple[Structure, ...], Field(min_length=1, max_length=MOST_GROUPS)]]
Label = Annotated[
    str,
    BeforeValidator(lambda label: label.removeprefix("R") if isinstance(label, str) else label),
    StringConstraints(pattern=r"^[1-9][0-9]?$"),
]
"""The number of a position, also as R1."""


class ScaffoldSpec(FrozenModel):
    """A scaffold with numbered positions, each with the substituents that may stand there."""

    smiles: Structure = Field(
        description="The scaffold with numbered positions: SMILES such as O=C([*:1])Nc1ccc([*:2])cc1, "
        "CXSMILES or molfile with R1, R2. Nothing else of it is substituted."
    )
    r_groups: Annotated[
        dict[Label, Groups | None],
        Field(
            default={},
            max_length=MAX_POSITIONS,
            description="The substituents of each position by its number: SMILES with one [*], such as "
            "[*]OC, or without it as OC; H keeps the hydrogen. null, or a position left out: all that the "
            "campaign's fragments can build.",
        ),
    ]
    table: CollectionReference | None = Field(
        default=None,
        description="An R-group table: an uploaded collection with columns r1, r2 ... Each column lists what "
        "may stand at its position.",
    )
    filled: tuple[Label, ...] = Field(
        default=(),
        max_length=MAX_POSITIONS,
        description="Positions without a list of their own that may not keep their hydrogen.",
    )


class GrowSpec(FrozenModel):
    """A core that is kept and extended."""

    core: Structure = Field(
        description="The core. Where it has [*:1], [*:2] ... only those positions are extended; without any, "
        "every position with a hydrogen at which a fragment may be bonded."
    )


class LinkSpec(FrozenModel):
    """Two fragments that a chain of fragments joins."""

    ends: tuple[Structure, Structure] = Field(
        description="The two fragments: SMILES with one [*] each, where the linker is bonded."
    )
    min_fragments: int = Field(
        default=1, ge=0, le=8, description="Fewest fragments of the linker; 0 allows a bond between the ends."
    )
    max_fragments: int = Field(default=6, ge=1, le=12, description="Most fragments of the linker.")
    max_atoms: int = Field(
        default=12, ge=1, le=MAX_HEAVY_ATOMS, description="Most heavy atoms of the linker."
    )

    @model_validator(mode="after")
    def _range_is_not_empty(self) -> Self:
        if self.min_fragments > self.max_fragments:
            raise field_error("/min_fragments", f"must be at most max_fragments, {self.max_fragments}")
        return self


class LeadsSpec(FrozenModel):
    """Compounds to start from, and how far candidates may be from the nearest of them."""

    smiles: Listed = Field(description="The leads: SMILES, or a collection with a column smiles.")
    min_similarity: float | None = Field(
        default=None, gt=0, le=1, description="Least Tanimoto similarity to the nearest lead."
    )
    max_similarity: float | None = Field(
        default=None, ge=0, lt=1, description="Greatest Tanimoto similarity to the nearest lead."
    )
    max_edits: int | None = Field(
        default=None,
        ge=1,
        le=6,
        description="Most fragments of a lead that are replaced, added, removed or moved, for the lead that "
        "needs fewest.",
    )

    @model_validator(mode="after")
    def _window_is_not_empty(self) -> Self:
        low, high = self.min_similarity, self.max_similarity
        if low is not None and high is not None and low >= high:
            raise field_error("/min_similarity", f"must be below max_similarity, {high:g}")
        return self


def _as_smarts(value: Any) -> Any:
    return {"smarts": value} if isinstance(value, str) else value


class RequiredPattern(FrozenModel):
    """A substructure that every candidate has."""

    smarts: Annotated[str, StringConstraints(min_length=1, max_length=1_000)] = Field(
        description="The substructure as SMARTS."
    )
    min: int = Field(default=1, ge=1, le=20, description="Fewest times, each by other atoms.")
    max: int | None = Field(default=None, ge=1, le=20, description="Most times.")

    @model_validator(mode="after")
    def _counts_agree(self, info: ValidationInfo) -> Self:
        if self.max is not None and self.max < self.min:
            raise field_error("/max", f"must be at least min, {self.min}")
        _check_smarts(self.smarts, info)
        return self


class ForbiddenPattern(FrozenModel):
    """A substructure that no candidate has, or none more often than `max`."""

    smarts: Annotated[str, StringConstraints(min_length=1, max_length=1_000)] = Field(
        description="The substructure as SMARTS."
    )
    max: int = Field(default=0, ge=0, le=20, description="Most times, each by other atoms.")

    @model_validator(mode="after")
    def _is_smarts(self, info: ValidationInfo) -> Self:
        _check_smarts(self.smarts, info)
        return self


def _check_smarts(smarts: str, info: ValidationInfo) -> None:
    if not is_stored(info):
        from models.domains.molecules.chemistry.matching import read_smarts

        try:
            read_smarts(smarts)
        except ValueError as error:
            raise field_error("/smarts", str(error)) from error


Required = Annotated[RequiredPattern, BeforeValidator(_as_smarts)]
Forbidden = Annotated[ForbiddenPattern, BeforeValidator(_as_smarts)]


class ExcludeSpec(FrozenModel):
    """Compounds that are not proposed: claimed by others, or tried elsewhere."""

    smiles: Listed = Field(description="The compounds: SMILES, or a collection with a column smiles.")
    stereoisomers: bool = Field(
        default=True, description="Whether stereoisomers of these compounds are excluded as well."
    )
    max_similarity: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Candidates stay below this Tanimoto similarity to every excluded compound.",
    )


class KnownSpec(FrozenModel):
    """The compounds that the lab has, beside those of the campaign."""

    smiles: Listed = Field(description="The compounds: SMILES, or a collection with a column smiles.")
    propose: bool = Field(default=False, description="Whether they may be proposed as well.")


def _as_listed(value: Any) -> Any:
    is_bare = isinstance(value, list | tuple | CollectionReference) or (
        isinstance(value, dict) and set(value) == {"collection"}
    )
    return {"smiles": value} if is_bare else value


Exclude = Annotated[ExcludeSpec, BeforeValidator(_as_listed)]
Known = Annotated[KnownSpec, BeforeValidator(_as_listed)]
Leads = Annotated[LeadsSpec, BeforeValidator(_as_listed)]
