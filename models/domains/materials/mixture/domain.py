"""The space of mixtures and process conditions, bound to one campaign.

Torch-free but for `environment` and `kernel`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, final

from models.domains.contract import FRACTION, Domain, ParsedObject, Setting, Sizes, Violation
from models.domains.materials.mixture import features, recipe
from models.domains.materials.mixture.drawing import draw_recipes
from models.domains.materials.mixture.reading import parse_recipe
from models.domains.materials.process import Categorical, is_numeric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gpytorch.kernels import Kernel

    from models.domains.contract import FeatureGroup, Floats
    from models.domains.materials.spec import MixtureSpec
    from models.gflownet.environment import Environment


@final
class MixtureDomain(Domain):
    """Recipes: fractions of components on a grid and a value for each process variable."""

    needs_all_columns = True
    structure = "tokens"
    cluster_similarity = 0.75
    """About the similarity of recipes that share three of four settings."""
    formats = {}  # noqa: RUF012 - never written to; CSV and JSON say all
    missing_formats = {"cif": "a recipe has no crystal structure"}  # noqa: RUF012 - never written to

    def __init__(self, spec: MixtureSpec) -> None:
        self._spec = spec
        self.object_columns = (*spec.components, *(variable.name for variable in spec.process))
        self.quantity_columns = dict.fromkeys(spec.components, FRACTION) | {
            variable.name: variable.units for variable in spec.process if is_numeric(variable)
        }
        self.settings = {
            item.name: Setting(item.levels, item.is_log)
            for item in spec.process
            if not isinstance(item, Categorical)
        }
        self.computed = features.computed_of(spec)
        most = min(spec.max_components, len(spec.components), spec.grid)
        self.sizes = Sizes("components", min(1, most), most)
        self.groupings = {"components": "the same components in any amounts"} if spec.components else {}

    def read_object(self, fields: Mapping[str, str]) -> ParsedObject:
        """Return the canonical recipe, with warnings; a blank component has amount 0."""
        return parse_recipe(self._spec, fields)

    def check(self, text: str) -> list[Violation]:
        """Return which of the campaign's limits the recipe breaks."""
        spec, values = self._spec, recipe.read(text)
        broken = []
        if spec.components and recipe.grid_steps(spec, values) is None:
            broken.append(Violation("grid", f"fractions are not multiples of 1/{spec.grid}"))
        if (count := sum(name in values for name in spec.components)) > spec.max_components:
            message = f"{count} components, at most {spec.max_components} are allowed"
            broken.append(Violation("max_components", message))
        for variable in spec.process:
            if values[variable.name] not in variable.levels:
                kind = "values" if isinstance(variable, Categorical) else "levels"
                message = f"{variable.name}: {values[variable.name]} is not one of the campaign's {kind}"
                broken.append(Violation(f"{kind} of {variable.name}", message))
        return broken

    def pattern(self, text: str) -> Callable[[str], bool]:
        """Return whether a recipe has all of a list of components and settings (`water, solvent=DMF`)."""
        return recipe.matching(self._spec, text)

    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Return computed properties [N] each."""
        return features.properties_of(self._spec, texts, names)

    def group(self, texts: Sequence[str], name: str) -> list[str]:
        """Return the components that are in each mixture."""
        if name not in self.groupings:
            raise KeyError(name)
        return [
            json.dumps([part for part in self._spec.components if part in recipe.read(text)])
            for text in texts
        ]

    def columns(self, text: str) -> dict[str, str | float]:
        """Return every component's fraction (0 when absent) and every process variable's value."""
        values = recipe.read(text)
        absent: dict[str, str | float] = dict.fromkeys(self._spec.components, 0)
        return {name: values.get(name, absent.get(name, 0)) for name in self.object_columns}

    def display(self, text: str) -> str:
        """Return the recipe in words: `water 75 %, ethanol 25 %, temperature 40 °C`."""
        return ", ".join(recipe.in_words(self._spec, text))

    def features(self, texts: Sequence[str]) -> Floats:
        """Return fractions, scaled numbers and one-hot categories [N, C + V + L]."""
        return features.features_of(self._spec, texts)

    def parts(self, texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
        """Return components and process variables by name."""
        return features.parts_of(self._spec, texts)

    def similarity(self, left: Sequence[str], right: Sequence[str]) -> Floats:
        """Return Gower similarities [N, M]."""
        return features.similarity_of(self._spec, left, right)

    def draw(self, texts: Sequence[str], captions: Sequence[str]) -> str:
        """Return a grid of recipes."""
        return draw_recipes(self._spec, texts, captions)

    def environment(self, known: Sequence[str], device: str = "cpu") -> Environment:  # noqa: ARG002 - limits hold
        """Return the environment; measured recipes outside the limits do not widen it."""
        from models.domains.materials.mixture.environment import MixtureEnvironment

        return MixtureEnvironment(self._spec, device)

    def kernel(self) -> Kernel:
        """Return a kernel over `features`."""
        from models.domains.materials.mixture.kernel import mixture_kernel

        return mixture_kernel(features.layout_of(self._spec))
