"""Specification of a materials campaign: compositions, or mixtures with process conditions. Torch-free.

One kind with two spaces. `MaterialsSpec` is the public name; its validation returns the class of the
requested space, so each field is checked, documented and reported under its own name.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from models.domains.materials.process import Variable
from models.specs.base import DomainSpec, is_stored
from models.specs.columns import is_reserved

COMPUTED = frozenset({"n_components", "mixing_entropy"})
"""Computed properties of mixtures, which are columns of a batch as well."""

OxidationStates = Literal["common", "known", "custom", "off"]
Label = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
Symbol = Annotated[str, StringConstraints(min_length=1, max_length=3)]


class MaterialsSpec(DomainSpec):
    """A composition of elements or a mixture of components; `space` selects one."""

    kind: Literal["materials"] = Field(description="Selects the domain of materials.")
    space: str = Field(description="Selects what is varied: `composition` or `mixture`.")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Describe this class as the tagged union of its spaces, and a space as itself."""
        if not cls.__subclasses__():
            return handler(source)
        choices = {name: handler.generate_schema(space) for name, space in SPACES.items()}
        union = core_schema.tagged_union_schema(choices=cast("Any", choices), discriminator="space")
        return core_schema.with_info_wrap_validator_function(_validate_space, union, ref=cls.__name__)


def _validate_space(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """Validate by the space's own class, so that errors name `elements`, not `composition.elements`."""
    space = SPACES.get(str(value.get("space"))) if isinstance(value, Mapping) else None
    return handler(value) if space is None else space.model_validate(value, context=info.context)


class CompositionSpec(MaterialsSpec):
    """Compositions as reduced formulas with integer amounts.

    With oxidation states on, a composition is allowed when one state per element can be chosen from the list
    so that the charges sum to zero. One element never takes two states at once: a mixed-valence oxide such as
    Fe3O4 needs `oxidation_states: "off"`.
    """

    space: Literal["composition"] = Field(description="Selects compositions of elements.")
    elements: tuple[Symbol, ...] = Field(
        min_length=1, max_length=100, description="Symbols of the elements that may be used."
    )
    max_elements: int = Field(default=4, ge=1, le=8, description="Most elements in one composition.")
    max_atoms: int = Field(default=12, ge=1, le=40, description="Most atoms in one reduced formula unit.")
    oxidation_states: OxidationStates = Field(
        default="common",
        description="Oxidation states with which charges must sum to zero: the common ones, all known "
        "ones, those of `custom_oxidation_states`, or no check (`off`). An element takes one "
        "state per composition.",
    )
    custom_oxidation_states: dict[Symbol, Annotated[tuple[int, ...], Field(min_length=1, max_length=19)]] = Field(
        default_factory=dict,
        max_length=100,
        description="Allowed oxidation states of all elements, for oxidation_states `custom` only.",
    )

    @field_validator("elements")
    @classmethod
    def _elements_exist(cls, elements: tuple[str, ...]) -> tuple[str, ...]:
        from models.domains.materials.charge_balance.elements import element_table

        _refuse_repeats(elements)
        for symbol in elements:
            if symbol not in element_table():
                message = f"{symbol!r} is no element with a known electronegativity"
                raise ValueError(message)
        return elements

    @field_validator("custom_oxidation_states")
    @classmethod
    def _states_are_sensible(cls, states: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        for symbol, values in states.items():
            if any(abs(value) > 9 for value in values):  # noqa: PLR2004 - Ir(+9) is the highest known
                message = f"{symbol}: oxidation states lie between -9 and 9"
                raise ValueError(message)
        return states

    @model_validator(mode="after")
    def _is_possible(self, info: ValidationInfo) -> Self:
        if is_stored(info):
            return self
        from models.domains.materials.charge_balance.oxidation_states import allowed_states
        from models.domains.materials.charge_balance.reachability import has_valid_composition

        if (self.oxidation_states == "custom") != bool(self.custom_oxidation_states):
            message = "custom_oxidation_states is required with oxidation_states 'custom' and only then"
            raise ValueError(message)
        if self.custom_oxidation_states and set(self.custom_oxidation_states) != set(self.elements):
            message = "custom_oxidation_states must name exactly the elements of `elements`"
            raise ValueError(message)
        states = allowed_states(self.elements, self.oxidation_states, self.custom_oxidation_states)
        if not has_valid_composition(tuple(states.values()), self.max_atoms, self.max_elements):
            message = (
                "no valid composition exists: none of the elements balance within max_atoms, "
                "max_elements and oxidation_states; allow more of them or set oxidation_states to 'off'"
            )
            raise ValueError(message)
        return self


class MixtureSpec(MaterialsSpec):
    """Mixtures of components whose fractions sum to 1 on a grid, with process variables; or conditions alone.

    Measured mixtures may lie off the grid, and their fractions sum to 1 within 0.005.
    """

    space: Literal["mixture"] = Field(description="Selects mixtures of components and process conditions.")
    components: tuple[Label, ...] = Field(
        default=(), max_length=64, description="Names of the components, each a column; empty for conditions only."
    )
    grid: int = Field(
        default=10,
        ge=1,
        le=100,
        description="Steps into which a whole is divided: 10 gives fractions in steps of 10 %.",
    )
    max_components: int = Field(default=4, ge=1, le=12, description="Most components in one mixture.")
    process: tuple[Variable, ...] = Field(
        default=(), max_length=24, description="Variables of the preparation, each a column, such as a temperature."
    )

    @field_validator("components")
    @classmethod
    def _components_are_unique(cls, components: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        _check_column_names(components, info)
        return components

    @field_validator("process")
    @classmethod
    def _variables_are_unique(cls, process: tuple[Variable, ...], info: ValidationInfo) -> tuple[Variable, ...]:
        _check_column_names([variable.name for variable in process], info)
        return process

    @model_validator(mode="after")
    def _is_possible(self, info: ValidationInfo) -> Self:
        if not self.components and not self.process:
            message = "give components, process or both: there is nothing to vary"
            raise ValueError(message)
        _check_column_names([*self.components, *(variable.name for variable in self.process)], info)
        return self


SPACES: Mapping[str, type[MaterialsSpec]] = {"composition": CompositionSpec, "mixture": MixtureSpec}
MaterialsSpec.model_rebuild(force=True)


def _refuse_repeats(names: tuple[str, ...] | list[str]) -> None:
    folded = [name.casefold() for name in names]
    for index, name in enumerate(folded):
        if name in folded[:index]:
            message = f"{names[index]!r} is named twice; names must be unique (upper and lower case are the same)"
            raise ValueError(message)


def _check_column_names(names: tuple[str, ...] | list[str], info: ValidationInfo) -> None:
    """Refuse names that collide with columns of a result table, including columns of later versions."""
    _refuse_repeats(names)
    for name in () if is_stored(info) else names:
        if is_reserved(name) or name.casefold() in COMPUTED:
            message = f"{name!r} is a column of the result table; choose another name"
            raise ValueError(message)
