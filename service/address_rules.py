"""Decide which addresses named by users may be called, to prevent server-side request forgery (SSRF).

`check_url` checks a URL without resolving it; `locate` checks the addresses of its name. The request then
goes to exactly the checked address, so that a later DNS answer cannot redirect it. This module depends on
neither an HTTP client nor the settings.

An operator's rules are a text of entries: `public` (every public address; the only entry unless others are
given), a host name or address, either with `:port` (IPv6 in brackets), or a network as in `10.1.0.0/16`. A
named host may be private or this machine itself; link-local and metadata addresses must be listed by their
address. A network opens any port and any name that resolves into it. Without `:port`, public addresses are
called on ports 80, 443 and from 1024 on.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import final
from urllib.parse import urlsplit

PUBLIC = "public"
WEB_PORTS = (80, 443)
FIRST_FREE_PORT = 1024
LAST_PORT = 65535

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], list[str]]
"""Resolve a host name and a port to addresses; raises OSError if there are none."""

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)*{_LABEL}")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254"))
)
"""Metadata addresses, at which clouds serve a machine's secrets; the second one looks public."""
_HOUSE = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "::1", "fc00::/7"),
    )
)
"""Private networks and this machine (RFC 1918, 6598, 4193)."""
_UNICAST = IPv6Network("2000::/3")
_SPECIAL = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")))
"""Special-purpose networks, or ones that embed any IPv4 address (RFC 3056, 4380, 6890, 9637).

Some versions of Python call them global.
"""


class RefusedAddressError(ValueError):
    """A URL, or an address to which it resolves, is refused; the message gives the reason to the user."""


@final
@dataclass(frozen=True, slots=True)
class Target:
    """The parts of an accepted URL: `host` without brackets, in lower case; `path` with the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The `Host` header: the port is included unless it is the scheme's default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _usual_port(self.scheme) else f"{host}:{self.port}"


@final
@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's rules. `hosts` are (name or address, port or None for any)."""

    is_public_open: bool = True
    hosts: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[Network, ...] = ()

    def names(self, host: str, port: int) -> bool:
        """Return whether a host is listed by its name or address."""
        return (host, port) in self.hosts or (host, None) in self.hosts

    def is_listed(self, target: Target) -> bool:
        """Return whether a target is listed by name, address or network, rather than allowed as public."""
        address = _literal(target.host)
        return self.names(target.host, target.port) or (address is not None and self.holds(address))

    def holds(self, address: Address) -> bool:
        """Return whether an address lies in a listed network."""
        return any(address in network for network in self.networks)


def read_rules(text: str) -> Rules:
    """Parse a text of entries, separated by commas or spaces, into rules.

    Raises:
        ValueError: if an entry has none of the known forms.
    """
    entries = [entry.lower() for entry in re.split(r"[,\s]+", text) if entry]
    networks = tuple(ip_network(entry) for entry in entries if "/" in entry)
    hosts = frozenset(_host_entry(entry) for entry in entries if "/" not in entry and entry != PUBLIC)
    return Rules(not entries or PUBLIC in entries, hosts, networks)


def check_url(url: str, rules: Rules) -> Target:
    """Parse a URL and check it as far as possible without resolving its name.

    Raises:
        RefusedAddressError: if the URL is refused.
    """
    target = _parsed(url)
    address = _literal(target.host)
    if address is not None:
        _check_address(address, target, rules)
    elif not rules.names(target.host, target.port):
        if target.host == "localhost" or target.host.endswith(".localhost"):
            raise RefusedAddressError("it is this machine itself")
        if not rules.is_public_open and not rules.networks:
            raise RefusedAddressError(f"{target.authority} is not among the hosts that this service may call")
        if not rules.networks:
            _check_public_port(target.port)
    return target


def locate(target: Target, rules: Rules, resolve: Resolver | None = None) -> list[str]:
    """Return the allowed addresses of a target, in the resolver's order.

    Raises:
        RefusedAddressError: if there is none; the message contains no address.
        OSError: if the name cannot be resolved.
    """
    is_literal = _literal(target.host) is not None
    addresses = [target.host] if is_literal else (resolve or _resolved)(target.host, target.port)
    allowed, why = [], "it resolves to nothing"
    for text in dict.fromkeys(addresses):
        try:
            _check_address(ip_address(text), target, rules)
        except RefusedAddressError as error:
            why = str(error)
        else:
            allowed.append(text)
    if not allowed:
        raise RefusedAddressError(why)
    return allowed


def check_confidential(target: Target, rules: Rules) -> None:
    """Check that a secret may be sent to a target.

    Raises:
        RefusedAddressError: if it would go over plain HTTP to a host that the operator has not listed.
    """
    if target.scheme != "https" and not rules.is_listed(target):
        raise RefusedAddressError("a secret goes over https, or to a host that the operator has listed")


def is_public(address: Address) -> bool:
    """Return whether an address is on the public internet, and does not embed an address that is not."""
    if address in _METADATA or address.is_multicast or address.is_reserved or not address.is_global:
        return False
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return not any(address in network for network in _SPECIAL)


def _check_address(address: Address, target: Target, rules: Rules) -> None:
    if rules.holds(address) or rules.names(str(address), target.port):
        return
    is_named = rules.names(target.host, target.port)
    if is_named and (is_public(address) or _is_house(address)):
        return
    if not is_public(address):
        raise RefusedAddressError("its address is not a public one, and the operator has not listed it")
    if not rules.is_public_open:
        raise RefusedAddressError(f"{target.authority} is not among the hosts that this service may call")
    _check_public_port(target.port)


def _is_house(address: Address) -> bool:
    return address not in _METADATA and any(address in network for network in _HOUSE)


def _check_public_port(port: int) -> None:
    if port not in WEB_PORTS and port < FIRST_FREE_PORT:
        raise RefusedAddressError(
            f"port {port} is none of {', '.join(map(str, WEB_PORTS))} or {FIRST_FREE_PORT} and up"
        )


def _parsed(url: str) -> Target:
    if not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        raise RefusedAddressError("a URL is written in plain letters, digits and signs")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower().removesuffix("."), parts.port
    except ValueError as error:
        raise RefusedAddressError(f"it is no URL: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise RefusedAddressError("only http and https URLs are called")
    if "@" in parts.netloc:
        raise RefusedAddressError("a user name or password does not belong into a URL")
    if "#" in url:
        raise RefusedAddressError("what follows # is never sent; leave it out")
    if port == 0 or not _is_host(host):
        raise RefusedAddressError(f"{parts.netloc[:100]!r} is no host and port")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or _usual_port(parts.scheme), path)


def _usual_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_host(host: str) -> bool:
    """Return whether a text is an address or a name; `127.1`, `0x7f000001` and `fe80::1%eth0` are neither."""
    if _literal(host) is not None:
        return "%" not in host
    return bool(_NAME.fullmatch(host)) and not _NUMBER.fullmatch(host.rsplit(".", 1)[-1])


def _host_entry(entry: str) -> tuple[str, int | None]:
    bare, port = entry, None
    if _literal(entry) is None and (
        match := re.fullmatch(r"(?P<host>\[[^\]]+\]|[^:]+)(:(?P<port>\d{1,5}))?", entry)
    ):
        bare, port = match["host"].strip("[]"), int(match["port"]) if match["port"] else None
    if not _is_host(bare) or (port is not None and not 0 < port <= LAST_PORT):
        raise ValueError(f"{entry!r} is no host, host:port or network")
    address = _literal(bare)
    return (bare if address is None else str(address)), port


def _resolved(host: str, port: int) -> list[str]:
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(where[0]) for _, _, _, _, where in addresses]
