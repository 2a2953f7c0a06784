"""Where a request was first sent from, by the word of those whose word counts."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def networks(listed: str) -> tuple[Network, ...]:
    """Addresses and CIDR blocks between commas, as networks. Raises ValueError, naming what is neither.

    >>> [str(each) for each in networks("192.0.2.7, 10.0.0.0/8")]
    ['192.0.2.7/32', '10.0.0.0/8']
    """
    return tuple(ip_network(each.strip(), strict=False) for each in listed.split(",") if each.strip())


def client_address(forwarded_for: str, peer: str, trusted: Sequence[Network]) -> str:
    """The address of the client, found in X-Forwarded-For; `peer`, the other end of the connection, where that is empty.

    Every hop adds at the right whom it heard from, and the last one is our own gateway. Its word counts; where it names a
    trusted proxy, so does the word before. What stands left of the first stranger is that stranger's invention.

    >>> proxies = networks("10.0.0.0/8")
    >>> client_address("6.6.6.6, 203.0.113.9, 10.0.0.1", "127.0.0.1", proxies)
    '203.0.113.9'
    >>> client_address("6.6.6.6, 203.0.113.9, 10.0.0.1", "127.0.0.1", [])
    '10.0.0.1'
    >>> client_address("", "127.0.0.1", proxies)
    '127.0.0.1'
    """
    found = peer
    for hop in reversed(forwarded_for.split(",")):
        address = _address(hop.strip())
        if address is None:
            break
        found = str(address)
        if not any(address in network for network in trusted):
            break
    return found


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
