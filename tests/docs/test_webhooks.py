"""The receivers of the page on webhooks verify what the service sends, and refuse everything else."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from service.integrations import signing
from service.integrations.lane_steps import RETRY_SECONDS
from service.outbox.events import EVENT_TYPES

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
BODY = signing.body_of("batch.ready", "2026-03-02T09:06:41Z", {"href": "/v1/campaigns/a/rounds/1/batch"})
SECRET = signing.new_secret()
NOW = datetime.now(UTC)


def block(language: str, having: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (text,) = (text for text in found if having in text)
    return text


GOOD = signing.signed_headers([SECRET], "one", NOW, BODY)
CASES = {
    "good": (GOOD, BODY, True),
    "two signatures": (signing.signed_headers([signing.new_secret(), SECRET], "two", NOW, BODY), BODY, True),
    "another secret": (signing.signed_headers([signing.new_secret()], "three", NOW, BODY), BODY, False),
    "another body": (signing.signed_headers([SECRET], "four", NOW, BODY), BODY.replace("1", "2"), False),
    "another id": ({**GOOD, "webhook-id": "six"}, BODY, False),
    "old": (signing.signed_headers([SECRET], "seven", NOW - timedelta(minutes=10), BODY), BODY, False),
    "garbage": (
        {**signing.signed_headers([SECRET], "eight", NOW, BODY), "webhook-signature": "x"},
        BODY,
        False,
    ),
}


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of the page's receiver, and the file of what it prints."""
    printed = tmp_path_factory.mktemp("receiver") / "printed"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [sys.executable, "-c", block("python", "Receiver"), str(port)]
    with printed.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own page
            program, env={**os.environ, "WEBHOOK_SECRET": SECRET}, stdout=output, stderr=subprocess.DEVNULL
        )
    url, deadline = f"http://127.0.0.1:{port}/", time.monotonic() + 20
    while True:
        try:
            httpx.get(url)
            break
        except httpx.TransportError:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
    yield url, printed
    process.kill()
    process.wait(10)


@pytest.mark.parametrize("name", CASES)
def test_the_receiver_in_python(receiver: tuple[str, Path], name: str) -> None:
    url, printed = receiver
    headers, body, is_good = CASES[name]
    before = len(printed.read_text().splitlines())
    for _ in range(2):
        answer = httpx.post(url, content=body.encode(), headers=headers)
        assert answer.status_code == (204 if is_good else 401)
    lines = printed.read_text().splitlines()[before:]
    assert lines == (["batch.ready /v1/campaigns/a/rounds/1/batch"] if is_good else [])


@pytest.mark.skipif(not shutil.which("openssl"), reason="the page's commands use openssl")
@pytest.mark.parametrize("name", CASES)
def test_the_check_in_a_shell(tmp_path: Path, name: str) -> None:
    headers, body, is_good = CASES[name]
    (tmp_path / "body").write_bytes(body.encode())
    named = {key.upper().replace("-", "_"): value for key, value in headers.items()}
    done = subprocess.run(  # noqa: S603 - our own page
        ["sh", "-c", block("sh", "openssl")],  # noqa: S607 - the shell of the machine
        env={**os.environ, **named, "WEBHOOK_SECRET": SECRET},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode == 0) is is_good, done.stderr
    assert (done.stdout == "verified\n") is is_good


def test_the_page_names_every_type_and_every_wait() -> None:
    for event_type in EVENT_TYPES:
        assert f"| `{event_type}` |" in PAGE
    spans = {60: "min", 3600: "h"}
    for seconds in RETRY_SECONDS:
        unit = max((span for span in spans if seconds >= span), default=1)
        assert f"{seconds / unit:g} {spans.get(unit, 's')}" in PAGE
