"""Door: the socket the service listens on, and the names by which it is reached there."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Final

from ledger.errors import Unavailable

BACKLOG: Final = 2048
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# Addresses for documentation (RFC 5737, RFC 3849): a datagram socket that is "connected" sends nothing, but
# the system says which of its own addresses it would send from.
_FAR: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def listen(host: str, port: int) -> socket.socket:
    """Bound here, so that an address in use is an error of ours and not a log line of the server's.

    Raises Unavailable ADDRESS_UNUSABLE.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "not an address of this machine"
        raise Unavailable(
            "ADDRESS_UNUSABLE",
            f"nothing can listen there: {reason}",
            where=f"{host} {port}",
            fix="Take another.",
        ) from error


def local_names(listener: socket.socket, *, scheme: str = "http") -> list[str]:
    """The addresses by which a browser on this very machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    address = ipaddress.ip_address(host)
    if not (address.is_loopback or address.is_unspecified):
        return []
    return [origin_of(scheme, name, port) for name in ("127.0.0.1", "localhost")]


def reached_as(listener: socket.socket, *, scheme: str) -> str:
    """The origin to tell people: the address listened on, or for all addresses the one of the network."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        lan = [name for name in own_addresses() if ":" not in name]
        host = lan[0] if lan else "127.0.0.1"
    return origin_of(scheme, host, port)


def origin_of(scheme: str, host: str, port: int) -> str:
    """As a browser writes it: the default port is left out."""
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + ("" if _DEFAULT_PORTS[scheme] == port else f":{port}")


def own_addresses() -> list[str]:
    """The addresses of this machine towards its network, IPv4 first; none without a network."""
    found = []
    for family, far in _FAR:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((far, 9))
                found.append(str(probe.getsockname()[0]))
            except OSError:
                continue
    return [one for one in found if not ipaddress.ip_address(one).is_link_local]
