"""The tables, typed.

PostgreSQL only (JSONB, partial indexes); states are checked by the database, rules are elsewhere.
Every row belongs to a workspace, directly or through its campaign. All times are UTC.
"""

from service.store.tables.access import ApiKey, IdempotencyKey, Workspace
from service.store.tables.base import Base, Json, Leased
from service.store.tables.campaigns import Campaign, Reading, Result, Upload
from service.store.tables.events import Event, WebhookEndpoint
from service.store.tables.jobs import Job, JobInput
from service.store.tables.lanes import ExchangeRecord, Lane, OutboxItem
from service.store.tables.ledger import Amendment, Blob
from service.store.tables.lims import Connector, ConnectorLink, ExternalRecord, HookEvent, Receipt, Secret
from service.store.tables.object_lists import Collection
from service.store.tables.plates import Plate
from service.store.tables.rounds import (
    Candidate,
    CandidateDecision,
    Reserve,
    Round,
    RoundArtefact,
    RoundEvent,
    RoundRelease,
)

__all__ = [
    "Amendment",
    "ApiKey",
    "Base",
    "Blob",
    "Campaign",
    "Candidate",
    "CandidateDecision",
    "Collection",
    "Connector",
    "ConnectorLink",
    "Event",
    "ExchangeRecord",
    "ExternalRecord",
    "HookEvent",
    "IdempotencyKey",
    "Job",
    "JobInput",
    "Json",
    "Lane",
    "Leased",
    "OutboxItem",
    "Plate",
    "Reading",
    "Receipt",
    "Reserve",
    "Result",
    "Round",
    "RoundArtefact",
    "RoundEvent",
    "RoundRelease",
    "Secret",
    "Upload",
    "WebhookEndpoint",
    "Workspace",
]
