"""Process variables: the settings of a preparation beside the amounts, and their values. Torch-free."""

import itertools
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, FiniteFloat, StringConstraints, ValidationInfo, model_validator

from models.specs.base import FrozenModel, field_error, is_stored, json_pointer

MAX_LEVELS = 1000
LOG_DECADES = 2.0
"""Decades of positive values from which an automatic log scale is possible."""
MAX_DESCRIPTORS = 256
MAX_NUMBERS = 20_000
"""Most descriptor numbers over all values of a variable."""
MAX_SMILES_LENGTH = 300
Label = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Value = str | float
Scale = Literal["auto", "linear", "log"]


class _Named(FrozenModel):
    name: Annotated[
        str,
        StringConstraints(min_length=1, max_length=80, strip_whitespace=True),
        Field(description="Name of the variable, which heads its column in tables."),
    ]
    units: Annotated[str, StringConstraints(max_length=50)] | None = Field(
        default=None, description="Units of its values; a header with other units of the same dimension is converted."
    )


class Categorical(_Named):
    """One of several named choices without an order, such as a solvent.

    Structures or descriptors of the values define their similarity; without these, all values are equally
    distant.
    """

    type: Literal["categorical"] = Field(description="Selects choices without an order.")
    values: tuple[Label, ...] = Field(min_length=1, max_length=MAX_LEVELS, description="Names of the choices.")
    smiles: dict[str, Annotated[str, StringConstraints(max_length=MAX_SMILES_LENGTH)]] = Field(
        default_factory=dict,
        max_length=MAX_LEVELS,
        description="SMILES of every value, by value, so that the models see which values are alike.",
    )
    descriptors: dict[str, Annotated[tuple[FiniteFloat, ...], Field(max_length=MAX_DESCRIPTORS)]] = Field(
        default_factory=dict,
        max_length=MAX_LEVELS,
        description="Numbers that describe every value, by value, as many for each, so that the models see "
        "which values are alike.",
    )

    @property
    def levels(self) -> tuple[str, ...]:
        """The values it may take."""
        return self.values

    @model_validator(mode="after")
    def _values_are_unique(self) -> Self:
        if len({value.casefold() for value in self.values}) < len(self.values):
            message = "values must be unique (upper and lower case are the same)"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _every_value_is_described(self) -> Self:
        for field, entries in (("smiles", self.smiles), ("descriptors", self.descriptors)):
            if entries and (missing := [value for value in self.values if value not in entries]):
                raise field_error(f"/{field}", f"{field} has no entry for the value {missing[0]!r}")
            if unknown := [value for value in entries if value not in self.values]:
                raise field_error(json_pointer(field, unknown[0]), f"{unknown[0]!r} is not one of the values")
        return self

    @model_validator(mode="after")
    def _descriptions_are_few(self) -> Self:
        n_numbers = sum(map(len, self.descriptors.values()))
        if n_numbers > MAX_NUMBERS:
            raise field_error(
                "/descriptors", f"{n_numbers} numbers describe the values; at most {MAX_NUMBERS} are read"
            )
        return self

    @model_validator(mode="after")
    def _descriptions_can_be_read(self, info: ValidationInfo) -> Self:
        from models.domains.materials.descriptors import is_structure

        for value, text in self.smiles.items():
            if not is_stored(info) and not is_structure(text):
                raise field_error(json_pointer("smiles", value), f"the SMILES of {value!r} cannot be read: {text!r}")
        lengths = {value: len(numbers) for value, numbers in self.descriptors.items()}
        for value, length in lengths.items():
            if not 0 < length <= MAX_DESCRIPTORS or length != lengths[self.values[0]]:
                message = f"give 1 to {MAX_DESCRIPTORS} numbers, as many for every value; {value!r} has {length}"
                raise field_error(json_pointer("descriptors", value), message)
        return self


