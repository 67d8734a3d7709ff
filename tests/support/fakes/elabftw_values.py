"""What a fake eLabFTW does with metadata, searches, forms and errors; it holds nothing."""

from __future__ import annotations

import json
import re
from email import message_from_bytes
from email.policy import HTTP
from typing import TYPE_CHECKING, Any

from fakes.server import Answered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakes.server import Sent

TERM = re.compile(r'(extrafield:"(?P<name>[^"]+)"|(?P<column>title|body)):"(?P<text>[^"]*)"')


def user() -> dict[str, Any]:
    return {"userid": 2, "fullname": "Ada Lovelace", "email": "ada@example.org"}


def error(status: int, message: str, description: str) -> Answered:
    return Answered(status, {"code": str(status), "message": message, "description": description})


def nothing() -> Answered:
    return error(404, "Nothing to show with this id", "")


def as_object(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def merged_metadata(old: Any, new: Any) -> dict[str, Any]:
    """Give fields that are there a new value and nothing else, and add the others."""
    merged = json.loads(json.dumps(old or {}))
    fields = merged.setdefault("extra_fields", {})
    for name, item in (new.get("extra_fields") or {}).items():
        if name in fields:
            fields[name]["value"] = item["value"]
        else:
            fields[name] = item
    return merged


def is_like(text: str, value: str) -> bool:
    """Compare as SQL's LIKE does, with wildcards on both sides."""
    pattern = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in text)
    return re.search(pattern, value, re.IGNORECASE | re.DOTALL) is not None


def matches(entity: Mapping[str, Any], term: Mapping[str, str | None]) -> bool:
    text = term["text"] or ""
    if term["column"]:
        return is_like(text, entity[term["column"]] or "")
    value = values_of(entity).get(term["name"] or "")
    return value is not None and is_like(text, str(value))


def values_of(entity: Mapping[str, Any]) -> dict[str, Any]:
    fields = (entity["metadata"] or {}).get("extra_fields") or {}
    return {name: item.get("value") for name, item in fields.items()}


def key_of(entity: Mapping[str, Any]) -> str:
    begun = re.search(r" \[(.+)\]$", entity["title"])
    return values_of(entity).get("assayflow_key") or (begun[1] if begun else "")


def multipart(sent: Sent) -> tuple[tuple[str, str, bytes], str | None]:
    head = f"Content-Type: {sent.headers['content-type']}\r\n\r\n".encode()
    comment, file = None, ("", "", b"")
    for part in message_from_bytes(head + sent.body, policy=HTTP).iter_parts():
        content = part.get_payload(decode=True)
        if part.get_filename():
            file = (part.get_filename(), part.get_content_type(), content)
        else:
            comment = content.decode()
    return file, comment
