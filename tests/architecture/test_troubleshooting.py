"""The messages on the page of troubleshooting are those that the code writes."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
_JOIN = re.compile(r'"\s*\n\s*f?"')


def _messages() -> list[str]:
    """Return the fragments in code of the first column of every table whose first column is a message."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [
        row.split(" | ")[0]
        for row in rows
        if not row.startswith(("| message", "| `pip`", "| a ", "| 4", "| s"))
    ]
    return [fragment for cell in cells for fragment in re.findall(r"`([^`]+)`", cell)]


def test_every_message_is_in_the_code() -> None:
    files = (
        file for package in ("assayflow", "models", "service") for file in (ROOT / package).rglob("*.py")
    )
    code = "\n".join(_JOIN.sub("", file.read_text(encoding="utf-8")) for file in files)
    messages = _messages()
    assert len(messages) >= 20
    assert [message for message in messages if message not in code] == []