class _Number(_Named):
    """A number; on a log scale its steps are ratios for features, kernels and similarities."""

    scale: Scale = Field(
        default="auto",
        description="Distance between values: by difference (`linear`) or by ratio (`log`). `auto` is log "
        "for positive ordinal values that span two decades or more and are spaced more evenly "
        "by ratio.",
    )

    @model_validator(mode="before")
    @classmethod
    def _keeps_its_scale(cls, value: Any, info: ValidationInfo) -> Any:
        # Specifications older than scales used differences, and stored rounds must keep the same features.
        return {"scale": "linear", **value} if is_stored(info) and isinstance(value, dict) else value


class Ordinal(_Number):
    """One of several numbers, such as the settings of a hot plate."""

    type: Literal["ordinal"] = Field(description="Selects some numbers in ascending order.")
    values: tuple[FiniteFloat, ...] = Field(
        min_length=1, max_length=MAX_LEVELS, description="The numbers that it may take, ascending, each once."
    )

    @property
    def levels(self) -> tuple[float, ...]:
        """The values it may take, ascending."""
        return self.values

    @property
    def is_log(self) -> bool:
        """Whether values count by their ratios."""
        return self.scale == "log" or (self.scale == "auto" and _is_spaced_by_ratio(self.values))

    @model_validator(mode="after")
    def _values_ascend(self) -> Self:
        if any(not left < right for left, right in zip(self.values, self.values[1:], strict=False)):
            message = "values must be numbers in ascending order, each once"
            raise ValueError(message)
        _check_scale(self.scale, self.values[0])
        return self


class Continuous(_Number):
    """A number between `low` and `high`, set in steps of `resolution`."""

    type: Literal["continuous"] = Field(description="Selects a range of numbers.")
    low: FiniteFloat = Field(description="Least value.")
    high: FiniteFloat = Field(description="Largest value, a whole number of steps above `low`.")
    resolution: FiniteFloat = Field(
        gt=0, description=f"Step between values; at most {MAX_LEVELS} values lie between `low` and `high`."
    )

    @property
    def levels(self) -> tuple[float, ...]:
        """The values it may take, ascending: exact decimals, so that 0.1 + 0.2 is 0.3."""
        low, resolution = Decimal(str(self.low)), Decimal(str(self.resolution))
        return tuple(float(low + step * resolution) for step in range(self._steps() + 1))

    @property
    def is_log(self) -> bool:
        """Whether values count by their ratios; evenly spaced values only on request."""
        return self.scale == "log"

    def _steps(self) -> int:
        return math.floor((self.high - self.low) / self.resolution + 1e-6)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if not self.low < self.high:
            message = "low must be below high"
            raise ValueError(message)
        steps = (self.high - self.low) / self.resolution
        if steps > MAX_LEVELS - 1:
            message = f"resolution is too fine: at most {MAX_LEVELS} levels between low and high"
            raise ValueError(message)
        if abs(steps - round(steps)) > 1e-6:  # noqa: PLR2004 - what decimal fractions lose in binary
            message = "high - low must be a whole number of steps of resolution"
            raise ValueError(message)
        _check_scale(self.scale, self.low)
        return self


def _check_scale(scale: Scale, lowest: float) -> None:
    if scale == "log" and lowest <= 0:
        raise field_error("/scale", f"a log scale needs positive values, not {lowest:g}")


def _is_spaced_by_ratio(values: tuple[float, ...]) -> bool:
    """Return whether ascending values span decades and are spaced more evenly in logarithms."""
    if values[0] <= 0 or math.log10(values[-1] / values[0]) < LOG_DECADES:
        return False
    return _unevenness([math.log(value) for value in values]) <= _unevenness(values)


def _unevenness(values: Sequence[float]) -> float:
    """Return the largest gap between ascending values over their mean gap."""
    gaps = [right - left for left, right in itertools.pairwise(values)]
    return max(gaps) * len(gaps) / sum(gaps)


Variable = Annotated[Categorical | Ordinal | Continuous, Field(discriminator="type")]


def is_numeric(variable: Categorical | Ordinal | Continuous) -> bool:
    """Return whether the variable's values are numbers."""
    return not isinstance(variable, Categorical)
