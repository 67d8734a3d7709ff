"""Where molecules come from: fragments, a list, or reactions. Each says what differs for its molecules.

Torch-free until an environment is asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, final

from models.domains.contract import Sizes
from models.domains.molecules.chemistry import molecules
from models.domains.molecules.chemistry.stereo import write_groups
from models.domains.molecules.designs.parts import listed_compounds, without_forbidden
from models.domains.molecules.library.labels import LABELS
from models.domains.molecules.limits import MAX_HEAVY_ATOMS
from models.domains.molecules.reactions.properties import known_properties, route_properties
from models.domains.molecules.reactions.spec import ReactionsSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rdkit import Chem

    from models.domains.contract import ComputedProperty, Floats
    from models.domains.molecules.designs.design import Design
    from models.domains.molecules.fragments.fragments import Fragment
    from models.domains.molecules.library.catalogue import Catalogue
    from models.domains.molecules.reactions.chemistry import Reactions
    from models.domains.molecules.spec import MoleculesSpec
    from models.gflownet.environment import Environment


class MoleculeBuilder(ABC):
    """What a builder says of its molecules."""

    structure: Literal["tokens", "graph"] | None = None
    """As `Domain.structure`."""
    sizes: Sizes | None = None
    labels: Sequence[str] = ()
    computed: Mapping[str, ComputedProperty] = MappingProxyType({})
    has_default_design = True
    has_common_parts = False
    leaves_stereo_open = False
    """Whether what is built may stand for several stereoisomers, of which one is to be chosen."""

    def __init__(self, spec: MoleculesSpec) -> None:
        self.spec = spec
        self.max_heavy_atoms: int | None = spec.max_heavy_atoms

    @abstractmethod
    def environment(self, known: Sequence[str], device: str) -> Environment:
        """Return the environment; `known` molecules may widen its vocabulary. Loads torch."""

    def names(self, text: str) -> dict[str, str]:  # noqa: ARG002 - few builders know names
        """Return what a molecule is called where it comes from, by `labels`."""
        return {}

    def route(self, text: str) -> Mapping[str, Any] | None:  # noqa: ARG002 - few builders know routes
        """Return the shortest route to a molecule, the cheapest of those; None without any."""
        return None

    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:  # noqa: ARG002 - as above
        """Return those of the builder's own computed properties that are named, each [N]."""
        return {}


@final
class FragmentBuilder(MoleculeBuilder):
    """Trees of fragments, free or within a design."""

    structure: Literal["tokens", "graph"] | None = "graph"
    leaves_stereo_open = True

    def __init__(self, spec: MoleculesSpec, design: Design | None) -> None:
        super().__init__(spec)
        self.design = design
        nodes = spec.max_fragments if design is None else design.max_nodes(spec.max_fragments)
        self.sizes = Sizes("fragments", 1, nodes)
        self.has_default_design = design is None
        self.uses_vocabulary = design is None or design.uses_vocabulary
        self.has_common_parts = spec.fragmentation == "units" and self.uses_vocabulary

    def environment(self, known: Sequence[str], device: str) -> Environment:
        """Return trees of fragments; those of `known` molecules join the vocabulary."""
        from models.domains.molecules.environment.fragment_trees import FragmentTrees
        from models.domains.molecules.fragments.reach import Obstacles

        assert self.sizes is not None
        fragments, spec = self.fragments(known), self.spec
        limits = self.sizes.most, spec.max_heavy_atoms
        if self.design is not None:
            return FragmentTrees(fragments, *limits, device=device, design=self.design)
        max_ring_size = MAX_HEAVY_ATOMS if spec.fragmentation == "brics" else spec.max_ring_size
        obstacles = Obstacles(fragments, *limits, max_ring_size, self._is_refused)
        return FragmentTrees(fragments, *limits, device=device, obstacles=obstacles)

    def fragments(self, known: Sequence[str]) -> tuple[Fragment, ...]:
        """Return the fragments to build with; those of `known` molecules join the common ones."""
        from models.domains.molecules.fragments.older_vocabulary import older_vocabulary
        from models.domains.molecules.fragments.rules import RULES
        from models.domains.molecules.fragments.vocabulary import compile_fragments, vocabulary

        spec = self.spec
        if not self.uses_vocabulary:
            return ()
        if spec.fragments is not None:
            return without_forbidden(compile_fragments(spec.fragments, RULES[spec.fragmentation]), spec)
        further = listed_compounds(spec)
        if spec.fragmentation == "brics":
            found = older_vocabulary(spec.vocabulary_size, spec.max_heavy_atoms, [*known, *further])
        else:
            limits = (spec.vocabulary_size, spec.max_heavy_atoms)
            found = vocabulary(*limits, known, spec.max_ring_size, self._is_refused, further)
        return without_forbidden(found, spec)

    def _is_refused(self, fragment: Chem.Mol) -> bool:
        """Return whether a molecule with this group could not be proposed."""
        text = molecules.canonical_fixpoint(write_groups(fragment))
        broken = molecules.check(text, self.spec.max_heavy_atoms, self.spec.alerts)
        return any(violation.code != "max_heavy_atoms" for violation in broken)


@final
class ListBuilder(MoleculeBuilder):
    """The molecules of a list, which says itself what may be had of each."""

    labels = LABELS
    has_default_design = False

    def __init__(self, spec: MoleculesSpec) -> None:
        super().__init__(spec)
        self.max_heavy_atoms = None

    def environment(self, known: Sequence[str], device: str) -> Environment:  # noqa: ARG002 - as the base
        """Return the list."""
        from models.domains.molecules.library.environment import ListedObjects

        return ListedObjects(self._catalogue(), device)

    def names(self, text: str) -> dict[str, str]:
        """Return what the list calls a molecule."""
        return self._catalogue().names(text)

    def _catalogue(self) -> Catalogue:
        from models.domains.molecules.library.catalogue import open_catalogue

        assert self.spec.library is not None, "the specification was validated"
        return open_catalogue(self.spec.library, self.spec.tautomers)


@final
class RouteBuilder(MoleculeBuilder):
    """Molecules made by reactions from building blocks, each with its route."""

    def __init__(self, spec: MoleculesSpec) -> None:
        super().__init__(spec)
        self.sizes = Sizes("steps", 0, self._settings.max_steps)
        self.computed = known_properties(spec.reactions)

    def environment(self, known: Sequence[str], device: str) -> Environment:  # noqa: ARG002 - as the base
        """Return routes."""
        from models.domains.molecules.route_environment.routes import Routes

        return Routes(self._reactions, device=device)

    def route(self, text: str) -> Mapping[str, Any] | None:
        """Return the shortest route to a molecule, the cheapest of those; None without any."""
        route = self._reactions.best_route(text)
        return None if route is None else self._reactions.describe(route)

    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Return those properties of routes that are named, each [N]."""
        own = [name for name in names if name in self.computed]
        return route_properties(self._reactions, texts, own) if own else {}

    @property
    def _settings(self) -> ReactionsSpec:
        return self.spec.reactions or ReactionsSpec()

    @cached_property
    def _reactions(self) -> Reactions:
        from models.domains.molecules.reactions.space import open_reactions

        return open_reactions(self._settings, self.spec.max_heavy_atoms)


def open_builder(spec: MoleculesSpec, design: Design | None) -> MoleculeBuilder:
    """Return the builder of a specification."""
    if spec.builder == "library":
        return ListBuilder(spec)
    return RouteBuilder(spec) if spec.builder == "reactions" else FragmentBuilder(spec, design)
