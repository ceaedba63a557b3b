"""The ledger's parcels as arrays: who counts, from when to when, with which promise."""

import numpy as np
import pytest

from config.wiring import Wiring
from domain.promises import promise_of
from ledger import forecasts
from ledger.parcel_history import History, from_days, in_days, parcels_of, parcels_since
from ledger.rows import update_by
from ledger.tables import ParcelForecast
from tests.ledger.sent_parcels import put_parcel, put_scan
from tests.ledger.support import NOW, later


def read(wiring: Wiring) -> History:
    return wiring.read(parcels_since, later(days=-30), wiring.policies.shipping, later(days=20))


@pytest.mark.row("DLY-2")
def test_a_delivery_is_when_the_carrier_says_it_was(wiring: Wiring) -> None:
    shipment, _ = put_parcel(wiring, state="delivered", polling=False, delivered_at=later(days=4))
    put_scan(wiring, shipment, "out_for_delivery", later(days=2.5))
    put_scan(wiring, shipment, "in_transit", later(days=1))
    put_scan(wiring, shipment, "in_transit", later(days=2))
    put_scan(wiring, shipment, "delivered", later(days=3))

    found = read(wiring)

    assert (shipment,) == found.ids
    assert [in_days(later(days=3))] == found.parcels.seen_until.tolist()
    assert [True] == found.parcels.delivered.tolist()
    assert [in_days(later(days=1))] == found.parcels.scans["in_transit"].tolist(), "the first of its kind"
    assert np.isnan(found.parcels.scans["attempted"]).all()
    assert ("usps", "Priority", "cicero", "US-NY") == tuple(
        found.parcels.words[name].names[0] for name in ("carrier", "service", "origin", "destination")
    )


def test_without_the_carriers_scan_it_is_when_we_heard(wiring: Wiring) -> None:
    put_parcel(wiring, state="delivered", polling=False, delivered_at=later(days=4))

    assert [in_days(later(days=4))] == read(wiring).parcels.seen_until.tolist()


@pytest.mark.row("DLY-2")
@pytest.mark.parametrize("state", ["in_transit", "exception", "lost", "damaged"])
def test_what_has_not_arrived_is_under_way_until_now(wiring: Wiring, state: str) -> None:
    put_parcel(wiring, state=state)
    found = read(wiring).parcels

    assert ([False], [in_days(later(days=20))]) == (found.delivered.tolist(), found.seen_until.tolist())
    assert found.late.all()


@pytest.mark.row("DLY-2", bad_input=True)
def test_what_says_nothing_of_the_way_is_left_out_and_counted(wiring: Wiring) -> None:
    put_parcel(wiring, 1, state="returned")
    put_parcel(wiring, 2, state="cancelled")
    put_parcel(wiring, 3, state="delivered")  # nobody knows when
    put_parcel(wiring, 4, state="delivered", delivered_at=later(days=-1))
    put_parcel(wiring, 5, shipped_at=None)  # has not left
    put_parcel(wiring, 6, shipped_at=later(days=-31))  # too long ago

    found = read(wiring)

    assert ((), 0) == (found.ids, len(found.parcels))
    assert {"turned_back": 2, "no_time_of_delivery": 1, "delivered_before_it_left": 1} == found.left_out


@pytest.mark.row("DLY-3")
def test_the_promise_is_the_one_that_was_written_and_else_the_policys(wiring: Wiring) -> None:
    first, order = put_parcel(wiring, 1)
    second, _ = put_parcel(wiring, 2, order={"shipping_code": "express"})
    wiring.ledger(forecasts.expect, [(first, order)], NOW)
    wiring.ledger(update_by, ParcelForecast, [{"id": first, "promised_at": later(days=11)}])

    found = wiring.read(parcels_of, [first, second], wiring.policies.shipping, NOW)

    policys = promise_of(NOW, "express", "US", "NY", wiring.policies.shipping)
    assert [later(days=11), policys.at] == [from_days(at) for at in found.parcels.promised.tolist()]
    assert {second: policys} == found.promises


def test_nobody_is_asked_about_nothing(wiring: Wiring) -> None:
    assert 0 == len(wiring.read(parcels_of, [], wiring.policies.shipping, NOW).parcels)
