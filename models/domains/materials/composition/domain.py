"""The space of compositions, bound to one campaign. Torch-free but for `environment` and `kernel`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from models.domains.contract import Domain, FileFormat, InvalidObjectError, ParsedObject, Sizes, Violation
from models.domains.materials.charge_balance.oxidation_states import allowed_states, is_neutral
from models.domains.materials.composition import features
from models.domains.materials.composition.drawing import draw_formulas
from models.domains.materials.composition.formula import amounts_of, matching, parse_formula
from models.domains.materials.composition.spelling import COLUMN
from models.domains.materials.composition.typing_slips import with_every_amount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gpytorch.kernels import Kernel

    from models.domains.contract import FeatureGroup, Floats
    from models.domains.materials.spec import CompositionSpec
    from models.gflownet.environment import Environment


def write_formulas(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a plain list, one formula per line."""
    return "".join(f"{row['object']}\n" for row in rows).encode()


@final
class CompositionDomain(Domain):
    """Reduced formulas within a campaign's elements, limits and oxidation states."""

    object_columns = (COLUMN,)
    structure = "tokens"
    cluster_similarity = 0.75
    """About the similarity of GaAs and GaAlAs2; GaAs and GaP are less similar."""
    computed = features.COMPUTED
    groupings = {"elements": "chemical system: the same elements in any amounts"}  # noqa: RUF012 - never written to
    formats = {"txt": FileFormat(media_type="text/plain", write=write_formulas)}  # noqa: RUF012 - never written to

    missing_formats = {  # noqa: RUF012 - never written to
        "cif": "a composition gives the numbers of atoms, but not their positions: it has no structure"
    }

    def __init__(self, spec: CompositionSpec) -> None:
        self._spec = spec
        self._states = allowed_states(spec.elements, spec.oxidation_states, spec.custom_oxidation_states)
        self.sizes = Sizes("atoms", 1, spec.max_atoms)

    def read_object(self, fields: Mapping[str, str]) -> ParsedObject:
        """Return the canonical formula of the column `formula`, with warnings about its parsing."""
        return parse_formula(fields.get(COLUMN, ""), self._states)

    def check(self, text: str) -> list[Violation]:
        """Return which of the campaign's limits the composition breaks."""
        spec, amounts = self._spec, amounts_of(text)
        foreign = [symbol for symbol in amounts if symbol not in self._states]
        broken = []
        if foreign:
            broken.append(Violation("elements", f"not among the campaign's elements: {', '.join(foreign)}"))
        if len(amounts) > spec.max_elements:
            message = f"{len(amounts)} elements, at most {spec.max_elements} are allowed"
            broken.append(Violation("max_elements", message))
        if (atoms := sum(amounts.values())) > spec.max_atoms:
            message = f"{atoms} atoms in the formula unit, at most {spec.max_atoms} are allowed"
            broken.append(Violation("max_atoms", message))
        if not foreign and not is_neutral(amounts, self._states):
            states = spec.oxidation_states
            message = (
                f"no choice of one {states} oxidation state per element makes it charge-neutral; "
                "'known' or 'custom' oxidation_states admit more, mixed valence and metals alone need 'off'"
            )
            broken.append(Violation("oxidation_states", message))
        return broken

    def pattern(self, text: str) -> Callable[[str], bool]:
        """Return whether a composition has all elements of a list (`Pb,Tl`), or is a formula (`PbTe`)."""
        return matching(text)

    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Return computed properties [N] each."""
        return features.properties_of(texts, names)

    def group(self, texts: Sequence[str], name: str) -> list[str]:
        """Return the chemical system of each composition, as in `Al-As-Ga`."""
        if name not in self.groupings:
            raise KeyError(name)
        return ["-".join(sorted(amounts_of(text))) for text in texts]

    def columns(self, text: str) -> dict[str, str | float]:
        """Return the formula under its column, with every amount where the short one is ambiguous."""
        try:
            is_plain = self.parse({COLUMN: text}) == text
        except InvalidObjectError:
            is_plain = False
        return {COLUMN: text if is_plain else with_every_amount(text)}

    def display(self, text: str) -> str:
        """Return the formula."""
        return text

    def features(self, texts: Sequence[str]) -> Floats:
        """Return element fractions and statistics [N, E + 3P]."""
        return features.features_of(texts)

    def parts(self, texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
        """Return elements, and statistics of the elements' descriptors."""
        return features.parts_of(texts)

    def similarity(self, left: Sequence[str], right: Sequence[str]) -> Floats:
        """Return similarities of fractions and element statistics [N, M]."""
        return features.similarity_of(left, right)

    def draw(self, texts: Sequence[str], captions: Sequence[str]) -> str:
        """Return a grid of formulas with their composition as a bar."""
        return draw_formulas(texts, captions)

    def environment(self, known: Sequence[str], device: str = "cpu") -> Environment:  # noqa: ARG002 - limits hold
        """Return the environment; measured compositions outside the limits do not widen it."""
        from models.domains.materials.composition.environment import CompositionEnvironment

        spec = self._spec
        return CompositionEnvironment(self._states, spec.max_atoms, spec.max_elements, device)

    def kernel(self) -> Kernel:
        """Return a kernel over `features`."""
        from models.domains.materials.composition.kernel import composition_kernel

        return composition_kernel()
