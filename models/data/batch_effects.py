"""Batch effects of assay versions and plates, separated from the effects of objects.

An observation is f(object) + offset[version] + offset[plate] + noise on the modelled scale: f is a Gaussian
process with the domain's kernel, the offsets are zero-mean normal random effects, one variance per kind of
effect. Variances maximise the marginal likelihood, offsets are their best linear unbiased predictions
(Henderson 1975; the conditional mean of R & W 2006, section 2.7). The latest version is the reference, its
offset 0 by definition: results are translated to its scale. Knows no domain and no campaign.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import torch

from models.data.tables import classify_result, value_and_variance
from models.data.versions import latest_version
from models.messages.message import Message, message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gpytorch.kernels import Kernel
    from torch import Tensor

    from models.records import Measurement
    from models.specs.objectives import Transform

MOST_OBSERVATIONS = 400
"""Offsets are learned from at most this many results of a type, spread evenly over versions and plates."""
ITERATIONS = 40
CONSTANT = 10.0
"""Variance of the unknown constant, in standardised units."""
FEW = 5
"""A version with fewer results is reported when it shares no objects with the reference."""
LOG_PRIORS = {"amplitude": (0.0, 1.0), "noise": (math.log(0.1), 1.5), "version": (-1.5, 1.5), "plate": (-3.0, 1.5)}
"""Prior mean and deviation of log variances, in standardised units: plates have smaller effects."""


@final
@dataclass(frozen=True, slots=True)
class BatchEffects:
    """Offsets of one type on the modelled scale, by version and by plate, each with its standard error."""

    reference: str | None = None
    versions: Mapping[str | None, tuple[float, float]] = field(default_factory=dict)
    plates: Mapping[str | None, tuple[float, float]] = field(default_factory=dict)
    shared: Mapping[str | None, int] = field(default_factory=dict)
    """Objects that each version has in common with the reference."""
    counts: Mapping[str | None, int] = field(default_factory=dict)
    """Results of each version."""

    def offset_of(self, result: Measurement) -> float:
        """Return the summed offsets of a result's version and plate."""
        version = self.versions.get(result.assay_version, (0.0, 0.0))[0]
        return version + (self.plates.get(result.plate, (0.0, 0.0))[0] if result.plate is not None else 0.0)

    def summary(self) -> dict[str, Any]:
        """Return offsets and standard errors as plain JSON, empty without offsets."""
        entries: dict[str, Any] = {}
        if self.versions:
            entries["reference"] = self.reference
            entries["versions"] = {_named(name): _pair(pair) for name, pair in self.versions.items()}
        if self.plates:
            entries["plates"] = {_named(name): _pair(pair) for name, pair in self.plates.items()}
        return entries

    def messages(self, kind: str) -> list[Message]:
        """Return messages about the offsets of the type named `kind`."""
        entries = [entry for name in self.versions for entry in self._on_version(kind, name)]
        if self.plates:
            largest = max(abs(offset) for offset, _ in self.plates.values())
            entries.append(message("plate_offsets", type=kind, count=len(self.plates), largest=largest))
        return entries

    def _on_version(self, kind: str, name: str | None) -> list[Message]:
        offset, error = self.versions[name]
        entries = [
            message(
                "version_offset",
                type=kind,
                version=name,
                reference=self.reference,
                offset=offset,
                standard_error=error,
            )
        ]
        if self.shared[name] == 0 and self.counts[name] < FEW:
            entries.append(
                message(
                    "version_offset_few_results",
                    type=kind,
                    version=name,
                    reference=self.reference,
                    count=self.counts[name],
                )
            )
        elif self.shared[name] == 0:
            entries.append(
                message("version_offset_no_shared_object", type=kind, version=name, reference=self.reference)
            )
        return entries


def _named(version: str | None) -> str:
    return "" if version is None else version


def _pair(pair: tuple[float, float]) -> dict[str, float]:
    return {"offset": pair[0], "standard_error": pair[1]}


def _spread_evenly(results: Sequence[Measurement], seed: int) -> list[Measurement]:
    """Return at most `MOST_OBSERVATIONS` results, by turns from versions and plates, replicates first."""
    order = torch.randperm(len(results), generator=torch.Generator().manual_seed(seed)).tolist()
    seen: dict[str, set[tuple[str | None, str | None]]] = {}
    for result in results:
        seen.setdefault(result.object, set()).add((result.assay_version, result.plate))
    order.sort(key=lambda index: -len(seen[results[index].object]))
    taken: dict[tuple[str | None, str | None], int] = {}
    ranked = []
    for index in order:
        group = (results[index].assay_version, results[index].plate)
        taken[group] = taken.get(group, 0) + 1
        ranked.append((taken[group], index))
    return [results[index] for index in sorted(index for _, index in sorted(ranked)[:MOST_OBSERVATIONS])]


def _indicators(results: Sequence[Measurement], kind: str, levels: Sequence[str | None]) -> Tensor:
    """Return the one-hot level of each result [n, L]; without a level, a row of zeros."""
    names = [result.assay_version if kind == "version" else result.plate for result in results]
    return torch.tensor([[float(name == level) for level in levels] for name in names], dtype=torch.float64)


