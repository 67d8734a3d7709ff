"""What a campaign says of its reactions: templates, building blocks and limits. Torch-free."""

from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from models.domains.collections import ListOrCollection
from models.domains.molecules.limits import MAX_LISTED_LENGTH
from models.specs.base import FrozenModel, Text

Smarts = Annotated[str, Field(min_length=1, max_length=2_000)]


class StockRow(FrozenModel):
    """One building block of a short list; a text alone is its SMILES."""

    smiles: str = Field(
        min_length=1, max_length=MAX_LISTED_LENGTH, description="The block; a salt is read as its free form."
    )
    catalogue_number: Text | None = Field(default=None, description="The supplier's number.")
    supplier: Text | None = Field(default=None, description="Who sells it.")
    price: float | None = Field(default=None, ge=0, description="Per gram; one currency in the whole list.")
    currency: Text | None = Field(default=None, description="Currency of the price, such as EUR.")
    amount: float | None = Field(default=None, ge=0, description="Grams that are there.")

    @model_validator(mode="before")
    @classmethod
    def _text_is_a_structure(cls, value: Any) -> Any:
        return {"smiles": value} if isinstance(value, str) else value


class UserTemplate(FrozenModel):
    """A reaction of the lab's own."""

    name: Text = Field(min_length=1, description="Shown with each step that uses it.")
    smarts: Smarts = Field(
        description="Reaction SMARTS of one or two reactants to one product. Each reactant's pattern occurs "
        "exactly once in its molecule. An atom that leaves is one element: one template for each halide."
    )
    conditions: str = Field(
        max_length=1_000, description="Reagents, solvent, temperature and time, in words."
    )
    expected_yield: float | None = Field(
        default=None, gt=0, le=1, description="A fraction; absent if not known."
    )
    forbids: tuple[Smarts, ...] = Field(
        default=(), max_length=50, description="SMARTS of groups that would compete: in no reactant."
    )


StockField = ListOrCollection[Annotated[tuple[StockRow, ...], Field(min_length=1, max_length=10_000)]]


class ReactionsSpec(FrozenModel):
    """Molecules made from building blocks by reactions."""

    max_steps: int = Field(
        default=3,
        ge=1,
        le=6,
        description="Most steps of a route; deprotections and other steps of one reactant count.",
    )
    stock: StockField | None = Field(
        default=None,
        description="Building blocks: rows of `smiles`, `catalogue_number`, `supplier`, `price` (per gram), "
        "`currency` and `amount` (grams), or a collection that was uploaded. Absent: a list of "
        "commodity chemicals, without prices.",
    )
    templates: tuple[Text, ...] | None = Field(
        default=None,
        max_length=500,
        description="Use only these of the common reactions, by name, such as `amide coupling`. An empty "
        "list uses only `own_templates`. Absent: all of them.",
    )
    own_templates: tuple[UserTemplate, ...] = Field(
        default=(), max_length=300, description="Reactions of the lab's own, beside the common ones."
    )

    @field_validator("own_templates")
    @classmethod
    def _names_are_distinct(cls, templates: tuple[UserTemplate, ...]) -> tuple[UserTemplate, ...]:
        names = [template.name for template in templates]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(repeated)}: two templates have this name")
        return templates
