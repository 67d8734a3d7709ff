"""Benchling's webhooks: genuine ones are recognised by their raw bytes, and nothing else is."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from service.lims.contract import ConnectorEnvironment, Hint
from service.lims.kinds.benchling import BenchlingConnector

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BODY = b'{"version": "0",  "message": {"type": "v2.workflowTask.updated.status"}}'
KEY, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


def jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    x, y = (
        base64.urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode()
        for number in (numbers.x, numbers.y)
    )
    return {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "one", "x": x, "y": y}


def signed(
    body: bytes = BODY, key: ec.EllipticCurvePrivateKey = KEY, at: datetime = NOW, form: str = "v1der"
) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    signature = key.sign(f"wh_1.{timestamp}.".encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "Webhook-Id": "wh_1",
        "Webhook-Timestamp": timestamp,
        "Webhook-Signature": f"{form},{base64.b64encode(signature).decode()}",
    }


def heard(headers: dict[str, str], body: bytes = BODY, keys: tuple[Any, ...] = (KEY,)) -> Hint | None:
    connector = BenchlingConnector(
        BenchlingConnector.Settings.model_validate(
            {"registry_id": "src_registry", "webhook_keys": [jwk(key) for key in keys]}
        ),
        BenchlingConnector.Credentials.model_validate({"api_key": "sk_user"}),
        ConnectorEnvironment(now=lambda: NOW),
    )
    return connector.verify_hook(headers, body)


def test_a_genuine_one_is_a_hint_and_carries_nothing() -> None:
    assert heard(signed()) == Hint(event_id="wh_1")


def test_one_of_several_keys_and_signatures_suffices() -> None:
    both = signed(key=OTHER)
    both["Webhook-Signature"] += " v1,c2hhcmVk " + signed()["Webhook-Signature"]
    assert heard(both, keys=(KEY,)) == Hint(event_id="wh_1")
    assert heard(signed(), keys=(OTHER, KEY)) == Hint(event_id="wh_1")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (signed(), BODY.replace(b"  ", b" ")),
        (signed(key=OTHER), BODY),
        (signed(at=NOW - timedelta(minutes=6)), BODY),
        (signed(at=NOW + timedelta(minutes=6)), BODY),
        (signed() | {"Webhook-Id": "wh_2"}, BODY),
        (signed() | {"Webhook-Timestamp": "soon"}, BODY),
        (signed() | {"Webhook-Timestamp": "1e400"}, BODY),
        (signed() | {"Webhook-Signature": "v1der"}, BODY),
        (signed() | {"Webhook-Signature": "v1der,%%%"}, BODY),
        (signed() | {"Webhook-Signature": "v1der,AAA"}, BODY),
        (signed(form="v1a"), BODY),
        ({}, BODY),
    ],
    ids=[
        "body written anew",
        "key of another app",
        "too old",
        "of the future",
        "other id",
        "no time",
        "endless time",
        "no signature",
        "no base64",
        "cut base64",
        "other form",
        "no headers",
    ],
)
def test_nothing_else_is(headers: dict[str, str], body: bytes) -> None:
    assert heard(headers, body) is None


def test_without_keys_nothing_is_genuine() -> None:
    assert heard(signed(), keys=()) is None


@pytest.mark.parametrize("wrong", [{"crv": "P-384"}, {"kty": "RSA"}, {"x": "%"}, {"x": "AA"}])
def test_keys_are_judged_when_they_are_set(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="webhook_keys"):
        BenchlingConnector.Settings.model_validate(
            {"registry_id": "src_registry", "webhook_keys": [{**jwk(KEY), **wrong}]}
        )


def test_the_vendors_client_agrees() -> None:
    reason = "benchling-sdk is not installed: install the extra dev"
    helpers = pytest.importorskip("benchling_sdk.apps.helpers.webhook_helpers", reason=reason)
    from jwcrypto.jwk import JWK, JWKSet

    def keys_of(_: str) -> JWKSet:
        found = JWKSet()
        found.add(JWK(**jwk(KEY)))
        return found

    fresh = signed(at=datetime.now(UTC))
    helpers.verify("appdef_1", BODY.decode(), fresh, keys_of)
    with pytest.raises(helpers.WebhookVerificationError):
        helpers.verify("appdef_1", BODY.decode() + " ", fresh, keys_of)
