"""The domain contract for one kind of object. Torch-free: the torch half is built lazily by two methods.

A domain knows nothing of policies, campaigns, HTTP or SQL. Objects are canonical texts; two texts are equal
exactly when the objects are the same.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    from gpytorch.kernels import Kernel

    from models.gflownet.environment import Environment
    from models.records import MatchedMeasured
    from models.specs.base import DomainSpec
    from models.specs.designs import Preset

    Floats = npt.NDArray[np.float64]


MOST_PARTS = 96
"""Most pieces of a comparison that people can read."""


class InvalidObjectError(ValueError):
    """A text is no object of the domain; `column` names the invalid field."""

    def __init__(self, column: str, detail: str) -> None:
        super().__init__(detail)
        self.column = column
        self.detail = detail


FRACTION = "fraction"
"""Units of fractions: percent is divided by a hundred."""
HAZARD = "hazard"
"""The code of every violation of an operator's hazard list; no domain uses it for a rule of its own."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that an object breaks.

    `code` names the rule and is the same for every object that breaks it, so violations are counted by code.
    `message` describes the violation by this object. A rule that `is_policy` is a choice of the campaign that
    environments need not know: what they build against it is refused afterwards. `is_of_novelty` says that
    the object is refused for being known or too near to one that is: it may not be proposed, and still counts
    among the best so far.
    """

    code: str
    message: str
    is_policy: bool = False
    is_of_novelty: bool = False


def beside_novelty(broken: Sequence[Violation]) -> list[Violation]:
    """Return the violations that are not of novelty; an object without any counts among the best so far."""
    return [violation for violation in broken if not violation.is_of_novelty]


@dataclass(frozen=True, slots=True)
class ParsedObject:
    """An object parsed from its columns; `warnings` list what was left out, changed or assumed."""

    text: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComputedProperty:
    """A property known without an assay.

    One that `is_on_request` is slow: it is computed where a campaign names it, and not for every candidate.
    """

    description: str
    units: str | None = None
    range: tuple[float, float] | None = None
    is_on_request: bool = False


@dataclass(frozen=True, slots=True)
class Sizes:
    """The size measure of an object in the plural, and its smallest and largest value within the limits."""

    unit: str
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """A piece of an object with its share of the features: a readable `name`, and feature `columns`."""

    name: str
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One of the domain's own file formats for a batch (SDF, FASTA, ...).

    `write` takes one flat mapping per candidate (the columns of the CSV download) with the canonical text
    under `object`, and returns the file's bytes. `extension` is the file's extension where the format has
    another name.
    """

    media_type: str
    write: Callable[[Sequence[Mapping[str, Any]]], bytes]
    extension: str | None = None


REAL_SHARE = 0.1
"""A real setting differs from the proposed one by at most this share of a setting's range."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A condition that a lab sets and then reads: `levels` are those that are proposed, ascending."""

    levels: tuple[float, ...]
    is_log: bool = False

    def is_near(self, proposed: float, real: float) -> bool:
        """Return whether an actual value may be a deviation from the proposed one.

        The tolerance is a tenth of the range, or half of the least distance between levels if that is larger.
        """
        if self.is_log and min(proposed, real) <= 0:
            return False
        ends = [math.log(level) if self.is_log else level for level in self.levels]
        gaps = [right - left for left, right in itertools.pairwise(ends)]
        most = max(REAL_SHARE * sum(gaps), min(gaps) / 2) if gaps else REAL_SHARE * abs(ends[0])
        distance = abs(math.log(real / proposed)) if self.is_log else abs(real - proposed)
        return distance <= most


