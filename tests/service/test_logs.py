"""Logs: one line per event, in one style, without secrets."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service.logs import configure_logs, hide_secrets

KEY = "af_0123456789ab_" + "c" * 64


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, before = list(root.handlers), root.level, structlog.get_config()
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**before)


def test_json_lines_carry_the_request_id(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json", "info")
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("assayflow.test").info("happened", number=3)
        logging.getLogger("uvicorn.error").warning("careful %s", "now")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first == first | {"event": "happened", "number": 3, "request_id": "r-1", "level": "info"}
    assert first["timestamp"].endswith("Z")
    assert second == second | {"event": "careful now", "level": "warning", "logger": "uvicorn.error"}


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("console", "warning")
    structlog.get_logger("assayflow.test").info("quiet")
    structlog.get_logger("assayflow.test").error("loud")
    assert "loud" in (errors := capsys.readouterr().err)
    assert "quiet" not in errors


def test_a_traceback_holds_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    try:
        raise ValueError(KEY)  # noqa: TRY301 - the traceback is the subject
    except ValueError:
        structlog.get_logger("assayflow.test").exception("failed")
    line = capsys.readouterr().err
    assert "ValueError" in line
    assert "cccc" not in line


def test_secrets_are_hidden_by_name_and_by_form() -> None:
    event = {
        "event": f"used {KEY}",
        "authorization": "Bearer x",
        "database_url": "postgresql://u:p@h/d",
        "note": "postgresql://user:hunter2@host/db",
        "nested": {"password": "p", "items": [KEY, 5]},
        "status": 200,
    }
    hidden = hide_secrets(None, "", event)
    text = repr(hidden)
    assert "cccc" not in text
    assert "hunter2" not in text
    assert hidden["authorization"] == hidden["database_url"] == hidden["nested"]["password"] == "…"
    assert hidden["event"] == "used af_0123456789ab_…"
    assert hidden["status"] == 200
