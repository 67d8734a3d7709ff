"""What a round tells of itself: seconds, versions and messages where it fell short. Decides nothing."""

from __future__ import annotations

import math
import platform
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, final

import torch

from models.messages.message import Message, message
from models.metrics.calibration import calibration, drift_messages
from models.metrics.sets import mean_pairwise_distance, n_circles, vendi_score
from models.proxies.model_selection import MINIMUM_TO_VALIDATE
from models.rounds.reporting.limitations import interval_messages, skill_messages
from models.rounds.training import dual_ascent
from models.specs.designs import ENOUGH
from models.summaries.round import SUMMARY_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from models.domains.contract import Domain
    from models.gflownet.environment import Environment
    from models.records import History, ProgressCallback, ProposedCandidate, Stage
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.sampling.candidate_pool import CandidatePool
    from models.rounds.sampling.filters import CandidateFilter
    from models.rounds.selecting.batch import Batch
    from models.rounds.training.base_measure import BaseMeasure

SPANS: dict[Stage, tuple[float, float]] = {
    "fitting": (0.0, 0.15),
    "training": (0.15, 0.8),
    "sampling": (0.8, 0.92),
    "selecting": (0.92, 1.0),
}
"""Part of the whole round's progress that each stage covers, as in a round of some minutes: many training
steps make training, and a first round without results makes sampling, longer than told (see
`benchmarks/latency.py`)."""
CIRCLE_SIMILARITY = 0.5
"""Objects less similar than this count as different circles."""
PACKAGES = ("assayflow", "torch", "gpytorch", "botorch", "numpy", "rdkit", "pymatgen-core")


@final
class StageTimer:
    """Measures each stage and turns its own progress into that of the round."""

    def __init__(self, report: ProgressCallback) -> None:
        self._report = report
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: Stage) -> Iterator[Callable[[float, str], None]]:
        """Enter a stage; what it yields hears the share of the stage (0-1) that is done and what goes on."""
        low, high = SPANS[name]

        def tick(share: float, message: str) -> None:
            self._report(name, low + (high - low) * share, message)

        start = time.monotonic()
        tick(0.0, name)
        yield tick
        self._seconds[name] = round(time.monotonic() - start, 3)

    def cost(self, n_scored: int) -> dict[str, Any]:
        """Return what the round took since its last start: seconds per stage, objects scored by the proxies.

        The one part of a summary that two equal rounds do not share.
        """
        return {"seconds": dict(self._seconds), "objects_scored": n_scored}