class Domain(ABC):
    """A space of objects, bound to one campaign's specification."""

    object_columns: tuple[str, ...]
    """Table columns that carry an object, in order of preference.

    Any single one is enough unless `needs_all_columns` (a mixture's components and process variables).
    """
    needs_all_columns: bool = False
    qualifying_columns: Mapping[str, Sequence[str]] = MappingProxyType({})
    """Columns that qualify an object beside `object_columns` (a peptide's end groups), with possible headers.

    They describe no object by themselves unless `names_object` says so. Headers are in lower case, with `_`
    for every character that is no letter or digit.
    """
    labels: Sequence[str] = ()
    """Further columns of `columns`, which say what an object is called; an upload need not have them."""
    quantity_columns: Mapping[str, str | None] = MappingProxyType({})
    """Numeric `object_columns`, each with its units, `FRACTION`, or None without units.

    The table header may state other units in brackets.
    """
    settings: Mapping[str, Setting] = MappingProxyType({})
    """Those of `object_columns` that hold conditions; a candidate's result may state the actual ones."""
    computed: Mapping[str, ComputedProperty]
    cluster_similarity: float = 0.5
    """Similarity from which two objects count as one family.

    Above nearly all pairs of unrelated objects, below most pairs of analogues. It is a constant, so it does
    not depend on the sampling pool.
    """
    groupings: Mapping[str, str]
    """Groupings of similar objects (by scaffold, by length), each with its description."""
    every_prefix_may_stop: bool = False
    """Whether every partial state of the environment is an object (it then has a `stop_action`)."""
    structure: Literal["tokens", "graph"] | None = None
    """What the environment offers of its states beside their encoding, for trunks that read it."""
    formats: Mapping[str, FileFormat]
    """Name -> format, beside json and csv of every domain; the name is also the file's extension."""
    missing_formats: Mapping[str, str] = MappingProxyType({})
    """Common formats that these objects cannot have, each with the reason."""
    n_amounts: int | None = None
    """How many of the first columns of `features` are amounts of parts, any of which may cause failures.

    None: all that are never negative.
    """
    has_common_parts: bool = False
    """Whether it is known how often people use the parts of such objects (`sampler.prior: common`)."""
    features_version: int = 1
    """Raised when `features` or `kernel` change their meaning: earlier rounds' artefacts are then refused."""
    designs: Mapping[str, Preset] = MappingProxyType({})
    """Presets of `CampaignSpec.design` by name; a domain without any leaves all settings to the mode."""
    has_default_design: bool = True
    """Whether a round without a stated preset takes one of `designs`.

    Not where the specification itself says what candidates are to be like.
    """
    normal_form: str | None = None
    """The name of how texts are written: while it is the same, equal objects have equal texts."""
    sizes: Sizes | None = None
    """What `Environment.size` counts; without it, the steps in which an object is built."""

    @abstractmethod
    def read_object(self, fields: Mapping[str, str]) -> ParsedObject:
        """Return the object described by the given columns (blank ones are omitted), with warnings.

        An object outside the campaign's limits is still an object and may have results.

        Raises:
            InvalidObjectError: if the fields describe no object; it names the column.
        """

    def parse(self, fields: Mapping[str, str]) -> str:
        """Return the canonical text alone; raises what `read_object` raises."""
        return self.read_object(fields).text

    def standard_form(self, text: str) -> str:
        """Return the text under which the campaign knows a built object: that of an upload of it."""
        return text

    def variants(self, text: str) -> tuple[str, ...]:
        """Return the objects that may be proposed for a built one in its standard form, at least one.

        Several where what is built leaves open what an object defines, such as the stereochemistry.
        """
        return (text,)

    def made_as(self, proposed: str, made: str) -> str | None:  # noqa: ARG002 - a domain without forms
        """Return in words how an object that was made is a form of the proposed one; None if another."""
        return None

    def remarks(self, text: str) -> dict[str, str]:  # noqa: ARG002 - a domain without remarks
        """Return what files say of an object beside its columns; it is not read back."""
        return {}

    def part_columns(self, columns: Iterable[str]) -> tuple[str, ...]:  # noqa: ARG002 - few domains list parts
        """Return those columns of a list that hold parts of objects, such as substituents."""
        return ()

    def reads_part(self, column: str, text: str) -> bool:  # noqa: ARG002 - few domains list parts
        """Return whether a cell is a part of objects that a list may hold, also in place of an object."""
        return False

    def names_object(self, fields: Mapping[str, str]) -> bool:
        """Return whether any given column describes an object, beyond columns that only qualify it."""
        return any(name not in self.qualifying_columns for name in fields)

    @abstractmethod
    def check(self, text: str) -> list[Violation]:
        """Return the domain's rules and limits that this object violates; empty if it may be proposed."""

    def alerts(self, text: str) -> tuple[str, ...]:  # noqa: ARG002 - few domains know alerts
        """Return the names of what deserves a second look in an object, whether or not it may be proposed."""
        return ()

    def matched_pair(self, text: str, others: Sequence[str]) -> MatchedMeasured | None:  # noqa: ARG002 - few domains cut
        """Return the first of other objects that differs from this one by a single exchange, if any does."""
        return None

    @abstractmethod
    def pattern(self, text: str) -> Callable[[str], bool]:
        """Return the predicate on canonical texts for a pattern in the domain's pattern language.

        Hazard lists use this language. A predicate may raise an error, but never guess, so that no match is
        missed.

        Raises:
            ValueError: if the text is no pattern.
        """

    @abstractmethod
    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Return the named computed properties, each [N]."""

    @abstractmethod
    def group(self, texts: Sequence[str], name: str) -> list[str]:
        """Return the group of each object under one of `groupings`: members have equal texts.

        Raises:
            KeyError: if the domain has no such grouping.
        """

    @abstractmethod
    def columns(self, text: str) -> dict[str, str | float]:
        """Return the flat columns that describe the object in a table; `parse` accepts them back."""

    @abstractmethod
    def display(self, text: str) -> str:
        """Return the display text (SMILES, HELM, formula, recipe)."""

    def route(self, text: str) -> Mapping[str, Any] | None:  # noqa: ARG002 - for domains that know one
        """Return how an object of the environment can be made, as plain JSON; None where nothing says so."""
        return None

    @abstractmethod
    def features(self, texts: Sequence[str]) -> Floats:
        """Return proxy inputs [N, D], the same D for every call of one domain instance."""

    @abstractmethod
    def parts(self, texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
        """Return the pieces that distinguish these objects, at most `MOST_PARTS`, by discrimination.

        Parts share neither columns of `features` nor names; a constant column needs no part.
        """

    @abstractmethod
    def similarity(self, left: Sequence[str], right: Sequence[str]) -> Floats:
        """Return similarities [N, M] in 0-1; 1 exactly for an object and itself."""

    @abstractmethod
    def draw(self, texts: Sequence[str], captions: Sequence[str]) -> str:
        """Return one SVG that shows the objects in a grid with a caption each."""

    @abstractmethod
    def environment(self, known: Sequence[str], device: str = "cpu") -> Environment:
        """Return the generative environment; `known` objects may widen its vocabulary. Loads torch."""

    def starts(self) -> Sequence[str]:
        """Return canonical texts of objects that the specification names to start from."""
        return ()

    @abstractmethod
    def kernel(self) -> Kernel:
        """Return a fresh GP kernel over `features`, without output scale. Loads torch."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """The entry point that a domain's package exports as `PLUGIN`."""

    kind: str
    summary: str
    spec: type[DomainSpec]
    open: Callable[[Any], Domain]
    """Build the domain from a validated instance of `spec`; must not load torch."""
    examples: tuple[tuple[Mapping[str, Any], tuple[Mapping[str, str], ...]], ...]
    """Small specs (as JSON) with example objects (as table columns), for docs and tests."""
