"""A source is asked in its batches and at its pace; one in trouble is let alone, one parcel in trouble not (TRK-1)."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from connectors.carriers.base import ParcelRef, SourceLimits
from connectors.errors import AuthFailed, ConnectorError, Retryable, VendorRejected
from connectors.pacing import Pace
from domain.parcels import ParcelState, Tracker, TrackingEvent
from tasks.carrier_asking import PATIENCE, Asking, pace_of, refs_of

AT = datetime(2026, 3, 1, tzinfo=UTC)
VENDOR = "acme"


class Source:
    """A carrier that knows every number, except `troubles`: what it raises for a call with that parcel in it."""

    code = VENDOR
    account = "main"
    carriers: frozenset[str] = frozenset()

    def __init__(self, batch: int = 1, *, at_once: int = 4, per_second: float | None = None) -> None:
        self.batch = batch
        self.limits = SourceLimits(at_once=at_once, per_second=per_second)
        self.troubles: dict[str, ConnectorError] = {}
        self.unknown: set[str] = set()
        self.calls: list[list[str]] = []
        self.most = self._under_way = 0

    async def fetch(self, refs: Sequence[ParcelRef]) -> Sequence[Tracker]:
        asked = [ref.source_external_id for ref in refs]
        self.calls.append(asked)
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        await asyncio.sleep(0)
        self._under_way -= 1
        for name in asked:
            if name in self.troubles:
                raise self.troubles[name]
        scans = (TrackingEvent(ParcelState.IN_TRANSIT, AT, "I"),)
        return [Tracker(name, name, VENDOR, scans) for name in asked if name not in self.unknown]

    async def follow(self, tracking_number: str, carrier: str) -> Tracker:
        return Tracker(tracking_number, tracking_number, carrier, ())

    async def check(self) -> str:
        return VENDOR


def refs(count: int) -> list[ParcelRef]:
    return [ParcelRef(f"p{number}", f"N{number}", VENDOR) for number in range(count)]


def asking(source: Source) -> Asking:
    return Asking(source, Pace(at_once=1))  # one call after the other: what fails when is known


@pytest.mark.row("TRK-1")
async def test_parcels_are_asked_about_in_the_sources_own_batches() -> None:
    source = Source(batch=4)

    said = await asking(source).ask(refs(10))

    assert [4, 4, 2] == [len(call) for call in source.calls]
    assert {f"p{number}" for number in range(10)} == {tracker.external_id for tracker in said.trackers}


@pytest.mark.row("TRK-1", bad_input=True)
async def test_one_unreadable_parcel_does_not_take_its_batch_with_it() -> None:
    source = Source(batch=4)
    source.troubles["p2"] = VendorRejected(VENDOR, "track", reason="unreadable_answer")
    asked = asking(source)

    said = await asked.ask(refs(4))

    assert {"p0", "p1", "p3"} == {tracker.external_id for tracker in said.trackers}
    assert {"p2": "unreadable_answer"} == {name: error.reason for name, error in said.refused.items()}
    assert {} == said.away
    assert (None, None) == (asked.trouble, asked.away), "who refuses one parcel is there"


async def test_what_a_source_does_not_know_is_neither_told_nor_refused() -> None:
    source = Source(batch=2)
    source.unknown = {"p1"}

    said = await asking(source).ask(refs(2))

    assert ["p0"] == [tracker.external_id for tracker in said.trackers]
    assert ({}, {}) == (said.refused, said.away)


@pytest.mark.row("TRK-1", bad_input=True)
@pytest.mark.parametrize(
    ("error", "calls"),
    [
        pytest.param(AuthFailed(VENDOR, "track"), 1, id="credentials are refused"),
        pytest.param(Retryable(VENDOR, "track", "http_429", after_s=60), 1, id="it asks for patience"),
        pytest.param(Retryable(VENDOR, "track", "http_503"), PATIENCE, id="it does not answer"),
    ],
)
async def test_a_source_that_is_away_is_not_asked_for_ever(error: ConnectorError, calls: int) -> None:
    source = Source()
    source.troubles = {f"p{number}": error for number in range(10)}
    asked = asking(source)

    said = await asked.ask(refs(10))

    assert calls == len(source.calls)
    assert asked.trouble is error
    assert 10 == len(said.away), "all of them are to be asked about again"
    assert 10 == len((await asked.ask(refs(10))).away)
    assert calls == len(source.calls)


@pytest.mark.row("TRK-1", bad_input=True)
async def test_a_parcel_that_its_vendor_always_fails_at_keeps_no_other_from_being_asked_about() -> None:
    source = Source()
    source.troubles = {"p3": Retryable(VENDOR, "track", "http_500"), "p7": Retryable(VENDOR, "track", "http_500")}
    asked = asking(source)

    said = await asked.ask(refs(10))

    assert 10 == len(source.calls)
    assert {"p3", "p7"} == set(said.away)
    assert 8 == len(said.trackers)
    assert (None, None) == (asked.trouble, asked.away)


@pytest.mark.row("TRK-1", bad_input=True)
async def test_nor_does_it_keep_its_own_batch_waiting() -> None:
    source = Source(batch=4)
    source.troubles["p1"] = Retryable(VENDOR, "track", "http_500")

    said = await asking(source).ask(refs(8))

    assert {"p1"} == set(said.away)
    assert 7 == len(said.trackers)


async def test_a_source_that_is_away_is_not_asked_about_each_parcel_of_a_batch() -> None:
    source = Source(batch=50)
    source.troubles = {f"p{number}": Retryable(VENDOR, "track", "unreachable") for number in range(100)}

    said = await asking(source).ask(refs(100))

    assert PATIENCE == len(source.calls)
    assert 100 == len(said.away)


@pytest.mark.row("TRK-1")
@pytest.mark.parametrize(
    ("source", "most"),
    [
        pytest.param(Source(at_once=8), 6, id="a call a parcel"),
        pytest.param(Source(batch=50, at_once=8), 1, id="eight calls within one fetch"),
        pytest.param(Source(batch=2, at_once=8), 3, id="two calls within one fetch"),
    ],
)
async def test_a_share_of_the_sources_calls_is_left_to_others(source: Source, most: int) -> None:
    await Asking(source, pace_of(source, 0.25)).ask(refs(200))

    assert most == source.most


def test_a_parcel_is_asked_about_once() -> None:
    row = {"tracker_external_id": "trk_1", "tracking_number": "T1", "carrier": "usps"}

    assert [ParcelRef("trk_1", "T1", "usps")] == refs_of([row, dict(row)])
