"""Every recorded tracking body of a carrier: each scan's state and time are as recorded, or it says here why not.

The record is Karrio's reading. Its times are the place's own, cut to the minute and labelled as UTC: we compare with
our scan's local time, and hold that its true moment is what the body says, with the offset where it gives one.
"""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.status_maps import status_map
from connectors.carriers.direct_bodies import READERS
from connectors.carriers.ups_track_parse import parse_tracking
from domain.parcels import ParcelState, TrackingEvent, merge_state

P = ParcelState
RECORDED: Mapping[str | None, ParcelState] = {
    "pending": P.LABEL_CREATED,
    "picked_up": P.ACCEPTED,
    "in_transit": P.IN_TRANSIT,
    "out_for_delivery": P.OUT_FOR_DELIVERY,
    "delivery_failed": P.ATTEMPTED,
    "on_hold": P.EXCEPTION,
    "delivered": P.DELIVERED,
    None: P.UNKNOWN,  # the record has no word for the scan
}
# (file, code) -> what we say instead, and why we are right
DIFFERENCES: Mapping[tuple[str, str], tuple[ParcelState, str]] = {
    ("ups/tracking__tracking_response_parsing", "SR"): (
        P.IN_TRANSIT,
        "The text of the scan: released by the customs agency. The hold is over; the record names the kind (X) only.",
    ),
    ("dhl_universal/tracking__parse_tracking_response", "pre-transit"): (
        P.LABEL_CREATED,
        "DHL's example contradicts itself. statusCode is the closed list; status is text. The record reads the text, "
        "and calls the same parcel in_transit and not delivered.",
    ),
    ("fedex/tracking__parse_duplicate_tracking_response", "AO"): (
        P.IN_TRANSIT,
        "Arriving on time, derived status IT: under way. The record has no word.",
    ),
    ("fedex/tracking__parse_duplicate_tracking_response", "DE/A47"): (
        P.EXCEPTION,
        "Redirected to a FedEx location, at the station: nobody stood at the door. The record calls every DE failed.",
    ),
    **{
        ("usps/tracking__parse_tracking_response", code): (state, f"{text}. The record has no word.")
        for code, state, text in (
            ("GX", P.LABEL_CREATED, "Shipping label created, awaiting item"),
            ("03", P.ACCEPTED, "USPS in possession of item"),
            ("SF", P.IN_TRANSIT, "Departed post office"),
            ("10", P.IN_TRANSIT, "Arrived at the regional facility of the origin"),
            ("T1", P.IN_TRANSIT, "Departed regional facility"),
            ("A1", P.IN_TRANSIT, "Arrived at regional facility"),
            ("07", P.ARRIVED_LOCAL, "Arrived at post office"),
        )
    },
}
# how Karrio's own connectors hand the decoded answer on
DECODED: Mapping[str, Callable[[Any], Any]] = {
    "fedex": lambda body: body,
    "usps": lambda body: [("9400109104250532908587", body)],
    "dhl_universal": lambda body: [body],
    "dhl_express": ElementTree.fromstring,
}
NUMBER = "1Z023E2X0214323462"


def ours(carrier: str, body: Any) -> dict[str, tuple[TrackingEvent, ...]]:
    words = status_map(carrier)
    if carrier == "ups":
        found = parse_tracking(body, f"ups:{NUMBER}", NUMBER, words)
        return {} if found is None else {NUMBER: found.events}
    return READERS[carrier](DECODED[carrier](body), words)


def recordings(shared: Path) -> list[tuple[str, dict[str, Any]]]:
    files = sorted((shared / "fixtures/carriers").glob("*/tracking__*.json"))
    return [(f"{path.parent.name}/{path.stem}", json.loads(path.read_text())) for path in files]


def with_scans(shared: Path) -> list[tuple[str, str, Any]]:
    """(name, carrier, body) of the answers that tell of a parcel; the others are errors."""
    return [
        (name, recording["carrier"], recording["vendor_responses"][0]["body"])
        for name, recording in recordings(shared)
        for details, _ in recording["expected_normalised"].values()
        if details
    ]


