"""The molecules domain bound to one campaign: connects the torch-free half, environment and kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from models.domains.contract import Domain, ParsedObject, Sizes
from models.domains.molecules.chemistry import molecules
from models.domains.molecules.chemistry.fingerprints import N_COUNTS
from models.domains.molecules.chemistry.normal_form import NORMAL_FORM
from models.domains.molecules.chemistry.structure_columns import FURTHER_COLUMNS, read_structure
from models.domains.molecules.library.labels import LABELS
from models.domains.molecules.reactions.properties import ROUTE_PROPERTIES, known_properties, route_properties
from models.domains.molecules.reactions.spec import ReactionsSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gpytorch.kernels import Kernel

    from models.domains.contract import FeatureGroup, Floats, Violation
    from models.domains.molecules.library.catalogue import Catalogue
    from models.domains.molecules.reactions.chemistry import Reactions
    from models.domains.molecules.spec import MoleculesSpec
    from models.gflownet.environment import Environment


@final
class Molecules(Domain):
    """Small organic molecules; the canonical text is a SMILES."""

    object_columns = (molecules.COLUMN,)
    qualifying_columns = {column: (column,) for column in FURTHER_COLUMNS}  # noqa: RUF012 - never written to
    cluster_similarity = 0.4
    """99.6 % of drug-like pairs are less similar, nine in ten pairs with one scaffold are more."""
    n_amounts = N_COUNTS
    normal_form = NORMAL_FORM
    features_version = 2
    """1: counts alone."""
    computed = molecules.COMPUTED
    groupings = molecules.GROUPINGS
    formats = molecules.FORMATS
    missing_formats = molecules.MISSING_FORMATS

    def __init__(self, spec: MoleculesSpec) -> None:
        self.spec = spec
        self.is_list = spec.builder == "library"
        self.labels = LABELS if self.is_list else ()
        self.is_made = spec.builder == "reactions"
        is_tree = spec.builder == "fragments"
        self.structure = "graph" if is_tree else None
        self.sizes = Sizes("fragments", 1, spec.max_fragments) if is_tree else None
        if self.is_made:
            self.sizes = Sizes("steps", 0, (spec.reactions or ReactionsSpec()).max_steps)
            self.computed = {**molecules.COMPUTED, **known_properties(spec.reactions)}
            self.sizes = Sizes("steps", 0, (spec.reactions or ReactionsSpec()).max_steps)

    def read_object(self, fields: Mapping[str, str]) -> ParsedObject:
        """Return the compound of the structure columns: without its counterions, in normal form."""
        return read_structure(fields)

    def names_object(self, fields: Mapping[str, str]) -> bool:
        """Return whether any column holds a structure: each of them alone defines the object."""
        return bool(fields)

    def check(self, text: str) -> list[Violation]:
        """Return why a molecule may not be proposed."""
        return molecules.check(text, None if self.is_list else self.spec.max_heavy_atoms)

    def pattern(self, text: str) -> Callable[[str], bool]:
        """Return the predicate for the substructure of a SMARTS."""
        return molecules.substructure(text)

    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Return the named computed properties, each [N]."""
        own = [name for name in names if not (self.is_made and name in ROUTE_PROPERTIES)]
        result = molecules.properties(texts, own)
        if len(own) < len(names):
            result |= route_properties(self._reactions(), texts, [name for name in names if name not in own])
        return result

    def group(self, texts: Sequence[str], name: str) -> list[str]:
        """Return the scaffold of each molecule."""
        return molecules.groups(texts, name)

    def columns(self, text: str) -> dict[str, str | float]:
        """Return the SMILES column and, for the molecules of a list, what the list calls them."""
        return {molecules.COLUMN: text, **(self._catalogue().names(text) if self.is_list else {})}

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

    def _catalogue(self) -> Catalogue:
        from models.domains.molecules.library.catalogue import open_catalogue

        assert self.spec.library is not None, "the specification was validated"
        return open_catalogue(self.spec.library)

    def _reactions(self) -> Reactions:
        from models.domains.molecules.reactions.space import open_reactions

        return open_reactions(self.spec.reactions or ReactionsSpec(), self.spec.max_heavy_atoms)

    def route(self, text: str) -> Mapping[str, Any] | None:
        """Return the shortest route to a molecule, the cheapest of those; None without any."""
        if not self.is_made:
            return None
        reactions = self._reactions()
        route = reactions.best_route(text)
        return None if route is None else reactions.describe(route)

    def environment(self, known: Sequence[str], device: str = "cpu") -> Environment:
        """Return the environment of the specification's builder.

        Trees of fragments, where fragments of `known` molecules widen the vocabulary, a list, or routes.
        """
        if self.is_list:
            from models.domains.molecules.library.environment import ListedObjects

            return ListedObjects(self._catalogue(), device)
        if self.is_made:
            from models.domains.molecules.route_environment.routes import Routes

            return Routes(self._reactions(), device=device)
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
