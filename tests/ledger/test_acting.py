"""From what detection finds to the customer's word and offer: once, of one mind, and taken back when it is over."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from config.wiring import Wiring
from domain.claims import ClaimKind
from domain.parcels import ParcelState, Tracker, TrackingEvent
from domain.remedies import Outlook
from ledger import acting
from ledger.acting import Deed, outlook_of
from ledger.anomalies.detecting import clear
from ledger.offers import answering
from ledger.tables import Anomaly, Decision, Effect, Message, Offer, ParcelForecast, TrackingEventRow
from ledger.tracking import record_trackers
from tests.ledger.offers.trouble import TRACKER, Trouble, in_trouble
from tests.ledger.parcels import in_trouble as found
from tests.ledger.support import put, rows_of

DAY = timedelta(days=1)
SCANNED = {"last_scan_at": "2026-03-02T15:00:00+00:00", "place": "Chicago, US", "state": "in_transit"}


def evidence(kind: str, days: float) -> dict[str, Any]:
    if kind == "attempts":
        return {"attempts": 2, "last_at": "2026-03-02T15:00:00+00:00"}
    return {**SCANNED, "working_days": days}


def troubled(wiring: Wiring, *kinds: str, days: float = 4.0, late: float | None = None, **parcel: Any) -> Trouble:
    """A parcel of which detection says this, and a forecast that expects it two days after its promise."""
    trouble = in_trouble(wiring, **parcel)
    now = trouble.stall.now
    for number, kind in enumerate(kinds):
        found(wiring, [number], now, kind=kind, shipment_id=trouble.shipment_id, order_id=trouble.order_id,
              evidence=evidence(kind, days), cause="weather")  # fmt: skip
    put(wiring, ParcelForecast, {
        "id": trouble.shipment_id, "order_id": trouble.order_id, "followed": True, "promised_at": now + DAY,
        "promised_on": (now + DAY).date().isoformat(), "promise_zone": "UTC", "late_probability": late,
        "eta_from": now + 2 * DAY, "eta_to": now + 3 * DAY, "predicted_at": now, "fitted_model_id": "", "due_at": now,
        "attempts": 0, "lease_token": 0, "error": "",
    })  # fmt: skip
    trouble.set_parcel(inspect_at=None, act_at=now)
    return trouble


def act(trouble: Trouble, after: timedelta = timedelta(0)) -> Deed | None:
    stall = trouble.stall
    return trouble.wiring.ledger(acting.act, trouble.shipment_id, stall.policies, stall.now + after)


def done(trouble: Trouble, after: timedelta = timedelta(0)) -> tuple[str, tuple[str, ...]]:
    """What is said and offered when it is acted on, as a trouble that has just changed."""
    trouble.set_parcel(inspect_at=None, act_at=trouble.stall.now)
    deed = act(trouble, after)
    assert deed is not None
    return deed.said, deed.offered


def messages(trouble: Trouble) -> dict[str, str]:
    return {row["kind"]: row["state"] for row in rows_of(trouble.wiring, Message) if row["subject_id"] == "shp_1"}


def everything(wiring: Wiring) -> dict[str, list[Any]]:
    return {model.__name__: rows_of(wiring, model) for model in (Message, Offer, Decision, Effect, Anomaly)}


@pytest.mark.row("DLY-4")
@pytest.mark.parametrize(
    ("kinds", "facts", "said", "offered"),
    [
        pytest.param(["late_predicted"], {"late": 0.7}, "parcel_delayed", "", id="late_predicted"),
        pytest.param(["late"], {}, "parcel_delayed", "", id="late"),
        pytest.param(["never_picked_up"], {}, "", "", id="never_picked_up"),
        pytest.param(["stuck"], {}, "", "", id="stuck, in time"),
        pytest.param(["stuck", "late"], {}, "parcel_stuck", "", id="stuck and late"),
        pytest.param(["stuck", "lost_suspected", "late"], {"days": 12.0}, "parcel_lost", "replacement", id="lost"),
        pytest.param(["attempts"], {"state": "attempted"}, "parcel_attempted", "", id="attempts"),
        pytest.param(["address_problem"], {"state": "exception"}, "", "", id="address_problem"),
        pytest.param(["customs_hold"], {"state": "customs"}, "", "", id="customs_hold"),
        pytest.param(["damaged"], {"state": "damaged"}, "", "replacement", id="damaged"),
        pytest.param(["lost_declared"], {"state": "lost"}, "parcel_lost", "replacement", id="lost_declared"),
    ],
)
def test_each_finding_has_its_word_and_its_remedy_once(
    wiring: Wiring, kinds: list[str], facts: dict[str, Any], said: str, offered: str
) -> None:
    trouble = troubled(wiring, *kinds, **facts)

    spoken, standing = done(trouble)

    assert (said, offered) == (spoken, standing[0] if standing else "")
    wanted = {said, "parcel_offer" if offered else ""} - {""}
    assert wanted == set(messages(trouble))
    once = everything(wiring)
    assert "" == done(trouble)[0]
    assert once == everything(wiring)
    assert act(trouble) is None, "nothing is due any more"
    trouble.sound()


@pytest.mark.row("COM-3")
def test_what_the_shop_has_switched_off_is_written_down_once_and_said_never(wiring: Wiring) -> None:
    policies = wiring.policies
    off = replace(policies.messages, off=frozenset({ClaimKind.PARCEL_DELAYED}))
    wiring.policies = replace(policies, messages=off)
    trouble = troubled(wiring, "late")

    assert ["", ""] == [done(trouble)[0] for _ in range(2)]
    [row] = rows_of(wiring, Message, kind="parcel_delayed")
    assert ("suppressed", "switched_off") == (row["state"], row["reason"])
    assert [] == rows_of(wiring, Effect, subject_id=row["id"])


@pytest.mark.row("DLY-4")
def test_that_waiting_is_best_is_written_down_once(wiring: Wiring) -> None:
    trouble = troubled(wiring, "stuck", days=3.0)

    for _ in range(2):
        assert ("", ()) == done(trouble)

    [decision] = rows_of(wiring, Decision, workflow="remedy")
    assert "wait" == decision["choice"]["kind"]
    assert decision["choice"]["words"][-1] == "Nothing is offered: we wait."


@pytest.mark.row("DLY-2")
def test_what_was_heard_is_looked_at_before_anybody_acts(wiring: Wiring) -> None:
    trouble = troubled(wiring, "stuck", "late")
    trouble.set_parcel(inspect_at=trouble.stall.now)

    assert act(trouble) is None
    assert [] == rows_of(wiring, Offer)
    assert ["shp_1"] == wiring.read(acting.due_parcels, limit=10, now=trouble.stall.now)


@pytest.mark.row("DLY-4")
def test_whoever_dies_in_between_has_done_nothing(wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> None:
    trouble = troubled(wiring, "stuck", "lost_suspected", "late", days=12.0)
    before = everything(wiring)
    with monkeypatch.context() as dying:
        dying.setattr(acting, "update_listed", dies)
        with pytest.raises(KeyboardInterrupt):
            act(trouble)

    assert before == everything(wiring)
    assert ("parcel_lost", ("replacement", "refund", "wait")) == done(trouble)


def dies(*_args: Any, **_values: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.row("DLY-4")
@pytest.mark.parametrize(("state", "reason"), [("delivered", "arrived"), ("out_for_delivery", "moves")])
def test_news_of_the_parcel_take_offer_and_word_back(wiring: Wiring, state: str, reason: str) -> None:
    trouble = troubled(wiring, "stuck", "lost_suspected", "late", days=12.0)
    done(trouble)

    trouble.hear(ParcelState(state))
    wiring.ledger(clear, [(row, "moving") for row in rows_of(wiring, Anomaly)], trouble.stall.now)
    assert ("", ()) == done(trouble)

    assert {"withdrawn"} == set(trouble.states().values())
    assert {reason} == {row["reason"] for row in rows_of(wiring, Offer)}
    assert {"parcel_lost": "suppressed", "parcel_offer": "suppressed"}.items() <= messages(trouble).items()
    trouble.sound()


@pytest.mark.row("DLY-4")
def test_what_a_carrier_writes_every_night_moves_no_parcel(wiring: Wiring) -> None:
    trouble = troubled(wiring, "stuck", "lost_suspected", "late", days=12.0)
    scan = TrackingEvent(ParcelState.IN_TRANSIT, trouble.heard_at, "in_transit", city="CHICAGO", country="US")
    put(wiring, TrackingEventRow, {
        "shipment_id": "shp_1", "digest": scan.digest(), "state": scan.state, "raw_code": scan.raw_code,
        "detail_code": "", "city": scan.city, "region": "", "country": "US", "occurred_at": scan.occurred_at,
    })  # fmt: skip
    done(trouble)
    note = TrackingEvent(ParcelState.IN_TRANSIT, trouble.heard_at + DAY, "in_transit")

    hear(trouble, scan, note)
    assert {"sent"} == set(trouble.states().values())

    moved = TrackingEvent(ParcelState.IN_TRANSIT, trouble.heard_at + DAY, "in_transit", city="BOSTON", country="US")
    hear(trouble, scan, note, moved)
    assert {"withdrawn"} == set(trouble.states().values())


def hear(trouble: Trouble, *events: TrackingEvent) -> None:
    trouble.wiring.ledger(
        record_trackers, [Tracker(TRACKER, "9400", "usps", events)], trouble.stall.now, trouble.stall.policies
    )


@pytest.mark.row("DLY-4")
def test_who_has_taken_something_is_told_and_offered_nothing_more(wiring: Wiring) -> None:
    trouble = troubled(wiring, "stuck", "lost_suspected", "late", days=12.0)
    done(trouble)
    trouble.accept("refund")
    offers = trouble.states()

    assert ("", ()) == done(trouble)
    assert offers == trouble.states()
    assert "suppressed" == messages(trouble)["parcel_lost"]


@pytest.mark.row("DLY-4")
def test_what_a_customer_let_go_is_not_offered_again_for_the_same_trouble(wiring: Wiring) -> None:
    trouble = troubled(wiring, "stuck", "lost_suspected", "late", days=12.0)
    done(trouble)
    wiring.ledger(answering.decline, trouble.offer("refund")["id"], trouble.stall.now)

    assert ("", ()) == done(trouble, after=5 * DAY)

    found(wiring, [9], trouble.stall.now + 5 * DAY, kind="never_picked_up", shipment_id="shp_1",
          order_id=trouble.order_id, evidence=evidence("never_picked_up", 12.0))  # fmt: skip
    assert "replacement" == done(trouble, after=6 * DAY)[1][0]


@pytest.mark.row("DLY-4")
@pytest.mark.parametrize(
    ("troubles", "foretold", "outlook"),
    [
        pytest.param({"stuck": {"working_days": 4.5}}, None, Outlook(4.5, 0.0), id="silent"),
        pytest.param(
            {"stuck": {"working_days": 8.0}, "lost_suspected": {"working_days": 8.1}}, 0.9, Outlook(8.1, 0.9),
            id="the longest silence",
        ),
        pytest.param({"late_predicted": {}}, 0.7, Outlook(0.0, 0.7), id="foretold"),
        pytest.param({"late": {}}, 0.7, Outlook(0.0, 1.0), id="late by now"),
        pytest.param({"lost_declared": {}}, None, Outlook(0.0, 0.0), id="the parcel's state says it"),
    ],
)  # fmt: skip
def test_what_was_found_is_how_it_looks(
    troubles: dict[str, dict[str, float]], foretold: float | None, outlook: Outlook
) -> None:
    assert outlook == outlook_of(troubles, foretold)
