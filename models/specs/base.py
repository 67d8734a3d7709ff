"""What all specifications have in common: frozen values, errors that name a field, and stored ones.

Torch-free.
"""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

Text = Annotated[str, StringConstraints(max_length=200)]
"""A short text: an assay type, a column, a property."""


Units = Annotated[str, StringConstraints(max_length=50)]


def json_pointer(*steps: str | int) -> str:
    """Return the JSON pointer (RFC 6901) of a place, given as keys and indices from the root."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def field_error(pointer: str, message: str) -> PydanticCustomError:
    """Return the error of a rule that spans fields.

    `pointer` (RFC 6901) names the field from the model's own root.
    """
    return PydanticCustomError("rule", "{message}", {"message": message, "pointer": pointer})


_STORED = "stored"


class FrozenModel(BaseModel):
    """A frozen value; an unknown field is an error that names it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def from_stored(cls, value: Any) -> Self:
        """Return a specification that an earlier release accepted: rules that came since do not apply to it.

        A campaign stays readable whatever is asked of new ones; a validator of such a rule asks `is_stored`.

        Raises:
            ValidationError: if it is no specification at all.
        """
        return cls.model_validate(value, context={_STORED: True})


def is_stored(info: ValidationInfo) -> bool:
    """Tell whether a specification is read back from where it was stored, instead of being asked for anew."""
    return isinstance(info.context, dict) and _STORED in info.context


class DomainSpec(FrozenModel):
    """Base of every domain's own specification; `kind` selects the plug-in."""

    kind: str = Field(description="Selects the domain.")
