"""Throttles of public pages. What is over its limit is remembered here until its window ends, so that a flood of
refused tries costs no transactions."""

import ipaddress
from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request

from apps.portal.threads import Threads
from config.links import fingerprint
from config.wiring import Wiring
from ledger.throttles import Limit, take

MOST_REMEMBERED = 10_000
_IPV6_NETWORK_BITS = 64  # what one customer of a provider has at least


class Gate:
    """Counts tries in the ledger, for all processes together."""

    def __init__(self, wiring: Wiring, threads: Threads) -> None:
        self._wiring, self._threads = wiring, threads
        self._over: dict[str, datetime] = {}

    async def over(self, wanted: Mapping[str, Limit]) -> dict[str, datetime]:
        """Count a try under each key; returns those over their limit, with the end of their window."""
        return await self._threads.call(lambda: self._take(wanted))

    async def too_often(self, what: str, subject: str, limit: Limit) -> datetime | None:
        """Count a try at `what` about one subject; the end of its window when that was one too many."""
        key = fingerprint(self._wiring.settings, what, subject)
        return (await self.over({key: limit})).get(key)

    def _take(self, wanted: Mapping[str, Limit]) -> dict[str, datetime]:
        now = self._wiring.now()
        known = {key: ends for key in wanted if (ends := self._over.get(key)) is not None and ends > now}
        if known:
            return known
        over = self._threads.write(lambda session: take(session, wanted, now))
        if len(self._over) + len(over) > MOST_REMEMBERED:
            self._over = {}
        self._over |= over
        return over


def network_of(request: Request) -> str:
    """The caller's network: an IPv4 address, or the first 64 bits of an IPv6 one."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _IPV6_NETWORK_BITS), strict=False))
    return str(address)
