"""UPS as a source of tracking.

API: Track v1, OAuth client credentials; OpenAPI files of the vendor of 2026-07-21. Headers `transId` and
`transactionSrc` are demanded. Rate limit: 429. One number a call.
Quirks: an unknown number is a warning in a 200, or a 404; a scan's time is the place's own, with an offset only where
UPS adds `gmtOffset`; what is older than 120 days is not told any more. Numbers are not followed: `external_id` is made
here.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from urllib.parse import quote

from connectors.carriers.base import ParcelRef, SourceLimits
from connectors.carriers.ups_parse import VENDOR
from connectors.carriers.ups_session import UpsSession
from connectors.carriers.ups_track_parse import parse_tracking
from connectors.errors import VendorRejected
from connectors.http import VendorHttp
from connectors.reading import Unreadable
from domain.parcels import Tracker
from domain.status_maps import StatusMap

_DETAILS = "/api/track/v1/details"
_AT_ONCE = 4


class UpsTracking:
    """One client's access to the Track API."""

    code = VENDOR
    batch = 20
    limits = SourceLimits(at_once=_AT_ONCE)
    carriers = frozenset({"ups"})

    def __init__(
        self,
        http: VendorHttp,
        *,
        account: str,
        client_id: str,
        secret: str,
        words: StatusMap,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.account = account
        self._session = UpsSession(http, client_id=client_id, secret=secret, clock=clock)
        self._words = words

    async def fetch(self, refs: Sequence[ParcelRef]) -> Sequence[Tracker]:
        """See `TrackingSource.fetch`."""
        gate = asyncio.Semaphore(self.limits.at_once)

        async def one(ref: ParcelRef) -> Tracker | None:
            async with gate:
                return await self._details(ref)

        found = await asyncio.gather(*(one(ref) for ref in refs))
        return [tracker for tracker in found if tracker is not None]

    async def _details(self, ref: ParcelRef) -> Tracker | None:
        answer = await self._session.call(
            "track", "GET", f"{_DETAILS}/{quote(ref.tracking_number, safe='')}", write=False, expect=(404,)
        )
        if answer.status == 404:
            return None
        try:
            return parse_tracking(answer.body, ref.source_external_id, ref.tracking_number, self._words)
        except Unreadable as exc:
            raise VendorRejected(VENDOR, "track", str(exc), reason="unreadable_answer") from exc

    async def follow(self, tracking_number: str, carrier: str) -> Tracker:
        """See `TrackingSource.follow`. Nothing is asked: UPS may not know the number of a new label yet."""
        return Tracker(f"{VENDOR}:{tracking_number}", tracking_number, "UPS", ())

    async def check(self) -> str:
        """See `TrackingSource.check`. Asks for a new token, which costs nothing."""
        await self._session.renew()
        return f"UPS Track {self.account}"
