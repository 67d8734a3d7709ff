"""Refuse requests that would leave their base path, carry smuggled headers or show a credential."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from service.address_rules import RefusedAddressError, check_confidential

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from service.address_rules import Rules, Target

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e]*")
_OWN = frozenset(
    (
        *("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"),
        *("keep-alive", "proxy-authorization", "proxy-connection", "accept-encoding"),
    )
)
"""Headers that say where a request goes and where it ends: the client's own."""
_HARMLESS = frozenset(
    (
        *("accept", "accept-language", "content-type", "content-disposition", "user-agent", "prefer"),
        *("if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
    )
)
"""Headers that hold no credential; any other may."""


class RefusedRequestError(RefusedAddressError):
    """A request is not sent as it is wanted; the message names the part at fault, without its value."""


def check_path(path: str) -> None:
    """Check that a path stays below the base path, however often a server decodes it.

    Raises:
        RefusedRequestError: if it may not.
    """
    if not path.startswith("/") or path.startswith("//"):
        raise RefusedRequestError("a path begins with exactly one slash")
    if "#" in path or not path.isprintable():
        raise RefusedRequestError("a path holds neither # nor control characters")
    plain = path.partition("?")[0]
    while (decoded := unquote(plain)) != plain:
        plain = decoded
    # servers written in Java take what follows a semicolon off a segment
    if any(part.partition(";")[0].strip() in (".", "..") for part in re.split(r"[/\\]", plain)):
        raise RefusedRequestError("a path has no segment . or ..")


def check_headers(headers: Mapping[str, str]) -> None:
    """Check that headers are plain lines that cannot be taken for others.

    Raises:
        RefusedRequestError: if one is not.
    """
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise RefusedRequestError("the name of a header is no token")
        if name.lower() in _OWN:
            raise RefusedRequestError(f"the header {name} is written by this service alone")
        if not _FIELD_VALUE.fullmatch(value):
            raise RefusedRequestError(f"the header {name} is not one line of plain text")


def check_files(files: Any) -> None:
    """Check the media types of a form's files, which are sent as they are.

    Raises:
        RefusedRequestError: if one is not a plain line.
    """
    entries: Iterable[Any] = files.values() if hasattr(files, "values") else [item for _, item in files or ()]
    for entry in entries:
        if isinstance(entry, tuple) and not all(
            _FIELD_VALUE.fullmatch(text) for text in entry[2:3] if isinstance(text, str)
        ):
            raise RefusedRequestError("the media type of a file is not one line of plain text")


def check_credentials(headers: Mapping[str, str], target: Target, rules: Rules) -> None:
    """Check that a header that may be a credential goes to a target that may get one.

    Raises:
        RefusedAddressError: if it would go over plain HTTP to a host that the operator has not listed.
    """
    if any(name.lower() not in _HARMLESS for name in headers):
        check_confidential(target, rules)
