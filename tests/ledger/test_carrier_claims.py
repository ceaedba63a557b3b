"""Claims against carriers: one for each parcel, ready inside the window, filed by a person, let go at its end."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from config.wiring import Wiring
from ledger import carrier_claims, operator
from ledger.tables import CarrierClaim, Deadline, ReviewCase
from tests.ledger.offers.trouble import Trouble, in_trouble
from tests.ledger.support import row_of, rows_of


@pytest.fixture
def lost(wiring: Wiring) -> Trouble:
    return in_trouble(wiring, state="lost", polling=False)


def begin(trouble: Trouble, **later: float) -> str:
    now = trouble.stall.now + timedelta(**later)
    return trouble.wiring.ledger(carrier_claims.begin, trouble.shipment_id, trouble.stall.policies, now)


def claim(trouble: Trouble) -> Mapping[str, Any]:
    return row_of(trouble.wiring, CarrierClaim)


def make_ready(trouble: Trouble) -> str:
    row = claim(trouble)
    packet = trouble.wiring.read(carrier_claims.packet_of, row["id"], trouble.stall.policies, row["opens_at"])
    return trouble.wiring.ledger(
        carrier_claims.ready, row["id"], packet.facts, "carrier_claim:1", "carrier_claim_packet:1", row["opens_at"]
    )


def decide(trouble: Trouble, kind: str, choice: str) -> None:
    case = next(row for row in rows_of(trouble.wiring, ReviewCase, kind=kind) if row["state"] != "resolved")
    trouble.wiring.ledger(operator.resolve_case, case["id"], choice, trouble.stall.now)


@pytest.mark.row("DLY-5")
def test_a_parcel_that_was_lost_is_claimed_once_when_its_window_opens(lost: Trouble) -> None:
    assert ["shp_1"] == lost.wiring.read(carrier_claims.unclaimed, 10)
    assert "waiting" == begin(lost)
    assert "known" == begin(lost)
    assert [] == lost.wiring.read(carrier_claims.unclaimed, 10)

    row = claim(lost)
    assert timedelta(days=45) == row["closes_at"] - row["opens_at"]
    assert 2_000 + 800 == row["amount_minor"], "the goods and the label"
    assert [] == lost.wiring.read(carrier_claims.openable, row["opens_at"] - timedelta(seconds=1), 10)
    assert [row["id"]] == lost.wiring.read(carrier_claims.openable, row["opens_at"], 10)
    assert "ready" == make_ready(lost)
    assert "already_ready" == make_ready(lost)
    assert 1 == len(rows_of(lost.wiring, ReviewCase, kind="carrier_claim"))
    lost.sound()


@pytest.mark.row("DLY-5")
@pytest.mark.parametrize(("choice", "state"), [("claim_paid", "paid"), ("claim_denied", "denied")])
def test_a_person_files_it_and_says_how_the_carrier_answered(lost: Trouble, choice: str, state: str) -> None:
    begin(lost)
    make_ready(lost)

    decide(lost, "carrier_claim", "claim_filed")
    assert "filed" == claim(lost)["state"]
    assert {"met"} == {row["state"] for row in rows_of(lost.wiring, Deadline, owner="finance")}
    lost.sound()
    decide(lost, "carrier_claim_answer", choice)

    assert state == claim(lost)["state"]
    lost.sound()


@pytest.mark.row("DLY-5")
def test_a_window_that_closes_is_told_of_before_and_ends_the_claim(lost: Trouble) -> None:
    begin(lost)
    make_ready(lost)
    row = claim(lost)

    told = lost.wiring.ledger(carrier_claims.due, carrier_claims.CLOSING, row["id"], row["closes_at"])
    assert ("told", "high") == (told, row_of(lost.wiring, ReviewCase, kind="carrier_claim_closing")["severity"])
    lapsed = lost.wiring.ledger(carrier_claims.due, carrier_claims.LAPSING, row["id"], row["closes_at"])

    assert ("lapsed", "lapsed") == (lapsed, claim(lost)["state"])
    assert {"resolved"} == {
        case["state"] for case in rows_of(lost.wiring, ReviewCase) if case["kind"].startswith("carrier_claim")
    }


@pytest.mark.row("DLY-5", bad_input=True)
def test_what_is_heard_of_after_the_window_lapses_at_once(lost: Trouble) -> None:
    assert "lapsed" == begin(lost, days=61)

    assert "lapsed" == claim(lost)["state"]
    assert [] == rows_of(lost.wiring, Deadline, owner="finance")


@pytest.mark.row("DLY-5", bad_input=True)
def test_a_parcel_under_way_is_owed_nothing_for(wiring: Wiring) -> None:
    trouble = in_trouble(wiring)

    assert [] == wiring.read(carrier_claims.unclaimed, 10)
    assert "not_owed" == begin(trouble)
