"""The official library of Standard Webhooks verifies what we sign."""

from datetime import UTC, datetime, timedelta, timezone

from standardwebhooks import Webhook

from service.integrations import signing


def test_the_official_library_agrees_about_the_signature() -> None:
    secret = signing.new_secret()
    at = datetime.now(UTC).astimezone(timezone(timedelta(hours=9)))
    headers = signing.signed_headers([secret], "id", at, '{"a":1}')
    assert Webhook(secret).verify('{"a":1}', headers) == {"a": 1}
    assert secret.startswith("whsec_")
    assert len(secret) == 6 + 44
