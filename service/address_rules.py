"""Which addresses outside may be asked when a user names them, against requests forged through this server (SSRF).

`check_url` judges a URL as it stands, `locate` what its name resolves to; a request then goes to the very address that
was judged, so that a name cannot lead elsewhere a moment later. Knows no HTTP client and no settings.

An operator's rules are a text of entries: `public` (every public address; the only entry unless others are given), a
host name or address, either with `:port` (IPv6 in brackets), or a network as in `10.1.0.0/16`. A named host may be
private or this machine itself; link-local and metadata addresses must be listed by their address. A network opens any
port and any name that resolves into it. Without `:port`, public addresses are asked on 80, 443 and from 1024 on.
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
"""From a host name and a port to addresses; an OSError if there are none."""

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)*{_LABEL}")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_METADATA = frozenset(map(ip_address, ("169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254")))
"""Where clouds tell a machine its secrets; the second is public to look at."""
_HOUSE = tuple(
    map(
        ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "::1", "fc00::/7")
    )
)
"""What a house's own networks and machines are called (RFC 1918, 6598, 4193)."""
_UNICAST = IPv6Network("2000::/3")
_SPECIAL = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")))
"""Registered for a purpose or carrying any IPv4 address (RFC 3056, 4380, 6890, 9637); some Pythons call them global."""


class RefusedAddressError(ValueError):
    """A URL or what it resolves to may not be asked; the message says why in words for the one who named it."""


@final
@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked, taken apart: `host` without brackets, in lower case; `path` with the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The `Host` header: the port is told unless it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _usual_port(self.scheme) else f"{host}:{self.port}"


@final
@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator allows. `hosts` are (name or address, port or None for any)."""

    is_public_open: bool = True
    hosts: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[Network, ...] = ()

    def names(self, host: str, port: int) -> bool:
        """Tell whether a host is listed by its name or address."""
        return (host, port) in self.hosts or (host, None) in self.hosts

    def is_listed(self, target: Target) -> bool:
        """Tell whether a target is listed by its name, address or network, not only as one of the public ones."""
        address = _literal(target.host)
        return self.names(target.host, target.port) or (address is not None and self.holds(address))

    def holds(self, address: Address) -> bool:
        """Tell whether an address lies in a listed network."""
        return any(address in network for network in self.networks)


def read_rules(text: str) -> Rules:
    """Return the rules that a text of entries, separated by commas or spaces, stands for.

    Raises:
        ValueError: if an entry is none of those.
    """
    entries = [entry.lower() for entry in re.split(r"[,\s]+", text) if entry]
    networks = tuple(ip_network(entry) for entry in entries if "/" in entry)
    hosts = frozenset(_host_entry(entry) for entry in entries if "/" not in entry and entry != PUBLIC)
    return Rules(not entries or PUBLIC in entries, hosts, networks)


def check_url(url: str, rules: Rules) -> Target:
    """Return a URL taken apart, if it may be asked as far as it can be told without looking its name up.

    Raises:
        RefusedAddressError: if not.
    """
    target = _parsed(url)
    address = _literal(target.host)
    if address is not None:
        _check_address(address, target, rules)
    elif not rules.names(target.host, target.port):
        if target.host == "localhost" or target.host.endswith(".localhost"):
            raise RefusedAddressError("it is this machine itself")
        if not rules.is_public_open and not rules.networks:
            raise RefusedAddressError(f"{target.authority} is not among the hosts that this service may ask")
        if not rules.networks:
            _check_public_port(target.port)
    return target


def locate(target: Target, rules: Rules, resolve: Resolver | None = None) -> list[str]:
    """Return those addresses of a target that may be asked, in the resolver's order.

    Raises:
        RefusedAddressError: if there is none; the message tells no address.
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


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public internet and nothing else, not even in disguise."""
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
        raise RefusedAddressError(f"{target.authority} is not among the hosts that this service may ask")
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
        raise RefusedAddressError("only http and https are asked")
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
    """Tell whether a text is an address or a name; `127.1`, `0x7f000001` and `fe80::1%eth0` are neither."""
    if _literal(host) is not None:
        return "%" not in host
    return bool(_NAME.fullmatch(host)) and not _NUMBER.fullmatch(host.rsplit(".", 1)[-1])


def _host_entry(entry: str) -> tuple[str, int | None]:
    bare, port = entry, None
    if _literal(entry) is None and (match := re.fullmatch(r"(?P<host>\[[^\]]+\]|[^:]+)(:(?P<port>\d{1,5}))?", entry)):
        bare, port = match["host"].strip("[]"), int(match["port"]) if match["port"] else None
    if not _is_host(bare) or (port is not None and not 0 < port <= LAST_PORT):
        raise ValueError(f"{entry!r} is no host, host:port or network")
    address = _literal(bare)
    return (bare if address is None else str(address)), port


def _resolved(host: str, port: int) -> list[str]:
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(where[0]) for _, _, _, _, where in addresses]
