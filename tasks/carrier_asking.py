"""Ask one source of tracking about many parcels: in its batches, at its pace, and no longer when it is away."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.carriers.base import ParcelRef, TrackingSource
from connectors.errors import AuthFailed, ConnectorError, Retryable, VendorRejected
from connectors.pacing import Pace
from domain.parcels import Tracker

PATIENCE = 3  # calls in a row that came to nothing, then the source is let alone


@dataclass
class Said:
    """What came of asking, by the source's own id of the parcel. `refused`: what it would not tell or what cannot be
    read, one parcel each. `away`: not asked, or not answered. The rest is unknown to the source."""

    trackers: list[Tracker] = field(default_factory=list)
    refused: dict[str, VendorRejected] = field(default_factory=dict)
    away: dict[str, ConnectorError] = field(default_factory=dict)


def pace_of(source: TrackingSource, reserved: float = 0.0) -> Pace:
    """The source's own limits, less the share that is for others. Of a `fetch` it is assumed that it makes a call for
    each parcel, up to `at_once` of them side by side."""
    limits = source.limits
    side_by_side = min(source.batch, limits.at_once)
    return Pace.leaving(reserved, at_once=limits.at_once, per_second=limits.per_second, in_a_turn=side_by_side)


def refs_of(rows: Iterable[Mapping[str, Any]]) -> list[ParcelRef]:
    """What a source needs to know of parcels, each once."""
    refs = {
        row["tracker_external_id"]: ParcelRef(row["tracker_external_id"], row["tracking_number"], row["carrier"])
        for row in rows
    }
    return list(refs.values())


def wanted_s(error: ConnectorError) -> float:
    """Seconds for which the vendor has asked to be let alone, 0 where it has not."""
    return (error.after_s or 0.0) if isinstance(error, Retryable) else 0.0


class Asking:
    """One source for the length of one sweep. `trouble` is why it is not asked any more, `away` the failure of the last
    call that came to an end, none after one that was answered."""

    def __init__(self, source: TrackingSource, pace: Pace) -> None:
        self.trouble: ConnectorError | None = None
        self.away: ConnectorError | None = None
        self._source = source
        self._pace = pace
        self._in_vain = 0

    async def ask(self, refs: Sequence[ParcelRef]) -> Said:
        """Never raises ConnectorError: a parcel in trouble does not take the others with it."""
        said = Said()
        size = self._source.batch
        batches = [refs[start : start + size] for start in range(0, len(refs), size)]
        await asyncio.gather(*(self._batch(batch, said) for batch in batches))
        return said

    async def _batch(self, refs: Sequence[ParcelRef], said: Said) -> None:
        async with self._pace.turn(len(refs)):
            found = self.trouble or await self._fetch(refs)
        if isinstance(found, ConnectorError) and len(refs) > 1 and self.trouble is None:
            await asyncio.gather(*(self._batch([ref], said) for ref in refs))  # it may be one parcel's fault
        elif isinstance(found, VendorRejected) and len(refs) == 1:
            said.refused[refs[0].source_external_id] = found
        elif isinstance(found, ConnectorError):
            said.away.update(dict.fromkeys((ref.source_external_id for ref in refs), self.trouble or found))
        else:
            said.trackers.extend(found)

    async def _fetch(self, refs: Sequence[ParcelRef]) -> Sequence[Tracker] | ConnectorError:
        try:
            found = await self._source.fetch(refs)
        except VendorRejected as refused:  # it is there and answers
            self._in_vain, self.away = 0, None
            return refused
        except ConnectorError as error:
            self._count(error)
            return error
        self._in_vain, self.away = 0, None
        return found

    def _count(self, error: ConnectorError) -> None:
        """One parcel that its vendor always fails at must not keep the others from being asked about."""
        self._in_vain, self.away = self._in_vain + 1, error
        if isinstance(error, AuthFailed) or wanted_s(error) or self._in_vain >= PATIENCE:
            self.trouble = self.trouble or error
