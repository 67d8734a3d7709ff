"""Base class of wrappers that override some methods of a domain and delegate all others.

Knows nothing of what wrappers add. A new method of the contract is delegated here once for all wrappers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.domains.contract import Domain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gpytorch.kernels import Kernel

    from models.domains.contract import FeatureGroup, Floats, ParsedObject, Violation
    from models.gflownet.environment import Environment
    from models.records import MatchedMeasured


class DelegatingDomain(Domain):
    """Delegates every method to the wrapped domain."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self.object_columns, self.needs_all_columns = domain.object_columns, domain.needs_all_columns
        self.every_prefix_may_stop = domain.every_prefix_may_stop
        self.structure = domain.structure
        self.qualifying_columns, self.quantity_columns = domain.qualifying_columns, domain.quantity_columns
        self.cluster_similarity = domain.cluster_similarity
        self.designs, self.has_default_design = domain.designs, domain.has_default_design
        self.n_amounts, self.features_version = domain.n_amounts, domain.features_version
        self.normal_form, self.labels = domain.normal_form, domain.labels
        self.has_common_parts = domain.has_common_parts
        self.computed, self.groupings, self.formats = domain.computed, domain.groupings, domain.formats
        self.sizes, self.settings, self.missing_formats = (
            domain.sizes,
            domain.settings,
            domain.missing_formats,
        )

    def read_object(self, fields: Mapping[str, str]) -> ParsedObject:
        """Return an object with warnings about its parsing."""
        return self._domain.read_object(fields)

    def standard_form(self, text: str) -> str:
        """Return the text under which the campaign knows a built object."""
        return self._domain.standard_form(text)

    def variants(self, text: str) -> tuple[str, ...]:
        """Return the objects that may be proposed for a built one."""
        return self._domain.variants(text)

    def made_as(self, proposed: str, made: str) -> str | None:
        """Return how an object that was made is a form of the proposed one."""
        return self._domain.made_as(proposed, made)

    def remarks(self, text: str) -> dict[str, str]:
        """Return what files say of an object beside its columns."""
        return self._domain.remarks(text)

    def part_columns(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return those columns of a list that hold parts of objects."""
        return self._domain.part_columns(columns)

    def reads_part(self, column: str, text: str) -> bool:
        """Return whether a cell is a part of objects."""
        return self._domain.reads_part(column, text)

    def names_object(self, fields: Mapping[str, str]) -> bool:
        """Return whether any given column describes an object."""
        return self._domain.names_object(fields)

    def check(self, text: str) -> list[Violation]:
        """Return the rules that this object violates; empty if it may be proposed."""
        return self._domain.check(text)

    def alerts(self, text: str) -> tuple[str, ...]:
        """Return the names of what deserves a second look."""
        return self._domain.alerts(text)

    def matched_pair(self, text: str, others: Sequence[str]) -> MatchedMeasured | None:
        """Return the first of other objects that differs by a single exchange."""
        return self._domain.matched_pair(text, others)

    def pattern(self, text: str) -> Callable[[str], bool]:
        """Return the predicate for a pattern of the domain's language."""
        return self._domain.pattern(text)

    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Return the named computed properties, each [N]."""
        return self._domain.properties(texts, names)

    def group(self, texts: Sequence[str], name: str) -> list[str]:
        """Return the group of each object [N]."""
        return self._domain.group(texts, name)

    def columns(self, text: str) -> dict[str, str | float]:
        """Return the flat columns that describe the object."""
        return self._domain.columns(text)

    def display(self, text: str) -> str:
        """Return the display text."""
        return self._domain.display(text)

    def route(self, text: str) -> Mapping[str, Any] | None:
        """Return how an object can be made; None where nothing says so."""
        return self._domain.route(text)

    def features(self, texts: Sequence[str]) -> Floats:
        """Return proxy inputs [N, D]."""
        return self._domain.features(texts)

    def parts(self, texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
        """Return the pieces that distinguish the objects."""
        return self._domain.parts(texts)

    def similarity(self, left: Sequence[str], right: Sequence[str]) -> Floats:
        """Return similarities [N, M] in 0-1."""
        return self._domain.similarity(left, right)

    def draw(self, texts: Sequence[str], captions: Sequence[str]) -> str:
        """Return one SVG that shows the objects."""
        return self._domain.draw(texts, captions)

    def environment(self, known: Sequence[str], device: str = "cpu") -> Environment:
        """Return the generative environment. Loads torch."""
        return self._domain.environment(known, device)

    def starts(self) -> Sequence[str]:
        """Return canonical texts of objects that the specification names to start from."""
        return self._domain.starts()

    def kernel(self) -> Kernel:
        """Return a fresh GP kernel over `features`. Loads torch."""
        return self._domain.kernel()