def versions() -> dict[str, str]:
    """Return the versions of what computed the round."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """Return the kind of processor that computed the round.

    Another one may round the last digits differently.
    """
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


def diversity(domain: Domain, texts: Sequence[str]) -> dict[str, float]:
    """Return how different objects are from each other."""
    similarity = domain.similarity(texts, texts)
    return {
        "mean_pairwise_distance": mean_pairwise_distance(similarity),
        "circles": n_circles(similarity, CIRCLE_SIMILARITY),
        "vendi_score": vendi_score(similarity),
    }


_NOT_TOLD = ("sizes", "passed")
"""Numbers of the draws that the summary tells elsewhere."""


def chosen_summary(
    fitted: RoundModel,
    batch: Batch,
    pool: CandidatePool,
    candidate_filter: CandidateFilter,
    candidates: Sequence[ProposedCandidate],
) -> dict[str, Any]:
    """Return the part of the summary that tells of what was drawn, refused and chosen."""
    return {
        "sampled": pool.n_sampled,
        "draws": {name: value for name, value in asdict(pool.stats).items() if name not in _NOT_TOLD},
        "unique": candidate_filter.n_unique,
        "refused": candidate_filter.counts(),
        "allowed": pool.n_allowed,
        **candidate_filter.summary(),
        "selection": fitted.settings.summary(),
        "chosen": len(batch.choices),
        "again": len(batch.repeats),
        "space_filling": batch.is_space_filling,
        "alerts": _alerts_summary(candidates),
        "diversity": diversity(fitted.domain, [pool.texts[choice.row] for choice in batch.choices]),
        "multipliers": dual_ascent.summary(fitted.model, fitted.reward.multipliers),
    }


def _alerts_summary(candidates: Sequence[ProposedCandidate]) -> dict[str, Any]:
    """Return how many candidates have alerts, and how often each alert occurs, most first."""
    counts = Counter(name for candidate in candidates for name in candidate.alerts)
    return {"candidates": sum(bool(item.alerts) for item in candidates), "counts": dict(counts.most_common())}


def told_sizes(
    measure: BaseMeasure, environment: Environment, pool: CandidatePool, batch: Batch
) -> dict[str, Any]:
    """Return the base measure with how many objects of each size were sampled, allowed and selected."""
    allowed: list[int] = environment.size(pool.states).tolist()
    chosen = [allowed[choice.row] for choice in batch.choices]
    return measure.summary(drawn=Counter(pool.stats.sizes).elements(), allowed=allowed, chosen=chosen)


def batch_messages(
    fitted: RoundModel, batch: Batch, pool: CandidatePool, candidate_filter: CandidateFilter
) -> list[Message]:
    """Return what a reader of the round should know of its batch: how it was made, and why it is small."""
    lines = [*batch.notes, *batch.shortfall]
    lines[:0] = design_messages(fitted)
    if batch.choices and fitted.settings.is_joint_by_default and not batch.is_space_filling:
        lines.insert(0, message("batch_chosen_jointly", listed=fitted.n_listed))
    if not batch.shortfall and len(batch.choices) < fitted.model.spec.batch.size:
        lines.append(_on_exhausted(len(batch.choices), fitted.model.spec.batch.size, pool))
    return [
        *lines,
        *candidate_filter.messages(),
        *dual_ascent.messages(fitted.model, fitted.reward.multipliers),
    ]


def design_messages(fitted: RoundModel) -> list[Message]:
    """Return which preset the round has, why, and what it set; nothing for one that set nothing."""
    settings = fitted.settings
    if settings.design is None or not (decided := settings.decided()):
        return []
    told = {
        "design": settings.design,
        "words": fitted.domain.designs[settings.design].words,
        "decided": decided,
    }
    if "design" not in settings.by_default:
        return [message("design_stated", **told)]
    counts = {"measured": len(fitted.table.objects), "needed": ENOUGH}
    return [message("design_by_default", **told, **counts)]


def _on_exhausted(chosen: int, requested: int, pool: CandidatePool) -> Message:
    """Return the message that says among what no more could be chosen."""
    if pool.stats.listed:
        return message("batch_short_all_listed", chosen=chosen, requested=requested, listed=pool.stats.listed)
    return message("batch_short_all_drawn", chosen=chosen, requested=requested, drawn=pool.n_sampled)


def data_messages(fitted: RoundModel) -> list[Message]:
    """Return what a reader of the round should know about its data."""
    model, counts = fitted.model, fitted.table.counts
    lines = [message("cold_start", type=kind) for kind, found in counts.items() if found["objects"] == 0]
    lines += [
        message("unusable_results", type=kind, count=found["unusable"])
        for kind, found in counts.items()
        if found["unusable"]
    ]
    lines += [*fitted.messages(), *_derived_messages(fitted)]
    lines += [
        message(
            "constraint_not_enforced",
            type=item.type,
            count=model.proxies.n_values[item.type],
            needed=MINIMUM_TO_VALIDATE,
        )
        for item in model.spec.constraints
        if item.type is not None and item not in model.enforced_constraints
    ]
    return lines


def _derived_messages(fitted: RoundModel) -> list[Message]:
    """Return from what derived objectives follow, and how p-values among their parts were read."""
    lines, model = [], fitted.model
    for objective, combination in zip(model.spec.objectives, model.combinations, strict=True):
        if combination is None:
            continue
        parts = [name for name, _ in (*combination.measured, *combination.computed)]
        lines.append(message("derived_objective", objective=objective.name, parts=parts))
        units = combination.units or "nM"
        lines += [
            message(
                "p_value_as_concentration",
                objective=objective.name,
                type=kind,
                units=units,
                decades=combination.decades,
            )
            for kind in combination.p_values
        ]
    return lines


def json_safe(figure: Any) -> Any:
    """Return a summary in which a number that does not exist is None.

    One odd statistic must not cost the batch.
    """
    if isinstance(figure, Mapping):
        return {name: json_safe(item) for name, item in figure.items()}
    if isinstance(figure, list | tuple):
        return [json_safe(item) for item in figure]
    return None if isinstance(figure, float) and not math.isfinite(figure) else figure


def summary_of(
    fitted: RoundModel, history: History, device: str, seed: int
) -> tuple[dict[str, Any], list[Message]]:
    """Return the summary of data and proxies before training, and its messages."""
    record = calibration(fitted.model.spec, history)
    found = fitted.summary()
    summary = {
        "version": SUMMARY_VERSION,
        "data_digest": history.digest(),
        "seed": seed,
        "device": device,
        "versions": versions(),
        "processor": processor(),
        **found,
        "calibration": record,
    }
    about_proxies = [*skill_messages(found["proxies"]), *interval_messages(found["proxies"])]
    return summary, [*data_messages(fitted), *about_proxies, *drift_messages(record)]
