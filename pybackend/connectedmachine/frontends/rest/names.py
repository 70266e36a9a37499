"""The names that a server answers to: in its certificate, and one of them in the ``Host`` of a request."""

from __future__ import annotations

import ipaddress
import socket

from connectedmachine.model.errors import InvalidRequestError

LOOPBACK = ("127.0.0.1", "::1", "localhost")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_of(host: str) -> Address:
    """The address to listen on; ``localhost`` is 127.0.0.1, and no other name is looked up.

    Raises:
        InvalidRequestError: ``InvalidHost``.
    """
    try:
        return ipaddress.ip_address("127.0.0.1" if host.lower() == "localhost" else host)
    except ValueError as error:
        raise InvalidRequestError(
            "InvalidHost",
            f"'{host}' is no address to listen on.",
            target=host,
            hint="Give an IP address of this host, such as 127.0.0.1 or 0.0.0.0.",
        ) from error


def served_names(address: Address) -> frozenset[str]:
    """Names and addresses by which clients can reach a server that listens on ``address``, in lower case."""
    if address.is_loopback:
        return frozenset({*LOOPBACK, str(address)})
    # A certificate holds ASCII names only.
    own = {name.lower() for name in (socket.gethostname(), socket.getfqdn()) if name and name.isascii()}
    if not address.is_unspecified:
        return frozenset({*LOOPBACK, *own, str(address)})
    return frozenset({*LOOPBACK, *own, *_addresses()})


def authority(name: str, port: int) -> str:
    """``name:port`` as a URL has it."""
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _addresses() -> set[str]:
    import psutil

    return {
        str(ipaddress.ip_address(entry.address))
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        # An address with a zone is of no use in a URL.
        if entry.family in (socket.AF_INET, socket.AF_INET6) and "%" not in entry.address
    }