@pytest.mark.row("TRK-2")
def test_state_and_time_of_every_recorded_scan(shared: Path) -> None:
    used: set[tuple[str, str]] = set()
    compared = 0
    for name, recording in recordings(shared):
        [(details, _)] = recording["expected_normalised"].values()
        for parcel in details:
            [scans] = ours(recording["carrier"], recording["vendor_responses"][0]["body"]).values()
            assert len(scans) == len(parcel["events"]), name
            wanted = sorted(parcel["events"], key=lambda event: event["timestamp"])
            for scan, event in zip(scans, wanted, strict=True):
                assert event["code"] == scan.raw_code, name
                assert event["timestamp"][:16] == f"{scan.occurred_at:%Y-%m-%dT%H:%M}", (name, event["code"])
                exact = (name, f"{scan.raw_code}/{scan.detail_code}")
                key = exact if exact in DIFFERENCES else (name, scan.raw_code)
                state = RECORDED[event.get("status")]
                if key in DIFFERENCES:
                    used.add(key)
                    assert state is not DIFFERENCES[key][0], f"{key} is no difference"
                    state = DIFFERENCES[key][0]
                assert (state, True) == (scan.state, scan.mapped), (name, event["code"])
                compared += 1

    assert set(DIFFERENCES) == used
    assert compared == 24


@pytest.mark.row("TRK-2")
def test_the_true_moments_are_kept(shared: Path) -> None:
    """What the record cannot say: its digits are the same, hours away from the scan."""
    bodies = {name: recording["vendor_responses"][0]["body"] for name, recording in recordings(shared)}

    def last(carrier: str, name: str) -> datetime:
        [scans] = ours(carrier, bodies[f"{carrier}/tracking__{name}"]).values()
        return scans[-1].occurred_at.astimezone(UTC)

    assert last("fedex", "parse_duplicate_tracking_response") == datetime(2024, 4, 26, 16, 26, tzinfo=UTC)
    assert last("usps", "parse_tracking_response") == datetime(2024, 11, 22, 18, 58, 40, tzinfo=UTC)
    assert last("ups", "tracking_response_parsing") == datetime(2021, 2, 10, 12, 13, 56, tzinfo=UTC)  # Wayne, NJ
    assert last("dhl_universal", "parse_tracking_response") == datetime(2018, 3, 2, 6, 53, 47, tzinfo=UTC)  # Amsterdam
    assert last("dhl_express", "parse_in_transit_tracking_response") == datetime(2021, 5, 5, 14, 42, tzinfo=UTC)


@pytest.mark.row("TRK-2")
def test_state_of_every_recorded_parcel(shared: Path) -> None:
    states: dict[str, ParcelState] = {}
    for name, carrier, body in with_scans(shared):
        [scans] = ours(carrier, body).values()
        states[name] = merge_state(scans)

    assert states == {
        "dhl_express/tracking__parse_in_transit_tracking_response": P.ACCEPTED,
        "dhl_universal/tracking__parse_tracking_response": P.LABEL_CREATED,
        "fedex/tracking__parse_duplicate_tracking_response": P.DELIVERED,
        "fedex/tracking__parse_tracking_response": P.ACCEPTED,
        "ups/tracking__tracking_response_parsing": P.IN_TRANSIT,
        "usps/tracking__parse_tracking_response": P.DELIVERED,
    }


def test_a_number_that_was_used_again_is_the_newer_parcel(shared: Path) -> None:
    [body] = [
        recording["vendor_responses"][0]["body"]
        for name, recording in recordings(shared)
        if name == "fedex/tracking__parse_duplicate_tracking_response"
    ]
    both = body["output"]["completeTrackResults"][0]["trackResults"]
    assert [len(each["scanEvents"]) for each in both] == [10, 8]

    [scans] = ours("fedex", body).values()

    assert len(scans) == 8
    both.reverse()
    assert [scans] == list(ours("fedex", body).values())


@pytest.mark.row("TRK-2")
def test_a_place_is_a_town(shared: Path) -> None:
    """DHL writes streets into the town, FedEx a shop's address into the text of a scan."""
    for name, carrier, body in with_scans(shared):
        for scans in ours(carrier, body).values():
            assert not any(char.isdigit() for scan in scans for char in scan.city + scan.region), name


@pytest.mark.row("TRK-2", bad_input=True)
@pytest.mark.parametrize("name", ["tracking_number_not_found_response_parsing"])
def test_an_unknown_number_is_nobody(shared: Path, name: str) -> None:
    body = json.loads((shared / f"fixtures/carriers/ups/tracking__{name}.json").read_text())

    assert ours("ups", body["vendor_responses"][0]["body"]) == {}
