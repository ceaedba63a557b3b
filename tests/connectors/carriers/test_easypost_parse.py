"""EasyPost's bodies in our words: every recorded body that concerns us, and the edges between words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.status_maps import status_map
from connectors.carriers import easypost_parse
from connectors.carriers.easypost_parse import CarrierEvent, parcel_body, parse_label, parse_quote
from connectors.reading import Unreadable
from domain.parcels import Parcel, ParcelState, Tracker, merge_state
from domain.status_maps import ANY
from tests.connectors.carriers.conftest import body_of

WORDS = status_map("easypost")


def parse_tracker(body: Any) -> Tracker:
    return easypost_parse.parse_tracker(body, WORDS)


def parse_event(body: Any) -> CarrierEvent:
    return easypost_parse.parse_event(body, WORDS)


def recorded(shared: Path) -> Iterator[tuple[str, Any]]:
    """Every answer of every recording and every body of the vendor's documentation, with its file's name."""
    for path in sorted((shared / "fixtures/easypost/cassettes").glob("*.json")):
        for exchange in json.loads(path.read_text()):
            yield path.stem, exchange["response"]["body"]
    for path in sorted((shared / "fixtures/easypost/docs").glob("*.json")):
        yield path.stem, json.loads(path.read_text())


def of_kind(shared: Path, kind: str) -> list[dict[str, Any]]:
    """All objects of a kind in the recordings, however deep."""

    def walk(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            if node.get("object") == kind and node.get("id"):
                yield node
            for value in node.values():
                yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    return [found for _, body in recorded(shared) for found in walk(body)]


def tracker(*scans: tuple[str, str, str], **changes: Any) -> dict[str, Any]:
    """A tracker with scans (status, detail, day)."""
    details = [
        {"status": status, "status_detail": detail, "datetime": f"2026-11-{day}T10:00:00Z"}
        for status, detail, day in scans
    ]
    return {
        "id": "trk_1",
        "tracking_code": "9400",
        "carrier": "USPS",
        "status": scans[-1][0] if scans else "unknown",
        "status_detail": "unknown",
        "updated_at": "2026-11-20T10:00:00Z",
        "tracking_details": details,
        **changes,
    }


@pytest.mark.row("TRK-2")
def test_every_recorded_tracker_is_read(shared: Path) -> None:
    bodies = of_kind(shared, "Tracker")

    assert len(bodies) > 40
    for body in bodies:
        parsed = parse_tracker(body)
        assert (body["id"], body["tracking_code"]) == (parsed.external_id, parsed.tracking_number)
        assert len(parsed.events) >= len(body["tracking_details"])


@pytest.mark.row("FUL-2")
def test_every_recorded_shipment_is_read(shared: Path) -> None:
    bodies = of_kind(shared, "Shipment")

    assert len(bodies) > 20
    bought = 0
    for body in bodies:
        quote, label = parse_quote(body), parse_label(body)
        assert len(body["rates"]) == len(quote.rates)
        assert (label is None) == (body["postage_label"] is None)
        if label is not None:
            bought += 1
            assert (body["tracking_code"], "USD") == (label.tracking_number, label.currency)
            assert label.label_url.startswith("https://")
            assert label.cost_minor == round(float(body["selected_rate"]["rate"]) * 100)
    assert bought > 5


def test_recorded_purchase(shared: Path) -> None:
    label = parse_label(body_of(shared, "cassettes/test_shipment_buy.json")[1]["response"]["body"])

    assert label is not None
    assert ("USPS", "GroundAdvantage", 607) == (label.carrier, label.service, label.cost_minor)
    assert label.tracker_external_id == "trk_279431562ef84af89555e5c8a2029b2f"
    assert not label.voided


def test_recorded_refund_counts_as_void(shared: Path) -> None:
    label = parse_label(body_of(shared, "cassettes/test_shipment_refund.json")[1]["response"]["body"])

    assert label is not None
    assert label.voided


@pytest.mark.row("TRK-2")
def test_all_statuses_that_were_recorded_are_known(shared: Path) -> None:
    """`unknown` and `error` say nothing of the parcel."""
    scans = [scan for body in of_kind(shared, "Tracker") for scan in [body, *body["tracking_details"]]]

    assert {scan["status"] for scan in scans} <= statuses()
    assert all(WORDS.meaning(word).state is ParcelState.UNKNOWN for word in ("unknown", "error"))


def test_unmapped_status_is_unknown_and_keeps_its_code() -> None:
    [event] = parse_tracker(tracker(("teleported", "beamed", "10"))).events

    assert (ParcelState.UNKNOWN, "teleported", "beamed") == (event.state, event.raw_code, event.detail_code)
    assert not event.mapped


def test_unmapped_detail_leaves_the_status() -> None:
    [event] = parse_tracker(tracker(("in_transit", "brand_new", "10"))).events

    assert event.state is ParcelState.IN_TRANSIT


def test_no_detail_belongs_to_an_unknown_status() -> None:
    assert {status for status, _ in WORDS.meanings} <= statuses()


def statuses() -> set[str]:
    return {status for status, detail in WORDS.meanings if detail == ANY}


def test_delivered_to_the_sender_is_not_delivered() -> None:
    scans = [("in_transit", "", "10"), ("return_to_sender", "return", "11"), ("delivered", "", "14")]

    assert merge_state(parse_tracker(tracker(*scans)).events) is ParcelState.RETURNED


def test_return_label_that_arrives_is_delivered() -> None:
    scans = [("in_transit", "return", "10"), ("delivered", "", "14")]

    assert merge_state(parse_tracker(tracker(*scans, is_return=True)).events) is ParcelState.DELIVERED


def test_delivery_exception_on_the_van_is_an_attempt() -> None:
    scans = [("out_for_delivery", "out_for_delivery", "10"), ("in_transit", "delivery_exception", "11")]

    assert merge_state(parse_tracker(tracker(*scans)).events) is ParcelState.ATTEMPTED


def test_scans_are_sorted_and_those_without_time_left_out() -> None:
    body = tracker(("in_transit", "", "12"), ("pre_transit", "", "10"))
    body["tracking_details"].append({"status": "delivered", "datetime": None})

    events = parse_tracker(body).events

    assert ["pre_transit", "in_transit"] == [event.raw_code for event in events]


def test_tracker_without_scans_tells_its_status() -> None:
    [event] = parse_tracker(tracker(status="delivered")).events

    assert event.state is ParcelState.DELIVERED
    assert () == parse_tracker(tracker(status="unknown")).events


def test_recorded_event(shared: Path) -> None:
    event = parse_event(body_of(shared, "docs/guides__tracking-guide__json__tracking-webhook.json"))

    assert ("evt_...", "tracker.updated", True) == (event.external_id, event.topic, event.known)
    assert event.tracker is not None
    assert merge_state(event.tracker.events) is ParcelState.DELIVERED


def test_event_of_a_refund() -> None:
    result = {"id": "rfnd_1", "shipment_id": "shp_1", "tracking_code": "9400", "status": "refunded"}

    event = parse_event({"id": "evt_1", "description": "refund.successful", "result": result})

    assert event.refund is not None
    assert ("shp_1", "9400", "refunded") == (
        event.refund.shipment_external_id,
        event.refund.tracking_number,
        event.refund.status,
    )


@pytest.mark.parametrize(("topic", "known"), [("batch.updated", True), ("moon.landed", False)])
def test_event_of_no_use_is_ignored_and_a_new_one_flagged(topic: str, known: bool) -> None:
    assert known is parse_event({"id": "evt_1", "description": topic, "result": {}}).known


@pytest.mark.row("TRK-2", bad_input=True)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="nothing"),
        pytest.param({"description": "tracker.updated"}, id="no id"),
        pytest.param({"id": "evt_1", "description": "tracker.updated"}, id="no tracker"),
        pytest.param({"id": "evt_1", "description": "tracker.updated", "result": {"id": 0}}, id="bad id"),
        pytest.param(
            {"id": "e", "description": "tracker.updated", "result": tracker(tracking_details=[3])}, id="bad scan"
        ),
        pytest.param(
            {"id": "e", "description": "tracker.updated", "result": tracker(est_delivery_date="soon")}, id="bad time"
        ),
    ],
)
def test_unreadable_event(body: Any) -> None:
    with pytest.raises(Unreadable):
        parse_event(body)


def test_rate_finer_than_its_currency_is_refused() -> None:
    rate = {"id": "rate_1", "carrier": "X", "service": "Y", "rate": "1.234", "currency": "USD"}

    with pytest.raises(Unreadable):
        parse_quote({"id": "shp_1", "rates": [rate]})


@pytest.mark.parametrize(
    ("parcel", "weight", "length"),
    [
        pytest.param(Parcel(28, 254, 10, 10), 1.0, 10.0, id="rounded up to a tenth"),
        pytest.param(Parcel(29, 255, 10, 10), 1.1, 10.1, id="a gram and a millimetre more"),
        pytest.param(Parcel(0, 0, 0, 0), 0.1, 0.1, id="never zero"),
    ],
)
def test_parcel_in_ounces_and_inches(parcel: Parcel, weight: float, length: float) -> None:
    body = parcel_body(parcel)

    assert (weight, length) == (body["weight"], body["length"])
