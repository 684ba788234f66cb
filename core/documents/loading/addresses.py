"""Which addresses a document may be fetched from: public ones, unless an administrator allows a host.

Every form of an address ends as the numbers that the resolver gives for it, and those are judged, so 127.0.0.1,
2130706433 and a name that points there are one and the same. Knows nothing of HTTP.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence

from core.documents.loading.source import shown
from core.errors import LoadError

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port to addresses as text."""
_OWN_NAMES = ("localhost", "metadata", "instance-data", "kubernetes", "host.docker.internal")
_OWN_DOMAINS = (".localhost", ".internal", ".local", ".localdomain", ".home.arpa", ".lan", ".intranet", ".onion")
"""Names that only ever mean this machine or its own network, whatever a resolver makes of them."""
_UNICAST = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays from IPv6
        "168.63.129.16/32",  # Azure's own services, though the number is a public one
    )
)


def system_resolver(host: str, port: int) -> Sequence[str]:
    """As the operating system resolves a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def allowed_addresses(
    host: str, port: int, *, resolve: Resolver, allowed_hosts: Sequence[str], timeout_s: float
) -> list[str]:
    """The addresses of a host, resolved once; connect to these and to no others.

    Args:
        host: without brackets; a name, or an address in any form.
        port: of the connection.
        resolve: looks the host up.
        allowed_hosts: `HOST` or `HOST:PORT` that may be inside the own network.
        timeout_s: longest time for the look-up.

    Raises:
        LoadError: it is not found, or any of its addresses is not a public one.
    """
    name = host.rstrip(".").lower()
    known = {entry.strip().rstrip(".").lower() for entry in allowed_hosts}
    bracketed = f"[{name}]" if ":" in name else name
    permitted = bool(known & {name, bracketed, f"{bracketed}:{port}"})
    if not permitted and (name in _OWN_NAMES or name.endswith(_OWN_DOMAINS) or not name):
        raise _refused(host)
    addresses = _resolved(host, port, resolve, timeout_s)
    if not permitted and not all(is_public(address) for address in addresses):
        raise _refused(host)
    return addresses


def is_public(address: str) -> bool:
    """Whether it is a unicast address of the public internet, and none that wraps another one."""
    try:
        number = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(number, ipaddress.IPv6Address):
        if number.ipv4_mapped is not None:
            return is_public(str(number.ipv4_mapped))
        return number in _UNICAST and number.is_global and number.sixtofour is None and number.teredo is None
    return number.is_global and not number.is_multicast and not any(number in network for network in _NOT_PUBLIC)


def _refused(host: str) -> LoadError:
    return LoadError(
        f"{shown(host)}: address not allowed; documents are fetched from public addresses only, or from hosts that an "
        f"administrator lists in allowed_fetch_hosts."
    )


def _resolved(host: str, port: int, resolve: Resolver, timeout_s: float) -> list[str]:
    """Looked up in a thread, since a resolver cannot be told to hurry."""
    answer: list[str] = []
    problem: list[str] = []

    def look_up() -> None:
        try:
            answer.extend(resolve(host, port))
        except (OSError, UnicodeError) as error:
            problem.append(str(getattr(error, "strerror", None) or "not a valid name").lower())

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if thread.is_alive():
        raise LoadError(f"{shown(host)} was not found within {timeout_s:.0f} s; check the address.")
    if not answer:
        raise LoadError(f"{shown(host)} was not found ({''.join(problem) or 'no address'}); check the address.")
    return answer
