"""Specification of a peptide campaign. Knows no objects and no tensors."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from models.domains.peptides.residues import RESIDUES, THREE_LETTER
from models.specs.base import DomainSpec

LONGEST = 60
"""Longest peptide of a campaign; solid-phase synthesis rarely goes further."""

NTerminus = Literal["free", "acetyl"]
CTerminus = Literal["free", "amide"]


def _join(value: Any) -> Any:
    is_list = isinstance(value, list | tuple) and len(value) <= LONGEST  # longer ones are refused by length
    if not is_list or not all(isinstance(item, str) for item in value):
        return value
    for item in value:
        if len(item) != 1:
            hint = f": write {THREE_LETTER[item.upper()]!r}" if item.upper() in THREE_LETTER else ""
            message = f"alphabet: each item is one letter, {item!r} is none{hint}"
            raise ValueError(message)
    return "".join(value)


def _distinct(value: Any) -> Any:
    """Refuse keys that name one position twice; a mapping of numbers would keep only the last."""
    seen: dict[float, str] = {}
    for name in value if isinstance(value, dict) else ():
        try:
            position = float(name)
        except (TypeError, ValueError):
            continue  # not a number: refused by the keys' type
        if position in seen:
            message = f"fixed: {seen[position]!r} and {str(name)!r} both name position {position:g}"
            raise ValueError(message)
        seen[position] = str(name)
    return value


Residue = Annotated[str, StringConstraints(pattern=f"^[{RESIDUES}]$")]
Alphabet = Annotated[
    str,
    BeforeValidator(_join, json_schema_input_type=str | list[str]),
    Field(min_length=1, max_length=LONGEST),
]


class PeptidesSpec(DomainSpec):
    """Linear peptides of L-residues: length, alphabet, end groups and fixed positions.

    `fixed` maps a position, counted from 1 at the N-terminus, to the residue that every peptide has there; it
    need not be in `alphabet` (an anchoring cysteine, say), and lies within `min_length`, so that every
    peptide has it.
    """

    kind: Literal["peptides"] = Field(default="peptides", description="Selects the domain of peptides.")
    min_length: int = Field(default=5, ge=1, le=LONGEST, description="Least number of residues.")
    max_length: int = Field(default=15, ge=1, le=LONGEST, description="Largest number of residues.")
    alphabet: Alphabet = Field(
        default=RESIDUES,
        description="One-letter codes of the residues that may be used, each once; all by default.",
    )
    n_terminus: NTerminus = Field(default="free", description="N-terminus of every peptide.")
    c_terminus: CTerminus = Field(default="free", description="C-terminus of every peptide.")
    fixed: Annotated[dict[Annotated[int, Field(ge=1, le=LONGEST)], Residue], BeforeValidator(_distinct)] = (
        Field(
            default_factory=dict,
            description="Residue at a position of every peptide, by position from 1 at the N-terminus, "
            "within `min_length`. It need not be in `alphabet`.",
        )
    )
    construction: Literal["append", "any_order"] = Field(
        default="append",
        description="How the policy builds a peptide. `append`: from the N-terminus, where local search "
        "changes the C-terminal end alone. `any_order`: its length first, then residues at any empty "
        "position, so that local search edits anywhere.",
    )

    @field_validator("alphabet")
    @classmethod
    def _is_an_alphabet(cls, value: str) -> str:
        unknown = sorted(set(value) - set(RESIDUES))
        if unknown:
            raise ValueError(
                f"alphabet: {', '.join(unknown)} is no one-letter code of a proteinogenic residue"
            )
        if len(set(value)) < len(value):
            raise ValueError("alphabet: residues must be unique")
        return value

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.min_length > self.max_length:
            raise ValueError("max_length: must not be less than min_length")
        beyond = [position for position in self.fixed if position > self.min_length]
        if beyond:
            raise ValueError(f"fixed: position {beyond[0]} lies beyond min_length {self.min_length}")
        return self
