"""Addresses that are refused or allowed: one table for rules and for what calls addresses."""

from ipaddress import IPv4Network, IPv6Network, ip_network

PUBLIC_V4, PUBLIC_V6 = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"
# IANA's special-purpose registries (RFC 6890 and its updates), multicast, and IPv6 that carries IPv4
SPECIAL: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(text)
    for text in (
        *(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
        ),
        *(
            "192.0.2.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
        ),
        *("240.0.0.0/4", "255.255.255.255/32", "::/128", "::1/128", "::/96", "::ffff:0:0/96", "64:ff9b::/96"),
        *("64:ff9b:1::/48", "100::/64", "2001::/23", "3fff::/20", "2001:db8::/32", "2002::/16", "fc00::/7"),
        *("fe80::/10", "fec0::/10", "ff00::/8"),
    )
)
METADATA = ("169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254", "192.0.0.192")


def url_of(address: object, scheme: str = "http") -> str:
    return f"{scheme}://[{address}]/" if ":" in str(address) else f"{scheme}://{address}/"


REFUSED_URLS = [
    ("ftp://dock.example.org/", "only http and https"),
    ("file:///etc/passwd", "only http and https"),
    ("https://user@dock.example.org/", "user name or password"),
    ("https://user:word@dock.example.org/", "user name or password"),
    ("https://dock.example.org/#part", "never sent"),
    ("https:///score", "no host and port"),
    ("https://dock.example.org:0/", "no host and port"),
    ("https://dock.example.org:70000/", "Port out of range"),
    ("https://dock.example.org:port/", "Port could not be cast"),
    ("https://[::1/", "no URL"),
    ("https://[fe80::1%25eth0]/", "no host and port"),
    ("https://2130706433/", "no host and port"),
    ("https://0x7f000001/", "no host and port"),
    ("https://127.1/", "no host and port"),
    ("https://0177.0.0.1/", "no host and port"),
    ("https://dock..example.org/", "no host and port"),
    ("https://dock example.org/", "plain letters"),
    ("https://d\u00f6ck.example.org/", "plain letters"),
    ("https://dock.example.org\\@evil.example.org/", "plain letters"),
    ("https://dock.example.org/\r\nHost: x", "plain letters"),
    ("https://localhost/", "this machine"),
    ("https://api.LOCALHOST./", "this machine"),
    ("https://dock.example.org:22/", "port 22"),
    (f"http://{PUBLIC_V4}:25/", "port 25"),
]
"""URL, and the reason for which it is refused when no address is listed."""
REFUSED_WITH_A_LIST = [f"https://{PUBLIC_V4}/", "https://10.2.0.1/", "http://[::ffff:10.1.2.3]/"]
LIST = "dock.example.org:8443 10.1.0.0/16"
"""Entries of an operator, under which `REFUSED_WITH_A_LIST` are refused."""
