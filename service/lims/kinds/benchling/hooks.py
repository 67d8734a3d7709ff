"""Verification of Benchling's webhooks: ECDSA over the raw bytes, with the public keys of the app.

Verified is the form of webhooks v0: `webhook-signature` holds entries `v<N>der,<base64>`, each a DER
signature (P-256, SHA-256) of `{webhook-id}.{webhook-timestamp}.{body}`. Other entries are passed over.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

TOLERANCE = timedelta(minutes=5)
"""Most difference between the clocks; older hooks may be replayed ones."""
_ENTRY = re.compile(r"v\d+der,([A-Za-z0-9+/=]+)")


def verified_id(
    headers: Mapping[str, str], body: bytes, keys: Sequence[Mapping[str, Any]], now: datetime
) -> str | None:
    """Return the id of a genuine and recent hook, else None.

    Args:
        headers: of the request; names in any case.
        body: the raw bytes, as they came.
        keys: the app's JSON Web Keys.
        now: the time.
    """
    given = {name.lower(): value for name, value in headers.items()}
    hook_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not hook_id or not _is_recent(timestamp, now):
        return None
    signed = f"{hook_id}.{timestamp}.".encode() + body
    signatures = list(_signatures(given.get("webhook-signature", "")))
    is_genuine = any(
        _is_signed(key, signature, signed) for key in map(public_key, keys) for signature in signatures
    )
    return hook_id if is_genuine else None


def public_key(jwk: Mapping[str, Any]) -> EllipticCurvePublicKey:
    """Return the public key of a JSON Web Key (RFC 7518, 6.2.1).

    Raises:
        ValueError: if it is no key on P-256.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise ValueError("Benchling's keys are of kty EC and crv P-256")
    x, y = (_number(jwk, name) for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def _number(jwk: Mapping[str, Any], name: str) -> int:
    text = str(jwk.get(name, ""))
    try:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except binascii.Error as error:
        raise ValueError(f"the member {name} of the key is no base64url") from error


def _is_recent(timestamp: str, now: datetime) -> bool:
    try:
        at = datetime.fromtimestamp(float(timestamp), UTC)
    except (ValueError, OverflowError, OSError):
        return False
    return abs(at - now) <= TOLERANCE


def _signatures(header: str) -> Iterable[bytes]:
    for entry in header.split():
        match = _ENTRY.fullmatch(entry)
        if match:
            try:
                yield base64.b64decode(match[1], validate=True)
            except binascii.Error:
                continue


def _is_signed(key: EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
