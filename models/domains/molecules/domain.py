"""The molecules domain bound to one campaign: connects the torch-free half, environment and kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from models.domains.contract import Domain, ParsedObject, Sizes
from models.domains.molecules.chemistry import molecules
from models.domains.molecules.chemistry.fingerprints import N_COUNTS
from models.domains.molecules.chemistry.structure_columns import FURTHER_COLUMNS, read_structure
from models.domains.molecules.presets import DESIGNS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gpytorch.kernels import Kernel

    from models.domains.contract import FeatureGroup, Floats, Violation
    from models.domains.molecules.spec import MoleculesSpec
    from models.gflownet.environment import Environment


@final
class Molecules(Domain):
    """Small organic molecules; the canonical text is a SMILES."""

    object_columns = (molecules.COLUMN,)
    qualifying_columns = {column: (column,) for column in FURTHER_COLUMNS}  # noqa: RUF012 - never written to
    structure = "graph"
    cluster_similarity = 0.4
    """99.6 % of drug-like pairs are less similar, nine in ten pairs with one scaffold are more."""
    n_amounts = N_COUNTS
    features_version = 2
    """1: counts alone."""
    designs = DESIGNS
    computed = molecules.COMPUTED
    groupings = molecules.GROUPINGS
    formats = molecules.FORMATS
    missing_formats = molecules.MISSING_FORMATS

    def __init__(self, spec: MoleculesSpec) -> None:
        self.spec = spec
        self.sizes = Sizes("fragments", 1, spec.max_fragments)

    def read_object(self, fields: Mapping[str, str]) -> ParsedObject:
        """Return the compound of the structure columns: without its counterions, in normal form."""
        return read_structure(fields)

    def names_object(self, fields: Mapping[str, str]) -> bool:
        """Return whether any column holds a structure: each of them alone defines the object."""
        return bool(fields)

    def check(self, text: str) -> list[Violation]:
        """Return why a molecule may not be proposed."""
        return molecules.check(text, self.spec.max_heavy_atoms)

    def pattern(self, text: str) -> Callable[[str], bool]:
        """Return the predicate for the substructure of a SMARTS."""
        return molecules.substructure(text)

    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Return the named computed properties, each [N]."""
        return molecules.properties(texts, names)

    def group(self, texts: Sequence[str], name: str) -> list[str]:
        """Return the scaffold of each molecule."""
        return molecules.groups(texts, name)

    def columns(self, text: str) -> dict[str, str | float]:
        """Return the SMILES column."""
        return {molecules.COLUMN: text}

    def display(self, text: str) -> str:
        """Return the SMILES."""
        return text

    def features(self, texts: Sequence[str]) -> Floats:
        """Return folded Morgan counts and scaled descriptors [N, 2048 + 12]."""
        from models.domains.molecules.chemistry.features import features

        return features(texts)

    def parts(self, texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
        """Return descriptors by name and atom environments by their SMILES."""
        from models.domains.molecules.chemistry.features import parts_of

        return parts_of(texts)

    def similarity(self, left: Sequence[str], right: Sequence[str]) -> Floats:
        """Return Tanimoto similarities of counts [N, M]."""
        from models.domains.molecules.chemistry.fingerprints import tanimoto

        return tanimoto(left, right)

    def draw(self, texts: Sequence[str], captions: Sequence[str]) -> str:
        """Return one SVG grid."""
        from models.domains.molecules.drawing import draw

        return draw(texts, captions)

    def environment(self, known: Sequence[str], device: str = "cpu") -> Environment:
        """Return the fragment-tree environment; fragments of `known` molecules widen its vocabulary."""
        from models.domains.molecules.environment.fragment_trees import FragmentTrees
        from models.domains.molecules.fragments.vocabulary import vocabulary

        spec = self.spec
        fragments = vocabulary(spec.fragments, spec.vocabulary_size, spec.max_heavy_atoms, known)
        return FragmentTrees(fragments, spec.max_fragments, spec.max_heavy_atoms, device=device)

    def kernel(self) -> Kernel:
        """Return Tanimoto(counts) + a * Matern-5/2(descriptors); `a` and one length scale are fitted."""
        from models.domains.kernels import TanimotoAndDescriptorsKernel
        from models.domains.molecules.chemistry.descriptors import N_DESCRIPTORS

        return TanimotoAndDescriptorsKernel(N_COUNTS, N_DESCRIPTORS)
