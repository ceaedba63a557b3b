"""When a carrier takes a claim, for how much, and what the packet says."""

from datetime import UTC, datetime, timedelta

import pytest

from config.policies import load_policies
from domain.carrier_claims import (
    ClaimTimes,
    CountsFrom,
    Ground,
    as_json,
    claim_amount,
    claim_times,
    ground_of,
    packet,
)
from domain.evidence import Sent
from domain.order import Address
from domain.parcels import ParcelState
from tests.support.shared import ROOT

POLICY = load_policies(ROOT / "config" / "policies").carrier_claims
SHIPPED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.row("DLY-5")
def test_a_window_is_open_at_its_first_and_last_instant_and_not_beside_them() -> None:
    window = POLICY.window_of("USPS", Ground.LOST)

    times = claim_times(window, shipped_at=SHIPPED, delivered_at=None)

    assert (SHIPPED + timedelta(days=15), SHIPPED + timedelta(days=60)) == (times.opens_at, times.closes_at)
    assert times.is_open(times.opens_at)
    assert times.is_open(times.closes_at)
    assert not times.is_open(times.opens_at - timedelta(seconds=1))
    assert not times.is_open(times.closes_at + timedelta(seconds=1))


def test_a_window_that_counts_from_delivery_counts_from_shipping_where_nobody_knows_the_day() -> None:
    window = POLICY.window_of("ups", Ground.LOST)
    promised = SHIPPED + timedelta(days=4)

    assert CountsFrom.DELIVERED is window.counts_from
    assert promised + window.closes_after == claim_times(window, shipped_at=SHIPPED, delivered_at=promised).closes_at
    assert SHIPPED + window.closes_after == claim_times(window, shipped_at=SHIPPED, delivered_at=None).closes_at


@pytest.mark.row("DLY-5", bad_input=True)
def test_an_unknown_carrier_has_the_shortest_window_that_is_known() -> None:
    window = POLICY.window_of("Pony Express", Ground.LOST)

    assert POLICY.fallback == window.carrier
    assert window.closes_after <= min(each.closes_after for each in POLICY.windows if each.ground is Ground.LOST)


def test_every_window_names_its_source_and_its_proofs() -> None:
    assert all(window.source and window.proofs for window in POLICY.windows)


@pytest.mark.parametrize(
    ("state", "ground"),
    [
        (ParcelState.LOST, Ground.LOST),
        (ParcelState.DAMAGED, Ground.DAMAGED),
        (ParcelState.RETURNED, None),
        (ParcelState.IN_TRANSIT, None),
    ],
)
def test_a_carrier_owes_for_what_it_lost_or_damaged(state: ParcelState, ground: Ground | None) -> None:
    assert ground is ground_of(state)


def test_no_more_is_claimed_than_is_covered_and_postage_only_where_it_is_paid() -> None:
    lost, damaged = POLICY.window_of("usps", Ground.LOST), POLICY.window_of("usps", Ground.DAMAGED)

    def claimed(window: object, currency: str = "USD") -> int:
        return claim_amount(
            window, currency, goods_minor=14_000, postage_minor=890, postage_currency="USD"
        ).claimed_minor  # fmt: skip

    assert 10_000 + 890 == claimed(lost)
    assert 10_000 == claimed(damaged)
    assert 14_000 == claimed(lost, "EUR"), "what is covered is said in another currency"


@pytest.mark.row("DLY-5")
def test_the_packet_has_facts_proofs_and_amounts_and_only_the_paper_names_a_person() -> None:
    window = POLICY.window_of("usps", Ground.LOST)
    times = ClaimTimes(SHIPPED + timedelta(days=15), SHIPPED + timedelta(days=60))
    amount = claim_amount(window, "USD", goods_minor=6_000, postage_minor=890, postage_currency="USD")
    parcel = {
        "carrier": "USPS", "service": "Priority", "tracking_number": "9400", "tracking_url": "", "state": "lost",
        "shipped_at": SHIPPED, "delivered_at": None,
    }  # fmt: skip
    event = {"occurred_at": SHIPPED, "state": "in_transit", "raw_code": "in_transit", "city": "RENO", "country": "US"}
    sent = Sent(parcel, [{"order_line_id": "l1", "sku": "MUG", "quantity": 2}], [event])
    lines = [{"id": "l1", "sku": "MUG", "title": "Enamel mug", "unit_price_minor": 3_000}]

    paper = packet(
        {"name": "#1001", "placed_at": SHIPPED}, sent, ground=Ground.LOST, window=window, times=times, amount=amount,
        lines=lines, address=Address(name="Ada Example", city="Reno", country="US"), remedies=(), now=SHIPPED,
    )  # fmt: skip
    facts = as_json(
        {"id": "clm_1", "order_id": "ord_1"}, sent, ground=Ground.LOST, window=window, times=times, amount=amount
    )

    text = "\n".join(paper.texts)
    assert "Claimed: 68.90 USD" in text
    assert "2 x MUG Enamel mug, sold at 30.00 USD each" in text
    assert "Ada Example" in text
    assert window.source in text
    assert all(proof in text for proof in window.proofs)
    assert "Ada" not in str(facts)
    assert 6_890 == facts["amount"]["claimed_minor"]
    assert [{"sku": "MUG", "quantity": 2, "line": "l1"}] == facts["content"]
