"""A batch as the files that go to the lab: the same rows, however they are asked for."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.campaigns import queries
from service.campaigns.payloads import proposed
from service.campaigns.results import standard
from service.exchange import BatchFile, BatchRequest, BatchRow, write_batch
from service.store.tables import Candidate, Round


def batch_rows(session: Session, row: Round, candidates: Sequence[Candidate]) -> list[BatchRow]:
    """Return candidates of a round as rows of a file, with their results so far and the lab's own ids."""
    so_far = queries.results_so_far(session, candidates)
    own_ids = queries.own_ids(session, row.campaign_id, [item.object for item in candidates])
    return [
        BatchRow(
            str(item.id),
            item.status,
            proposed(item.rank, item.object, item.purpose, item.payload),
            tuple(map(standard, so_far.get(item.id, ()))),
            own_ids.get(item.object),
            item.route,
        )
        for item in candidates
    ]


def batch_request(row: Round) -> BatchRequest:
    """Return what a workbook says of the batch as a whole."""
    released = None if row.released_at is None else row.released_at.isoformat(timespec="seconds")
    return BatchRequest(str(row.campaign_id), row.number, row.state, released, row.batch_sha256)


def write_round(
    session: Session, row: Round, spec: CampaignSpec, candidates: Sequence[Candidate], name: str
) -> tuple[BatchFile, str]:
    """Return a batch in one of the formats of its domain, and the name of its file.

    Raises:
        UnknownFormatError: if there is no such format.
    """
    rows = batch_rows(session, row, candidates)
    written = write_batch(rows, spec, open_domain(spec.domain), name, batch_request(row))
    return written, f"{plain(spec.name)}-round-{row.number}.{written.extension}"


def plain(name: str) -> str:
    """Return a name of ASCII letters, digits and dashes: anything else has no safe place in a file's name."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in name).split()
    return "-".join(words)[:80].lower() or "campaign"
