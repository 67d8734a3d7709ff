"""Frozen values that cross rooms: measurements in, candidates out. Torch-free, SQL-free, HTTP-free.

An object is always its canonical text, as the domain's `parse` returns it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

Relation = Literal["=", "<", "<=", ">", ">=", "~"]
Outcome = Literal["ok", "failed_synthesis", "failed_qc", "insoluble", "assay_failed", "not_tested"]
OBJECT_FAILURES: frozenset[Outcome] = frozenset({"failed_synthesis", "failed_qc", "insoluble"})
"""Failures of the object itself, whatever it was made for."""
Purpose = Literal["exploit", "explore", "replicate", "control"]
Stage = Literal["fitting", "training", "sampling", "selecting"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One result row: `value` is in the campaign's units, before any transform.

    None unless `outcome` is ok.
    """

    object: str
    type: str
    value: float | None = None
    relation: Relation = "="
    upper_value: float | None = None
    standard_error: float | None = None
    outcome: Outcome = "ok"
    assay_version: str | None = None
    round: int | None = None
    plate: str | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """A marginal prediction of one objective.

    `mean`, `low` and `high` (the 90 % interval) are in the objective's units; with transform log10, `mean` is
    the median and `sd` is in decades.
    """

    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """What an earlier round said of one objective of a candidate, before it was measured."""

    round: int
    object: str
    objective: str
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class History:
    """All that a campaign knows when a round starts.

    `pending` objects were proposed, have no outcome yet and are not withdrawn; `excluded` objects must not be
    proposed again for another reason (rejected, withdrawn, already made). `forecasts` are the predictions of
    earlier batches, against which results are scored.
    """

    measurements: tuple[Measurement, ...] = ()
    pending: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    forecasts: tuple[Forecast, ...] = ()

    def digest(self) -> str:
        """Return a SHA-256 of the content, in hexadecimal: the data snapshot's name."""
        text = json.dumps(asdict(self), sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class NearestMeasured:
    """The most similar measured object, similarity in 0-1."""

    object: str
    similarity: float


@dataclass(frozen=True, slots=True)
class MatchedMeasured:
    """A measured object that differs from this one by a single exchange.

    `change` is what it has, `>>`, and what replaces it here: `H>>F`.
    """

    object: str
    change: str


@dataclass(frozen=True, slots=True)
class ProposedCandidate:
    """One chosen object with everything that explains the choice.

    A replicate or control was not drawn from the policy: `beta`, `log_reward` and `log_pf` are None and
    `preference` is empty. `in_domain` tells whether it is near enough to measured objects to trust the
    predictions, None when nothing has been measured. `alerts` are the domain's (structural alerts).
    """

    rank: int
    object: str
    predictions: Mapping[str, Prediction]
    computed: Mapping[str, float]
    acquisition: float
    feasibility: float
    guardrails: Mapping[str, float]
    beta: float | None
    preference: Mapping[str, float]
    log_reward: float | None
    log_pf: float | None
    nearest_measured: NearestMeasured | None
    reason: str
    purpose: Purpose = "exploit"
    in_domain: bool | None = None
    messages: tuple[Mapping[str, Any], ...] = ()
    alerts: tuple[str, ...] = ()
    matched_pair: MatchedMeasured | None = None


@dataclass(frozen=True, slots=True)
class ObjectPrediction:
    """What a campaign says of an object that somebody else thought of.

    `refused` are the reasons why it could not be proposed as it is, without which it is free, and `messages`
    the same with codes and parameters; the rest is as in `ProposedCandidate`.
    """

    object: str
    predictions: Mapping[str, Prediction]
    computed: Mapping[str, float]
    acquisition: float
    feasibility: float
    guardrails: Mapping[str, float]
    nearest_measured: NearestMeasured | None
    in_domain: bool | None
    refused: tuple[str, ...] = ()
    messages: tuple[Mapping[str, Any], ...] = ()
    alerts: tuple[str, ...] = ()
    matched_pair: MatchedMeasured | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A round's answer; `summary` is plain JSON (proxy scores, log Z, sampled, refused by reason, chosen).

    `reserves` are no part of the batch: they could take the place of a candidate that is given up, in this
    order.

    `artefact` is all that is needed to draw from the trained policy again and to judge objects as this round
    did, as safetensors; None where nothing was trained.
    """

    candidates: tuple[ProposedCandidate, ...]
    summary: Mapping[str, Any] = field(default_factory=dict)
    artefact: bytes | None = None
    reserves: tuple[ProposedCandidate, ...] = ()


class ProgressCallback(Protocol):
    """Called by long work, many times a second at most; may raise `Cancelled` to stop it."""

    def __call__(self, stage: Stage, progress: float, message: str) -> None:
        """Tell that `stage` is `progress` (0-1 of the whole round) done."""


class Cancelled(Exception):  # noqa: N818 - it is not an error
    """Raised through a `ProgressCallback` when somebody asked the work to stop."""


class CheckpointStore(Protocol):
    """Where one round keeps its latest training state; a cache, so `load` may always answer None."""

    def load(self) -> bytes | None:
        """Return the last saved state if it is whole."""

    def save(self, content: bytes) -> None:
        """Replace the saved state atomically."""
