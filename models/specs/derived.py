"""An objective that is derived from others: a ratio, a difference, a weighted sum or product. Torch-free.

Every form is linear on a suitable scale: a ratio and a product on that of logarithms, a difference and a sum
on that of plain values. So the prediction of a derived objective follows exactly from those of its parts.
"""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from models.specs.base import FrozenModel, Text, Units, field_error, json_pointer

Scale = Literal["none", "log10"]
FORMS = ("ratio", "difference", "sum", "product")
_LOG_FORMS = ("ratio", "product")


class DerivedPart(FrozenModel):
    """How a part that is no objective of its own is read."""

    units: Units | None = Field(default=None, description="Units of its values, as an objective has them.")
    transform: Scale | None = Field(
        default=None,
        description="Scale on which its values are modelled. Absent: `log10` in a ratio or product, `none` "
        "in a difference or sum and for p-values.",
    )


class Derived(FrozenModel):
    """A quantity that follows from parts: assay types, objectives and computed properties by their names.

    Give one of the four forms. Results are uploaded for the parts alone.
    """

    ratio: tuple[Text, Text] | None = Field(
        default=None,
        description="Numerator and denominator, such as `hERG` and `IC50` for a selectivity. Both are "
        "modelled as log10, or are p-values.",
    )
    difference: tuple[Text, Text] | None = Field(
        default=None, description="What is left of the first after the second is taken off."
    )
    sum: dict[Text, float] | None = Field(
        default=None, min_length=1, max_length=8, description="Weight of each part of a sum."
    )
    product: dict[Text, float] | None = Field(
        default=None,
        min_length=1,
        max_length=8,
        description="Exponent of each part of a product; all are modelled as log10.",
    )
    parts: dict[Text, DerivedPart] = Field(
        default={}, description="Units and scale of parts that are no objective, constraint or guardrail."
    )

    @field_validator("sum", "product")
    @classmethod
    def _weights_count(cls, weights: dict[str, float] | None) -> dict[str, float] | None:
        for name, weight in (weights or {}).items():
            if weight == 0:
                raise field_error(json_pointer(name), f"{name!r} has weight 0: leave it out")
        return weights

    @model_validator(mode="after")
    def _is_one_form(self) -> Self:
        given = [name for name in FORMS if getattr(self, name) is not None]
        if len(given) != 1:
            raise field_error("", f"give one of ratio, difference, sum and product, not {len(given)}")
        weights = [name for name, _ in self.weighted()]
        if len(set(weights)) < len(weights):
            raise field_error(f"/{given[0]}/1", f"{weights[0]!r} is both parts: it would never change")
        for name in self.parts:
            if name not in weights:
                raise field_error(json_pointer("parts", name), f"{name!r} is no part of the {given[0]}")
        return self

    @property
    def form(self) -> str:
        """The name of the form that is given."""
        return next(name for name in FORMS if getattr(self, name) is not None)

    @property
    def transform(self) -> Scale:
        """The scale on which the derived quantity is linear in its parts."""
        return "log10" if self.form in _LOG_FORMS else "none"

    def weighted(self) -> list[tuple[str, float]]:
        """Return the parts with their weights on that scale."""
        pair = self.ratio or self.difference
        if pair is not None:
            return [(pair[0], 1.0), (pair[1], -1.0)]
        return list((self.sum or self.product or {}).items())

    def described(self) -> str:
        """Return the quantity in short: `hERG / IC50`, `pIC50 - logp`, `2 x a + b`."""
        if self.ratio is not None or self.difference is not None:
            return f" {'/' if self.ratio else '-'} ".join(name for name, _ in self.weighted())
        if self.product is not None:
            return " x ".join(f"{name}^{weight:g}" for name, weight in self.product.items())
        return " + ".join(f"{weight:g} x {name}" for name, weight in (self.sum or {}).items())

    def renamed(self, names: Mapping[str, str]) -> Self:
        """Return the same quantity with other names of its parts."""
        pairs = {
            form: tuple(names.get(name, name) for name in pair)
            for form, pair in (("ratio", self.ratio), ("difference", self.difference))
            if pair is not None
        }
        sums = {
            form: {names.get(name, name): weight for name, weight in weights.items()}
            for form, weights in (("sum", self.sum), ("product", self.product))
            if weights is not None
        }
        parts = {names.get(name, name): part for name, part in self.parts.items()}
        return self.model_copy(update={**pairs, **sums, "parts": parts})

    def pointer(self, name: str) -> str:
        """Return the pointer of a part below this model."""
        pair = self.ratio or self.difference
        return json_pointer(self.form, name if pair is None else pair.index(name))
