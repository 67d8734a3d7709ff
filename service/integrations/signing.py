"""Messages of webhooks after Standard Webhooks 1.0 (https://www.standardwebhooks.com), and their signatures.

Pure: knows neither database nor network.
"""

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from standardwebhooks import Webhook

PREFIX: Final = "whsec_"
_SECRET_BYTES = 32
MEDIA_TYPE: Final = "application/json"


def new_secret() -> str:
    """Return a new signing secret: `whsec_` and 256 random bits in Base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def body_of(event_type: str, timestamp: str, data: Mapping[str, Any]) -> str:
    """Return the text that is sent and signed: the same for every attempt, replays included."""
    content = {"type": event_type, "timestamp": timestamp, "data": dict(data)}
    return json.dumps(content, separators=(",", ":"), allow_nan=False)


def timestamp(at: datetime) -> str:
    """Return a time as ISO 8601 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def signed_headers(signing: Sequence[str], message_id: str, at: datetime, body: str) -> dict[str, str]:
    """Return the headers of an attempt; there is one signature for each secret, that of the newest first.

    Args:
        signing: the secrets.
        message_id: the same for every attempt.
        at: the time of this attempt; a receiver refuses one that is more than five minutes old.
        body: what is sent.
    """
    moment = at.astimezone(UTC)  # the library reads any other zone as if it were UTC
    return {
        "Content-Type": MEDIA_TYPE,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, moment, body) for secret in signing),
    }
