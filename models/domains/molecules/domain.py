"""The molecules domain bound to one campaign: connects the torch-free half, environment and kernel."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, final

from models.domains.contract import Domain, ParsedObject, Sizes
from models.domains.molecules.chemistry import files, molecules, stereoisomers
from models.domains.molecules.chemistry.configurations import N_CONFIGURATIONS
from models.domains.molecules.chemistry.fingerprints import N_COUNTS
from models.domains.molecules.chemistry.normal_form import named_form
from models.domains.molecules.chemistry.properties import COMPUTED
from models.domains.molecules.chemistry.reading import read_smiles
from models.domains.molecules.chemistry.stereo import write_groups
from models.domains.molecules.chemistry.structure_columns import FURTHER_COLUMNS, read_structure
from models.domains.molecules.designs.compile_design import compile_design, is_position, is_substituent
from models.domains.molecules.designs.lists import compounds
from models.domains.molecules.designs.part_columns import part_columns
from models.domains.molecules.designs.parts import listed_compounds, without_forbidden
from models.domains.molecules.designs.rules import COMPUTED as RULE_PROPERTIES
from models.domains.molecules.designs.rules import CampaignRules, computed_of
from models.domains.molecules.library.labels import LABELS
from models.domains.molecules.limits import MAX_HEAVY_ATOMS
from models.domains.molecules.presets import DESIGNS
from models.domains.molecules.reactions.properties import ROUTE_PROPERTIES, known_properties, route_properties
from models.domains.molecules.reactions.spec import ReactionsSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gpytorch.kernels import Kernel
    from rdkit import Chem

    from models.domains.contract import FeatureGroup, Floats, Violation
    from models.domains.molecules.fragments.fragments import Fragment
    from models.domains.molecules.library.catalogue import Catalogue
    from models.domains.molecules.reactions.chemistry import Reactions
    from models.domains.molecules.spec import MoleculesSpec
    from models.gflownet.environment import Environment
    from models.records import MatchedMeasured

STEREO = "stereo"
"""Column of files that says which stereoisomers an object stands for."""
MOST_VARIANTS = 8
"""Stereoisomers of one built molecule that are compared."""


@final
class Molecules(Domain):
    """Small organic molecules; the canonical text is a SMILES."""

    object_columns = (molecules.COLUMN,)
    qualifying_columns = {column: (column,) for column in FURTHER_COLUMNS}  # noqa: RUF012 - never written to
    cluster_similarity = 0.4
    """99.6 % of drug-like pairs are less similar, nine in ten pairs with one scaffold are more."""
    n_amounts = N_COUNTS + N_CONFIGURATIONS
    features_version = 3
    """1: counts alone, 2: counts and descriptors, without configurations."""
    designs = DESIGNS
    computed = COMPUTED
    groupings = molecules.GROUPINGS
    formats = files.FORMATS
    missing_formats = files.MISSING_FORMATS

    def __init__(self, spec: MoleculesSpec) -> None:
        self.spec = spec
        self.is_list = spec.builder == "library"
        self.labels = LABELS if self.is_list else ()
        self.is_made = spec.builder == "reactions"
        is_tree = spec.builder == "fragments"
        self.normal_form = named_form(spec.tautomers)
        self.structure = "graph" if is_tree else None
        self.design = compile_design(spec)
        nodes = spec.max_fragments if self.design is None else self.design.max_nodes(spec.max_fragments)
        self.sizes = Sizes("fragments", 1, nodes) if is_tree else None
        self.computed = {**COMPUTED, **computed_of(spec)}
        if self.is_made:
            self.sizes = Sizes("steps", 0, (spec.reactions or ReactionsSpec()).max_steps)
            self.computed |= known_properties(spec.reactions)
        self.has_default_design = self.design is None and spec.leads is None and not self.is_list
        self._rules = CampaignRules(spec)
        uses_vocabulary = is_tree and (self.design is None or self.design.uses_vocabulary)
        self.has_common_parts = spec.fragmentation == "units" and uses_vocabulary

    def read_object(self, fields: Mapping[str, str]) -> ParsedObject:
        """Return the compound of the structure columns: without its counterions, in normal form."""
        return read_structure(fields, self.spec.tautomers)

    def standard_form(self, text: str) -> str:
        """Return the text of the standard tautomer where tautomers are merged."""
        return read_smiles(text, self.spec.tautomers).text

    def variants(self, text: str) -> tuple[str, ...]:
        """Return the stereoisomers that a text leaves open, or the text where mixtures may be proposed.

        A list says itself what may be had of each molecule.
        """
        if self.is_list or self.is_made or self.spec.stereo == "racemate":
            return (text,)
        isomers = stereoisomers.stereoisomers(text, MOST_VARIANTS)
        return tuple(dict.fromkeys(map(self.standard_form, isomers)))

    def made_as(self, proposed: str, made: str) -> str | None:
        """Return how a stereoisomer or a mixture of them is a form of what was proposed."""
        return stereoisomers.made_as(proposed, made)

    def remarks(self, text: str) -> dict[str, str]:
        """Return which stereoisomers the text stands for, and its substituents or linker in a design."""
        parts = {} if self.design is None else part_columns(text, self.design)
        return {STEREO: stereoisomers.statement(text), **parts}

    def part_columns(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return the columns of an R-group table: r1, r2 ..."""
        return tuple(filter(is_position, columns))

    def reads_part(self, column: str, text: str) -> bool:
        """Return whether a cell is a substituent; among molecules its [*] says so."""
        return ("*" in text or is_position(column)) and is_substituent(text)

    def names_object(self, fields: Mapping[str, str]) -> bool:
        """Return whether any column holds a structure: each of them alone defines the object."""
        return bool(fields)

    def check(self, text: str) -> list[Violation]:
        """Return why a molecule may not be proposed."""
        most = None if self.is_list else self.spec.max_heavy_atoms
        return [*molecules.check(text, most, self.spec.alerts), *self._rules.violations(text)]

    def alerts(self, text: str) -> tuple[str, ...]:
        """Return the structural alerts that the campaign's policy names."""
        from models.domains.molecules.chemistry.structural_alerts import alerts_of

        found = alerts_of(molecules.molecule(text), self.spec.alerts)
        return (*found.blocking, *found.flagged)

    def matched_pair(self, text: str, others: Sequence[str]) -> MatchedMeasured | None:
        """Return the first of other molecules that differs by what one cut separates."""
        from models.domains.molecules.chemistry.matched_pairs import matched_pair

        return matched_pair(text, others)

    def pattern(self, text: str) -> Callable[[str], bool]:
        """Return the predicate for the substructure of a SMARTS."""
        return molecules.substructure(text)

    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Return the named computed properties, each [N]."""
        special = {name: self._rules.similarity(texts, name) for name in names if name in RULE_PROPERTIES}
        of_routes = [name for name in names if self.is_made and name in ROUTE_PROPERTIES]
        if of_routes:
            special |= route_properties(self._reactions, texts, of_routes)
        others = molecules.properties(texts, [name for name in names if name not in special])
        return {name: special[name] if name in special else others[name] for name in names}

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
        """Return folded Morgan counts, configurations and scaled descriptors [N, 2048 + 256 + 12]."""
        from models.domains.molecules.chemistry.features import features

        return features(texts)

    def parts(self, texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
        """Return descriptors by name, configurations and atom environments by their SMILES."""
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
        return open_catalogue(self.spec.library, self.spec.tautomers)

    @cached_property
    def _reactions(self) -> Reactions:
        from models.domains.molecules.reactions.space import open_reactions

        return open_reactions(self.spec.reactions or ReactionsSpec(), self.spec.max_heavy_atoms)

    def route(self, text: str) -> Mapping[str, Any] | None:
        """Return the shortest route to a molecule, the cheapest of those; None without any."""
        if not self.is_made:
            return None
        reactions = self._reactions
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

            return Routes(self._reactions, device=device)
        from models.domains.molecules.environment.fragment_trees import FragmentTrees
        from models.domains.molecules.fragments.reach import Obstacles

        assert self.sizes is not None
        fragments, spec, design = self.fragments(known), self.spec, self.design
        limits = self.sizes.most, spec.max_heavy_atoms
        if design is not None:
            return FragmentTrees(fragments, *limits, device=device, design=design)
        max_ring_size = MAX_HEAVY_ATOMS if spec.fragmentation == "brics" else spec.max_ring_size
        obstacles = Obstacles(fragments, *limits, max_ring_size, self._is_refused)
        return FragmentTrees(fragments, *limits, device=device, obstacles=obstacles)

    def fragments(self, known: Sequence[str]) -> tuple[Fragment, ...]:
        """Return the fragments to build with; those of `known` molecules join the common ones."""
        from models.domains.molecules.fragments.older_vocabulary import older_vocabulary
        from models.domains.molecules.fragments.rules import RULES
        from models.domains.molecules.fragments.vocabulary import compile_fragments, vocabulary

        spec = self.spec
        if self.design is not None and not self.design.uses_vocabulary:
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

    def starts(self) -> tuple[str, ...]:
        """Return the leads."""
        leads = self.spec.leads
        return () if leads is None else compounds(leads.smiles, self.spec.tautomers)

    def kernel(self) -> Kernel:
        """Return Tanimoto(counts) + a * Matern-5/2(descriptors); `a` and one length scale are fitted."""
        from models.domains.kernels import TanimotoAndDescriptorsKernel
        from models.domains.molecules.chemistry.descriptors import N_DESCRIPTORS

        return TanimotoAndDescriptorsKernel(self.n_amounts, N_DESCRIPTORS)
