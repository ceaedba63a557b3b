"""Messages judged where they are claimed: by the ledger's rows, many at a time, whatever becomes of each."""

from datetime import timedelta

import pytest

from config.wiring import Wiring
from domain.messages import ClaimKind
from ledger.messages import withdraw
from ledger.tables import Effect, TrackingEventRow
from tests.ledger.messages import (
    NOON,
    PARCEL,
    agrees,
    becomes,
    claim,
    send,
    settle,
    states,
    under_way,
    wants,
)
from tests.ledger.support import put, race, row_of, rows_of

HOUR = timedelta(hours=1)


@pytest.mark.row("COM-2")
def test_found_again_is_said_before_anything_that_moves(wiring: Wiring) -> None:
    under_way(wiring)
    wants(wiring, "parcel_lost")
    assert ["mail:parcel_lost"] == send(wiring)

    becomes(wiring, "out_for_delivery")
    wants(wiring, "parcel_out_for_delivery", NOON + HOUR)
    assert [] == send(wiring, NOON + HOUR)
    waiting = row_of(wiring, Effect, state="planned")
    assert ("wait:retraction", NOON + HOUR + timedelta(minutes=15), 0) == (
        waiting["error"], waiting["due_at"], waiting["attempts"],
    )  # fmt: skip
    wants(wiring, "parcel_recovered", NOON + HOUR, seen_at=NOON.isoformat())
    assert ["mail:parcel_recovered"] == send(wiring, NOON + HOUR)
    assert ["mail:parcel_out_for_delivery"] == send(wiring, NOON + 2 * HOUR)


@pytest.mark.row("COM-2")
def test_claims_of_one_batch_leave_one_after_the_other(wiring: Wiring) -> None:
    """Of the first nobody knows yet whether it gets through."""
    under_way(wiring)
    wants(wiring, "parcel_lost")
    send(wiring)
    becomes(wiring, "out_for_delivery")
    wants(wiring, "parcel_recovered", NOON + HOUR)
    wants(wiring, "parcel_out_for_delivery", NOON + HOUR + timedelta(seconds=1))

    [leaving] = claim(wiring, NOON + 2 * HOUR)
    assert "wait:another_is_leaving" in {row["error"] for row in rows_of(wiring, Effect, state="planned")}
    settle(wiring, [leaving], "retry", NOON + 2 * HOUR, code="busy")
    assert [] == claim(wiring, NOON + 2 * HOUR + timedelta(seconds=1))
    later = NOON + 3 * HOUR
    assert 1 == len(send(wiring, later))
    assert 1 == len(send(wiring, later + HOUR))
    sent = [kind for kind, _, state, _ in states(wiring) if state == "sent"]
    assert ["parcel_lost", "parcel_recovered", "parcel_out_for_delivery"] == sent


@pytest.mark.row("COM-2", bad_input=True)
def test_two_senders_at_once_let_one_of_them_go(wiring: Wiring) -> None:
    """Each claims one message about the same parcel, either of which may be said now, and not both."""
    under_way(wiring)
    wants(wiring, "parcel_stuck")
    send(wiring)
    becomes(wiring, "out_for_delivery")
    wants(wiring, "parcel_out_for_delivery", NOON + HOUR)
    wants(wiring, "parcel_recovered", NOON + HOUR + timedelta(seconds=1))

    def one() -> int:
        return len(claim(wiring, NOON + 2 * HOUR, limit=1))

    assert [0, 1] == sorted(race(one, one))


@pytest.mark.row("COM-2")
def test_what_waited_behind_a_later_word_is_not_said(wiring: Wiring) -> None:
    under_way(wiring)
    wants(wiring, "parcel_stuck")
    wants(wiring, "parcel_delayed", NOON + HOUR)

    assert ["mail:parcel_delayed"] == send(wiring, NOON + HOUR)
    assert ("parcel_stuck", "email", "suppressed", "superseded") in states(wiring)
    wants(wiring, "parcel_delayed", NOON + 2 * HOUR, arrives_to="2026-03-05")
    assert [] == send(wiring, NOON + 2 * HOUR)
    assert "already_said" == states(wiring)[-1][3], "a day is no news"
    assert [] == rows_of(wiring, Effect, state="planned")


@pytest.mark.row("COM-2")
def test_a_scan_takes_the_ground_from_under_stuck(wiring: Wiring) -> None:
    under_way(wiring)
    wants(wiring, "parcel_stuck")
    put(wiring, TrackingEventRow, {
        "shipment_id": PARCEL, "digest": "d", "state": "in_transit", "raw_code": "x", "detail_code": "", "city": "",
        "country": "", "occurred_at": NOON,
    })  # fmt: skip

    assert [] == send(wiring)
    assert [("parcel_stuck", "email", "suppressed", "no_longer_true")] == states(wiring)


@pytest.mark.row("COM-2", bad_input=True)
def test_a_message_in_doubt_counts_as_said(wiring: Wiring) -> None:
    under_way(wiring)
    wants(wiring, "parcel_lost")
    settle(wiring, claim(wiring), "doubt", code="sender_died")
    assert "parked" == row_of(wiring, Effect)["state"]

    wants(wiring, "parcel_lost", NOON + HOUR, last_seen=(NOON - HOUR).isoformat())
    assert [] == send(wiring, NOON + HOUR)
    assert ("parcel_lost", "email", "suppressed", "already_said") in states(wiring)


@pytest.mark.row("DLY-4")
def test_an_offer_that_no_longer_stands_is_taken_back_before_it_is_said(wiring: Wiring) -> None:
    under_way(wiring)
    wants(wiring, "parcel_offer")

    assert 1 == wiring.ledger(withdraw, ClaimKind.PARCEL_OFFER, [PARCEL], "offer_withdrawn", NOON)
    assert [] == send(wiring)
    assert [("parcel_offer", "email", "suppressed", "offer_withdrawn")] == states(wiring)
    assert 0 == wiring.ledger(withdraw, ClaimKind.PARCEL_OFFER, [PARCEL], "offer_withdrawn", NOON)


@pytest.mark.row("DLY-4", bad_input=True)
def test_an_offer_that_is_leaving_is_not_taken_back(wiring: Wiring) -> None:
    under_way(wiring)
    wants(wiring, "parcel_offer")
    leaving = claim(wiring)

    assert 0 == wiring.ledger(withdraw, ClaimKind.PARCEL_OFFER, [PARCEL], "offer_withdrawn", NOON)
    settle(wiring, leaving)
    assert [("parcel_offer", "email", "sent", "")] == states(wiring)


@pytest.mark.row("COM-3")
def test_a_courtesy_waits_for_the_morning_and_is_asked_about_meanwhile(wiring: Wiring) -> None:
    under_way(wiring, "out_for_delivery", email="")
    agrees(wiring)
    evening = NOON + 10 * HOUR  # 22:00
    wants(wiring, "parcel_out_for_delivery", evening)
    morning = evening + 10 * HOUR

    assert morning == row_of(wiring, Effect)["due_at"]
    assert [] == send(wiring, morning - timedelta(seconds=1))
    assert ["sms:parcel_out_for_delivery"] == send(wiring, morning)


@pytest.mark.row("COM-3")
def test_who_has_a_mailbox_is_not_kept_waiting_by_the_night(wiring: Wiring) -> None:
    under_way(wiring, "out_for_delivery")
    agrees(wiring)
    wants(wiring, "parcel_out_for_delivery", NOON + 10 * HOUR)

    assert ["mail:parcel_out_for_delivery"] == send(wiring, NOON + 10 * HOUR)
