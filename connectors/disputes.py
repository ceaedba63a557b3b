"""Whoever tells of disputes, in our words."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from domain.disputes import StatedDispute


class DisputeSource(Protocol):
    """A shop or a payment vendor. A dispute that cannot be read, such as one in a state that we do not know, is noted
    (`unreadable`) and left out, so that it holds up no other. Raises: ConnectorError."""

    def disputes_since(self, since: datetime) -> AsyncIterator[list[StatedDispute]]:
        """Pages of the disputes that began then or later. VendorRejected `no_access` where the account has not the
        right to see them."""

    async def disputes_now(self, external_ids: Sequence[str]) -> list[StatedDispute]:
        """Some of them as they are now, in any order; unknown ids are left out."""
