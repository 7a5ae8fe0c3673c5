"""Which addresses are of the public internet: what IANA has set aside for anything else is not.

Kept here and not left to :mod:`ipaddress`, whose lists differ with the version of Python. See
https://www.iana.org/assignments/iana-ipv4-special-registry/ and https://www.iana.org/assignments/iana-ipv6-special-registry/.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

Address: TypeAlias = IPv4Address | IPv6Address

_SPECIAL_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        # Not in the registry: where a virtual machine at Azure reaches the machine that runs it.
        "168.63.129.16/32",
    )
)
# All that IANA has given out so far; local, unique local, multicast and mapped addresses lie outside of it.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# Set aside within it: protocols (with Teredo and ORCHID), documentation, 6to4, and what answers for nobody (AS112).
_SPECIAL_IPV6 = tuple(
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
# Translators to IPv4 (RFC 6052): the last four bytes are the address that is really reached.
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Tell whether an address is public; one that only stands for an IPv4 address is what that is."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    inner = IPv4Address(address.packed[-4:]) if address in _NAT64 else address.ipv4_mapped
    if inner is not None:
        return is_public(inner)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _SPECIAL_IPV6)


def may_be_public(url: str) -> bool:
    """Tell whether somebody elsewhere may reach an address of the web, going by its text: no name is looked up."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removesuffix(".")
        _ = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host:
        return False
    try:
        return is_public(ip_address(host))
    except ValueError:
        # A name without a dot is one of this machine, of a container beside it, or of a local network.
        return "." in host and not host.endswith((".localhost", ".local", ".internal"))
