"""What a kind of object must offer to become a domain. Torch-free: the torch half is built lazily by two methods.

A domain knows nothing of policies, campaigns, HTTP or SQL. Objects are canonical texts; two texts are equal exactly
when the objects are the same.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    from gpytorch.kernels import Kernel

    from models.gflownet.environment import Environment
    from models.specs.base import DomainSpec

    Floats = npt.NDArray[np.float64]


MOST_PARTS = 96
"""More pieces than this nobody can compare."""


class InvalidObjectError(ValueError):
    """A text is no object of the domain; `column` names the field that is wrong."""

    def __init__(self, column: str, detail: str) -> None:
        super().__init__(detail)
        self.column = column
        self.detail = detail


FRACTION = "fraction"
"""Units of a part of one: percent divide by a hundred."""
HAZARD = "hazard"
"""The code of every violation of an operator's hazard list; no domain uses it for a rule of its own."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that an object breaks.

    `code` names the rule and is the same for every object that breaks it: violations are counted by it. `message` tells
    a person about this object.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ParsedObject:
    """An object as its columns describe it: `warnings` tell what was left out, changed or assumed to read them."""

    text: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComputedProperty:
    """A property known without an assay."""

    description: str
    units: str | None = None
    range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the size of an object counts, in the plural, and the least and the most of it that the limits allow."""

    unit: str
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """A piece of an object that a prediction may hang on: `name` is what a person reads, `columns` its features."""

    name: str
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One of the domain's own file formats for a batch (SDF, FASTA, ...).

    `write` gets one flat mapping per candidate (the columns of the CSV download) with the canonical text under
    `object`, and returns the file's bytes. `extension` is that of the file where the format has another name.
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
        """Return whether a real value may be what came of the proposed one.

        That is within a tenth of the range or, where the levels are further apart, half of their least distance.
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
    """Table columns that carry an object, in order of preference: any one of them is enough unless
    `needs_all_columns` (a mixture's components and process variables)."""
    needs_all_columns: bool = False
    qualifying_columns: Mapping[str, Sequence[str]] = MappingProxyType({})
    """Columns that say more of an object beside `object_columns` (a peptide's end groups) and none by themselves unless
    `names_object` says so, each with the headers it may have, in small letters and with `_` for whatever is no letter
    and no digit."""
    quantity_columns: Mapping[str, str | None] = MappingProxyType({})
    """Those of `object_columns` that hold numbers, each with its units, `FRACTION`, or None where none are stated: a
    table may head them with other units in brackets."""
    settings: Mapping[str, Setting] = MappingProxyType({})
    """Those of `object_columns` that hold conditions: what was really set may be stated with a candidate's result."""
    computed: Mapping[str, ComputedProperty]
    cluster_similarity: float = 0.5
    """From which similarity on two objects count as one family: above nearly all pairs of unrelated objects, below most
    pairs of analogues. A constant, so that it does not depend on what there is to choose from."""
    groupings: Mapping[str, str]
    """Ways of putting alike objects into one group (by scaffold, by length), each with its description."""
    every_prefix_may_stop: bool = False
    """Whether whatever the environment has built so far is an object (it then has a `stop_action`)."""
    formats: Mapping[str, FileFormat]
    """Name -> format, beside json and csv, which every domain has; the name is the file's extension as well."""
    missing_formats: Mapping[str, str] = MappingProxyType({})
    """Formats that people ask for and these objects cannot have, each with the reason."""
    sizes: Sizes | None = None
    """What `Environment.size` counts; without it, the steps in which an object is built."""

    @abstractmethod
    def read_object(self, fields: Mapping[str, str]) -> ParsedObject:
        """Return the object described by the given columns (blank ones are left out), and what to tell about it.

        An object outside the campaign's limits is still an object: results for it are welcome.

        Raises:
            InvalidObjectError: if the fields describe no object; it names the column.
        """

    def parse(self, fields: Mapping[str, str]) -> str:
        """Return the canonical text alone; raises what `read_object` raises."""
        return self.read_object(fields).text

    def names_object(self, fields: Mapping[str, str]) -> bool:
        """Return whether any column is given that describes an object, and not only ones that qualify it."""
        return any(name not in self.qualifying_columns for name in fields)

    @abstractmethod
    def check(self, text: str) -> list[Violation]:
        """Return which of the domain's rules and limits forbid that this object is proposed, or nothing."""

    @abstractmethod
    def pattern(self, text: str) -> Callable[[str], bool]:
        """Return the test of canonical texts that a pattern describes, in the domain's own language of patterns.

        Hazard lists are written in it: operators decide what it must never miss, so a test may raise but not guess.

        Raises:
            ValueError: if the text is no pattern.
        """

    @abstractmethod
    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Return the named computed properties, each [N]."""

    @abstractmethod
    def group(self, texts: Sequence[str], name: str) -> list[str]:
        """Return the group of each object under one of `groupings`: alike objects have equal texts.

        Raises:
            KeyError: if the domain has no such grouping.
        """

    @abstractmethod
    def columns(self, text: str) -> dict[str, str | float]:
        """Return the flat columns that describe the object in a table; `parse` accepts them back."""

    @abstractmethod
    def display(self, text: str) -> str:
        """Return what a person reads (SMILES, HELM, formula, recipe)."""

    @abstractmethod
    def features(self, texts: Sequence[str]) -> Floats:
        """Return proxy inputs [N, D], the same D for every call of one domain instance."""

    @abstractmethod
    def parts(self, texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
        """Return the pieces that tell these objects apart, at most `MOST_PARTS`, the most telling first.

        No two own the same column of `features` or have the same name; a column that does not vary needs no part.
        """

    @abstractmethod
    def similarity(self, left: Sequence[str], right: Sequence[str]) -> Floats:
        """Return similarities [N, M] in 0-1; 1 exactly for an object and itself."""

    @abstractmethod
    def draw(self, texts: Sequence[str], captions: Sequence[str]) -> str:
        """Return one SVG that shows the objects in a grid with a caption each."""

    @abstractmethod
    def environment(self, known: Sequence[str], device: str = "cpu") -> Environment:
        """Return the generative environment; measured objects `known` may widen its vocabulary. Loads torch."""

    @abstractmethod
    def kernel(self) -> Kernel:
        """Return a fresh GP kernel over `features`, without output scale. Loads torch."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """What a domain's package exports as `PLUGIN`."""

    kind: str
    summary: str
    spec: type[DomainSpec]
    open: Callable[[Any], Domain]
    """Build the domain from a validated instance of `spec`; must not load torch."""
    examples: tuple[tuple[Mapping[str, Any], tuple[Mapping[str, str], ...]], ...]
    """Small specs (as JSON) with some objects of each (as table columns): documentation and conformance tests."""