@dataclass(frozen=True, slots=True)
class _Model:
    """Standardised targets [n] of objects with rows [n, D], and the design [n, L] of each kind of effect."""

    kernel: Kernel
    rows: Tensor
    targets: Tensor
    known: Tensor
    designs: Mapping[str, Tensor]

    def covariance(self, variances: Mapping[str, Tensor]) -> Tensor:
        """Return the covariance of the targets [n, n] with an unknown constant (R & W 2006, section 2.7)."""
        gram: Tensor = self.kernel(self.rows).to_dense()
        total = variances["amplitude"] * gram + CONSTANT + torch.diag(self.known + variances["noise"] + 1e-6)
        for kind, design in self.designs.items():
            total = total + variances[kind] * design @ design.T
        return total


def _fit_variances(model: _Model) -> dict[str, Tensor]:
    """Fit the kernel in place; return the variances of maximum marginal likelihood with weak priors."""
    kinds = ["amplitude", "noise", *model.designs]
    centers, widths = torch.tensor([LOG_PRIORS[kind] for kind in kinds], dtype=torch.float64).T
    logs = centers.clone().requires_grad_()
    parameters = [logs, *(p for p in model.kernel.parameters() if p.requires_grad)]
    optimiser = torch.optim.LBFGS(parameters, max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def variances() -> dict[str, Tensor]:
        return dict(zip(kinds, logs.clamp(-10.0, 5.0).exp().unbind(), strict=True))

    def loss() -> Tensor:
        optimiser.zero_grad()
        factor = torch.linalg.cholesky(model.covariance(variances()))
        whitened = torch.linalg.solve_triangular(factor, model.targets[:, None], upper=False)
        value: Tensor = 0.5 * whitened.square().sum() + factor.diagonal().log().sum()
        value = (value + 0.5 * ((logs - centers) / widths).square().sum()) / len(model.targets)
        for _, module, prior, closure, _ in model.kernel.named_priors():
            value = value - prior.log_prob(closure(module)).sum() / len(model.targets)
        value.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call] # torch leaves it untyped
    return {kind: variance.detach() for kind, variance in variances().items()}


@torch.no_grad()
def _predictions(model: _Model, variances: Mapping[str, Tensor], kind: str) -> list[tuple[float, float]]:
    """Return each level's conditional mean and deviation, in standardised units."""
    design, variance = model.designs[kind], variances[kind]
    solved = torch.linalg.solve(model.covariance(variances), torch.cat([model.targets[:, None], design], dim=1))
    means = variance * design.T @ solved[:, 0]
    spread = (variance - variance.square() * (design * solved[:, 1:]).sum(dim=0)).clamp_min(0.0).sqrt()
    return list(zip(means.tolist(), spread.tolist(), strict=True))


def learn_offsets(
    results: Sequence[Measurement],
    transform: Transform,
    features: Callable[[Sequence[str]], Tensor],
    kernel: Kernel,
    *,
    plates: bool,
    seed: int,
) -> BatchEffects:
    """Return the offsets of one type's results; none with one version and, with `plates`, one plate.

    `features` gives the rows [n, D] of objects. Offsets are learned from exact results only; bounds are
    translated as well. The kernel is fitted in place.
    """
    exact = [result for result in results if classify_result(result, transform) == "results"]
    reference = latest_version(result for result in results if result.outcome == "ok")
    levels = _levels(exact, reference, plates=plates)
    if not levels or len(exact) <= FEW:
        return BatchEffects()
    used = _spread_evenly(exact, seed)
    values, known = torch.tensor([value_and_variance(result, transform) for result in used], dtype=torch.float64).T
    scale = max(float(values.std()), 1e-9)
    rows = features([result.object for result in used])
    designs = {kind: _indicators(used, kind, names) for kind, names in levels.items()}
    targets = (values - values.mean()) / scale
    model = _Model(kernel.to(rows), rows, targets, torch.nan_to_num(known) / scale**2, designs)
    variances = _fit_variances(model)
    offsets = {
        kind: {
            name: (scale * mean, scale * deviation)
            for name, (mean, deviation) in zip(names, _predictions(model, variances, kind), strict=True)
        }
        for kind, names in levels.items()
    }
    versions = offsets.get("version", {})
    objects = {name: {r.object for r in exact if r.assay_version == name} for name in (*versions, reference)}
    return BatchEffects(
        reference,
        versions,
        offsets.get("plate", {}),
        {name: len(objects[name] & objects[reference]) for name in versions},
        {name: sum(r.assay_version == name for r in exact) for name in versions},
    )


def _levels(exact: Sequence[Measurement], reference: str | None, *, plates: bool) -> dict[str, list[str | None]]:
    """Return the versions other than the reference and the plates, where a comparison is possible."""
    levels: dict[str, list[str | None]] = {}
    if versions := list(dict.fromkeys(r.assay_version for r in exact if r.assay_version != reference)):
        levels["version"] = versions
    named = list(dict.fromkeys(r.plate for r in exact if r.plate is not None))
    if plates and named and len({r.plate for r in exact}) > 1:
        levels["plate"] = [*named]
    return levels
