"""What a measurement of another system is called here, also after a correction or by another connector.

Results are told apart by it. It names the system by its address, so that a connector that was deleted and
made again, or a second one to the same system, stores nothing twice.
"""

import hashlib
from urllib.parse import urlsplit

from service.lims.contract import MeasuredRecord

MOST_CHARACTERS = 190
"""A column of results holds 200, of which reading a table may use some to number replicates."""


def origin_of(kind: str, base_url: str) -> str:
    """Return which system a connector's measurements are from: its kind, host and path."""
    parts = urlsplit(base_url)
    return f"{kind}:{parts.netloc.lower()}{parts.path.rstrip('/')}"


def external_id(origin: str, record: MeasuredRecord) -> str:
    """Return the external id of a measurement's results; one that would be too long ends in a digest."""
    whole = f"{origin}:{record.source}:{record.id}"
    if len(whole) <= MOST_CHARACTERS:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()
    return f"{whole[: MOST_CHARACTERS - len(digest) - 1]}:{digest}"
