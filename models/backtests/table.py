"""A measured table as an oracle, and a domain with cached features of its objects. Knows no strategy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

import numpy as np

from models.backtests.contract import Oracle
from models.backtests.table_environment import RestrictedEnvironment
from models.data.derived import combined_values
from models.data.tables import complete_objects, tabulate, to_units
from models.domains.wrapper import DelegatingDomain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain, Floats, Violation
    from models.gflownet.environment import Environment
    from models.records import Measurement

CHUNK = 4096
"""Objects per batch of features."""


class TableError(ValueError):
    """A table cannot be replayed."""


@final
class TableLab(Oracle):
    """Returns all of a table's results for an object, including replicates, censored results and failures.

    An object can be measured when the table has a result of every measured objective for it, or a failure.

    Raises:
        TableError: if no object can be measured.
    """

    def __init__(self, spec: CampaignSpec, domain: Domain, measurements: Sequence[Measurement]) -> None:
        self._spec = spec
        self._domain = domain
        self._of: dict[str, list[Measurement]] = {}
        for result in measurements:
            self._of.setdefault(result.object, []).append(result)
        types = {kind for item in spec.objectives for kind in spec.types_of(item)}
        self.objects = tuple(complete_objects(measurements, types))
        if not self.objects:
            wanted = ", ".join(sorted(types)) or "a computed objective alone"
            raise TableError(f"no object of the table has results of all of: {wanted}")

    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:  # noqa: ARG002 - a table has one answer
        """Return all results of objects [N], assigned to the round that measured them."""
        from dataclasses import replace

        return tuple(replace(result, round=n_round) for name in objects for result in self._of[name])

    def truth(self, objects: Sequence[str]) -> Floats:
        """Return the pooled values [N, M]."""
        results = [result for name in objects for result in self._of[name]]
        table = tabulate(results, self._spec.quantities())
        indices = {name: row for row, name in enumerate(table.objects)}
        columns = []
        for objective in self._spec.objectives:
            found, transform = self._spec.combination_of(objective), self._spec.transform_of(objective)
            if found is not None:
                values = combined_values(found, table, self._domain.properties).tolist()
                rows = [values[indices[name]] if name in indices else math.nan for name in objects]
                columns.append(np.array([to_units(value, transform) for value in rows]))
                continue
            if objective.assay_type is None:
                assert objective.computed is not None
                columns.append(self._domain.properties(objects, [objective.computed])[objective.computed])
                continue
            column = table.types.index(objective.assay_type)
            columns.append(
                np.array(
                    [
                        to_units(float(table.values[indices[name], column]), transform)
                        if name in indices
                        else np.nan
                        for name in objects
                    ]
                )
            )
        return np.stack(columns, axis=1)


@final
class TableDomain(DelegatingDomain):
    """A domain that caches features, properties and checks of a table's objects.

    Features are stored in single precision: 150,000 peptides take half a gigabyte. Everything else is
    delegated, except the environment when `is_restricted`: it builds the table's objects only.
    """

    def __init__(self, domain: Domain, objects: Sequence[str], *, is_restricted: bool = False) -> None:
        super().__init__(domain)
        self._is_restricted = is_restricted
        self._rows = {name: row for row, name in enumerate(objects)}
        self._objects = tuple(objects)
        self._features: np.ndarray[tuple[int, int], np.dtype[np.float32]] | None = None
        self._properties: dict[str, Floats] = {}
        self._broken: dict[str, list[Violation]] = {}

    def features(self, texts: Sequence[str]) -> Floats:
        """Return proxy inputs [N, D]."""
        rows = self._indices(texts)
        if rows is None:
            return self._domain.features(texts)
        if self._features is None:
            starts = range(0, len(self._objects), CHUNK)
            parts = [self._domain.features(self._objects[i : i + CHUNK]).astype(np.float32) for i in starts]
            self._features = np.concatenate(parts)
        return self._features[rows].astype(np.float64)

    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Return the named computed properties, each [N]."""
        rows = self._indices(texts)
        if rows is None:
            return self._domain.properties(texts, names)
        new = [name for name in names if name not in self._properties]
        if new:
            self._properties |= self._domain.properties(self._objects, new)
        return {name: self._properties[name][rows] for name in names}

    def check(self, text: str) -> list[Violation]:
        """Return the rules that this object violates; empty if it may be proposed."""
        if text not in self._broken:
            self._broken[text] = self._domain.check(text)
        return self._broken[text]

    def standard_form(self, text: str) -> str:
        """Return the text itself: only objects as they stand in the table have values."""
        return text

    def variants(self, text: str) -> tuple[str, ...]:
        """Return the object alone, likewise."""
        return (text,)

    def _indices(self, texts: Sequence[str]) -> list[int] | None:
        """Return the rows of objects of the table; None if one is missing."""
        rows = [self._rows.get(text, -1) for text in texts]
        return None if -1 in rows else rows

    def environment(self, known: Sequence[str], device: str = "cpu") -> Environment:
        """Return the generative environment."""
        environment = self._domain.environment(known, device)
        return RestrictedEnvironment(environment, self._objects) if self._is_restricted else environment
