"""The molecules domain bound to one campaign: connects the torch-free half, environment and kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from models.domains.contract import Domain, ParsedObject
from models.domains.molecules.builders import open_builder
from models.domains.molecules.chemistry import files, molecules, stereoisomers
from models.domains.molecules.chemistry.configurations import N_CONFIGURATIONS
from models.domains.molecules.chemistry.fingerprints import N_COUNTS
from models.domains.molecules.chemistry.normal_form import named_form
from models.domains.molecules.chemistry.properties import COMPUTED
from models.domains.molecules.chemistry.reading import read_smiles
from models.domains.molecules.chemistry.structure_columns import FURTHER_COLUMNS, read_structure
from models.domains.molecules.designs.compile_design import compile_design, is_position, is_substituent
from models.domains.molecules.designs.lists import compounds
from models.domains.molecules.designs.part_columns import part_columns
from models.domains.molecules.designs.rules import COMPUTED as RULE_PROPERTIES
from models.domains.molecules.designs.rules import CampaignRules, computed_of
from models.domains.molecules.presets import DESIGNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gpytorch.kernels import Kernel

    from models.domains.contract import FeatureGroup, Floats, Violation
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
        self.normal_form = named_form(spec.tautomers)
        self.design = compile_design(spec)
        self.builder = open_builder(spec, self.design)
        self.labels = self.builder.labels
        self.structure = self.builder.structure
        self.sizes = self.builder.sizes
        self.computed = {**COMPUTED, **computed_of(spec), **self.builder.computed}
        self.has_default_design = self.builder.has_default_design and spec.leads is None
        self.has_common_parts = self.builder.has_common_parts
        self._rules = CampaignRules(spec)

    def read_object(self, fields: Mapping[str, str]) -> ParsedObject:
        """Return the compound of the structure columns: without its counterions, in normal form."""
        return read_structure(fields, self.spec.tautomers)

    def standard_form(self, text: str) -> str:
        """Return the text of the standard tautomer where tautomers are merged."""
        return read_smiles(text, self.spec.tautomers).text

    def variants(self, text: str) -> tuple[str, ...]:
        """Return the stereoisomers that a text leaves open, or the text where mixtures may be proposed."""
        if not self.builder.leaves_stereo_open or self.spec.stereo == "racemate":
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
        broken = molecules.check(text, self.builder.max_heavy_atoms, self.spec.alerts)
        return [*broken, *self._rules.violations(text)]

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
        special |= self.builder.properties(texts, names)
        others = molecules.properties(texts, [name for name in names if name not in special])
        return {name: special[name] if name in special else others[name] for name in names}

    def group(self, texts: Sequence[str], name: str) -> list[str]:
        """Return the scaffold of each molecule."""
        return molecules.groups(texts, name)

    def columns(self, text: str) -> dict[str, str | float]:
        """Return the SMILES column and, for the molecules of a list, what the list calls them."""
        return {molecules.COLUMN: text, **self.builder.names(text)}

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

    def route(self, text: str) -> Mapping[str, Any] | None:
        """Return the shortest route to a molecule, the cheapest of those; None without any."""
        return self.builder.route(text)

    def environment(self, known: Sequence[str], device: str = "cpu") -> Environment:
        """Return the environment of the specification's builder; `known` may widen its vocabulary."""
        return self.builder.environment(known, device)

    def starts(self) -> tuple[str, ...]:
        """Return the leads."""
        leads = self.spec.leads
        return () if leads is None else compounds(leads.smiles, self.spec.tautomers)

    def kernel(self) -> Kernel:
        """Return Tanimoto(counts) + a * Matern-5/2(descriptors); `a` and one length scale are fitted."""
        from models.domains.kernels import TanimotoAndDescriptorsKernel
        from models.domains.molecules.chemistry.descriptors import N_DESCRIPTORS

        return TanimotoAndDescriptorsKernel(self.n_amounts, N_DESCRIPTORS)
