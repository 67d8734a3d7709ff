"""Tickets of asynchronous tasks: what goes on when a task has ended, packed into a text.

A ticket holds the bodies that were sent, as those that a failed task did not write are sent again. The text
is compressed, because it is stored with each of the records that it is about.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any


def written_ticket(about: str, content: dict[str, Any]) -> str:
    """Return a ticket about materials or an order."""
    packed = zlib.compress(json.dumps([about, content], separators=(",", ":")).encode())
    return base64.b85encode(packed).decode()


def read_ticket(text: str) -> tuple[str, dict[str, Any]]:
    """Return what a ticket is about, and its content."""
    about, content = json.loads(zlib.decompress(base64.b85decode(text)))
    return about, content
