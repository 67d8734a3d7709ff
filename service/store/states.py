"""The vocabulary of states that the database checks. Pure: no SQL; the rules are in `campaigns.lifecycle`."""

from typing import Literal

from models.records import Purpose

CampaignState = Literal["active", "archived"]
CAMPAIGN_STATES: tuple[CampaignState, ...] = ("active", "archived")

RoundState = Literal[
    "queued",
    "fitting",
    "training",
    "sampling",
    "selecting",
    "awaiting_results",
    "completed",
    "failed",
    "cancelled",
]
RUNNING: tuple[RoundState, ...] = ("fitting", "training", "sampling", "selecting")
"""A worker holds the round under a lease."""
COMPUTING: tuple[RoundState, ...] = ("queued", *RUNNING)
"""At most one round of a campaign is in one of these."""
ROUND_STATES: tuple[RoundState, ...] = (*COMPUTING, "awaiting_results", "completed", "failed", "cancelled")

TRAINED: tuple[RoundState, ...] = ("awaiting_results", "completed")
"""The round is computed, and has trained a policy unless it could not."""

CandidateStatus = Literal["proposed", "approved", "rejected", "released", "measured", "failed", "withdrawn"]
"""proposed by a round; approved or rejected by a person before it is made; released to the lab; measured when
results for every measured objective are there; failed when making or measuring it failed; withdrawn when
nobody waits for it any more."""
LIVE: tuple[CandidateStatus, ...] = ("proposed", "approved", "released")
"""Still waiting for an outcome: the object is pending, and as something new it may not be live twice in a
campaign."""
CANDIDATE_STATUSES: tuple[CandidateStatus, ...] = (*LIVE, "rejected", "measured", "failed", "withdrawn")

NEW: tuple[Purpose, ...] = ("exploit", "explore")
"""What a policy drew and nobody has measured; the other purposes measure a known object again."""
PURPOSES: tuple[Purpose, ...] = (*NEW, "replicate", "control")

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
UNFINISHED_JOB_STATES: tuple[JobState, ...] = ("queued", "running")
"""A worker has or will have the job."""
JOB_STATES: tuple[JobState, ...] = (*UNFINISHED_JOB_STATES, "succeeded", "failed", "cancelled")

Queue = Literal["celery", "fast", "io"]
"""Where work waits: the long queue, which bears Celery's default name, the one of answers in seconds, or the
one of exchanges with other systems, whose workers load no torch."""

LaneState = Literal["idle", "queued", "running"]
LANE_STATES: tuple[LaneState, ...] = ("idle", "queued", "running")
LaneStatus = Literal["active", "paused", "broken"]
LANE_STATUSES: tuple[LaneStatus, ...] = ("active", "paused", "broken")
OutboxState = Literal["waiting", "done", "refused", "dead", "skipped"]
"""refused: the other side said no; dead: given up after a day of retries; skipped: by a person."""
OUTBOX_STATES: tuple[OutboxState, ...] = ("waiting", "done", "refused", "dead", "skipped")
ReceiptState = Literal["stored", "applied", "needs_attention", "ignored"]
"""stored: kept, not read yet; needs_attention: some of its rows were rejected."""
RECEIPT_STATES: tuple[ReceiptState, ...] = ("stored", "applied", "needs_attention", "ignored")
Push = Literal["never", "on_release"]
PUSHES: tuple[Push, ...] = ("never", "on_release")
Pull = Literal["never", "poll", "hook"]
PULLS: tuple[Pull, ...] = ("never", "poll", "hook")

AmendmentKind = Literal["correction", "withdrawal"]
"""Why a result counts no more: another stands in its place, or none does."""
ResultStatus = Literal["current", "corrected", "withdrawn"]
AMENDMENT_KINDS: tuple[AmendmentKind, ...] = ("correction", "withdrawal")
