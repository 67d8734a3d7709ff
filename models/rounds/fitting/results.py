"""A campaign's results read into one table, and what was done to them on the way, in numbers and messages.

Versions and plates are put on one scale, failures are graded, outliers are looked for; nothing is dropped
unless the campaign asks for the latest version only. Knows the specification and the domain; not what is
chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, final

import torch

from models.data import outliers
from models.data.batch_effects import BatchEffects, learn_offsets
from models.data.tables import failures, feasibility_labels, relevant, tabulate
from models.data.versions import only_latest
from models.messages.message import Message, message
from models.proxies.gaussian_process import GaussianProcess
from models.proxies.guarded import ProxyError, guard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from models.campaign.spec import CampaignSpec
    from models.data.outliers import Outlier
    from models.data.tables import MeasuredTable
    from models.domains.contract import Domain
    from models.proxies.contract import TrainingTable
    from models.records import Measurement

    Floats = npt.NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True)
class CleanedResults:
    """The table of results with its history; `measurements` are those that the table was made of."""

    measurements: Sequence[Measurement]
    table: MeasuredTable
    versions: str
    """How several versions of an assay were read: offset, latest or pooled."""
    offsets: Mapping[str, BatchEffects] = field(default_factory=dict)
    superseded: Mapping[str, int] = field(default_factory=dict)
    """Results by earlier versions that were left out, by type."""
    feasible: Mapping[str, float] = field(default_factory=dict)
    """How feasible the attempts at each object say it is, 0-1."""
    failures: Mapping[str, int] = field(default_factory=dict)
    """Objects that failed, by how."""
    outliers: Sequence[Outlier] = ()
    failures_of_models: Sequence[Message] = ()
    """What could not be learned of the results, and what was done instead."""

    def of_type(self, kind: str) -> dict[str, Any]:
        """Return what was done to the results of one type, as plain JSON."""
        lines: dict[str, Any] = {"results": dict(self.table.counts[kind])}
        if offsets := self.offsets[kind].summary():
            lines["offsets"] = offsets
        if kind in self.superseded:
            lines["results"]["superseded"] = self.superseded[kind]
        return lines

    def messages(self) -> list[Message]:
        """Return all that a reader of the round should know of its results."""
        lines: list[Message] = []
        for kind, counts in self.table.counts.items():
            lines += [*_on_bounds(kind, counts), *self._on_versions(kind), *self.offsets[kind].messages(kind)]
        return [
            *lines,
            *_on_failures(self.failures),
            *outliers.messages(self.outliers),
            *self.failures_of_models,
        ]

    def _on_versions(self, kind: str) -> list[Message]:
        if kind in self.superseded:
            return [message("versions_superseded", type=kind, count=self.superseded[kind])]
        n = self.table.counts[kind]["assay_versions"]
        if n < 2 or self.offsets[kind].versions:  # noqa: PLR2004 - one version needs no word
            return []
        if self.versions == "pooled":
            return [message("versions_pooled_by_request", type=kind, count=n)]
        return [message("versions_pooled_too_few", type=kind, count=n)]


def _on_bounds(kind: str, counts: Mapping[str, int]) -> list[Message]:
    lines = []
    if n := counts["censored"]:
        lines.append(message("censored_results", type=kind, count=n))
    if n := counts["contradictory"]:
        lines.append(message("contradictory_bounds", type=kind, count=n))
    return lines


def _on_failures(by_kind: Mapping[str, int]) -> list[Message]:
    if not by_kind:
        return []
    lines = [message("object_failures", counts=dict(by_kind))]
    return [*lines, message("assay_failures_count_less")] if "assay_failed" in by_kind else lines


def clean_results(
    spec: CampaignSpec, domain: Domain, measurements: Sequence[Measurement], seed: int
) -> CleanedResults:
    """Return the results as one table, on the scale of each assay's latest version.

    Outliers are not sought yet.
    """
    settings, quantities = spec.proxies, spec.quantities()
    kept, superseded = (
        only_latest(measurements) if settings.assay_versions == "latest" else (measurements, {})
    )
    offsets: dict[str, BatchEffects] = {}
    failed: list[Message] = []
    for kind, quantity in quantities.items():
        mine = [result for result in kept if result.type == kind]
        if settings.assay_versions == "pooled":
            mine = [replace(result, assay_version=None) for result in mine]
        learn = partial(
            learn_offsets,
            mine,
            quantity.transform,
            lambda objects: torch.from_numpy(domain.features(objects)).to(torch.float64),
            domain.kernel(),
            plates=settings.plate_offsets,
            seed=seed,
        )
        try:
            offsets[kind] = guard(learn)
        except ProxyError as error:
            offsets[kind] = BatchEffects()
            failed.append(message("offsets_not_learned", type=kind, error=str(error)))
    table = tabulate(kept, quantities, lambda result: offsets[result.type].offset_of(result))
    return CleanedResults(
        kept,
        table,
        settings.assay_versions,
        offsets,
        {kind: n for kind, n in superseded.items() if kind in quantities},
        feasibility_labels(relevant(measurements, quantities)),
        failures(relevant(measurements, quantities)),
        failures_of_models=failed,
    )


def flag_outliers(
    reading: CleanedResults, spec: CampaignSpec, domain: Domain, training: TrainingTable, seed: int
) -> CleanedResults:
    """Return the reading with its outliers.

    Against replicates, and against a Gaussian process of all other values.
    """
    offsets = [
        reading.offsets[r.type].offset_of(r) if r.type in reading.offsets else 0.0
        for r in reading.measurements
    ]
    try:
        expected = guard(lambda: _left_out(training, domain, seed))
    except ProxyError as error:
        note = message("outliers_by_replicates_only", error=str(error))
        reading, expected = replace(reading, failures_of_models=(*reading.failures_of_models, note)), {}
    found = outliers.find_outliers(reading.measurements, spec.quantities(), offsets, reading.table, expected)
    return replace(reading, outliers=found)


def _left_out(training: TrainingTable, domain: Domain, seed: int) -> dict[str, tuple[Floats, Floats]]:
    """Return leave-one-out predictions and deviations of each type that a Gaussian process can afford."""
    measured, known = training.measured.sum(dim=0).tolist(), training.known.sum(dim=0).tolist()
    columns = [
        j for j, n in enumerate(measured) if n >= outliers.ENOUGH and known[j] <= GaussianProcess.maximum
    ]
    if not columns:
        return {}
    fitted = GaussianProcess(domain.kernel).fit(training.columns(columns), seed=seed)
    return {
        training.types[column]: (
            fitted.leave_one_out(index).detach().numpy(),
            fitted.leave_one_out_deviation(index).detach().numpy(),
        )
        for index, column in enumerate(columns)
    }
